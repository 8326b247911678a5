"""A run of small cases that takes no time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from backends.registry import Choice
from benchmarks.run import FILE, Bench, Plan, Setup, chosen_cases
from tests.benchmarks import cases


def run(folder: Path, choices: Sequence[Choice], *texts: str, **settings: Any) -> Bench:
    quick = {"cycles": 2, "patience": 1, "launches": 1, "least": 0.005}
    setup = Setup(1, tuple(choices), chosen_cases(texts, cases.__name__))
    plan = Plan((setup,), source=cases.__name__, **quick | settings)
    bench = Bench(plan, folder / FILE, command="a test")
    bench.run()
    return bench
