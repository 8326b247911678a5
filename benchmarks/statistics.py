"""Ratios of programs that took turns, with intervals over blocks and processes.

Pairs are the two programs' blocks of one cycle, so that the machine's drift cancels. The cycles of
one launch of the processes share where its memory came to lie, so launches are resampled first and
then cycles within them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import ndtri

Launches = Sequence[Sequence[float]]
"""Seconds of a unit of work by launch and cycle, as many cycles in each launch."""

CONFIDENCE = 0.95
RESAMPLES = 2000

Word = Literal["faster", "slower", "can't tell"]


@dataclass(frozen=True)
class Estimate:
    """A median and its interval."""

    value: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Relative to the value; of a ratio, the smallest effect that could have been seen."""
        return max(self.high / self.value, self.value / self.low) - 1

    def contains(self, value: float) -> bool:
        return self.low <= value <= self.high

    def together(self, intervals: int) -> Estimate:
        """A wider interval: all of so many contain their values as often as this one alone does."""
        factor = ndtri((1 - CONFIDENCE) / 2 / intervals) / ndtri((1 - CONFIDENCE) / 2)
        return Estimate(
            self.value,
            self.value * (self.low / self.value) ** factor,
            self.value * (self.high / self.value) ** factor,
        )

    def verdict(self) -> Word:
        """Of a ratio of seconds."""
        if self.contains(1.0):
            return "can't tell"
        return "faster" if self.high < 1 else "slower"


def resampled_medians(table: np.ndarray, stream: np.random.Generator) -> np.ndarray:
    """Medians of the cycles of as many launches as there are, drawn with replacement, as are the
    cycles of each. table: by launch and cycle."""
    count, cycles = table.shape
    chosen = stream.integers(0, count, (RESAMPLES, count, 1))
    drawn = table[chosen, stream.integers(0, cycles, (RESAMPLES, count, cycles))]
    return np.median(drawn.reshape(RESAMPLES, -1), axis=1)


def estimate(logarithms: np.ndarray) -> Estimate:
    """The exponential of the median over all launches and cycles, with a percentile interval."""
    tail = 50 * (1 - CONFIDENCE)
    medians = resampled_medians(logarithms, np.random.default_rng(0))
    middle = np.median(logarithms)
    low, high = np.percentile(medians, [tail, 100 - tail])
    return Estimate(*map(float, np.exp([middle, min(low, middle), max(high, middle)])))


def ratio(program: Launches, baseline: Launches) -> Estimate:
    """Of the seconds of two programs; below 1, the first one is faster."""
    return estimate(np.log(program) - np.log(baseline))


def typical(program: Launches) -> Estimate:
    """The seconds of a program."""
    return estimate(np.log(program))
