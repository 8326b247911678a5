"""Fast paths on inputs so small that they are left to the definitions otherwise."""

from __future__ import annotations

import pytest

from backends.interface import Backend
from tests.parity import test_edges
from tests.parity.case import Case
from tests.parity.cases import CASES
from tests.parity.check import DIRECTIONS, check

BY_SIZE = ("linear", "rnn_output", "softmax_cross_entropy")
EDGES = [(case, direction) for case, direction in test_edges.ROWS if case.primitive in BY_SIZE]
ROWS = [
    (case, direction)
    for case in CASES
    for direction in DIRECTIONS
    if case.primitive in BY_SIZE and getattr(case, direction) in ("exact", "bound")
]


@pytest.fixture
def all_fast(framework: Backend, monkeypatch: pytest.MonkeyPatch) -> Backend:
    monkeypatch.setattr(f"backends.{framework.name}_fast.FEW", 1)
    return framework


@pytest.mark.parametrize(("case", "direction"), EDGES, ids=str)
def test_edge(all_fast: Backend, case: Case, direction: str) -> None:
    test_edges.test_edge(all_fast, case, direction)


@pytest.mark.parametrize(("case", "direction"), ROWS, ids=str)
def test_row(all_fast: Backend, case: Case, direction: str) -> None:
    check(case, direction, all_fast)
