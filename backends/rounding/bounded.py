"""Running error analysis: a value and a bound on what any float32 evaluation of it is off by.

Wilkinson's analysis carried along with the computation: Higham, *Accuracy and Stability of
Numerical Algorithms*, 2002, sections 3.1 to 3.5.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backends.rounding.budgets import ROUNDINGS_OF_DIVISION, Precision
from backends.rounding.tape import Number, Shape, register

FUNCTIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "exp": np.exp,
    "log": np.log,
    "tanh": np.tanh,
    "sigmoid": lambda x: np.exp(-np.logaddexp(0.0, -x)),
}


@dataclass(frozen=True, eq=False)
class Bounded(Number):
    """value, and error = inherited + γ_roundings · gauge.

    A sum may be evaluated in any order: its terms' magnitudes (gauge) and the roundings that each
    of them may pass through are kept apart from the error that the terms bring along (inherited),
    so that the sum of two sums is bounded as one. gauge None: |value| + inherited, of one term.
    """

    value: np.ndarray
    inherited: np.ndarray
    precision: Precision
    gauge: np.ndarray | None = None
    roundings: int = 0

    @property
    def error(self) -> np.ndarray:
        error = self.inherited
        if self.roundings:
            # A single rounding is relative to the result, more of them to the terms.
            size = abs(self.value) + error if self.roundings == 1 else self.size
            error = error + self.precision.gamma(self.roundings) * size
        # What is infinite here is infinite there.
        return np.where(np.isinf(self.value), 0.0, error)

    @property
    def size(self) -> np.ndarray:
        """The most that the magnitudes of the terms add up to."""
        return abs(self.value) + self.inherited if self.gauge is None else self.gauge

    def of(self, value: Any, inherited: Any) -> Bounded:
        return Bounded(np.asarray(value), np.asarray(inherited), self.precision)

    def rounded(self, value: Any, inherited: Any, relative: float) -> Bounded:
        """The result of one operation: what it inherits, plus its own rounding."""
        most = abs(value) + inherited
        return self.of(value, inherited + relative * most + self.underflow(most, inherited))

    def underflow(self, most: np.ndarray, inherited: np.ndarray) -> np.ndarray:
        """What is lost where a result that is not zero may be subnormal."""
        may_be = (most - 2 * inherited < np.finfo(self.precision.dtype).tiny) & (most > 0)
        return np.where(may_be, self.precision.underflow, 0.0)

    def lift(self, constant: Any) -> Bounded:
        if isinstance(constant, Bounded):
            return constant
        value = np.asarray(constant, "float64")
        stored = value.astype(self.precision.dtype)
        error = np.where(stored == value, 0.0, self.precision.unit * abs(value))
        return self.of(value, error)

    def arranged(self, function: Callable[[np.ndarray], np.ndarray]) -> Bounded:
        gauge = None if self.gauge is None else function(self.gauge)
        value, inherited = function(self.value), function(self.inherited)
        return Bounded(value, inherited, self.precision, gauge, self.roundings)

    def joined(self, others: Sequence[Bounded], axis: int) -> Bounded:
        parts = (self, *others)
        return self.of(
            np.concatenate([part.value for part in parts], axis),
            np.concatenate([part.error for part in parts], axis),
        )

    def scattered(self, shape: Shape, index: Any) -> Bounded:
        sums = []
        for array in (self.value, self.inherited, self.size, np.ones(self.shape)):
            sums.append(np.zeros(shape))
            np.add.at(sums[-1], index, array)
        value, inherited, size, counts = sums
        most = int(counts.max(initial=0))
        return Bounded(value, inherited, self.precision, size, self.roundings + max(most - 1, 0))

    def plus(self, other: Bounded) -> Bounded:
        value, inherited = self.value + other.value, self.inherited + other.inherited
        # Adding an exact zero rounds nothing.
        if not (self.size.any() and other.size.any()):
            kept = self if self.size.any() else other
            return kept.arranged(lambda array: np.broadcast_to(array, value.shape))
        roundings = self.roundings + other.roundings + 1
        return Bounded(value, inherited, self.precision, self.size + other.size, roundings)

    def times(self, other: Bounded) -> Bounded:
        if is_power_of_two(other):
            return self.scaled(other.value)
        if is_power_of_two(self):
            return other.scaled(self.value)
        a, b, ea, eb = self.value, other.value, self.error, other.error
        return self.rounded(a * b, abs(a) * eb + ea * abs(b) + ea * eb, self.precision.unit)

    def scaled(self, factor: np.ndarray) -> Bounded:
        """Times a power of two, which rounds nothing but a subnormal."""
        value, inherited, size = (
            a * abs(factor) for a in (abs(self.value), self.inherited, self.size)
        )
        inherited = inherited + self.underflow(value + inherited, inherited)
        return Bounded(self.value * factor, inherited, self.precision, size, self.roundings)

    def over(self, other: Bounded) -> Bounded:
        if is_power_of_two(other):
            return self.scaled(1 / other.value)
        a, b, ea, eb = self.value, other.value, self.error, other.error
        with np.errstate(divide="ignore", invalid="ignore"):
            quotient = a / b
            inherited = (ea + abs(quotient) * eb) / np.maximum(abs(b) - eb, 0.0)
        inherited = np.where(ea + eb == 0, 0.0, inherited)
        return self.rounded(quotient, inherited, self.precision.gamma(ROUNDINGS_OF_DIVISION))

    def product(self, other: Bounded) -> Bounded:
        a, b, ea, eb = abs(self.value), abs(other.value), self.error, other.error
        terms = self.shape[1]
        gauge = (a + ea) @ (b + eb)
        inherited = np.where(gauge > 0, terms * self.precision.underflow, 0.0)
        if ea.any() or eb.any():
            # What float64 loses in the difference is added.
            inherited += gauge * (1 + terms * 2.0**-50) - a @ b
        return Bounded(self.value @ other.value, inherited, self.precision, gauge, terms)

    def total(self, axes: Shape) -> Bounded:
        terms = int(np.prod([self.shape[axis] for axis in axes]))
        value, inherited, size = (a.sum(axis=axes) for a in (self.value, self.inherited, self.size))
        roundings = self.roundings + max(terms - 1, 0)
        return Bounded(value, inherited, self.precision, size, roundings)

    def function(self, name: str) -> Bounded:
        f, x, e = FUNCTIONS[name], self.value, self.error
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            y = f(x)
            # All four grow with x.
            below = np.maximum(x - e, 0.0) if name == "log" else x - e
            inherited = np.maximum(f(x + e) - y, y - f(below))
        return self.rounded(y, np.where(e == 0, 0.0, inherited), self.precision.relative(name))

    def sqrt(self) -> Bounded:
        y, e = np.sqrt(self.value), self.error
        inherited = np.where(e == 0, 0.0, np.minimum(e / np.where(y == 0, 1, y), np.sqrt(e)))
        return self.rounded(y, np.where(y == 0, np.sqrt(e), inherited), self.precision.unit)

    def relu(self) -> Bounded:
        return self.of(np.where(self.value <= 0, 0.0, self.value), self.error)

    def where_positive(self, x: Bounded) -> Bounded:
        # An x closer to 0 than its error may be on either side.
        unsure = (abs(x.value) <= x.error) & (x.error > 0)
        kept = np.where(x.value <= 0, 0.0, self.value)
        error = np.where((x.value <= 0) & ~unsure, 0.0, self.error)
        return self.of(kept, error + np.where(unsure, abs(self.value), 0.0))

    def shifted(self) -> Bounded:
        largest = self.value.max(axis=-1, keepdims=True, initial=-np.inf)
        unsure = self.error.max(axis=-1, keepdims=True, initial=0.0)
        value = self.value - largest
        own = self.precision.unit * (abs(value) + self.error + unsure)
        return self.of(value, self.error + own)


def is_power_of_two(number: Bounded) -> bool:
    """Whether a constant scales without rounding."""
    if number.value.size != 1 or number.inherited.any():
        return False
    return bool(abs(np.frexp(number.value)[0]) == 0.5)


register(Bounded)
