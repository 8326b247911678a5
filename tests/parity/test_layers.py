"""Scratch and concise models start from the same numbers and compute the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backends import InputError
from backends.agreement import agree
from backends.interface import Backend

NUM_STEPS, BATCH, VOCABULARY, HIDDEN = 7, 3, 5, 4


def initial() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    shapes = {
        "W_xh": (VOCABULARY, HIDDEN),
        "W_hh": (HIDDEN, HIDDEN),
        "b_h": (HIDDEN,),
        "W_hq": (HIDDEN, VOCABULARY),
        "b_q": (VOCABULARY,),
    }
    return {name: rng.standard_normal(shape) / 2 for name, shape in shapes.items()}


def sequence(k: Backend) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(1)
    ids = rng.integers(0, VOCABULARY, (NUM_STEPS, BATCH))
    labels = rng.integers(0, VOCABULARY, NUM_STEPS * BATCH)
    state = (k.from_numpy(rng.standard_normal((BATCH, HIDDEN))),)
    return k.from_numpy(ids), state, k.from_numpy(labels)


def concise(k: Backend, activation: str) -> Any:
    network = k.network(
        rnn=k.rnn_layer(VOCABULARY, HIDDEN, activation),
        output=k.dense_layer(HIDDEN, VOCABULARY, "W_hq", "b_q"),
    )
    network.load(initial())
    return network


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_scratch_and_concise_rnn_compute_the_same(backend: Backend, activation: str) -> None:
    k, network = backend, concise(backend, activation)
    ids, state, labels = sequence(k)

    def scratch_objective(params: Any) -> Any:
        hiddens, last = k.rnn(ids, state, params, activation)
        logits = k.rnn_output(hiddens, params)
        return k.mean(k.softmax_cross_entropy(logits, labels)), (hiddens, *last)

    def concise_objective(network: Any) -> Any:
        hiddens, last = network["rnn"](k.one_hot(ids, VOCABULARY), state)
        logits = k.reshape(network["output"](hiddens), (-1, VOCABULARY))
        return k.mean(k.softmax_cross_entropy(logits, labels)), (hiddens, *last)

    params = k.parameters(initial())
    (loss, hiddens), grads = k.value_and_grad(scratch_objective, has_aux=True)(params)
    (own_loss, own_hiddens), own_grads = k.value_and_grad(concise_objective, has_aux=True)(network)
    read = network.read_gradients(own_grads)
    assert agree(k.to_numpy(own_loss), k.to_numpy(loss), "reduction")
    for own, scratch in zip(own_hiddens, hiddens, strict=True):
        assert agree(k.to_numpy(own), k.to_numpy(scratch), "reduction")
    for name in params:
        assert agree(read[name], k.to_numpy(grads[name]), "reduction"), name
    # Both biases are added to the same sum.
    assert agree(read["b_hh"], read["b_h"], "reduction")


def test_every_backend_reads_what_it_loaded(backend: Backend) -> None:
    read = concise(backend, "tanh").read()
    assert sorted(read) == sorted([*initial(), "b_hh"])
    for name, array in initial().items():
        assert agree(read[name], array.astype(backend.dtype), "exact"), name
    assert (read["b_hh"] == 0).all()


def test_gradients_are_read_in_canonical_shape(backend: Backend) -> None:
    network = concise(backend, "tanh")
    x, state = backend.zeros((2, 1, VOCABULARY)), (backend.zeros((1, HIDDEN)),)
    objective = backend.value_and_grad(lambda net: backend.sum(net["rnn"](x, state)[0]))
    read = network.read_gradients(objective(network)[1])
    assert {name: array.shape for name, array in read.items()} == {
        name: array.shape for name, array in network.read().items()
    }


def test_an_unknown_layer_is_a_key_error(backend: Backend) -> None:
    with pytest.raises(KeyError):
        concise(backend, "tanh")["input"]


@pytest.mark.parametrize("biases", [("b_h",), ("b_h", "b_hh")], ids=len)
def test_a_second_load_replaces_everything(backend: Backend, biases: tuple[str, ...]) -> None:
    network = backend.network(rnn=backend.rnn_layer(2, 3, "relu"))
    everything = {"W_xh": np.ones((2, 3)), "W_hh": np.ones((3, 3))}
    network.load({**everything, "b_h": np.ones(3), "b_hh": np.ones(3)})
    network.load({**everything, **{name: np.full(3, 2.0) for name in biases}})
    read = network.read()
    assert (read["b_h"] == 2).all()
    assert (read["b_hh"] == (2 if "b_hh" in biases else 0)).all()


def test_two_parameters_of_one_name_are_refused(backend):
    layer = backend.dense_layer
    with pytest.raises(InputError, match="two layers call a parameter 'W'"):
        backend.network(first=layer(2, 2), second=layer(2, 2))
