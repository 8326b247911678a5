"""The processes that take turns, and what they do with one case."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from backends.registry import Choice
from benchmarks.limits import Rates
from benchmarks.parity import References, agreement
from benchmarks.process import BOOK, Failed, Process, Ready, Timing, kinds_of
from benchmarks.programs import Case
from experiments.commands.remote import WorkerError

CONTROLLED = ("fast", "concise", "plain")
"""The kind of program, the first of these that a case has, that runs in two processes."""


MOST_OF_TF32 = 2.0**14
"""Times what rounding allows in float32, up to which results in TF32 are timed. Its factors have 11
bits instead of 24; by how much a program misses stands in its row."""


class Label(NamedTuple):
    """A program of a case. again: the same one once more, in another process."""

    choice: Choice
    kind: str
    again: bool = False

    def __str__(self) -> str:
        return f"{self.choice} {self.kind}{' again' if self.again else ''}"


TakeTurns = Callable[[Mapping[Label, Callable[[], float]]], dict[Label, list[float]]]
"""Blocks by program → seconds of each, cycle by cycle."""


class CaseFailedError(Exception):
    """Why a case gets no number."""


@dataclass
class Measured:
    """What one launch of the processes measured of one case."""

    seconds: dict[Label, list[float]] = field(default_factory=dict)
    left: dict[Label, list[float]] = field(default_factory=dict)
    units: dict[Label, int] = field(default_factory=dict)
    parity: dict[Label, float] = field(default_factory=dict)
    rates: dict[Choice, Rates] = field(default_factory=dict)
    missing: dict[Label, str] = field(default_factory=dict)


class Launch:
    """A process for each backend, a second one that does just the same, for A/A, one for the
    plain definitions, where these are not what is controlled, and one for the book's code.

    What else a process has done changes what its allocator does: programs that share it are not
    the same as one that is alone. And who first takes its memory gets the better one: of two equal
    programs the one prepared later was slower in 24 launches of 28, by 1 to 3 % in the median.
    """

    def __init__(
        self,
        choices: Sequence[Choice],
        threads: int,
        cases: Sequence[Case],
        source: str,
        backwards: bool = False,
    ) -> None:
        """backwards: prepare the last program first."""
        self.choices, self.backwards = choices, backwards
        self.start: Callable[[Choice, str], Process] = partial(
            start_process, threads=threads, source=source
        )
        self.processes: dict[tuple[Choice, str], Process] = {}
        try:
            for choice in choices:
                kinds = {kind for case in cases for kind in kinds_of(case, choice)}
                apart = {BOOK, "plain"} if "fast" in kinds else {BOOK}
                for role in ("own", "again", *sorted(kinds & apart)):
                    self.processes[choice, role] = self.start(choice, role)
            self.ready: list[Ready] = [p.wait_until_ready() for p in self.processes.values()]
        except BaseException:
            self.close()
            raise

    def labels(self, case: Case) -> list[Label]:
        found = []
        for choice in self.choices:
            kinds = kinds_of(case, choice)
            found += [Label(choice, kind) for kind in kinds]
            twice = next((kind for kind in CONTROLLED if kind in kinds), None)
            found += [Label(choice, twice, again=True)] if twice else []
        return found[::-1] if self.backwards else found

    def role(self, label: Label) -> tuple[Choice, str]:
        if label.again:
            return label.choice, "again"
        alone = (label.choice, label.kind)
        return alone if alone in self.processes else (label.choice, "own")

    def attempt(self, label: Label, method: str, *arguments: Any) -> Any:
        answer = self.processes[self.role(label)].attempt(method, *arguments)
        if isinstance(answer, Failed):
            raise CaseFailedError(f"{label}: {answer.problem}")
        return answer

    def measure(
        self,
        case: Case,
        references: References,
        least: float,
        take_turns: TakeTurns,
    ) -> Measured:
        """Parity, then time. least: seconds of a block. Raises CaseFailedError."""
        try:
            return self._measure(case, references, least, take_turns)
        except WorkerError as error:
            self.replace_ended()
            raise CaseFailedError(str(error)) from None

    def _measure(
        self,
        case: Case,
        references: References,
        least: float,
        take_turns: TakeTurns,
    ) -> Measured:
        measured, labels = Measured(), self.labels(case)
        timings: dict[Label, Timing] = {}
        for process in self.processes.values():
            process.attempt("begin", case.key)
        references.of(case.key, len(labels))  # all share its false alarms, the missing too
        for label in list(labels):
            results = self.processes[self.role(label)].attempt("results", label.kind)
            if isinstance(results, Failed):
                if not (results.bad_input and label.kind == BOOK):
                    raise CaseFailedError(f"{label}: {results.problem}")
                measured.missing[label] = results.problem  # a package that is not installed
                labels.remove(label)
                continue
            reference = references.of_program(case.key, len(labels), label.choice.name, label.kind)
            parity = agreement(results, reference)
            most = MOST_OF_TF32 if label.choice.dtype == "tf32" else 1.0
            if parity.problem and not parity.ratio <= most:
                raise CaseFailedError(f"no parity, no number: {label}: {parity.problem}")
            measured.parity[label] = parity.ratio
        for label in labels:
            timings[label] = self.attempt(label, "calibrate", label.kind, least)
            if self.role(label)[1] in ("own", "again"):
                rates, known = self.attempt(label, "rates"), measured.rates.get(label.choice)
                measured.rates[label.choice] = known.best(rates) if known else rates

        for label in labels:
            timings[label] = timings[label._replace(again=False)]  # those of A/A are timed alike
            measured.units[label] = timings[label].units
            measured.left[label] = []

        def block(label: Label) -> float:
            timed = self.attempt(label, "block", label.kind, timings[label])
            measured.left[label].append(timed.left)
            return timed.seconds

        measured.seconds = take_turns({label: partial(block, label) for label in labels})
        return measured

    def replace_ended(self) -> None:
        """Start a process again that has ended, or may still send an old answer."""
        for (choice, role), process in self.processes.items():
            process.close()
            self.processes[choice, role] = self.start(choice, role)
        for process in self.processes.values():
            process.wait_until_ready()

    def close(self) -> None:
        for process in self.processes.values():
            with suppress(OSError):
                process.close()


def start_process(choice: Choice, role: str, threads: int, source: str) -> Process:
    return Process(choice, threads, BOOK if role == BOOK else "lockstep", source)
