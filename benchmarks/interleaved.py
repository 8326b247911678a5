"""Ratios of programs that take turns in one run, so that the machine's drift cancels."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from statistics import median

import numpy as np

Program = Callable[[], object]


def interleaved_seconds(programs: Mapping[str, Program], rounds: int) -> dict[str, list[float]]:
    """Seconds of every program in every round, in random order; warm them up before."""
    seconds: dict[str, list[float]] = {name: [] for name in programs}
    stream, names = np.random.default_rng(0), list(programs)
    for _ in range(rounds):
        for name in stream.permutation(names):
            started = time.perf_counter()
            programs[name]()
            seconds[name].append(time.perf_counter() - started)
    return seconds


def median_ratio(seconds: Mapping[str, list[float]], numerator: str, denominator: str) -> float:
    """The median over rounds of the ratio of two programs within a round."""
    pairs = zip(seconds[numerator], seconds[denominator], strict=True)
    return median(a / b for a, b in pairs)
