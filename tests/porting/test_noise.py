"""MXNet with its numbers moved: by single roundings, and nothing else; and what MKL-DNN rounds."""

from __future__ import annotations

from unittest import mock

import numpy as np
import pytest

from tests.porting import noise
from tests.porting.both_sides import mx
from tests.porting.noise import own_log_softmax

VALUES = np.random.default_rng(0).normal(size=(40, 7)).astype(np.float32)
EPS = np.finfo(np.float32).eps


@pytest.mark.parametrize("module", [mx.nd, mx.np], ids=["nd", "np"])
def test_results_and_gradients_move_by_single_roundings(module) -> None:
    def program():
        x = module.array(VALUES)
        x.attach_grad()
        with mx.autograd.record():
            y = x * x
        y.backward()
        return x.asnumpy(), y.asnumpy(), x.grad.asnumpy()

    exact, moved = program(), noise.again(program)(0)
    for value, other, roundings in zip(exact, moved, (1, 3, 2), strict=True):
        apart = abs(other.astype(np.float64) / value - 1)
        assert (apart > 0).mean() > 1 / 3
        # Each goes by one unit in the last place, and is rounded itself.
        assert apart.max() <= (1 + 2 * EPS) ** roundings - 1
    np.testing.assert_array_equal(noise.again(program)(0), moved)
    assert (noise.again(program)(1)[0] != moved[0]).any()
    np.testing.assert_array_equal(program(), exact)


def test_whole_numbers_types_and_places_stay() -> None:
    def program():
        a, ids = mx.nd.arange(6).reshape((2, 3)) * 2, mx.nd.array([1, 0], dtype="int32")
        out = mx.nd.zeros((2, 3))
        mx.nd.elemwise_add(a, a / 3, out=out)
        half = mx.nd.array([0.5], dtype="float16")
        parts = mx.nd.split(mx.nd.array(VALUES[:2, :4]), 2)
        return [a, mx.nd.take(a, ids), ids, half, out, *parts]

    exact, moved = program(), noise.again(program)(0)
    for value, other in zip(exact, moved, strict=True):
        assert value.dtype == other.dtype
        assert value.shape == other.shape
    for value, other in zip(exact[:3], moved[:3], strict=True):
        np.testing.assert_array_equal(value.asnumpy(), other.asnumpy())
    for value, other in zip(exact[3:], moved[3:], strict=True):
        assert (value != other).asnumpy().any()


def test_what_a_moved_program_prints_is_hidden(capsys) -> None:
    noise.again(lambda: print("twice"))(0)
    assert capsys.readouterr().out == ""


def test_the_log_softmax_of_mkldnn_is_far_from_its_formula() -> None:
    """What the backend of MXNet works around, and the tests of ports with a kernel of MXNet's."""
    exact = VALUES - np.log(np.exp(VALUES.astype(np.float64)).sum(axis=1, keepdims=True))

    def error(log_softmax, array) -> float:
        return abs(log_softmax(array(VALUES)).asnumpy() - exact).max()

    own = error(mx.nd.log_softmax, mx.nd.array)  # by the fixture of all these tests
    assert error(mx.npx.log_softmax, mx.np.array) == own
    assert own <= 4 * EPS * abs(exact).max()
    invoke = mx._ctypes.ndarray._imperative_invoke
    with mock.patch.object(mx.ndarray.register, "_imperative_invoke", invoke):
        assert error(mx.nd.log_softmax, mx.nd.array) > 2 * own
        with own_log_softmax():
            assert error(mx.nd.log_softmax, mx.nd.array) == own
