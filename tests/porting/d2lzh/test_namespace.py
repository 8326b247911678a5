"""The names of the original, each here or openly not."""

import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from porting import d2lzh
from porting.api_map import TABLE
from porting.names import PLAIN_MODULES
from porting.not_ported import HELPERS as NOT_PORTED
from porting.not_ported import MXNET_MODULES


def public(module: Any) -> set[str]:
    return {name for name in vars(module) if not name.startswith("_")}


def test_every_name_is_ported_or_in_the_table(original: Any) -> None:
    ported = set(d2lzh.__all__)
    assert ported | set(NOT_PORTED) == public(original)
    assert not ported & set(NOT_PORTED)


def test_arguments_have_the_original_order_and_names_but_for_the_device(original: Any) -> None:
    compared = 0
    for name in d2lzh.__all__:
        theirs, ours = getattr(original, name), getattr(d2lzh, name)
        if not (inspect.isfunction(theirs) or inspect.isclass(theirs)):
            continue
        expected = [
            "device" if argument == "ctx" else argument
            for argument in inspect.signature(theirs).parameters
            if argument != "kwargs"  # a prefix and such of Gluon's blocks
        ]
        assert list(inspect.signature(ours).parameters) == expected, name
        compared += 1
    assert compared == 50


def test_defaults_are_the_original(original: Any) -> None:
    for name in d2lzh.__all__:
        theirs, ours = getattr(original, name), getattr(d2lzh, name)
        if inspect.isfunction(theirs):
            for argument, parameter in inspect.signature(theirs).parameters.items():
                argument = "device" if argument == "ctx" else argument
                found = inspect.signature(ours).parameters[argument].default
                required = inspect.Parameter.empty
                assert (found is required) == (parameter.default is required), (name, argument)
                if argument not in ("device", "root"):
                    assert found == parameter.default, (name, argument)


@pytest.mark.parametrize("name", sorted(NOT_PORTED))
def test_a_missing_name_gives_its_reason(name: str) -> None:
    with pytest.raises(AttributeError, match=f"d2lzh.{name} is not ported: .+"):
        getattr(d2lzh, name)


def test_the_page_lists_what_is_missing() -> None:
    page = (Path(d2lzh.__file__).parent / "README.md").read_text()
    missing = page.partition("## Not ported")[2]
    assert sorted(set(re.findall(r"`(\w+)`", missing))) == sorted(NOT_PORTED)


def test_an_unknown_name_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = d2lzh.nothing


def test_no_mxnet_is_needed() -> None:
    code = "import sys; sys.modules['mxnet'] = None; from porting import d2lzh; d2lzh.resnet18(10)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_every_name_is_a_row_of_the_api_map(original: Any) -> None:
    rows = {n.partition(".")[2]: row for n, row in TABLE.items() if n.startswith("d2lzh.")}
    assert set(rows) == public(original) - set(MXNET_MODULES)
    for name, row in rows.items():
        assert row.proven == (name in d2lzh.__all__), name
        assert row.reason == NOT_PORTED.get(name, "")
        if row.proven and name not in (*PLAIN_MODULES, "mkdir_if_not_exist"):
            source = (Path(__file__).parents[1] / row.shown_by.partition("::")[0]).read_text()
            assert re.search(rf"\b{name}\b", source), (name, row.shown_by)


def test_modules(original: Any) -> None:
    for name in PLAIN_MODULES:
        assert getattr(d2lzh, name) is getattr(original, name)


def test_constants(original: Any) -> None:
    assert d2lzh.VOC_CLASSES == original.VOC_CLASSES
    assert d2lzh.VOC_COLORMAP == original.VOC_COLORMAP
