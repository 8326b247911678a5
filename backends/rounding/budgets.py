"""What one float32 operation may lose, declared once.

u = ε / 2 is the unit roundoff: a correctly rounded operation is wrong by u |result| at most.
γ_n = n u / (1 − n u) bounds n roundings in a row (Higham, *Accuracy and Stability of Numerical
Algorithms*, 2002, lemma 3.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

ULPS = {"exp": 4, "log": 4, "tanh": 4, "sigmoid": 5}
"""Of elementary functions, in units in the last place of the result (1 ULP is at most 2 u).

Vendors promise 1 to 4 for exp, log and tanh (SLEEF, oneDNN, glibc), and sigmoid divides after exp.
"""

ROUNDINGS_OF_DIVISION = 2
"""x / y may be computed as x · (1 / y)."""


@dataclass(frozen=True)
class Precision:
    """The floats that a backend computes in, compared with an oracle that computes in float64."""

    dtype: str

    @cached_property
    def unit(self) -> float:
        """u of the backend plus u of the oracle, and of the arithmetic on the bounds themselves."""
        own, oracle = (float(np.finfo(dtype).eps) / 2 for dtype in (self.dtype, "float64"))
        return (own + oracle) * (1 + 2.0**-16)

    @cached_property
    def underflow(self) -> float:
        """The most that a product or a quotient loses where it is subnormal."""
        return float(np.finfo(self.dtype).smallest_subnormal)

    def gamma(self, roundings: float) -> float:
        """γ_n."""
        lost = roundings * self.unit
        return lost / (1 - lost)

    def relative(self, function: str) -> float:
        """The relative error of an elementary function."""
        return 2 * ULPS[function] * self.unit
