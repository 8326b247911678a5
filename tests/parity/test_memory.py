"""What a primitive leaves alone, its arguments and what it gave before, and what it lets go of."""

from __future__ import annotations

import time

import numpy as np
import pytest

from backends.interface import Backend
from tests.conftest import backend_or_skip
from tests.parity.case import Case
from tests.parity.cases import CASES
from tests.parity.check import gradients, inputs_of, place, read

# The contract lets these change what they are given.
IN_PLACE = {"clip_gradients", "sgd", "trainer"}

SMALL = [case for case in CASES if "book" not in case.id and case.primitive not in IN_PLACE]


@pytest.mark.parametrize("case", SMALL, ids=str)
def test_arguments_stay_as_they_are(framework: Backend, case: Case) -> None:
    inputs = inputs_of(case)
    placed = {name: place(framework, value) for name, value in inputs.items()}
    arrays = {name: placed[name] for name in inputs if isinstance(inputs[name], np.ndarray)}
    before = read(framework, arrays)
    case.result(framework, placed)
    for name, value in read(framework, arrays).items():
        assert value.tobytes() == before[name].tobytes(), name


@pytest.mark.parametrize("case", [case for case in SMALL if case.gradients], ids=str)
def test_mxnet_keeps_no_function_of_a_step(case: Case) -> None:
    """What a Function keeps would stay for ever if that were its own result."""
    k = backend_or_skip("mxnet")
    from mxnet.autograd import Function

    before = set(Function._registry.ref_holder)
    gradients(case, k)
    k.synchronize()
    for _ in range(100):  # MXNet's own threads may let go of it a moment later
        if set(Function._registry.ref_holder) <= before:
            return
        time.sleep(0.05)
    pytest.fail("a Function and what it keeps stayed")


def test_zeros_are_new_at_every_call(framework: Backend) -> None:
    weights = framework.sgd({"w": framework.zeros((2, 3))}, {"w": framework.zeros((2, 3)) + 1}, 1.0)
    assert (framework.to_numpy(weights["w"]) == -1).all()
    assert (framework.to_numpy(framework.zeros((2, 3))) == 0).all()


def test_updates_follow_from_their_arguments_alone(framework: Backend) -> None:
    params = framework.parameters({"W": np.ones((2, 2)), "b": np.ones(2)})
    for expected in (0.5, 0, -0.5):
        grads = framework.parameters({"W": np.ones((2, 2)), "b": np.ones(2)})
        params = framework.sgd(params, grads, 0.5)
        for w in params.values():
            assert (framework.to_numpy(w) == expected).all()


def test_loading_leaves_the_weights_alone(framework: Backend) -> None:
    network = framework.network(rnn=framework.rnn_layer(2, 3, "tanh"))
    weights = {"W_xh": np.ones((2, 3)), "W_hh": np.ones((3, 3)), "b_h": np.ones(3)}
    network.load(weights)
    assert sorted(weights) == ["W_hh", "W_xh", "b_h"]
    assert all((array == 1).all() for array in weights.values())
