"""Equality to the bit: of values, of the sign of zero, of infinities and of NaN's positions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


def rounded(exact: np.ndarray) -> np.ndarray:
    """A float64 result in float32, infinite above its largest number; integers as they are."""
    with np.errstate(over="ignore", under="ignore"):
        return exact.astype("float32") if exact.dtype.kind == "f" else exact


def is_gradient(name: str) -> bool:
    """Of a result that holds gradients beside other arrays."""
    return "[gradients]" in name


def same_bits(actual: np.ndarray, expected: np.ndarray, signed_zeros: bool = True) -> np.ndarray:
    """Where two arrays are equal. NaN equals NaN; 0 equals −0 unless zeros are signed."""
    equal = actual == expected
    if signed_zeros:
        equal &= np.signbit(actual) == np.signbit(expected)
    return equal | (np.isnan(actual) & np.isnan(expected))


def assert_same_bits(
    actual: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray], signed_zeros: bool = True
) -> None:
    """The oracle's results are in float64, and must not need rounding."""
    assert list(actual) == list(expected)
    for name, value in actual.items():
        exact, signed = expected[name], signed_zeros and not is_gradient(name)
        assert value.shape == exact.shape, name
        wanted = rounded(exact)
        assert same_bits(wanted, exact).all(), f"{name}: the true result needs rounding"
        assert value.dtype == wanted.dtype or value.dtype.kind == wanted.dtype.kind == "i", name
        wrong = ~same_bits(value, wanted, signed)
        assert not wrong.any(), f"{name}: {value[wrong][:5]} for {wanted[wrong][:5]}"
