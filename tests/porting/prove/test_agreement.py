"""What counts as the same value."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from porting.prove.agreement import (
    DIFFERS,
    EQUAL,
    MARGIN,
    TOLERANCE,
    UNKNOWN,
    Comparison,
    arrays_agree,
    compare,
    one_of_many,
    pairs,
)  # fmt: skip
from porting.prove.values import tree

NAN, INF = float("nan"), float("inf")
FLOATS = arrays(
    np.float32, array_shapes(max_dims=3, max_side=4), elements=st.floats(-1e6, 1e6, width=32)
)


class Plain:
    """A framework without arrays, devices or networks of its own."""

    def array(self, value: Any) -> None:
        return None

    def net(self, value: Any) -> Any:
        return value.arrays if isinstance(value, Net) else None

    def name(self, value: Any) -> None:
        return None


class Net:
    def __init__(self, *held: np.ndarray):
        self.arrays = [(f"p{n}", array) for n, array in enumerate(held)]


def agree(original: Any, port: Any, *others: Any) -> list[Comparison]:
    framework = Plain()
    noisy = [tree(other, framework) for other in others]
    return list(compare("x", tree(original, framework), noisy, tree(port, framework)))


def verdict(original: Any, port: Any, *others: Any) -> str:
    found = {comparison.verdict for comparison in agree(original, port, *others)}
    assert len(found) == 1, found
    return found.pop()


def row(*numbers: float) -> np.ndarray:
    return np.array(numbers, np.float32)


# ---- arrays ----


@given(FLOATS)
def test_an_array_is_itself(array: np.ndarray) -> None:
    assert verdict(array, array.copy()) == EQUAL


@given(FLOATS, st.data())
def test_one_number_that_is_off_is_found(array: np.ndarray, data: st.DataObject) -> None:
    array = array + np.float32(0.5)
    place = tuple(data.draw(st.integers(0, size - 1)) for size in array.shape)
    wrong = array.copy()
    wrong[place] += 3 * TOLERANCE * abs(array).max() + 1e-3
    assert verdict(array, wrong) == DIFFERS
    assert verdict(wrong, array) == DIFFERS


@given(FLOATS, st.floats(-0.4, 0.4))
def test_rounding_is_allowed(array: np.ndarray, part: float) -> None:
    array = array + np.float32(0.5)
    near = array.astype(np.float64) + part * TOLERANCE * abs(array).max()
    assert verdict(array, near) == EQUAL


def test_the_tolerance_is_relative_to_the_largest_number() -> None:
    assert verdict(row(1.5, 1e-9), row(1.5, 3e-9)) == EQUAL
    assert verdict(row(0.0, 1e-9), row(0.0, 3e-9)) == DIFFERS


@pytest.mark.parametrize("strange", [NAN, INF, -INF])
@pytest.mark.parametrize("others", [0, 2])
def test_nan_and_infinity_stand_in_the_same_places(strange: float, others: int) -> None:
    original = row(strange, 1.5)
    again = [original] * others
    assert verdict(original, original, *again) == EQUAL
    assert verdict(original, row(2.0, 1.5), *again) == DIFFERS
    assert verdict(row(2.0, 1.5), original, *[row(2.0, 1.5)] * others) == DIFFERS
    assert verdict(original, row(strange, 1.6), *again) == DIFFERS
    assert verdict(original, row(1.5, strange), *again) == DIFFERS


def test_an_infinity_has_a_sign() -> None:
    assert verdict(row(INF, 1.0), row(-INF, 1.0)) == DIFFERS
    assert verdict(row(INF, 1.0), row(NAN, 1.0)) == DIFFERS


def test_nan_that_rounding_may_bring_is_not_comparable() -> None:
    assert verdict(row(NAN, 1.5), row(2.0, 1.5), row(2.0, 1.5)) == UNKNOWN


def test_one_number_needs_no_axis() -> None:
    assert verdict(row(2.5), np.float32(2.5)) == EQUAL
    assert verdict(row(2.5), 2.5) == EQUAL
    assert verdict(2.5, row(2.5), row(2.5)) == EQUAL
    assert verdict(row(2.5), np.float32(2.6)) == DIFFERS
    assert verdict(row(2.5), row(2.5)[None]) == DIFFERS
    assert verdict(np.ones((1, 2)), np.ones(2)) == DIFFERS
    assert verdict(np.ones((2, 3)), np.ones((3, 2))) == DIFFERS
    assert verdict(np.ones(0), np.ones((0, 3))) == DIFFERS
    assert verdict(np.ones(0), np.ones(0)) == EQUAL


def test_whole_numbers_are_exact() -> None:
    assert verdict(row(1e7, 3), row(1e7 + 1, 3)) == DIFFERS
    assert verdict(row(1e7, 3.5), row(1e7 + 1, 3.5)) == EQUAL
    assert verdict(100_000, 100_001) == DIFFERS
    assert verdict([1, 0, 1], [1, 1, 1]) == DIFFERS
    assert verdict(np.array([True, False]), row(1, 0)) == EQUAL
    assert verdict(np.array([True, False]), row(1, 1)) == DIFFERS


def test_rows_that_rounding_moves_are_not_comparable() -> None:
    original, port = row(1.0, 2.0), row(1.2, 2.0)
    assert verdict(original, port) == DIFFERS
    assert verdict(original, port, row(1.02, 2.0)) == DIFFERS
    assert verdict(original, port, row(1.03, 2.0)) == UNKNOWN  # allowed, and yet 10 % apart
    assert verdict(original, row(1.09, 2.0), row(1.03, 2.0)) == EQUAL
    assert verdict(original, port, row(1.3, 2.0)) == UNKNOWN
    assert verdict(original, port, row(1.3, 2.0), original) == UNKNOWN
    assert verdict(original, original, row(1.3, 2.0)) == EQUAL


def test_a_little_more_than_rounding_does_is_allowed() -> None:
    original, moved = row(1.5, 2.0), row(1.5001, 2.0)
    inside, outside = row(1.5 + 0.9e-4 * MARGIN, 2.0), row(1.5 + 1.5e-4 * MARGIN, 2.0)
    assert verdict(original, inside, moved) == EQUAL
    assert verdict(original, outside, moved) == DIFFERS
    assert verdict(original, inside) == DIFFERS


def test_counts_that_rounding_moves_are_not_comparable() -> None:
    assert verdict(row(10, 20), row(11, 19), row(11, 19)) == UNKNOWN
    assert verdict(row(10, 20), row(40, 19), row(11, 19)) == DIFFERS


def test_why_says_where_and_how_far() -> None:
    [found] = agree(np.zeros((2, 2)) + 0.5, np.array([[0.5, 0.5], [0.75, 0.5]]))
    assert (
        found.why == "0.5 in the original, 0.75 in the port at [1, 0] (0.25 apart, 1e-05 allowed)"
    )
    assert found.apart == 0.5
    assert found.size == 4


# ---- lists ----


def test_numbers_of_a_list_are_measured_one_by_one() -> None:
    assert verdict([1000.0, 0.001], [1000.0, 0.002]) == DIFFERS
    assert verdict([1000.5, 0.001], [1000.501, 0.001]) == EQUAL
    assert verdict([0.5, 0.25, 0.125], [0.5, 0.25]) == DIFFERS
    [found] = agree([0.5, 0.25, 0.125], [0.5, 0.25, 0.126])
    assert "at [2]" in found.why


def test_a_list_after_something_was_moved() -> None:
    moved = [0.5, 0.3, 0.1]
    assert verdict([0.5, 0.25, 0.1], [0.5, 0.25, 0.2], moved) == UNKNOWN
    assert verdict([0.5, 0.25, 0.1], [0.6, 0.25, 0.1], moved) == DIFFERS


def test_lists_of_arrays_of_one_number_are_numbers() -> None:
    assert verdict([row(1.5), row(2.5)], [1.5, 2.5]) == EQUAL
    assert verdict([1.5, 2.5], [np.float32(1.5), np.float32(2.5)]) == EQUAL
    assert verdict([1.5, 2.5], [np.float32(1.5), np.float32(2.6)]) == DIFFERS


def test_lists_and_dicts_of_anything() -> None:
    original = {"a": [row(1.5), "loss 1"], "b": None}
    assert verdict(original, {"a": [row(1.5), "loss 1"], "b": None}) == EQUAL
    assert {c.path for c in agree(original, original)} == {"x['a'][0]", "x['a'][1]", "x['b']"}
    wrong = agree(original, {"a": [row(1.5), "loss 2"], "b": 0})
    assert [c.verdict for c in wrong] == [EQUAL, DIFFERS, DIFFERS]
    assert agree(original, {"a": []})[0].why == "the key 'b' is in only one of them"
    assert agree([row(1.5, 2.5)], [])[0].why == "the original has 1 items, the port 0"
    assert verdict((1.5, "a"), [1.5, "a"]) == EQUAL
    assert verdict([row(1.5)], row(1.5)) == EQUAL
    assert verdict("a", ["a"]) == DIFFERS
    assert verdict(1.5, "1.5") == DIFFERS


def test_texts_in_arrays_and_complex_numbers() -> None:
    assert verdict(np.array(["a", "b"]), np.array(["a", "b"])) == EQUAL
    assert verdict(np.array(["a", "b"]), np.array(["b", "a"])) == DIFFERS
    assert verdict(1 + 2j, 1 + 2j) == EQUAL
    assert verdict(1 + 2j, 1 + 3j) == DIFFERS


def test_what_cannot_be_read() -> None:
    assert verdict(object(), 1) == UNKNOWN
    assert verdict(1, object()) == UNKNOWN
    assert agree(len, len) == []
    assert verdict(6, "".join) == DIFFERS  # x.size, which is a method in PyTorch
    assert verdict(row(1.5), row(1.5).sum) == DIFFERS


# ---- networks ----


def test_networks_hold_their_arrays_in_any_order() -> None:
    a, b = np.arange(6.0).reshape(2, 3) + 0.5, np.arange(6.0, 12).reshape(2, 3) + 0.5
    bias = row(0.5, 1.5)
    assert verdict(Net(a, bias, b), Net(b, a, bias)) == EQUAL
    found = agree(Net(a, bias, b), Net(b, a + 0.01, bias))
    assert [c.verdict for c in found] == [DIFFERS, EQUAL, EQUAL]
    assert found[0].path == "x.p1"
    assert agree(Net(a, bias), Net(a))[0].why == "the original's has 2 arrays, the port's 1"
    assert DIFFERS in {c.verdict for c in agree(Net(a, bias), Net(a.T, bias))}


def test_networks_without_values() -> None:
    assert agree(Net(), Net()) == []
    assert verdict(Net(), Net(row(1.5))) == UNKNOWN
    assert verdict(Net(row(1.5)), Net()) == UNKNOWN


def test_partners_of_equal_values_are_told_by_their_gradients() -> None:
    zero, first, second = np.zeros(3), row(1, 2, 3), row(3, 2, 1)
    assert pairs([(zero, first), (zero, second)], [(zero, second * 9), (zero, first * 9)]) == [1, 0]
    assert pairs([(zero, None)], [(np.zeros(4), None)]) == [None]


# ---- texts ----


@pytest.mark.parametrize(
    ("original", "port"),
    [
        ("epoch 1, loss 0.2345", "epoch 1, loss 0.2345"),
        ("loss 0.2345", "loss 0.2346"),  # one unit of the last place
        ("epoch 3, time 1.25 sec", "epoch 3, time 7 sec"),
        ("took 3.5 s", "took 12.25 s"),
        ("100.5 examples/sec", "7.5 examples/sec"),
        ("perplexity nan", "perplexity nan"),
        ("loss 1.5e-05", "loss 1.5e-05"),
        ("\n[[1. 2.]\n [3. 4.5]]\n<NDArray 2x2 @cpu(0)>", "tensor([[1.0000, 2.0000],\n        [3.0000, 4.5000]])"),
        ("\n[1. 2.]\n<NDArray 2 @cpu(0)>", "tensor([1., 2.], requires_grad=True)"),
        ("\n[2.5]\n<NDArray 1 @cpu(0)>", "Parameter containing:\ntensor([2.5000], requires_grad=True)"),
        ("\n[2.5]\n<NDArray 1 @cpu(0)>", "tensor(2.5000, grad_fn=<SumBackward0>)"),
    ],
)  # fmt: skip
def test_texts_that_agree(original: str, port: str) -> None:
    assert verdict(original, port) == EQUAL


@pytest.mark.parametrize(
    ("original", "port"),
    [
        ("epoch 1, loss 0.2345", "epoch 2, loss 0.2345"),
        ("loss 0.2345", "loss 0.2348"),
        ("loss 0.2", "accuracy 0.2"),
        ("loss 0.2", "loss 0.2, accuracy 0.5"),
        ("loss 0.2345", "loss nan"),
        ("loss nan", "loss 0.2345"),
        ("loss 1.5", "loss inf"),
        ("loss 1.5e-05", "loss 1.5e-04"),
        ("loss 1.5", "loss -1.5"),
        ("3 right", "3.4 right"),
        ("\n[1. 2.]\n<NDArray 2 @cpu(0)>", "tensor([1., 3.])"),
        ("\n[1. 2.]\n<NDArray 2 @cpu(0)>", "tensor([1., 2., 3.])"),
    ],
)
def test_texts_that_differ(original: str, port: str) -> None:
    assert verdict(original, port) == DIFFERS


@given(st.floats(-1e5, 1e5), st.integers(0, 8))
def test_a_printed_number_agrees_with_itself_however_it_is_rounded(x: float, places: int) -> None:
    text = f"loss {x:.{places}f}"
    assert verdict(text, text) == EQUAL
    assert verdict(f"loss {x:.8f}", f"loss {x + 1 + abs(x):.8f}") == DIFFERS


def test_texts_that_rounding_changes_are_not_comparable() -> None:
    assert verdict("the cat", "the dog") == DIFFERS
    assert verdict("the cat", "the dog", "the cow") == UNKNOWN
    assert verdict("the cat", "the dog", "the cat") == DIFFERS
    assert verdict("acc 0.50", "acc 0.70", "acc 0.80") == UNKNOWN
    assert verdict("acc 0.50", "acc 0.70", "acc 0.50") == DIFFERS


def test_names_of_parameters_belong_to_their_framework() -> None:
    assert verdict("dense0_weight", "0.weight") == UNKNOWN
    assert verdict("dense0_weight", "some words") == DIFFERS


def test_scalars_of_arrays_agree_however_many_axes() -> None:
    assert arrays_agree("x", row(1.5), [row(1.5)], np.float32(1.5)).verdict == EQUAL


@pytest.mark.parametrize(
    ("port", "moved", "scale", "verdict"),
    [
        (4e-5, 1e-6, 1.0, UNKNOWN),  # noise of another size
        (4e-5, 1e-6, 1e-3, DIFFERS),  # its network has nothing much larger
        (4e-5, 1e-9, 1.0, DIFFERS),  # rounding does not move it
        (4e-3, 1e-6, 1.0, DIFFERS),  # the port's is not zero
    ],
)
def test_what_is_zero_but_for_rounding(
    port: float, moved: float, scale: float, verdict: str
) -> None:
    original = np.array([2e-7, -3e-7])
    found = one_of_many("bias", original, [original + moved], np.array([port, 0.0]), scale)
    assert found.verdict == verdict


def test_a_gradient_before_the_first_backward() -> None:
    assert verdict(np.zeros(3), None) == UNKNOWN
    assert verdict(np.ones(3), None) == DIFFERS
