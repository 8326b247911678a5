"""Import MXNet 1.9.1 under a NumPy and a Python that are younger than it.

While it is imported, MXNet copies functions out of NumPy by name and compares
version numbers with ``distutils``. NumPy has since removed some of those names
(1.20: the financial functions, 1.24: ``bool``, 2.0: ``PZERO``, ``in1d``,
``trapz`` and others) and Python 3.12 removed ``distutils``. What is missing is
put back before the import and taken away after it; only ``bool`` and ``Inf``
stay, because MXNet looks them up again at run time. Nothing that is still
there is touched.
"""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import numpy as np


def _removed(name: str) -> Any:
    def raise_removed(*args: object, **kwargs: object) -> None:
        raise AttributeError(f"numpy.{name} was removed from NumPy {np.__version__}")

    return raise_removed


def _msort(a: Any) -> Any:
    return np.sort(a, axis=0)


def _in1d(ar1: Any, ar2: Any, assume_unique: bool = False, invert: bool = False) -> Any:
    return np.isin(np.ravel(ar1), ar2, assume_unique=assume_unique, invert=invert)


LOOKED_UP_AT_RUN_TIME = {"bool": bool, "Inf": np.inf}

LOOKED_UP_AT_IMPORT = {
    "PZERO": 0.0,
    "NZERO": -0.0,
    "PINF": np.inf,
    "NINF": -np.inf,
    "NAN": np.nan,
    "NaN": np.nan,
    "alltrue": np.all,
    "sometrue": np.any,
    "product": np.prod,
    "round_": np.round,
    "in1d": _in1d,
    "msort": _msort,
    "trapz": getattr(np, "trapezoid", None),
    **{name: _removed(name) for name in ("mirr", "npv", "pmt", "ppmt", "pv", "rate")},
}


class _Version(tuple[int, ...]):
    """``distutils.version`` for the one question asked of it: is NumPy at least x.y?"""

    def __new__(cls, text: str) -> _Version:
        return super().__new__(cls, map(int, re.findall(r"\d+", text)[:3]))


def _put_back_numpy_names() -> list[str]:
    # vars(), because hasattr(numpy, "bool") warns in NumPy 1.24 to 1.26.
    present = vars(np)
    for name, value in LOOKED_UP_AT_RUN_TIME.items():
        if name not in present:
            setattr(np, name, value)
    missing = [name for name in LOOKED_UP_AT_IMPORT if name not in present]
    for name in missing:
        setattr(np, name, LOOKED_UP_AT_IMPORT[name])
    return missing


def _put_back_distutils() -> list[str]:
    if find_spec("distutils") is not None:
        return []
    version: Any = ModuleType("distutils.version")
    version.LooseVersion = version.StrictVersion = _Version
    stand_ins = {"distutils": ModuleType("distutils"), "distutils.version": version}
    sys.modules.update(stand_ins)
    return list(stand_ins)


@contextmanager
def _what_mxnet_expects() -> Iterator[None]:
    names, modules = _put_back_numpy_names(), _put_back_distutils()
    try:
        yield
    finally:
        for name in names:
            delattr(np, name)
        for module in modules:
            del sys.modules[module]


def import_mxnet() -> ModuleType:
    """Return the ``mxnet`` module; NumPy keeps every name it had, plus ``bool`` and ``Inf``."""
    with _what_mxnet_expects(), warnings.catch_warnings():
        # MXNet's own sources hold invalid escapes and use distutils.
        warnings.simplefilter("ignore")
        import mxnet
        from mxnet.ndarray import utils
    # For every array it makes, MXNet would look up a namespace that SciPy 2 no longer has.
    utils.spsp = None
    return mxnet
