"""The check itself: what it lets pass, and what not."""

import numpy as np
import pytest

from backends.agreement import TOLERANCES
from tests.parity.check import assert_agree, tolerance

EXPECTED = {"a": np.array([1.0, -2.0, 4.0]), "i": np.array([1, 2])}


def results(a: object = EXPECTED["a"], i: object = EXPECTED["i"]) -> dict[str, np.ndarray]:
    return {"a": np.asarray(a, "float32"), "i": np.asarray(i)}


@pytest.mark.parametrize("kind", TOLERANCES)
def test_equal_results_pass(kind: str) -> None:
    assert_agree(results(), EXPECTED, kind, "float32")
    assert tolerance(kind, "float64") <= tolerance(kind, "float32") == TOLERANCES[kind]


@pytest.mark.parametrize("kind", TOLERANCES)
def test_a_difference_passes_up_to_the_tolerance(kind: str) -> None:
    for share, passes in ((0.5, True), (2.0, False)):
        apart = share * max(TOLERANCES[kind], 2**-23)
        changed = {"a": np.array([1.0, -2.0, 4.0 * (1 + apart)])}
        if passes and kind != "exact":
            assert_agree(changed, {"a": EXPECTED["a"]}, kind, "float64", "float32")
        else:
            with pytest.raises(AssertionError, match=r"a is .* apart"):
                assert_agree(changed, {"a": EXPECTED["a"]}, kind, "float64", "float32")


@pytest.mark.parametrize("kind", TOLERANCES)
def test_an_infinity_does_not_hide_other_differences(kind: str) -> None:
    expected = {"a": np.array([np.inf, -np.inf, 1.0, np.nan])}
    assert_agree({"a": np.array(expected["a"], "float32")}, expected, kind, "float32")
    with pytest.raises(AssertionError):
        assert_agree({"a": np.array([np.inf, -np.inf, 1.5, np.nan])}, expected, kind, "float64")


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
        {**results(), "a": EXPECTED["a"]},
        {**results(), "a": np.array([1, -2, 4])},
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", TOLERANCES)
def test_anything_else_fails(wrong: dict[str, np.ndarray], kind: str) -> None:
    with pytest.raises(AssertionError):
        assert_agree(wrong, EXPECTED, kind, "float32")
