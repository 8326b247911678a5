"""One run: which cases, on what, how often; what it measured is written after every case."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from backends.errors import InputError
from backends.registry import Choice
from benchmarks.blocks import interleave
from benchmarks.judge import judge, judge_row, narrow
from benchmarks.launch import CaseFailedError, Label, Launch
from benchmarks.oracle import Oracle
from benchmarks.parity import References
from benchmarks.process import CASES
from benchmarks.programs import Case
from benchmarks.record import Row, add_launch, new_row
from experiments.commands.results import machine, write_json

FILE = "bench.json"


@dataclass(frozen=True)
class Setup:
    """What the processes of one launch are, and what they measure."""

    threads: int
    choices: tuple[Choice, ...]
    cases: tuple[Case, ...]


@dataclass(frozen=True)
class Plan:
    """setups: each launched in turn, `launches` times. cycles: the fewest blocks of each program in
    one launch. patience: by what factor there may be more, until A/A is narrow, and most_seconds
    how long that may take. least: seconds of a block, short because neighbouring blocks differ the
    less the nearer they are. source: a module with `all_cases` and `case_of`."""

    setups: tuple[Setup, ...]
    cycles: int = 10
    patience: int = 6
    most_seconds: float = 20.0
    launches: int = 5
    least: float = 0.02
    source: str = CASES

    @property
    def length(self) -> int:
        return sum(len(setup.cases) for setup in self.setups) * self.launches


def chosen_cases(texts: Sequence[str], source: str = CASES) -> tuple[Case, ...]:
    """Cases whose key holds every text. Raises InputError if there is none."""
    cases = import_module(source).all_cases().values()
    found = tuple(case for case in cases if all(text in case.key for text in texts))
    if not found:
        asked = " ".join(texts)
        raise InputError(f"no case is called {asked!r}: `lockstep bench --list` names them")
    return found


@dataclass
class Bench:
    """The state of a run."""

    plan: Plan
    path: Path
    command: str = ""
    rows: dict[tuple[str, int], Row] = field(default_factory=dict)
    ready: list[dict[str, Any]] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    done: int = 0

    @property
    def failed(self) -> bool:
        return any(row["failure"] for row in self.rows.values())

    def run(self, advance: Callable[[str], None] = lambda text: None) -> None:
        """All launches of all setups; advance: called after each case of a launch."""
        oracle = Oracle(self.plan.source)
        references = References(oracle)
        stream = np.random.default_rng(0)
        try:
            for setup, launch in self.launches():
                for case in setup.cases:
                    row = self.rows.setdefault(
                        (case.key, setup.threads), new_row(case, setup.threads)
                    )
                    if not row["failure"]:
                        self.measure(launch, case, row, references, stream)
                    self.done += 1
                    self.write()
                    advance(f"{case.key}, threads: {setup.threads}")
        finally:
            oracle.close()

    def launches(self) -> Iterator[tuple[Setup, Launch]]:
        plan = self.plan
        for number in range(plan.launches):
            for setup in plan.setups:
                launch = Launch(
                    setup.choices, setup.threads, setup.cases, plan.source, number % 2 == 1
                )
                try:
                    self.ready += [asdict(ready) for ready in launch.ready]
                    yield setup, launch
                finally:
                    launch.close()

    def measure(
        self,
        launch: Launch,
        case: Case,
        row: Row,
        references: References,
        stream: np.random.Generator,
    ) -> None:
        plan, known = self.plan, next(iter(row["programs"].values()), None)
        # The first launch decides how many cycles all have.
        cycles = len(known["seconds"][0]) if known else plan.cycles

        def take_turns(blocks: Mapping[Label, Callable[[], float]]) -> dict[Label, list[float]]:
            started = time.perf_counter()

            def enough(seconds: dict[Label, list[float]]) -> bool:
                done = len(next(iter(seconds.values())))
                spent = time.perf_counter() - started
                if known or done >= plan.patience * plan.cycles or spent > plan.most_seconds:
                    return True
                return all(
                    narrow(own, seconds[label._replace(again=False)], plan.launches)
                    for label, own in seconds.items()
                    if label.again
                )

            return interleave(blocks, cycles, stream, enough)

        try:
            measured = launch.measure(case, references, plan.least, take_turns)
        except CaseFailedError as error:
            row |= {"failure": str(error), "programs": {}}
        else:
            add_launch(row, measured, references.known[case.key])
        judge_row(row)

    def write(self) -> None:
        """All that is known, with `complete` false while more is to come."""
        self.doubts = judge(list(self.rows.values()))
        write_json(self.path, self.record())

    def record(self) -> dict[str, Any]:
        plan = self.plan
        return {
            "complete": self.done == plan.length,
            "command": self.command,
            "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "machine": machine(),
            "processes": distinct(self.ready),
            "cycles": plan.cycles,
            "launches": plan.launches,
            "least_seconds": plan.least,
            "no_verdicts_because": self.doubts,
            "rows": list(self.rows.values()),
        }


def distinct(ready: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [item for index, item in enumerate(ready) if item not in ready[:index]]
