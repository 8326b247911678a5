"""Training steps; `-m ''` adds the rest of them and the sweeps."""

from __future__ import annotations

import pytest

from benchmarks.cases import steps, sweeps
from benchmarks.conftest import CLOCK
from benchmarks.parameters import parameters
from benchmarks.programs import Case

CASES = {case.key: case for module in (steps, sweeps) for case in module.cases()}
DEFAULT = ("weight_decay", "dropout", "initialization", "bptt truncated", "rnn", "lstm step")
LONG = {case.key for case in sweeps.cases()} - {case.key for case in steps.cases()}


def by_default(case: Case) -> bool:
    return case.name.startswith(DEFAULT) and case.key not in LONG


@pytest.mark.parametrize(("key", "framework", "kind"), parameters(CASES.values(), by_default))
@pytest.mark.benchmark(timer=CLOCK)
def test_step(time_program, key, framework, kind) -> None:
    time_program(key, framework, kind)
