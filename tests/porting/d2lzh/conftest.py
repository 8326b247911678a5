"""The original helpers, MXNet's arrays, and the helpers that the tool makes of the original."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import matplotlib as mpl
import pytest

from porting.port import Ported, port
from tests.porting.d2lzh.original import original_or_skip

mpl.use("Agg")


@pytest.fixture
def original() -> Any:
    return original_or_skip()


@pytest.fixture
def nd(original: Any) -> Any:
    return original.nd


@pytest.fixture(scope="session")
def utils_port() -> Ported:
    """The port of the installed d2lzh/utils.py."""
    return port(Path(original_or_skip().__file__).read_text(), "utils.py")


@pytest.fixture(scope="session")
def ported_utils(utils_port: Ported, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The port, imported. What IPython and torchvision are needed for cannot be called here."""
    path = tmp_path_factory.mktemp("ported") / "ported_utils.py"
    path.write_text(utils_port.text)
    spec = spec_from_file_location("ported_utils", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    ipython: Any = ModuleType("IPython")
    ipython.display = ModuleType("IPython.display")
    ipython.display.set_matplotlib_formats = lambda *formats: None
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "IPython", ipython)
        patch.setitem(sys.modules, "torchvision", ModuleType("torchvision"))
        spec.loader.exec_module(module)
    return module


@pytest.fixture(params=["written by hand", "ported"])
def both(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a test on `porting.d2lzh`, and on the port of the original in its place."""
    if request.param == "ported":
        monkeypatch.setattr(request.module, "d2l", request.getfixturevalue("ported_utils"))
    return request.param
