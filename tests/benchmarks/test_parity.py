"""No parity, no number: what a program may compute."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from benchmarks.oracle import FEWEST, Oracle
from benchmarks.parity import Reference, References, agreement
from tests.benchmarks import cases

KEY = cases.case("right").key


@pytest.fixture(scope="module")
def references() -> Iterator[References]:
    oracle = Oracle(cases.__name__)
    yield References(oracle)
    oracle.close()


@pytest.fixture(scope="module")
def reference(references: References) -> Reference:
    return references.of(KEY, 4)


def right() -> dict[str, np.ndarray]:
    given = cases.given()
    return {"product": given["x"] @ given["w"]}


def test_a_right_result_is_within_what_rounding_allows(reference):
    assert reference.runs >= FEWEST
    found = agreement(right(), reference)
    assert not found.problem
    assert 0 < found.ratio < 1


@pytest.mark.parametrize("spoil", [1.001, np.nan, np.inf])
def test_one_wrong_element_is_found(reference, spoil):
    results = right()
    results["product"][3, 5] *= spoil
    found = agreement(results, reference)
    assert "product[3, 5]" in found.problem


@pytest.mark.parametrize("results", [{}, {"another": np.zeros(1)}, {"product": np.zeros((2, 2))}])
def test_what_the_oracle_does_not_compute_is_no_parity(reference, results):
    assert agreement(results, reference).problem


def test_the_oracle_computes_a_case_once(references, reference, monkeypatch):
    monkeypatch.setattr(references.oracle, "runs", None)
    assert references.of(KEY, 4) is reference
