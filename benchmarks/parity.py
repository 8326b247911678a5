"""No parity, no number: what every program computes is held to the oracle before it is timed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.book.rounding import COARSE
from benchmarks.oracle import Oracle
from benchmarks.process import BOOK
from benchmarks.programs import Results
from experiments.trace.judging import Allowed, by_envelope, excess


@dataclass(frozen=True)
class Reference:
    """What a case's results may be. runs: of the oracle in Monte Carlo arithmetic."""

    allowed: Mapping[str, Allowed]
    runs: int
    seconds: float


@dataclass(frozen=True)
class Agreement:
    """ratio: how much of what rounding allows the result that is furthest off takes up."""

    ratio: float
    problem: str = ""


class References:
    """By case; each is computed once in a run."""

    def __init__(self, oracle: Oracle) -> None:
        self.oracle = oracle
        self.known: dict[str, Reference] = {}
        self.of_books: dict[tuple[str, str], Reference] = {}

    def of(self, key: str, programs: int) -> Reference:
        """programs: that share the false alarms that the widths allow for."""
        if key not in self.known:
            self.known[key] = self._compute(key, programs)
        return self.known[key]

    def of_program(self, key: str, programs: int, framework: str, kind: str) -> Reference:
        return self.of_book(key, programs, framework) if kind == BOOK else self.of(key, programs)

    def of_book(self, key: str, programs: int, framework: str) -> Reference:
        """For a framework's baseline, whose arithmetic may be coarser: see benchmarks.book."""
        if framework not in COARSE:
            return self.of(key, programs)
        if (key, framework) not in self.of_books:
            self.of_books[key, framework] = self._compute(key, programs, framework)
        return self.of_books[key, framework]

    def _compute(self, key: str, programs: int, book: str = "") -> Reference:
        started = time.perf_counter()
        values, runs = self.oracle.runs(key, book)
        allowed = by_envelope(values, runs, sharing=programs)
        return Reference(allowed, len(runs), time.perf_counter() - started)


def agreement(results: Results, reference: Reference) -> Agreement:
    """A program may report some of the oracle's results only, but not others."""
    unknown = [name for name in results if name not in reference.allowed]
    if unknown or not results:
        return Agreement(float("inf"), f"computes {unknown or 'nothing'}, unlike the oracle")
    worst, name = max(
        ((excess(actual, reference.allowed[name]), name) for name, actual in results.items()),
        key=lambda found: found[0].ratio,
    )
    if not worst.outside:
        return Agreement(worst.ratio)
    return Agreement(
        worst.ratio,
        f"{name}{list(worst.index) or ''} is {worst.value} instead of {worst.oracle}, "
        f"{worst.ratio:.3g} × what rounding allows",
    )
