"""Import the book's packages under Python, NumPy and IPython of today."""

from __future__ import annotations

import importlib
import multiprocessing
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from backends.errors import InputError
from backends.mxnet_import import import_mxnet
from backends.openblas_kernels import choose_openblas_kernels

INSTALL = "python -m pip install --no-deps d2l==0.17.6 d2lzh==1.0.0"

# What the packages import for pictures, tables and downloads, none of which a baseline needs.
NEVER_CALLED: Mapping[str, Sequence[str]] = {
    "IPython": ("display",),
    "PIL": ("Image",),
    "matplotlib_inline": ("backend_inline",),
    "pandas": (),
    "torchvision": ("transforms",),
}


@contextmanager
def stand_ins() -> Iterator[None]:
    """While a package is imported, an empty module stands for each of these that is not there."""
    added = []
    for name, parts in NEVER_CALLED.items():
        if find_spec(name) is not None:
            continue
        module: Any = ModuleType(name)
        for part in parts:
            setattr(module, part, ModuleType(f"{name}.{part}"))
        sys.modules[name] = module
        added.append(name)
    try:
        yield
    finally:
        for name in added:
            del sys.modules[name]


def load(package: str, module: str) -> Any:
    if find_spec(package) is None:
        raise InputError(f"the book's package {package!r} is not installed: run {INSTALL}")
    with stand_ins():
        return importlib.import_module(f"{package}.{module}")


@cache
def d2lzh() -> Any:
    """d2lzh.utils. MXNet gets the matrix kernels that `backends` chooses for it too."""
    choose_openblas_kernels()
    import_mxnet()
    return load("d2lzh", "utils")


@cache
def d2l() -> Any:
    """d2l.torch."""
    return load("d2l", "torch")


def allow_children() -> None:
    """Let data loaders start processes as the book had them: forked. A daemon, as a benchmark's
    process is, may have none, and would spawn them, since it was spawned."""
    multiprocessing.current_process().daemon = False
    multiprocessing.set_start_method("fork", force=True)
