"""Every pinned difference is as it is written down, and is met by the rows that it names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backends.interface import Backend
from tests.conftest import backend_or_skip
from tests.parity.bits import rounded, same_bits
from tests.parity.check import read
from tests.parity.edge_cases import EDGE_CASES
from tests.parity.exact_cases import EXACT_CASES
from tests.parity.formulas import FORMULAS
from tests.parity.pinned import PINNED, Pinned, drawn
from tests.parity.specials import quiet


def arrays(given: Any) -> list[np.ndarray]:
    """A number or a list of numbers is one array; a list that holds lists is one array each."""
    nested = isinstance(given, list) and any(isinstance(part, list) for part in given)
    return [rounded(np.asarray(part, "float64")) for part in (given if nested else [given])]


def measured(pinned: Pinned, backend: Backend) -> list[np.ndarray]:
    with quiet():
        return [rounded(array) for array in read(backend, pinned.measure(backend)).values()]


def assert_behaves(actual: list[np.ndarray], expected: list[np.ndarray]) -> None:
    assert len(actual) == len(expected)
    for got, wanted in zip(actual, expected, strict=True):
        assert got.shape == wanted.shape
        assert same_bits(got, wanted).all(), f"{got} for {wanted}"


@pytest.mark.parametrize(
    ("pinned", "name"),
    [(pinned, name) for pinned in PINNED for name in pinned.behaviours],
    ids=str,
)
def test_each_backend_behaves_as_written_down(pinned: Pinned, name: str) -> None:
    assert_behaves(measured(pinned, backend_or_skip(name)), arrays(pinned.behaviours[name]))


@pytest.mark.parametrize("pinned", PINNED, ids=str)
def test_a_pinned_difference_is_explained(pinned: Pinned) -> None:
    assert pinned.cause.endswith(".")
    assert pinned.source
    assert pinned.primitive in Backend.__abstractmethods__


def test_names_are_unique() -> None:
    names = [pinned.name for pinned in PINNED]
    assert len(names) == len(set(names))


def test_rows_exist() -> None:
    rows = {str(case) for case in (*EDGE_CASES, *EXACT_CASES)}
    rows |= {row for primitive in FORMULAS for row in drawn(primitive)}
    assert {row for pinned in PINNED for _, row, _ in pinned.rows} <= rows


def test_another_behaviour_is_noticed() -> None:
    for wrong in ([1.0, -0.0], [1.0, 0.5], [float("nan"), 0.0], [1.0], [[1.0], [0.0]]):
        with pytest.raises(AssertionError):
            assert_behaves(arrays([1.0, 0.0]), arrays(wrong))
