"""Scratch and concise models start from the same numbers and compute the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from backends import InputError
from backends.interface import Backend
from backends.rounding import BoundedBackend
from tests.parity.check import equal

NUM_STEPS, BATCH, VOCABULARY, HIDDEN = 7, 3, 5, 4


@dataclass(frozen=True)
class Cell:
    """scratch: (backend, ids, state, params) → (hiddens, state)."""

    gates: str
    num_states: int
    scratch: Callable[..., Any]
    layer: Callable[[Backend], Any]


CELLS = {
    "rnn tanh": Cell(
        "h",
        1,
        lambda k, *args: k.rnn(*args, "tanh"),
        lambda k: k.rnn_layer(VOCABULARY, HIDDEN, "tanh"),
    ),
    "rnn relu": Cell(
        "h",
        1,
        lambda k, *args: k.rnn(*args, "relu"),
        lambda k: k.rnn_layer(VOCABULARY, HIDDEN, "relu"),
    ),
    "gru": Cell(
        "rzh",
        1,
        lambda k, *args: k.gru(*args, "after"),
        lambda k: k.gru_layer(VOCABULARY, HIDDEN),
    ),
    "lstm": Cell(
        "ifco", 2, lambda k, *args: k.lstm(*args), lambda k: k.lstm_layer(VOCABULARY, HIDDEN)
    ),
}


def initial(cell: Cell) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    kinds = {"W_x": (VOCABULARY, HIDDEN), "W_h": (HIDDEN, HIDDEN), "b_": (HIDDEN,)}
    shapes = {kind + gate: shape for kind, shape in kinds.items() for gate in cell.gates}
    shapes |= {"W_hq": (HIDDEN, VOCABULARY), "b_q": (VOCABULARY,)}
    return {name: rng.standard_normal(shape) / 2 for name, shape in shapes.items()}


def second_biases(cell: Cell) -> list[str]:
    return [f"b_h{gate}" for gate in cell.gates]


def sequence(k: Backend, cell: Cell) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(1)
    ids = rng.integers(0, VOCABULARY, (NUM_STEPS, BATCH))
    labels = rng.integers(0, VOCABULARY, NUM_STEPS * BATCH)
    state = [k.from_numpy(rng.standard_normal((BATCH, HIDDEN))) for _ in range(cell.num_states)]
    return k.from_numpy(ids), tuple(state), k.from_numpy(labels)


def concise(k: Backend, cell: Cell) -> Any:
    network = k.network(
        recurrent=cell.layer(k), output=k.dense_layer(HIDDEN, VOCABULARY, "W_hq", "b_q")
    )
    network.load(initial(cell))
    return network


Pairs = dict[str, tuple[np.ndarray, np.ndarray]]


def scratch_and_concise(k: Backend, cell: Cell) -> tuple[Pairs, dict[str, np.ndarray]]:
    """What both compute, by name, and the gradients of the layers."""
    network = concise(k, cell)
    ids, state, labels = sequence(k, cell)

    def scratch_objective(params: Any) -> Any:
        hiddens, last = cell.scratch(k, ids, state, params)
        logits = k.rnn_output(hiddens, params)
        return k.mean(k.softmax_cross_entropy(logits, labels)), (hiddens, *last)

    def concise_objective(network: Any) -> Any:
        hiddens, last = network["recurrent"](k.one_hot(ids, VOCABULARY), state)
        logits = k.reshape(network["output"](hiddens), (-1, VOCABULARY))
        return k.mean(k.softmax_cross_entropy(logits, labels)), (hiddens, *last)

    params = k.parameters(initial(cell))
    (loss, hiddens), grads = k.value_and_grad(scratch_objective, has_aux=True)(params)
    (own_loss, own_hiddens), own_grads = k.value_and_grad(concise_objective, has_aux=True)(network)
    read = network.read_gradients(own_grads)
    states = zip((loss, *hiddens), (own_loss, *own_hiddens), strict=True)
    pairs = {str(i): (k.to_numpy(one), k.to_numpy(other)) for i, (one, other) in enumerate(states)}
    return pairs | {name: (k.to_numpy(grad), read[name]) for name, grad in grads.items()}, read


def as_close_as_bounded(
    one: np.ndarray, other: np.ndarray, bounded: tuple[np.ndarray, np.ndarray]
) -> bool:
    """Whether two results of one formula lie no further apart than both of their bounds."""
    allowed = sum(reading.error for reading in bounded)
    return bool((abs(np.subtract(one, other, dtype="float64")) <= allowed).all())


@pytest.mark.parametrize("name", CELLS)
def test_scratch_and_concise_compute_the_same(backend: Backend, name: str) -> None:
    cell = CELLS[name]
    pairs, read = scratch_and_concise(backend, cell)
    bounds, bounded = scratch_and_concise(BoundedBackend(), cell)
    for result, (one, other) in pairs.items():
        assert as_close_as_bounded(one, other, bounds[result]), result
    for gate in cell.gates:
        # Both biases are added to the same sum, but for the one that a GRU resets.
        names, reset = (f"b_h{gate}", f"b_{gate}"), (name, gate) == ("gru", "h")
        both, errors = (tuple(given[bias] for bias in names) for given in (read, bounded))
        assert as_close_as_bounded(*both, errors) != reset, gate


def resets(k: Backend) -> tuple[np.ndarray, ...]:
    """Hidden states of the layer and of `gru` by default, "before" and "after"."""
    ids, state, _ = sequence(k, CELLS["gru"])
    params = k.parameters(initial(CELLS["gru"]))
    layer, _ = concise(k, CELLS["gru"])["recurrent"](k.one_hot(ids, VOCABULARY), state)
    scratch = (k.gru(ids, state, params, *reset)[0] for reset in ((), ("before",), ("after",)))
    return tuple(k.to_numpy(hiddens) for hiddens in (layer, *scratch))


def test_the_book_resets_before_the_product_and_the_layer_after_it(backend: Backend) -> None:
    layer, book, before, after = resets(backend)
    bounds = resets(BoundedBackend())
    assert (book == before).all()
    assert as_close_as_bounded(layer, after, (bounds[0], bounds[3]))
    assert not as_close_as_bounded(layer, before, (bounds[0], bounds[2]))


@pytest.mark.parametrize("name", CELLS)
def test_every_backend_reads_what_it_loaded(backend: Backend, name: str) -> None:
    cell = CELLS[name]
    read, loaded = concise(backend, cell).read(), initial(cell)
    assert sorted(read) == sorted([*loaded, *second_biases(cell)])
    for parameter, array in loaded.items():
        assert equal(read[parameter], array.astype(backend.dtype)), parameter
    for bias in second_biases(cell):
        assert (read[bias] == 0).all()


@pytest.mark.parametrize("name", CELLS)
def test_gradients_are_read_in_canonical_shape(backend: Backend, name: str) -> None:
    network = concise(backend, CELLS[name])
    x = backend.zeros((2, 1, VOCABULARY))
    state = (backend.zeros((1, HIDDEN)),) * CELLS[name].num_states
    objective = backend.value_and_grad(lambda net: backend.sum(net["recurrent"](x, state)[0]))
    read = network.read_gradients(objective(network)[1])
    assert {name: array.shape for name, array in read.items()} == {
        name: array.shape for name, array in network.read().items()
    }


def test_an_unknown_layer_is_a_key_error(backend: Backend) -> None:
    with pytest.raises(KeyError):
        concise(backend, CELLS["rnn tanh"])["input"]


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
