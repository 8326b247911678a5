"""Which process runs what, and in which order programs are prepared."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from backends.registry import Choice
from benchmarks import launch
from benchmarks.launch import Label, Launch
from benchmarks.run import chosen_cases
from tests.benchmarks import cases
from tests.benchmarks.double import CPU, Double
from tests.benchmarks.running import run

CASES = cases.__name__
TORCH = Choice("torch")


@pytest.fixture(autouse=True)
def doubles(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(launch, "start_process", Double)
    monkeypatch.setattr(Double, "asked", [])
    yield
    gc.unfreeze()


def test_plain_and_fast_definitions_and_the_book_share_no_process():
    (case,) = chosen_cases(["by hand"], CASES)
    own = Launch((CPU, TORCH), 1, (case,), CASES)
    kinds = (Label(TORCH, "plain"), Label(TORCH, "fast"), Label(TORCH, "fast", again=True))
    assert {own.role(label) for label in kinds} == {(TORCH, r) for r in ("plain", "own", "again")}
    books = [Label(CPU, "book"), Label(CPU, "plain"), Label(CPU, "plain", again=True)]
    assert [own.role(label)[1] for label in books] == ["book", "own", "again"]
    assert {own.role(label) for label in own.labels(case)} == set(own.processes)


def test_programs_are_prepared_forwards_and_backwards_in_turn(tmp_path: Path):
    (row,) = run(tmp_path, [CPU], "by hand", launches=2).rows.values()
    assert not row["failure"]
    assert list(row["programs"]) == ["numpy book", "numpy plain", "numpy plain again"]
    for method in ("results", "calibrate"):
        assert [role for role, what in Double.asked if what == method] == [
            "book", "own", "again", "again", "own", "book",
        ]  # fmt: skip
