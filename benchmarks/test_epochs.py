"""Epochs; `-m ''` adds those that the oracle takes long for."""

from __future__ import annotations

import pytest

from benchmarks.cases import epochs
from benchmarks.conftest import CLOCK
from benchmarks.parameters import parameters
from benchmarks.programs import Case


def by_default(case: Case) -> bool:
    return case.name.startswith(("weight_decay", "rnn epoch")) and case.sizes.get("q", 0) < 100


@pytest.mark.parametrize(("key", "framework", "kind"), parameters(epochs.cases(), by_default))
@pytest.mark.benchmark(timer=CLOCK)
def test_epoch(time_program, key, framework, kind) -> None:
    time_program(key, framework, kind)
