"""The exact tier: where the true result needs no rounding, every backend gives the same bits."""

from __future__ import annotations

import pytest

from backends.interface import Backend
from tests.parity.bits import assert_same_bits
from tests.parity.case import Case
from tests.parity.cases import CASES
from tests.parity.check import expected_forward, expected_gradients, forward, gradients
from tests.parity.exact_cases import EXACT_CASES

TIER = [*EXACT_CASES, *(row for row in CASES if row not in EXACT_CASES and row.forward == "exact")]
DIFFERENTIABLE = [case for case in TIER if case.gradients == "exact"]


@pytest.mark.parametrize("case", TIER, ids=str)
def test_forward(framework: Backend, case: Case) -> None:
    assert_same_bits(forward(case, framework), expected_forward(case, framework.dtype))


@pytest.mark.parametrize("case", DIFFERENTIABLE, ids=str)
def test_gradients(framework: Backend, case: Case) -> None:
    expected = expected_gradients(case, framework.dtype)
    assert_same_bits(gradients(case, framework), expected, signed_zeros=False)


def test_names_are_unique() -> None:
    names = [str(case) for case in TIER]
    assert len(names) == len(set(names))
