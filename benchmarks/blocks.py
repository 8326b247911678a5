"""Blocks of several programs in balanced random order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeVar

import numpy as np

Name = TypeVar("Name")


def balanced_orders(names: Sequence[Name], stream: np.random.Generator) -> Iterator[list[Name]]:
    """Random orders, each followed by its reverse: in every two, of any pair each goes first once,
    and a drift that is linear over both cancels."""
    while True:
        order = [names[index] for index in stream.permutation(len(names))]
        yield order
        yield order[::-1]


def interleave(
    blocks: Mapping[Name, Callable[[], float]], cycles: int, stream: np.random.Generator
) -> dict[Name, list[float]]:
    """One block of every program per cycle → seconds by program, cycle by cycle.

    cycles: rounded up to an even number.
    """
    seconds: dict[Name, list[float]] = {name: [] for name in blocks}
    for order in islice(balanced_orders(list(blocks), stream), cycles + cycles % 2):
        for name in order:
            seconds[name].append(blocks[name]())
    return seconds
