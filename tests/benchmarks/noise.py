"""Blocks as a shared machine times them: recorded, and by a model with drift and spikes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np

RECORDED = Path(__file__).with_name("noise.json")
"""Seconds of one program in two processes, taking turns: launches of [program, again]."""


class Run(NamedTuple):
    """Seconds of two equally fast programs, by launch and cycle."""

    program: list[np.ndarray]
    again: list[np.ndarray]

    def slowed(self, factor: float) -> Run:
        return Run([launch * factor for launch in self.program], self.again)


def modelled(
    stream: np.random.Generator, launches: int = 5, cycles: int = 10, between: float = 0.003
) -> Run:
    """Both drift together, by some 1 % a block and 10 % a run. Of a block 2 % are its own, one in
    twenty is a fifth slower and more. between: processes of the same program."""
    found = Run([], [])
    for _ in range(launches):
        drift = np.cumsum(stream.normal(0, 0.01, 2 * cycles)).reshape(cycles, 2)
        own = stream.normal(0, 0.02, (cycles, 2)) + stream.normal(0, between, (1, 2))
        spikes = (stream.random((cycles, 2)) < 0.05) * stream.exponential(0.2, (cycles, 2))
        swapped = np.arange(cycles) % 2 == 1
        drift[swapped] = drift[swapped, ::-1]
        program, again = np.exp(drift + own + spikes).T
        found.program.append(program)
        found.again.append(again)
    return found


def recorded(stream: np.random.Generator, launches: int = 5, cycles: int = 10) -> Run:
    """Stretches of the recording, either of the two first, so that their ratio is 1."""
    recording = [np.array(pair) for pair in json.loads(RECORDED.read_text())["launches"]]
    found = Run([], [])
    for _ in range(launches):
        pair = recording[stream.integers(len(recording))]
        first = 2 * stream.integers(pair.shape[1] // 2)
        stretch = np.take(pair, np.arange(first, first + cycles), axis=1, mode="wrap")
        program, again = stretch[stream.permutation(2)]
        found.program.append(program)
        found.again.append(again)
    return found
