"""Exact, special and ordinary numbers in shapes and layouts that hypothesis draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
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
    LAYOUTS,
    ORDINARY,
    SPECIAL,
    WITHOUT_FORMULA,
    drawn,
    drawn_exact,
)
from tests.parity.pinned import PINNED_ROWS
from tests.parity.specials import assert_agree, computed, expected
from tests.parity.test_coverage import NOT_NUMERIC, PRIMITIVES, WITHOUT_GRADIENT
from tests.parity.wrong.row import Wrong

# The same examples in every run.
reproducible = settings(
    derandomize=True,
    database=None,
    max_examples=8,
    phases=[Phase.generate],
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

Check = Callable[[Case, Backend], None]


def frameworks() -> list[Backend]:
    return [backend_or_skip(name) for name in FRAMEWORKS]


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
            exact, bounds = expected(case, direction, backend.dtype)
            signed = pinned is None and direction == "forward"
            assert_agree(computed(case, direction, backend), exact, bounds, signed)


def check_examples(
    draw: Callable[[st.DataObject], Case], check: Check, backends: Sequence[Backend]
) -> None:
    @reproducible
    @given(data=st.data())
    def check_one(data: st.DataObject) -> None:
        case = draw(data)
        for backend in backends:
            check(case, backend)
        expected.cache_clear()

    check_one()


@pytest.mark.parametrize("primitive", EXACT_FORMULAS)
def test_dyadic_numbers_are_exact(primitive: str) -> None:
    check_examples(partial(drawn_exact, primitive=primitive), check_bits, frameworks())


@pytest.mark.parametrize("primitive", FORMULAS)
def test_ordinary_numbers_stay_within_the_bound(primitive: str) -> None:
    draw = partial(drawn, elements=ORDINARY, primitive=primitive)
    check_examples(draw, check_bound, frameworks())


@pytest.mark.parametrize("primitive", FORMULAS)
def test_special_values_stand_where_the_oracle_s_stand(primitive: str) -> None:
    draw = partial(drawn, elements=SPECIAL, primitive=primitive)
    check_examples(draw, check_bound, frameworks())


def test_every_primitive_has_a_formula_or_a_reason() -> None:
    assert set(FORMULAS) | set(WITHOUT_FORMULA) == PRIMITIVES - set(NOT_NUMERIC)
    assert not set(FORMULAS) & set(WITHOUT_FORMULA)


# --- the properties can fail -------------------------------------------------------


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_layout_keeps_the_numbers(layout: Callable[[np.ndarray], np.ndarray]) -> None:
    array = np.arange(24.0).reshape(2, 3, 4)
    assert (layout(array) == array).all()


def test_layouts_are_views() -> None:
    strides = {layout(np.ones((2, 3))).strides for layout in LAYOUTS}
    assert len(strides) == len(LAYOUTS)


def reads_in_order(k: Backend, right: Callable[..., Any], array: Any) -> Any:
    """Takes the elements as they lie in memory."""
    array = np.asarray(array)
    return right(array.ravel(order="K").reshape(array.shape))


def nan_to_zero(k: Backend, right: Callable[..., Any], x: Any) -> Any:
    return k.from_numpy(np.nan_to_num(k.to_numpy(right(x))))


MISTAKES = {
    "no half": (
        Wrong("squared_loss", "", lambda k, right, x, y: right(x, y) * 2),
        partial(drawn_exact, primitive="squared_loss"),
        check_bits,
    ),
    "one ULP": (
        Wrong("sum", "", lambda k, right, x: right(x) * (1 + 2**-23)),
        partial(drawn_exact, primitive="sum"),
        check_bits,
    ),
    "8 ULP": (
        Wrong("tanh", "", lambda k, right, x: right(x) * (1 + 2**-20)),
        partial(drawn, elements=ORDINARY, primitive="tanh"),
        check_bound,
    ),
    "NaN becomes 0": (
        Wrong("relu", "", nan_to_zero),
        partial(drawn, elements=SPECIAL, primitive="relu"),
        check_bound,
    ),
    "strides are not heeded": (
        Wrong("from_numpy", "", reads_in_order),
        partial(drawn, elements=ORDINARY, primitive="from_numpy"),
        check_bound,
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_caught(framework: Backend, name: str) -> None:
    wrong, draw, check = MISTAKES[name]
    with pytest.raises(AssertionError):
        check_examples(draw, check, [wrong.on(framework)])
