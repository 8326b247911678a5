"""Monte Carlo arithmetic: every operation's result is moved by a random rounding.

The spread of many such runs is what float32 rounding may do to a result (Parker, *Monte Carlo
Arithmetic*, 1997; Verificarlo). A rounding moves x by up to u |x| either way, uniformly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backends.rounding.bounded import FUNCTIONS
from backends.rounding.budgets import ROUNDINGS_OF_DIVISION, Precision
from backends.rounding.tape import Number, Shape, register

VARIANCE = 1 / 3
"""Of one rounding, in units of (u x)²: that of a uniform distribution over ±1."""


@dataclass(frozen=True, eq=False)
class Noisy(Number):
    """A value that has been through random roundings."""

    value: np.ndarray
    precision: Precision
    random: np.random.Generator

    def of(self, value: Any) -> Noisy:
        return Noisy(np.asarray(value), self.precision, self.random)

    def rounded(self, value: Any, relative: float) -> Noisy:
        draws = self.random.random(np.shape(value), "float32").astype("float64")
        return self.of(value * (1 + relative * (2 * draws - 1)))

    def summed(self, value: np.ndarray, squares: np.ndarray, terms: int) -> Noisy:
        """A sum one term after the other, with the squares of its terms.

        Each partial sum is rounded. Terms of random sign make the squares of the partial sums add
        up to about n/2 Σ x², terms of one sign to about n/3 (Σ x)².
        """
        scale = terms / 2 * squares + terms / 3 * value**2
        deviation = self.precision.unit * np.sqrt(VARIANCE * scale)
        return self.of(value + deviation * self.random.standard_normal(np.shape(value), "float32"))

    def lift(self, constant: Any) -> Noisy:
        return constant if isinstance(constant, Noisy) else self.of(np.asarray(constant, "float64"))

    def arranged(self, function: Callable[[np.ndarray], np.ndarray]) -> Noisy:
        return self.of(function(self.value))

    def joined(self, others: Sequence[Noisy], axis: int) -> Noisy:
        return self.of(np.concatenate([part.value for part in (self, *others)], axis))

    def scattered(self, shape: Shape, index: Any) -> Noisy:
        value, squares, counts = np.zeros((3, *shape))
        np.add.at(value, index, self.value)
        np.add.at(squares, index, self.value**2)
        np.add.at(counts, index, 1.0)
        return (
            self.summed(value, squares, int(counts.max(initial=0)))
            if counts.max(initial=0) > 1
            else self.of(value)
        )

    def plus(self, other: Noisy) -> Noisy:
        return self.rounded(self.value + other.value, self.precision.unit)

    def times(self, other: Noisy) -> Noisy:
        return self.rounded(self.value * other.value, self.precision.unit)

    def over(self, other: Noisy) -> Noisy:
        return self.rounded(self.value / other.value, ROUNDINGS_OF_DIVISION * self.precision.unit)

    def product(self, other: Noisy) -> Noisy:
        a, b = self.value, other.value
        return self.summed(a @ b, a**2 @ b**2, self.shape[1])

    def total(self, axes: Shape) -> Noisy:
        terms = int(np.prod([self.shape[axis] for axis in axes]))
        return self.summed(self.value.sum(axis=axes), (self.value**2).sum(axis=axes), terms)

    def function(self, name: str) -> Noisy:
        return self.rounded(FUNCTIONS[name](self.value), self.precision.relative(name))

    def sqrt(self) -> Noisy:
        return self.rounded(np.sqrt(self.value), self.precision.unit)

    def relu(self) -> Noisy:
        return self.of(np.where(self.value <= 0, 0.0, self.value))

    def where_positive(self, x: Noisy) -> Noisy:
        return self.of(np.where(x.value > 0, self.value, 0.0))

    def shifted(self) -> Noisy:
        largest = self.value.max(axis=-1, keepdims=True, initial=-np.inf)
        return self.rounded(self.value - largest, self.precision.unit)


register(Noisy)
