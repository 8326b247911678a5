"""How far float32 results may lie apart before `compare` and `prove` ask what rounding explains.

A difference is relative to the largest magnitude in the expected array.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

TOLERANCE = 2e-5
"""35 recurrent steps, forward and back, clipped by a norm over all gradients and applied: the
book's models differ by up to 1.2e-5."""


def difference(actual: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference; inf where shapes or NaN positions differ."""
    actual, expected = np.asarray(actual, "float64"), np.asarray(expected, "float64")
    if actual.shape != expected.shape or (np.isnan(actual) != np.isnan(expected)).any():
        return float("inf")
    if actual.size == 0:
        return 0.0
    # Equal infinities differ by nothing; inf − inf would be NaN.
    with np.errstate(invalid="ignore"):
        apart = np.where((actual == expected) | np.isnan(expected), 0.0, abs(actual - expected))
    # An infinity would make every other difference look like nothing.
    magnitude = np.where(np.isfinite(expected), abs(expected), 0.0).max()
    return float(apart.max() / max(magnitude, np.finfo("float32").tiny))


def agree(actual: np.ndarray, expected: np.ndarray) -> bool:
    """Whether two results of the same formula on the same float32 inputs count as the same."""
    return difference(actual, expected) <= TOLERANCE


def largest_difference(
    actual: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray]
) -> tuple[str, float]:
    """The name of the array that differs most, and by how much."""
    apart = {name: difference(actual[name], expected[name]) for name in expected}
    worst = max(apart, key=lambda name: apart[name])
    return worst, apart[worst]
