"""What a backend's result may differ from the oracle's by, and whether it does by more.

A rigorous bound for one float32 evaluation, where that says something; else the spread of runs in
Monte Carlo arithmetic, see `backends.rounding.envelope`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backends.numpy_backend import NumpyBackend
from backends.rounding import BoundedBackend, NoisyBackend
from backends.rounding.envelope import RUNS, half_width

BOUND, ENVELOPE = "bound", "envelope"
# An error of about the runs' own spread is then never above 1e-3 of the bound.
SAYS_NOTHING = 1000.0


@dataclass(frozen=True)
class Allowed:
    """The oracle's value and how far a backend may lie from it, elementwise."""

    value: np.ndarray
    width: np.ndarray

    def ratios(self, actual: Any) -> np.ndarray:
        """|actual − value| / width, infinite where a NaN or an infinity is not the oracle's."""
        actual, value = np.asarray(actual, "float64"), np.asarray(self.value)
        same = (actual == value) | (np.isnan(actual) & np.isnan(value))
        with np.errstate(all="ignore"):
            ratios = abs(actual - value) / self.width
        # A width that is no number allows nothing.
        return np.where(same, 0.0, np.nan_to_num(ratios, nan=np.inf, posinf=np.inf))


@dataclass(frozen=True)
class Excess:
    """The element of an array that is furthest outside."""

    ratio: float
    index: tuple[int, ...]
    value: float | str
    oracle: float | str
    allowed: float

    @property
    def outside(self) -> bool:
        return self.ratio > 1


def excess(actual: Any, allowed: Allowed) -> Excess:
    """How far an array is from the oracle's at its worst element."""
    actual, expected = np.asarray(actual), np.asarray(allowed.value)
    if actual.shape != expected.shape:
        return Excess(np.inf, (), f"shape {actual.shape}", f"shape {expected.shape}", 0.0)
    if (actual.dtype.kind == "f") != (expected.dtype.kind == "f"):
        return Excess(np.inf, (), str(actual.dtype), str(expected.dtype), 0.0)
    if not actual.size:
        return Excess(0.0, (), "empty", "empty", 0.0)
    ratios = allowed.ratios(actual)
    index = np.unravel_index(int(np.argmax(ratios)), ratios.shape)
    return Excess(
        float(ratios[index]),
        tuple(map(int, index)),
        float(actual[index]),
        float(expected[index]),
        float(np.broadcast_to(allowed.width, expected.shape)[index]),
    )


def by_bound(reading: Any) -> Allowed:
    """The bound that `BoundedBackend.to_numpy` returns beside a value."""
    value = np.asarray(reading)
    return Allowed(value, np.asarray(getattr(reading, "error", np.zeros(value.shape))))


Runs = Sequence[Mapping[Any, np.ndarray]]


def by_envelope(
    values: Mapping[Any, np.ndarray], runs: Runs, sharing: int = 1
) -> dict[Any, Allowed]:
    """From the oracle's values and its runs in Monte Carlo arithmetic.

    The false alarms that the envelope allows for are shared by all elements of `sharing` backends.
    """
    count = sharing * sum(np.size(value) for value in values.values())
    return {
        name: Allowed(np.asarray(value), half_width([run[name] for run in runs], value, count))
        for name, value in values.items()
    }


def allowed_by(kind: str, compute: Callable[[Any], Mapping[Any, np.ndarray]]) -> dict[Any, Allowed]:
    """What compute(backend) may be, by bounds or by envelopes."""
    if kind == BOUND:
        return {name: by_bound(reading) for name, reading in compute(BoundedBackend()).items()}
    runs = [compute(NoisyBackend(seed_of_noise=seed)) for seed in range(RUNS)]
    return by_envelope(compute(NumpyBackend()), runs)


def says_something(name: Any, bound: Allowed, runs: Runs) -> bool:
    """Whether a bound is no more than SAYS_NOTHING times as wide as runs spread."""
    squares = np.mean([(run[name] - bound.value) ** 2 for run in runs], axis=0)
    return bool(
        np.max(bound.width, initial=0.0) <= SAYS_NOTHING * np.sqrt(np.max(squares, initial=0.0))
    )
