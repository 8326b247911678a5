"""The parity report: what it calls a problem, and that two runs write the same."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from backends.interface import Backend
from backends.rounding.budgets import ULPS
from tests.parity.cases import CASES
from tests.parity.elementary import REACHED_BY, largest_ulps
from tests.parity.observed import Row, rows_of
from tests.parity.report import LISTED, document, problems

ROW = Row("linear", "book", "forward", "2×3 3×4", "bound", "torch", 0.5)
KEPT = [Row(*key, "5", "envelope", "torch", 0.0) for key in LISTED]


def test_a_report_without_problems() -> None:
    assert problems([ROW, *KEPT]) == []


@pytest.mark.parametrize("ratio", [1.5, float("inf"), float("nan")])
def test_a_row_beyond_its_bound_is_a_problem(ratio: float) -> None:
    line, *_ = problems([ROW, replace(ROW, case="small", ratio=ratio), *KEPT])
    assert line.startswith("linear small, forward on torch: ")


def test_a_bound_that_no_backend_comes_near_is_a_problem() -> None:
    low = [replace(ROW, ratio=2.0**-11), replace(ROW, backend="mxnet", ratio=2.0**-12)]
    (line,) = problems([*low, *KEPT])
    assert "the bound says nothing" in line
    assert problems([*low, replace(ROW, backend="numpy"), *KEPT]) == []


def test_a_listed_row_that_says_something_is_a_problem() -> None:
    (line,) = problems([ROW, *(replace(row, ratio=0.5) for row in KEPT)])
    assert "listed, but it says something" in line


def test_an_exact_row_says_enough() -> None:
    assert problems([replace(ROW, rests_on="exact", ratio=0.0), *KEPT]) == []


@pytest.mark.parametrize("name", REACHED_BY)
def test_elementary_functions_keep_their_budget(framework: Backend, name: str) -> None:
    assert largest_ulps(framework, name) <= ULPS[name]


def test_the_document_has_every_row(framework: Backend) -> None:
    case = next(case for case in CASES if str(case) == "tanh-around 0")
    found = list(rows_of(case, [framework]))
    text = "\n".join(document(found, [framework.name]))
    assert [row.direction for row in found] == ["forward", "gradients"]
    assert text.count("| around 0 |") == 2


PROGRAM = """
import tests.conftest
from backends import get_backend
from tests.parity.cases import CASES
from tests.parity.observed import residual_rows, rows_of
from tests.parity.report import document

backends = [get_backend(name) for name in tests.conftest.FRAMEWORKS]
small = [case for case in CASES if "book" not in case.id][::96]
found = [row for case in small for row in rows_of(case, backends)]
found += residual_rows("gru before", "small", backends)
print("\\n".join(document(found, [backend.name for backend in backends])))
"""


@pytest.mark.slow
def test_two_runs_write_the_same_bytes() -> None:
    def written(hash_seed: str) -> bytes:
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        command = [sys.executable, "-c", PROGRAM]
        return subprocess.run(command, env=environment, check=True, capture_output=True).stdout

    first = written("1")
    assert first.count(b"\n") > len(CASES) / 96
    assert first == written("2")
