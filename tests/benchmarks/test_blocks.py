"""The order of blocks: random, and in every two cycles each of a pair goes first once."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, islice

import numpy as np

from benchmarks.blocks import balanced_orders, interleave

NAMES = ("a", "b", "c")


def test_of_every_pair_each_goes_first_once_in_two_cycles():
    orders = balanced_orders(NAMES, np.random.default_rng(0))
    for _ in range(50):
        first, second = islice(orders, 2)
        assert sorted(first) == sorted(second) == list(NAMES)
        for a, b in combinations(NAMES, 2):
            assert (first.index(a) < first.index(b)) != (second.index(a) < second.index(b))


def test_every_order_comes():
    orders = islice(balanced_orders(NAMES, np.random.default_rng(0)), 400)
    assert len(Counter(map(tuple, orders))) == 6


def test_a_drift_that_is_linear_cancels_over_two_cycles():
    clock = iter(range(1000))
    blocks = {name: lambda: float(next(clock)) for name in NAMES}
    seconds = interleave(blocks, 20, np.random.default_rng(0))
    of_two = {name: np.reshape(own, (-1, 2)).sum(axis=1).tolist() for name, own in seconds.items()}
    assert of_two["a"] == of_two["b"] == of_two["c"]


def test_every_program_gets_as_many_blocks_an_even_number():
    seconds = interleave({name: lambda: 1.0 for name in NAMES}, 5, np.random.default_rng(0))
    assert [len(own) for own in seconds.values()] == [6, 6, 6]


def test_more_cycles_come_until_there_are_enough():
    def enough(seconds: dict[str, list[float]]) -> bool:
        return len(seconds["a"]) >= 11

    blocks = {name: lambda: 1.0 for name in NAMES}
    seconds = interleave(blocks, 4, np.random.default_rng(0), enough)
    assert [len(own) for own in seconds.values()] == [12, 12, 12]
