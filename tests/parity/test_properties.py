"""Exact, special and ordinary numbers in shapes and layouts that hypothesis draws."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from backends import get_backend
from backends.interface import Backend
from tests.conftest import FRAMEWORKS, backend_or_skip
from tests.parity.bits import assert_same_bits
from tests.parity.case import Case
from tests.parity.formulas import (
    EXACT_FORMULAS,
    FORMULAS,
    ORDINARY,
    SPECIAL,
    WITHOUT_FORMULA,
    drawn,
    drawn_exact,
)
from tests.parity.pinned import PINNED_ROWS
from tests.parity.specials import assert_agree, computed, expected
from tests.parity.test_coverage import NOT_NUMERIC, PRIMITIVES, WITHOUT_GRADIENT

# The same examples in every run.
reproducible = settings(
    derandomize=True,
    database=None,
    max_examples=8,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def directions(primitive: str) -> list[str]:
    return ["forward"] if primitive in WITHOUT_GRADIENT else ["forward", "gradients"]


def check_bits(case: Case, backend: Backend) -> None:
    oracle = get_backend("numpy", dtype=backend.dtype)
    for direction in directions(case.primitive):
        exact = computed(case, direction, oracle)
        assert_same_bits(computed(case, direction, backend), exact, direction == "forward")


def check_bound(case: Case, backend: Backend) -> None:
    """A special value may meet a pinned difference; the sign of a gradient's zeros is one."""
    for direction in directions(case.primitive):
        pinned = PINNED_ROWS.get((backend.name, str(case), direction))
        if pinned is None or pinned.sign_only:
            exact, bounds = expected.__wrapped__(case, direction, backend.dtype)
            signed = pinned is None and direction == "forward"
            assert_agree(computed(case, direction, backend), exact, bounds, signed)


def parametrized(primitives):
    return lambda test: pytest.mark.parametrize("name", FRAMEWORKS)(
        pytest.mark.parametrize("primitive", primitives)(test)
    )


@parametrized(EXACT_FORMULAS)
@reproducible
@given(data=st.data())
def test_dyadic_numbers_are_exact(name: str, primitive: str, data: st.DataObject) -> None:
    check_bits(drawn_exact(data, primitive), backend_or_skip(name))


@parametrized(FORMULAS)
@reproducible
@given(data=st.data())
def test_ordinary_numbers_stay_within_the_bound(
    name: str, primitive: str, data: st.DataObject
) -> None:
    check_bound(drawn(data, ORDINARY, primitive), backend_or_skip(name))


@parametrized(FORMULAS)
@reproducible
@given(data=st.data())
def test_special_values_stand_where_the_oracle_s_stand(
    name: str, primitive: str, data: st.DataObject
) -> None:
    check_bound(drawn(data, SPECIAL, primitive), backend_or_skip(name))


def test_every_primitive_has_a_formula_or_a_reason() -> None:
    assert set(FORMULAS) | set(WITHOUT_FORMULA) == PRIMITIVES - set(NOT_NUMERIC)
    assert not set(FORMULAS) & set(WITHOUT_FORMULA)
