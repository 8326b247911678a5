"""Blocks as a shared machine times them: recorded, and by a model with drift and spikes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.blocks import interleave

RECORDED = Path(__file__).with_name("noise.json")
"""25 seconds of one matrix product after the other on a virtual machine that shares its host."""


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


def recorded(stream: np.random.Generator, launches: int = 5, cycles: int = 30) -> Run:
    """Blocks of four equally fast programs, two of which are compared, in the order in which the
    harness takes turns, each as long as the recorded one of its place."""
    recording = json.loads(RECORDED.read_text())["milliseconds"]
    found = Run([], [])
    for _ in range(launches):
        start = stream.integers(len(recording) - 4 * cycles)
        block = iter(recording[start:]).__next__
        seconds = interleave(dict.fromkeys("abcd", block), cycles, stream)
        found.program.append(np.array(seconds["a"]))
        found.again.append(np.array(seconds["b"]))
    return found
