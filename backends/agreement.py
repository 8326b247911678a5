"""How far two float32 results of the same formula may lie apart.

One table for `lockstep compare` and for tests/parity. A difference is relative to the
largest magnitude in the expected array (to each element for elementwise operations), and
u = 2⁻²⁴ ≈ 6e-8 is float32's unit roundoff.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

TOLERANCES = {
    # No arithmetic, or arithmetic without rounding: copies, rows, one-hot, max(x, 0).
    "exact": 0.0,
    # A few roundings per element: frameworks' exp, tanh and division are good to about 4 ULP.
    "elementwise": 1e-6,
    # Sums and products of up to 1,027 terms in another order: about √n u typically, n u at worst.
    "reduction": 1e-5,
    # 35 recurrent steps, forward and back, clipped by a norm over all gradients and applied; the
    # book's models differ by up to 1.2e-5.
    "sequence": 2e-5,
}


def difference(actual: np.ndarray, expected: np.ndarray, kind: str = "sequence") -> float:
    """The largest difference by the rule of `kind`; inf where shapes or NaN positions differ."""
    actual, expected = np.asarray(actual, "float64"), np.asarray(expected, "float64")
    if actual.shape != expected.shape or (np.isnan(actual) != np.isnan(expected)).any():
        return float("inf")
    if actual.size == 0:
        return 0.0
    # Equal infinities differ by nothing; inf − inf would be NaN.
    with np.errstate(invalid="ignore"):
        apart = np.where((actual == expected) | np.isnan(expected), 0.0, abs(actual - expected))
    # An infinity would make every other difference look like nothing.
    magnitude = np.where(np.isfinite(expected), abs(expected), 0.0)
    scale = magnitude if kind == "elementwise" else magnitude.max()
    tiny = np.finfo("float32").tiny
    return float((apart / np.maximum(scale, tiny)).max())


def agree(actual: np.ndarray, expected: np.ndarray, kind: str = "sequence") -> bool:
    """Whether two results of the same formula on the same float32 inputs count as the same."""
    return difference(actual, expected, kind) <= TOLERANCES[kind]


def largest_difference(
    actual: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray]
) -> tuple[str, float]:
    """The name of the array that differs most, and by how much."""
    apart = {name: difference(actual[name], expected[name]) for name in expected}
    worst = max(apart, key=lambda name: apart[name])
    return worst, apart[worst]
