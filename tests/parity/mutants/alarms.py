"""Right backends on the small rows with inputs from many seeds: no check may fail."""

from __future__ import annotations

import multiprocessing
import signal
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np

from backends import get_backend
from backends.interface import Backend
from tests.parity import check, specials
from tests.parity import test_edges as edges
from tests.parity import test_exact as exact
from tests.parity.case import Case
from tests.parity.checks import ROWS, is_large
from tests.parity.edge_cases import EDGE_CASES
from tests.parity.pinned import PINNED_ROWS

# What takes most of the time joins every tenth seed: runs in Monte Carlo arithmetic, the exact tier
# and the edges.
SLOW_EVERY = 10

HeldTo = Callable[[Case, str, Backend], None]


@dataclass(frozen=True)
class Alarm:
    seed: int
    backend: str
    check: str
    message: str


@dataclass(frozen=True)
class Seed:
    """What one seed gave."""

    num_checks: int
    alarms: list[Alarm]


def is_drawn(case: Case) -> bool:
    """Whether inputs depend on the seed."""
    first, second = (check.inputs_of(replace(case, seed=seed)) for seed in (0, 1))
    return any(
        callable(value)
        or isinstance(value, dict)
        or not np.array_equal(value, second[name], equal_nan=True)
        for name, value in first.items()
    )


def within_rounding(case: Case, direction: str, backend: Backend) -> None:
    check.check(case, direction, backend)


def to_the_bit(case: Case, direction: str, backend: Backend) -> None:
    {"forward": exact.check_forward, "gradients": exact.check_gradients}[direction](case, backend)


def at_the_edge(case: Case, direction: str, backend: Backend) -> None:
    edges.check(case, direction, backend, signed_zeros=direction == "forward")


@dataclass(frozen=True)
class Row:
    case: Case
    direction: str
    held_to: HeldTo

    @property
    def is_slow(self) -> bool:
        in_monte_carlo = getattr(self.case, self.direction) == "envelope"
        return in_monte_carlo or self.held_to is not within_rounding

    def __str__(self) -> str:
        return f"{self.case} {self.direction}"


@cache
def drawn_rows() -> tuple[Row, ...]:
    tables = ((ROWS, within_rounding), (exact.EXACT_CASES, to_the_bit), (EDGE_CASES, at_the_edge))
    return tuple(
        Row(case, direction, held_to)
        for cases, held_to in tables
        for case in cases
        if not is_large(case) and is_drawn(case)
        for direction in check.DIRECTIONS
        if getattr(case, direction) is not None
    )


def forget() -> None:
    """What the oracle computed for the rows of one seed is of no use to the next."""
    for module in (check, exact, specials):
        for function in vars(module).values():
            if hasattr(function, "cache_clear"):
                function.cache_clear()


def checked(seed: int, backends: Sequence[Backend]) -> Seed:
    num_checks, alarms = 0, []
    for row in drawn_rows():
        if row.is_slow and seed % SLOW_EVERY:
            continue
        case = replace(row.case, seed=seed)
        for backend in backends:
            if (backend.name, str(case), row.direction) in PINNED_ROWS:
                continue
            num_checks += 1
            try:
                row.held_to(case, row.direction, backend)
            except AssertionError as error:
                message = str(error).partition("\n")[0]
                alarms.append(Alarm(seed, backend.name, str(row), message))
    forget()
    return Seed(num_checks, alarms)


def checked_by_name(seed: int, *, names: Sequence[str]) -> Seed:
    return checked(seed, [get_backend(name) for name in names])


def start_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that reports
    warnings.simplefilter("error")


def each(seeds: Iterable[int], backends: Sequence[Backend], jobs: int) -> Iterator[Seed]:
    """In the order in which they are done."""
    if jobs == 1:
        yield from (checked(seed, backends) for seed in seeds)
        return
    names = [backend.name for backend in backends]
    # Leaving the pool ends its processes at once.
    with multiprocessing.get_context("spawn").Pool(jobs, start_worker) as pool:
        yield from pool.imap_unordered(partial(checked_by_name, names=names), seeds)
