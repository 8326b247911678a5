"""The original d2lzh 1.0.0, imported under Python, NumPy and IPython of today."""

from __future__ import annotations

import importlib
import random
import re
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import cache
from io import StringIO
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from backends.errors import InputError
from backends.mxnet_import import import_mxnet
from tests import rounding


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
    for device in ("[cpu(0)]", "[device(type='cpu')]", "cpu(0)"):
        output = output.replace(device, "cpu")
    return output.splitlines()


def said(program: Callable[[], Any]) -> tuple[list[str], Any]:
    """What the program prints, without times, and what it returns."""
    with redirect_stdout(StringIO()) as output:
        result = program()
    return lines_without_seconds(output.getvalue()), result


def assert_same_program(
    ours: Callable[[], Any], theirs: Callable[[int | None], tuple[list[str], Any]], updates: int
) -> None:
    """Both print the same and return the same arrays, up to what rounding does to the original.

    `theirs` is what the original says; a seed moves the numbers that it starts from. updates: how
    often the parameters are updated, each time with a rounding.
    """
    (lines, arrays), (expected_lines, expected) = said(ours), theirs(None)
    rounding.assert_same_lines(lines, expected_lines, lambda seed: theirs(seed)[0])
    rounding.assert_same(arrays, expected, lambda seed: theirs(seed)[1], stores=updates)
