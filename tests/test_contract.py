"""Every backend implements the contract as it is written, and the oracle stands alone."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from backends import backend_names, interface
from backends.interface import Backend, Network, Trainer
from backends.registry import IMPLEMENTATIONS, load_backend
from tests.conftest import backend_or_skip

FOLDER = Path(interface.__file__).parent
SHARED = {"backends.errors", "backends.interface"}
METHODS = [
    pytest.param(contract, name, id=f"{contract.__name__}.{name}")
    for contract in (Backend, Network, Trainer)
    for name in sorted(contract.__abstractmethods__)
]


EVERY_CLASS = pytest.mark.parametrize(
    ("name", "kind"), [(name, kind) for name in backend_names() for kind in IMPLEMENTATIONS]
)


def implementation(name: str, kind: str, contract: type) -> Any:
    """The class of one backend that implements this part of the contract."""
    backend_or_skip(name)
    if contract is Backend:
        return load_backend(name, kind)
    found = [
        value
        for value in vars(inspect.getmodule(load_backend(name, "plain"))).values()
        if inspect.isclass(value) and issubclass(value, contract) and value is not contract
    ]
    assert len(found) == 1
    return found[0]


def calling_convention(method: Callable[..., Any]) -> list[tuple[str, object, object]]:
    parameters = inspect.signature(method).parameters.values()
    return [(p.name, p.kind, p.default) for p in parameters]


@EVERY_CLASS
@pytest.mark.parametrize(("contract", "method"), METHODS)
def test_signature_is_the_contract_s(name: str, kind: str, contract: type, method: str) -> None:
    cls = implementation(name, kind, contract)
    assert method not in cls.__abstractmethods__
    assert calling_convention(getattr(cls, method)) == calling_convention(getattr(contract, method))
    for wrapper in (classmethod, staticmethod, property):
        own, agreed = (inspect.getattr_static(c, method) for c in (cls, contract))
        assert isinstance(own, wrapper) == isinstance(agreed, wrapper)


@EVERY_CLASS
@pytest.mark.parametrize(("contract", "method"), METHODS)
def test_docstring_stands_in_the_contract_alone(
    name: str, kind: str, contract: type, method: str
) -> None:
    assert getattr(contract, method).__doc__
    classes = implementation(name, kind, contract).__mro__
    own = [vars(cls)[method] for cls in classes[: classes.index(contract)] if method in vars(cls)]
    assert own
    assert all(definition.__doc__ is None for definition in own)


@EVERY_CLASS
def test_backends_offer_nothing_beyond_the_contract(name: str, kind: str) -> None:
    public = {n for n in vars(implementation(name, kind, Backend)) if not n.startswith("_")}
    assert public <= Backend.__abstractmethods__ | {"name", "device", "dtype"}


def imported(module: str) -> set[str]:
    """What a module of this folder imports from this project, through other modules too."""
    file = FOLDER / f"{module.removeprefix('backends.')}.py"
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.module is not None, "relative imports would be missed here"
            assert node.level == 0, "relative imports would be missed here"
            names.add(node.module)
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    own = {name for name in names if name.split(".")[0] in ("backends", "experiments")}
    return own.union(*(imported(name) for name in own - SHARED)) if own else own


@pytest.mark.parametrize("name", backend_names())
def test_backends_share_the_contract_and_its_errors_only(name: str) -> None:
    files = (FOLDER / f"{name}_{kind}.py" for kind in ("backend", "fast"))
    own = set().union(*(imported(f"backends.{file.stem}") for file in files if file.exists()))
    assert own >= SHARED
    for other in backend_names():
        if other != name:
            assert own & imported(f"backends.{other}_backend") == SHARED
            assert f"backends.{other}_backend" not in own


def test_the_oracle_imports_no_framework() -> None:
    tree = ast.parse((FOLDER / "numpy_backend.py").read_text())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import)]
    modules = {alias.name for node in imports for alias in node.names}
    modules |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    roots = {module.split(".")[0] for module in modules}
    assert not roots & (set(backend_names()) - {"numpy"})
    assert "autograd" in roots
