"""The check itself: what it lets pass, and what not."""

import numpy as np
import pytest

from tests.parity.check import Expected, assert_agree

VALUE, IDS = np.array([1.0, -2.0, 4.0]), np.array([1, 2])
ALLOWED = np.array([0.25, 0.5, 0.0])


def expected(allowed: np.ndarray = ALLOWED) -> dict[str, Expected]:
    return {"a": Expected(VALUE, allowed), "i": Expected(IDS, np.zeros(2))}


def results(a: object = VALUE, i: object = IDS) -> dict[str, np.ndarray]:
    return {"a": np.asarray(a, "float32"), "i": np.asarray(i)}


@pytest.mark.parametrize("a", [VALUE, [1.25, -2, 4], [0.75, -2.5, 4]], ids=str)
def test_what_the_bound_allows_passes(a: object) -> None:
    assert_agree(results(a), expected(), "float32")


@pytest.mark.parametrize("a", [[1.3125, -2, 4], [1, -1.4375, 4], [1, -2, 4.0000005]], ids=str)
def test_what_it_does_not_allow_fails(a: object) -> None:
    with pytest.raises(AssertionError, match=r"a is .* times as far from the oracle"):
        assert_agree(results(a), expected(), "float32")


def test_each_element_has_its_own_bound() -> None:
    assert expected()["a"].ratio(np.array([1.0, -2.25, 4.0])) == 0.5
    assert expected()["a"].ratio(np.array([1.125, -2.0, 4.0])) == 0.5


@pytest.mark.parametrize("bound", [0.0, 1.0, np.inf, np.nan])
def test_special_values_are_compared_exactly(bound: float) -> None:
    value = np.array([np.inf, -np.inf, 1.0, np.nan])
    special = Expected(value, np.full(4, bound))
    assert special.ratio(value) == 0
    for place, other in ((0, -np.inf), (0, 3e38), (1, np.nan), (2, np.nan), (2, np.inf), (3, 1.0)):
        wrong = value.copy()
        wrong[place] = other
        assert special.ratio(wrong) == np.inf


def test_a_bound_that_is_no_number_allows_nothing() -> None:
    assert Expected(VALUE, np.full(3, np.nan)).ratio(VALUE + 1) == np.inf


@pytest.mark.parametrize(
    "wrong",
    [
        {"a": results()["a"]},
        {**results(), "more": np.zeros(1)},
        results(a=[1, -2]),
        results(a=[[1, -2, 4]]),
        results(a=[1, -2, np.nan]),
        results(a=[1, -2, np.inf]),
        results(i=[1, 3]),
        results(i=[1.0, 2.0]),
        {**results(), "a": VALUE},
        {**results(), "a": np.array([1, -2, 4])},
    ],
    ids=str,
)
def test_anything_else_fails(wrong: dict[str, np.ndarray]) -> None:
    with pytest.raises(AssertionError):
        assert_agree(wrong, expected(), "float32")
