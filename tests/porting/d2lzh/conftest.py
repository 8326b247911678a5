"""The original helpers and MXNet's arrays."""

from typing import Any

import matplotlib as mpl
import pytest

from tests.porting.d2lzh.original import original_or_skip

mpl.use("Agg")


@pytest.fixture
def original() -> Any:
    return original_or_skip()


@pytest.fixture
def nd(original: Any) -> Any:
    return original.nd
