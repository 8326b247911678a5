"""Blocks of several programs in balanced random order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
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


Seconds = dict[Name, list[float]]


def interleave(
    blocks: Mapping[Name, Callable[[], float]],
    cycles: int,
    stream: np.random.Generator,
    enough: Callable[[Seconds[Name]], bool] = lambda seconds: True,
) -> Seconds[Name]:
    """One block of every program per cycle → seconds by program, cycle by cycle.

    cycles: the fewest, rounded up to an even number; enough: asked after every two from there on.
    """
    seconds: Seconds[Name] = {name: [] for name in blocks}
    for done, order in enumerate(balanced_orders(list(blocks), stream), start=1):
        for name in order:
            seconds[name].append(blocks[name]())
        if done >= cycles and done % 2 == 0 and enough(seconds):
            break
    return seconds
