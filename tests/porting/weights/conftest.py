"""MXNet, and files that hold models."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from backends.errors import InputError
from backends.mxnet_import import import_mxnet


@pytest.fixture
def mx() -> Any:
    """MXNet, whose draws do not depend on the tests before."""
    try:
        mxnet = import_mxnet()
    except (ImportError, InputError) as error:
        return pytest.skip(str(error))
    mxnet.random.seed(1)
    return mxnet


@pytest.fixture
def like(tmp_path: Path) -> Callable[[str], str]:
    """Writes `make`, which returns the expression, into a file and gives what --like takes."""

    def write(expression: str, more: str = "") -> str:
        path = tmp_path / "model.py"
        source = (
            f"import torch\nfrom torch import nn\n{more}\ndef make():\n    return {expression}\n"
        )
        path.write_text(source)
        return f"{path}:make"

    return write
