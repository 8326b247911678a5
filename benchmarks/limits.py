"""What a unit of work cannot be faster than: matrix products and memory traffic at their best.

Both rates are measured in the process that is timed, with its framework and its threads.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from benchmarks.programs import Work

PRODUCTS = ((512, 512, 512), (1024, 1024, 1024), (2048, 1024, 1024), (1120, 256, 1040))
"""(m, k, n): square ones, and an output layer of the book's language models."""

Operation = Callable[[], object]


@dataclass(frozen=True)
class Rates:
    """flops: per second, of matrix products. bytes: per second, of as many bytes as the case's."""

    flops: float
    bytes: float

    def seconds(self, work: Work) -> float:
        """The least time of a unit of work."""
        return max(work.flops / self.flops, work.bytes / self.bytes)

    def best(self, other: Rates) -> Rates:
        return Rates(max(self.flops, other.flops), max(self.bytes, other.bytes))


def seconds_of(operation: Operation, wait: Callable[[], None], least: float = 0.02) -> float:
    """The shortest of repetitions that fill `least` seconds three times over."""
    operation()
    wait()
    best, count, spent = float("inf"), 1, 0.0
    while spent < 3 * least:
        started = time.perf_counter()
        for _ in range(count):
            operation()
        wait()
        seconds = time.perf_counter() - started
        spent += seconds
        best = min(best, seconds / count)
        if seconds < least / 2:
            count *= 2
    return best


def best_rate(operations: Iterable[tuple[float, Operation]], wait: Callable[[], None]) -> float:
    """operations: with what each counts for."""
    return max(amount / seconds_of(operation, wait) for amount, operation in operations)


def products(backend: Any) -> Iterator[tuple[float, Operation]]:
    """X W by the backend, and by the framework's own layer, which may use another library."""
    for m, k, n in PRODUCTS:
        x, w = (backend.from_numpy(np.ones(shape, "float32")) for shape in ((m, k), (k, n)))
        layer = backend.network(layer=backend.dense_layer(k, n))["layer"]
        for operation in (partial(backend.linear, x, w), partial(layer, x)):
            yield 2.0 * m * k * n, operation


def copies(backend: Any, traffic: float) -> Iterator[tuple[float, Operation]]:
    """Copies, additions in place and sums of arrays that together have `traffic` bytes."""
    for arrays in (2, 1):
        count = max(int(traffic / 4 / arrays), 256)
        x, y = (backend.from_numpy(np.zeros(count, "float32")) for _ in range(2))

        def copy(x: Any = x, y: Any = y) -> None:
            x[:] = y

        def add(x: Any = x, y: Any = y) -> None:
            x += y

        if arrays == 2:
            yield 8.0 * count, copy
            yield 12.0 * count, add
        else:
            yield 4.0 * count, partial(backend.sum, x)
