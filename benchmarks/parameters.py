"""The programs that `pytest benchmarks` times, as parameters of one function for each level."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.util import find_spec
from typing import Any

import pytest

from backends.registry import COMPARED_BY_DEFAULT, Choice
from benchmarks.process import kinds_of
from benchmarks.programs import Case


def parameters(cases: Iterable[Case], by_default: Callable[[Case], bool]) -> list[Any]:
    """(key, framework, kind); those not chosen by default are marked as slow."""
    found = []
    for case in cases:
        marks = [] if by_default(case) else [pytest.mark.slow]
        for framework in filter(find_spec, COMPARED_BY_DEFAULT):
            for kind in kinds_of(case, Choice(framework)):
                name = f"{case.key}, {framework} {kind}"
                found.append(pytest.param(case.key, framework, kind, marks=marks, id=name))
    return found
