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

Launches = Sequence[Sequence[float]]
"""Seconds of a unit of work by launch and cycle."""

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

    def verdict(self) -> Word:
        """Of a ratio of seconds."""
        if self.contains(1.0):
            return "can't tell"
        return "faster" if self.high < 1 else "slower"


def resampled_medians(launches: Sequence[np.ndarray], stream: np.random.Generator) -> np.ndarray:
    """Medians of the cycles of as many launches as there are, drawn with replacement, as are the
    cycles of each."""
    count, cycles = len(launches), min(len(launch) for launch in launches)
    table = np.stack([launch[:cycles] for launch in launches])
    chosen = stream.integers(0, count, (RESAMPLES, count, 1))
    drawn = table[chosen, stream.integers(0, cycles, (RESAMPLES, count, cycles))]
    return np.median(drawn.reshape(RESAMPLES, -1), axis=1)


def estimate(launches: Sequence[np.ndarray], confidence: float = CONFIDENCE) -> Estimate:
    """The median of logarithms over all launches, with a percentile interval."""
    tail = 50 * (1 - confidence)
    medians = resampled_medians(launches, np.random.default_rng(0))
    middle = np.median(np.concatenate(launches))
    low, high = np.percentile(medians, [tail, 100 - tail])
    return Estimate(*map(float, np.exp([middle, min(low, middle), max(high, middle)])))


def ratio(program: Launches, baseline: Launches, confidence: float = CONFIDENCE) -> Estimate:
    """Of the seconds of two programs; below 1, the first one is faster."""
    pairs = zip(program, baseline, strict=True)
    logarithms = [np.log(np.asarray(a)) - np.log(np.asarray(b)) for a, b in pairs]
    return estimate(logarithms, confidence)


def typical(program: Launches) -> Estimate:
    """The seconds of a program."""
    return estimate([np.log(np.asarray(launch)) for launch in program])
