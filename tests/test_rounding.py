"""The measured width: right programs pass as often as stated, a small mistake does not."""

from __future__ import annotations

import numpy as np
import pytest

from tests.rounding import (
    RUNS,
    assert_same,
    assert_same_lines,
    gauge,
    last_place,
    moved,
    printed,
)
from tests.statistics import assert_mean

SAMPLES, RATE = 500, 0.05
SMALL = 2.0**-12  # far above a rounding, far below 1


def test_the_width_is_missed_as_often_as_stated() -> None:
    """Two results, and runs of one of them, with errors of one size: the model itself."""
    stream = np.random.default_rng(0)
    found, expected = stream.normal(size=(2, SAMPLES))
    runs = expected + stream.normal(size=(RUNS, SAMPLES))
    alarms = []
    for i in range(SAMPLES):
        try:
            assert_same(
                1 + found[i] * SMALL,
                1 + expected[i] * SMALL,
                lambda s, i=i: 1 + runs[s, i] * SMALL,
                RATE,
            )
        except AssertionError:
            alarms.append(1)
        else:
            alarms.append(0)
    assert_mean(alarms, RATE, np.sqrt(RATE * (1 - RATE)))


def inputs(seed: int) -> tuple[np.ndarray, np.ndarray]:
    stream = np.random.default_rng(seed)
    return tuple(stream.normal(size=(2, 12, 12)).astype(np.float32))


def program(x: np.ndarray, w: np.ndarray, seed: int | None = None) -> np.ndarray:
    """Four layers, products summed from the left; with a seed every layer's result is moved."""
    for layer in range(4):
        h = np.zeros_like(x)
        for k in range(x.shape[1]):
            h = h + x[:, k : k + 1] * w[k]
        x = np.tanh(h / np.float32(4))
        x = x if seed is None else moved(x, 100 * seed + layer)
    return x


def same_program(x: np.ndarray, w: np.ndarray, mistake: float = 0.0) -> np.ndarray:
    """Summed from the right, tanh by exponentials, and one factor off by a part of itself."""
    for _ in range(4):
        h = np.zeros_like(x)
        for k in reversed(range(x.shape[1])):
            h = h + x[:, k : k + 1] * w[k]
        h = h * np.float32((1 + mistake) / 4)
        e = np.exp(-2 * abs(h))
        x = np.sign(h) * (1 - e) / (1 + e)
    return x


@pytest.mark.parametrize("seed", range(40))
def test_right_programs_agree_and_a_mistake_of_1e_4_does_not(seed: int) -> None:
    x, w = inputs(seed)
    expected = program(x, w)

    def again(number: int) -> np.ndarray:
        return program(moved(x, number), moved(w, 1000 + number), number)

    assert_same(same_program(x, w), expected, again)
    with pytest.raises(AssertionError, match="rounding explains"):
        assert_same(same_program(x, w, 1e-4), expected, again)


def never(seed: int) -> None:
    raise RuntimeError("the program need not run again")


def test_one_rounding_of_each_result_needs_no_run() -> None:
    x = np.float32(1.5)
    assert_same([np.nextafter(x, np.float32(2))], [x], never)
    with pytest.raises(RuntimeError):
        assert_same([x + 2 * np.spacing(x)], [x], never)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (np.arange(3), np.array([0, 1, 3])),
        (np.array([True]), np.array([False])),
        ("words", "other words"),
        (np.array([np.nan, 1]), np.array([2.0, 1])),
        (np.array([np.inf, 1]), np.array([-np.inf, 1])),
        (np.array([2.0, 1]), np.array([np.nan, 1])),
        (np.float32(1.0), np.float32(1.001)),
    ],
    ids=str,
)
def test_what_rounding_does_not_move_is_equal(found, expected) -> None:
    assert_same(expected, expected, never)
    with pytest.raises(AssertionError):
        assert_same(found, expected, lambda seed: expected)


def test_names_and_shapes_are_compared_first() -> None:
    with pytest.raises(AssertionError):
        assert_same({"a": 1.0}, {"b": 1.0}, never)
    with pytest.raises(AssertionError, match=r"result\[a\]: \(1,\), not \(\)"):
        assert_same({"a": np.ones(1)}, {"a": 1.0}, never)
    with pytest.raises(AssertionError):
        assert_same([1.0], [1.0, 2.0], never)


def test_a_width_that_would_explain_zeros_is_refused() -> None:
    noise = np.random.default_rng(0).normal(size=(RUNS + 2, 4))
    with pytest.raises(AssertionError, match="this proves nothing"):
        assert_same(noise[0], noise[1], lambda seed: noise[seed + 2])
    with pytest.raises(AssertionError, match="whether it is finite"):
        assert_same([1.0], [2.0], lambda seed: [np.nan])


def test_printed_numbers_are_rounded() -> None:
    assert [last_place(n) for n in ("1.25", "12", "-1.5e-05", "3e2")] == [0.01, 1, 1e-6, 100]
    numbers, words, units = printed(["epoch 3, loss 0.50", "nan"])
    np.testing.assert_array_equal(numbers, [3, 0.5, np.nan])
    assert words == ["epoch #, loss #", "#"]
    assert list(units) == [0, 0.01, 0]
    assert_same_lines(["loss 0.51"], ["loss 0.50"], never)
    for other in ("epoch 2, loss 0.50", "epoch 1, cost 0.50", "epoch 1, loss 0.52", "epoch 1"):
        with pytest.raises(AssertionError):
            assert_same_lines([other], ["epoch 1, loss 0.50"], lambda seed: ["epoch 1, loss 0.50"])
    moved = [f"loss {x:.2f}" for x in np.random.default_rng(0).normal(0.5, 0.01, RUNS)]
    assert_same_lines(["loss 0.52"], ["loss 0.50"], lambda seed: [moved[seed]])
    with pytest.raises(AssertionError, match="rounding explains"):
        assert_same_lines(["loss 0.90"], ["loss 0.50"], lambda seed: [moved[seed]])


def test_the_gauge_bounds_every_order_of_a_sum() -> None:
    stream = np.random.default_rng(0)
    for _ in range(200):
        terms = stream.normal(size=30).astype(np.float32)
        total = np.float32(0)
        for term in terms:
            total = total + term
        allowed = gauge(29, *terms)
        assert abs(total - terms.astype(np.float64).sum()) <= allowed < 30 * np.finfo("f4").eps * 30
