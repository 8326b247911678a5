"""What a run has found so far, as Markdown."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from backends.interface import Backend
from experiments.commands.results import described, machine
from tests.parity.mutants.alarms import SLOW_EVERY, Alarm
from tests.parity.mutants.catalogue import Outcome

# By how a check's name ends.
KINDS = {
    " forward": "values, within the bound",
    " gradients": "gradients, within the bound",
    " arguments": "arguments left as they are",
    " to the bit": "the exact tier",
    " at the edge": "an edge or special value",
    " in float64": "float64, within the bound",
}


@dataclass
class Findings:
    """Of a run that may have been interrupted."""

    command: str
    backends: list[Backend]
    num_mutants: int
    num_seeds: int
    outcomes: list[Outcome] = field(default_factory=list)
    seeds_done: int = 0
    checks_done: int = 0
    alarms: list[Alarm] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def survivors(self) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if outcome.check is None]

    @property
    def passed(self) -> bool:
        return self.complete and not self.survivors and not self.alarms

    @property
    def complete(self) -> bool:
        return (
            len(self.outcomes) == self.num_mutants * len(self.backends)
            and self.seeds_done == self.num_seeds
        )

    def caught(self, backend: str) -> str:
        own = [outcome for outcome in self.outcomes if outcome.backend == backend]
        return f"{sum(outcome.check is not None for outcome in own)} / {len(own)}"

    def alarmed(self, backend: str) -> str:
        seeds = {alarm.seed for alarm in self.alarms if alarm.backend == backend}
        return f"{len(seeds)} / {self.seeds_done}"

    def summary(self) -> list[str]:
        """The numbers as a table."""
        names = [backend.name for backend in self.backends]
        seeds = {alarm.seed for alarm in self.alarms}
        total = f"{len(self.outcomes) - len(self.survivors)} / {len(self.outcomes)}"
        return [
            *row("", *names, "together"),
            *row("---", *["--:"] * len(names), "--:"),
            *row("mutants caught / total", *map(self.caught, names), total),
            *row(
                "seeds with a false alarm / seeds",
                *map(self.alarmed, names),
                f"{len(seeds)} / {self.seeds_done}",
            ),
        ]

    def lines(self) -> list[str]:
        """Everything but how each mutant was caught."""
        on = machine()
        versions = ", ".join(f"{b.name} {b.version()}" for b in self.backends)
        return [
            "# Wrong backends caught, and false alarms with right ones",
            "",
            f"Written by `{self.command}` on {date.today()}"
            f" in {timedelta(seconds=round(self.seconds))}.  ",
            f"Machine: {described(on)}.  ",
            f"Versions: Python {on['python']}, NumPy {np.__version__}, {versions}.",
            "",
            *([] if self.complete else [self.interrupted(), ""]),
            *self.summary(),
            "",
            f"A mutant is a right backend with a mistake in one primitive; there are"
            f" {self.num_mutants}, each held to the checks of its primitive from small to large."
            f" A false alarm is a check that fails with a right backend; every seed draws all"
            f" inputs of the small rows anew, {self.checks_done:,} checks in all; the exact tier,"
            f" the edges and rows in Monte Carlo arithmetic join every {SLOW_EVERY}th seed.",
            "",
            *section("Survivors", self.surviving()),
            *section(
                "False alarms",
                [
                    f"- seed {a.seed}, {a.backend}: {a.check}: {a.message}"
                    for a in sorted(self.alarms, key=lambda a: a.seed)
                ],
            ),
        ]

    def surviving(self) -> list[str]:
        found: dict[str, list[str]] = {}
        for outcome in self.survivors:
            found.setdefault(f"{outcome.wrong}{note(outcome)}", []).append(outcome.backend)
        return [f"- on {' and '.join(backends)}: {wrong}" for wrong, backends in found.items()]

    def interrupted(self) -> str:
        done = len(self.outcomes) // len(self.backends)
        return (
            f"**Interrupted** after {done} of {self.num_mutants} mutants"
            f" and {self.seeds_done} of {self.num_seeds} seeds."
        )

    def caught_by(self) -> list[str]:
        """How each mutant was caught, and how many by which kind of check."""
        names = [backend.name for backend in self.backends]
        found: dict[str, dict[str, str]] = {}
        for outcome in self.outcomes:
            by = found.setdefault(str(outcome.wrong), {})
            by[outcome.backend] = outcome.check or "**nothing**"
        kinds = Counter(kind(outcome) for outcome in self.outcomes)
        return [
            "## What caught them",
            "",
            *row("kind of check", "mutants"),
            *row("---", "--:"),
            *(line for name, n in kinds.most_common() for line in row(name, str(n))),
            "",
            *row("mutant", *names),
            *row(*["---"] * (1 + len(names))),
            *(
                line
                for wrong, by in found.items()
                for line in row(wrong, *(by.get(name, "") for name in names))
            ),
        ]


def row(*cells: str) -> list[str]:
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"]


def section(title: str, lines: list[str]) -> list[str]:
    return [f"## {title}", "", *(lines or ["None."]), ""]


def note(outcome: Outcome) -> str:
    return f", which ends a check with {outcome.error}" if outcome.error else ""


def kind(outcome: Outcome) -> str:
    """The kind of check that caught a mutant."""
    if outcome.check is None:
        return "none"
    found = next((kind for ending, kind in KINDS.items() if outcome.check.endswith(ending)), None)
    return found or "a test of its own"
