"""Positions of NaN, infinities and zeros first; then finite values within the oracle's bound."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache

import numpy as np

from backends import get_backend
from backends.interface import Backend
from backends.rounding import BoundedBackend
from tests.parity.bits import is_gradient, rounded
from tests.parity.case import Case
from tests.parity.check import DIRECTIONS, Results


@contextmanager
def quiet() -> Iterator[None]:
    """NumPy warns of what these cases are about; an error stays an error."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=RuntimeWarning)
        yield


@cache
def expected(case: Case, direction: str, dtype: str) -> tuple[Results, Results]:
    """The oracle's results, and how far a backend's may lie from them."""
    with quiet():
        values = DIRECTIONS[direction](case, get_backend("numpy", dtype=dtype))
        bounded = DIRECTIONS[direction](case, BoundedBackend(dtype=dtype))
    assert list(values) == list(bounded)
    return values, {name: getattr(b, "error", np.zeros(b.shape)) for name, b in bounded.items()}


def computed(case: Case, direction: str, backend: Backend) -> Results:
    with quiet():
        return DIRECTIONS[direction](case, backend)


def within_bound(actual: np.ndarray, exact: np.ndarray, bound: np.ndarray) -> np.ndarray:
    """|actual − exact| ≤ bound, elementwise, for finite numbers."""
    return abs(actual.astype("float64") - exact) <= bound


def assert_agree(
    actual: Mapping[str, np.ndarray],
    exact: Mapping[str, np.ndarray],
    bounds: Mapping[str, np.ndarray],
    signed_zeros: bool = True,
) -> None:
    assert list(actual) == list(exact)
    for name, value in actual.items():
        with quiet():
            assert_array_agrees(
                name, value, exact[name], bounds[name], signed_zeros and not is_gradient(name)
            )


def assert_array_agrees(
    name: str, value: np.ndarray, exact: np.ndarray, bound: np.ndarray, signed_zeros: bool
) -> None:
    assert value.shape == exact.shape, name
    wanted = rounded(exact)  # infinite where the oracle's result is too large for the backend
    assert value.dtype == wanted.dtype or value.dtype.kind == wanted.dtype.kind == "i", name

    def show(wrong: np.ndarray, what: str) -> None:
        assert not wrong.any(), f"{name}: {what}: {value[wrong][:5]} for {exact[wrong][:5]}"

    show(np.isnan(value) != np.isnan(wanted), "NaN in other places")
    infinite = np.isinf(value) | np.isinf(wanted)
    show(infinite & (value != wanted), "infinities in other places")
    zero = (exact == 0) & (bound == 0)
    show(zero & (value != 0), "zeros in other places")
    if signed_zeros:
        other = np.signbit(value) != np.signbit(exact)
        show((exact == 0) & (value == 0) & other, "another sign of zero")
    finite = np.isfinite(value) & np.isfinite(wanted)
    beyond = finite & ~within_bound(value, exact, bound)
    apart = abs(value - exact)[beyond][:5], bound[beyond][:5]
    show(beyond, f"beyond the bound: {apart[0]} > {apart[1]}")
