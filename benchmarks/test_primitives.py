"""Every primitive: forward and backward, or what it has of them; `-m ''` adds forward alone."""

from __future__ import annotations

import pytest

from benchmarks.cases import primitives
from benchmarks.conftest import CLOCK
from benchmarks.parameters import parameters
from benchmarks.programs import Case

CASES = list(primitives.cases())
NAMES = {case.name for case in CASES}


def by_default(case: Case) -> bool:
    return f"{case.name} and backward" not in NAMES


@pytest.mark.parametrize(("key", "framework", "kind"), parameters(CASES, by_default))
@pytest.mark.benchmark(timer=CLOCK)
def test_primitive(time_program, key, framework, kind) -> None:
    time_program(key, framework, kind)
