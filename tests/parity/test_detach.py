"""A state carried into the next batch without `detach` (book 6.4): every framework, and us."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backends import InputError
from backends.interface import Backend
from tests.conftest import backend_or_skip
from tests.parity.check import equal
from tests.parity.test_layers import CELLS, HIDDEN, VOCABULARY, Cell, concise, initial, sequence

NUM_BATCHES = 3


def scratch_model(k: Backend, cell: Cell) -> tuple[Any, Any]:
    return k.parameters(initial(cell)), lambda params, *args: cell.scratch(k, *args, params)


def concise_model(k: Backend, cell: Cell) -> tuple[Any, Any]:
    def forward(network: Any, ids: Any, state: Any) -> Any:
        return network["recurrent"](k.one_hot(ids, VOCABULARY), state)

    return concise(k, cell), forward


def last_gradients(k: Backend, model: tuple[Any, Any], cell: Cell, detach: bool) -> Any:
    """Of the last of several batches, each of which starts from the state of the one before."""
    params, forward = model

    def objective(params: Any, state: Any, ids: Any) -> Any:
        hiddens, state = forward(params, ids, state)
        return k.mean(hiddens * hiddens), state

    gradient = k.value_and_grad(objective, has_aux=True)
    ids, state, _ = sequence(k, cell)
    for _ in range(NUM_BATCHES):
        (_, state), grads = gradient(params, k.detach(state) if detach else state, ids)
    is_dict = isinstance(params, dict)
    return {n: k.to_numpy(g) for n, g in grads.items()} if is_dict else params.read_gradients(grads)


@pytest.mark.parametrize("make", [scratch_model, concise_model])
@pytest.mark.parametrize("name", CELLS)
def test_a_state_that_is_not_detached(backend: Backend, name: str, make: Any) -> None:
    cell = CELLS[name]
    expected = last_gradients(backend, make(backend, cell), cell, detach=True)
    if backend.name == "torch":
        with pytest.raises(InputError, match="belongs to the graph of the step before") as caught:
            last_gradients(backend, make(backend, cell), cell, detach=False)
        assert "\n" not in str(caught.value)
        return
    actual = last_gradients(backend, make(backend, cell), cell, detach=False)
    for parameter, gradient in expected.items():
        assert equal(actual[parameter], gradient), parameter


def test_mxnet_itself_takes_it_for_a_constant() -> None:
    backend_or_skip("mxnet")
    from mxnet import autograd, nd
    from mxnet.gluon import rnn

    def gradient(detach: bool) -> np.ndarray:
        layer = rnn.RNN(HIDDEN, input_size=VOCABULARY)
        layer.initialize(init="ones")
        state = layer.begin_state(batch_size=2)
        for _ in range(NUM_BATCHES):
            state = [array.detach() for array in state] if detach else state
            with autograd.record():
                hiddens, state = layer(nd.ones((3, 2, VOCABULARY)) / 50, state)
                loss = nd.mean(hiddens * hiddens)
            loss.backward()
        return layer.l0_h2h_weight.grad().asnumpy()

    assert (gradient(detach=False) == gradient(detach=True)).all()
    assert gradient(detach=True).any()


def test_torch_itself_refuses_it() -> None:
    backend_or_skip("torch")
    import torch

    layer, state = torch.nn.RNN(VOCABULARY, HIDDEN), torch.zeros(1, 2, HIDDEN)
    hiddens, state = layer(torch.ones(3, 2, VOCABULARY), state)
    hiddens.mean().backward()
    hiddens, _ = layer(torch.ones(3, 2, VOCABULARY), state)
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        hiddens.mean().backward()
