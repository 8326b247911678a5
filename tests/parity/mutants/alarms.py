"""Right backends on the small rows with inputs from many seeds: no check may fail."""

from __future__ import annotations

import multiprocessing
import signal
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np

from backends import get_backend
from backends.interface import Backend
from tests.parity import check
from tests.parity.case import Case
from tests.parity.checks import ROWS, is_large

# Runs in Monte Carlo arithmetic take three quarters of the time; they join every tenth seed.
MONTE_CARLO_EVERY = 10


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


@cache
def drawn_rows() -> tuple[Case, ...]:
    return tuple(case for case in ROWS if not is_large(case) and is_drawn(case))


def forget() -> None:
    """What the oracle computed for the rows of one seed is of no use to the next."""
    for function in vars(check).values():
        if hasattr(function, "cache_clear"):
            function.cache_clear()


def kinds(seed: int) -> set[str]:
    return {"exact", "bound"} | ({"envelope"} if seed % MONTE_CARLO_EVERY == 0 else set())


def checked(seed: int, backends: Sequence[Backend]) -> Seed:
    num_checks, alarms = 0, []
    for row in drawn_rows():
        case = replace(row, seed=seed)
        for direction in check.DIRECTIONS:
            for backend in backends if getattr(case, direction) in kinds(seed) else ():
                num_checks += 1
                try:
                    check.check(case, direction, backend)
                except AssertionError as error:
                    message = str(error).partition("\n")[0]
                    alarms.append(Alarm(seed, backend.name, f"{row} {direction}", message))
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
