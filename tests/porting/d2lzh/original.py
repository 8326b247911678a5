"""The original d2lzh 1.0.0, imported under Python, NumPy and IPython of today."""

from __future__ import annotations

import importlib
import random
import re
import sys
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from backends.errors import InputError
from backends.mxnet_import import import_mxnet


@cache
def original_or_skip() -> Any:
    """d2lzh.utils, or a skipped test without MXNet or d2lzh.

    It imports IPython for one function, which IPython itself no longer has: a stand-in serves.
    """
    pytest.importorskip("torch")
    try:
        import_mxnet()
    except (ImportError, InputError) as error:
        pytest.skip(str(error))
    ipython: Any = ModuleType("IPython")
    ipython.display = ModuleType("IPython.display")
    ipython.display.set_matplotlib_formats = lambda *formats: None
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "IPython", ipython)
        try:
            return importlib.import_module("d2lzh.utils")
        except ModuleNotFoundError as error:
            if error.name != "d2lzh":
                raise
    return pytest.skip("d2lzh is not installed: pip install --no-deps d2lzh==1.0.0")


def seed(number: int = 0) -> None:
    """Equal seeds for what both sides draw with the same generators."""
    random.seed(number)
    np.random.seed(number)
    torch.manual_seed(number)


def lines_without_seconds(output: str) -> list[str]:
    """The printed lines with every time taken out, and the device by torch's name."""
    output = re.sub(r"[\d.]+ sec", "… sec", output)
    return output.replace("cpu(0)", "cpu").splitlines()


def figures(lines: list[str]) -> np.ndarray:
    """All numbers of the lines."""
    return np.array([float(n) for n in re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", " ".join(lines))])


def words(lines: list[str]) -> list[str]:
    """The lines without their numbers."""
    return [re.sub(r"-?\d+\.?\d*(?:e-?\d+)?", "#", line) for line in lines]
