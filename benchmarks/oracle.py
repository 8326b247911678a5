"""Processes that compute a case with the oracle, exactly and in Monte Carlo arithmetic."""

from __future__ import annotations

import time
from importlib import import_module
from typing import TYPE_CHECKING, Any

from backends.threads import available_threads, set_threads
from experiments.commands.remote import Remote

if TYPE_CHECKING:
    from benchmarks.programs import Results

FEWEST, MOST = 4, 16
SECONDS = 10.0
"""Of one case; runs beyond the fewest are taken while there is time."""


class Session:
    def __init__(self, cases: str) -> None:
        self.case_of = import_module(cases).case_of

    def results(self, key: str, seed: int | None, book: str) -> Results:
        """seed: of the noise; None: none. book: the framework whose baseline is judged."""
        from backends.numpy_backend import NumpyBackend
        from benchmarks.book.rounding import noisy

        case = self.case_of(key)
        backend = NumpyBackend() if seed is None else noisy(book, seed)
        return (case.scratch or case.concise)(backend, case.given()).results()


def prepare(cases: str) -> tuple[Any, Session]:
    set_threads(1)
    return None, Session(cases)


class Oracle:
    """As many processes as there are processors, started when they are first asked."""

    def __init__(self, cases: str) -> None:
        self.cases = cases
        self.processes: list[Remote] = []

    def runs(self, key: str, book: str = "") -> tuple[Results, list[Results]]:
        """The values, and runs in Monte Carlo arithmetic; book: that of a framework's baseline."""
        if not self.processes:
            self.processes = [
                Remote("the oracle", prepare, self.cases) for _ in range(available_threads())
            ]
            for process in self.processes:
                process.answer()
        started = time.perf_counter()
        found: list[Results] = []
        spent = longest = 0.0
        # The first result is without noise.
        while len(found) <= MOST and (len(found) <= FEWEST or spent + longest < SECONDS):
            own = self.processes[: MOST + 1 - len(found)]
            for number, process in enumerate(own, start=len(found)):
                process.send("results", key, number - 1 if number else None, book)
            found += [process.answer() for process in own]
            now = time.perf_counter() - started
            spent, longest = now, max(longest, now - spent)
        value, *runs = found
        return value, runs

    def close(self) -> None:
        for process in self.processes:
            process.close()
        self.processes = []
