"""Bad input is an InputError of one line that names the value, on every backend."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import pytest

from backends import InputError, get_backend
from backends.interface import Backend

NAN = float("nan")


@contextmanager
def refused(*named: Any) -> Iterator[None]:
    with pytest.raises(InputError) as caught:
        yield
    message = str(caught.value)
    assert "\n" not in message
    for value in named:
        assert re.search(rf"(?<!\w){re.escape(str(value))}(?!\w)", message)


GATES = {"rnn": "h", "gru": "rzh", "lstm": "ifco"}


def recurrent(k: Backend, cell: str = "rnn") -> dict[str, Any]:
    shapes = {"W_x": (3, 4), "W_h": (4, 4), "b_": (4,)}
    return {kind + gate: k.zeros(shape) for kind, shape in shapes.items() for gate in GATES[cell]}


def state(k: Backend, cell: str, n: int) -> tuple[Any, ...]:
    return (k.zeros((n, 4)),) * (2 if cell == "lstm" else 1)


def one_step(k: Backend, ids: Any, cell: str) -> Any:
    return getattr(k, f"{cell}_step")(ids, state(k, cell, 2), recurrent(k, cell))


def sequence(k: Backend, ids: Any, cell: str) -> Any:
    return getattr(k, cell)(k.reshape(ids, (2, 1)), state(k, cell, 1), recurrent(k, cell))


WITH_PROBABILITY = {
    "dropout": lambda k, p: k.dropout(k.zeros((2,)), p, k.zeros((2,))),
    "random_dropout": lambda k, p: k.random_dropout(k.zeros((2,)), p),
    "dropout_layer": lambda k, p: k.dropout_layer(p),
}

WITH_IDS = {
    "one_hot": lambda k, ids: k.one_hot(ids, 3),
    "take_rows": lambda k, ids: k.take_rows(k.zeros((3, 4)), ids),
    **{f"{cell}_step": partial(one_step, cell=cell) for cell in GATES},
    **{cell: partial(sequence, cell=cell) for cell in GATES},
    "softmax_cross_entropy": lambda k, ids: k.softmax_cross_entropy(k.zeros((2, 3)), ids),
}

WITH_ACTIVATION = {
    "rnn_step": lambda k, a: k.rnn_step(k.zeros((2, 3)), (k.zeros((2, 4)),), recurrent(k), a),
    "rnn": lambda k, a: k.rnn(k.zeros((0, 2, 3)), (k.zeros((2, 4)),), recurrent(k), a),
    "rnn_layer": lambda k, a: k.rnn_layer(3, 4, a),
}

WITH_RESET = {
    "gru_step": lambda k, r: k.gru_step(
        k.zeros((2, 3)), (k.zeros((2, 4)),), recurrent(k, "gru"), r
    ),
    "gru": lambda k, r: k.gru(k.zeros((0, 2, 3)), (k.zeros((2, 4)),), recurrent(k, "gru"), r),
}


@pytest.mark.parametrize("p", [-0.1, 1.1, NAN])
@pytest.mark.parametrize("primitive", WITH_PROBABILITY)
def test_dropout_probability(backend: Backend, primitive: str, p: float) -> None:
    with refused(p):
        WITH_PROBABILITY[primitive](backend, p)


@pytest.mark.parametrize("wrong_id", [-1, 3, 10**6])
@pytest.mark.parametrize("primitive", WITH_IDS)
def test_id_out_of_range(backend: Backend, primitive: str, wrong_id: int) -> None:
    with refused(wrong_id):
        WITH_IDS[primitive](backend, backend.from_numpy(np.array([2, wrong_id])))


@pytest.mark.parametrize("primitive", WITH_ACTIVATION)
def test_unknown_activation(backend: Backend, primitive: str) -> None:
    with refused("'elu'", "tanh", "relu"):
        WITH_ACTIVATION[primitive](backend, "elu")


@pytest.mark.parametrize("primitive", WITH_RESET)
def test_unknown_reset(backend: Backend, primitive: str) -> None:
    with refused("'never'", "before", "after"):
        WITH_RESET[primitive](backend, "never")


@pytest.mark.parametrize("shapes", [((3, 1), (3,)), ((3,), (3, 1)), ((3, 2), (3, 1))], ids=str)
def test_squared_loss_of_different_shapes(backend: Backend, shapes: Any) -> None:
    with refused(*shapes):
        backend.squared_loss(*(backend.zeros(shape) for shape in shapes))


@pytest.mark.parametrize("max_norm", [0, -1.5, NAN])
def test_clip_norm(backend: Backend, max_norm: float) -> None:
    with refused(max_norm):
        backend.clip_gradients({"w": backend.zeros((2,))}, max_norm)


@pytest.mark.parametrize(
    ("weights", "named"),
    [
        ({"W": np.ones((2, 3))}, "missing ['b']"),
        ({"W": np.ones((2, 3)), "b": np.ones(3), "c": np.ones(3)}, "unknown ['c']"),
        ({"W": np.ones((3, 2)), "b": np.ones(3)}, (3, 2)),
        ({"W": np.ones((2, 3)), "b": np.ones((3, 1))}, (3, 1)),
    ],
    ids=["missing", "unknown", "transposed", "extra axis"],
)
def test_weights_that_do_not_fit(backend: Backend, weights: Any, named: Any) -> None:
    network = backend.network(out=backend.dense_layer(2, 3))
    with refused(named):
        network.load(weights)
    assert all((array == 0).all() for array in network.read().values())


def test_backend_name() -> None:
    with refused("'theano'", "mxnet", "numpy", "torch"):
        get_backend("theano")


def test_dtype(backend: Backend) -> None:
    with refused("'float16'", "float32", "float64"):
        get_backend(backend.name, dtype="float16")


def test_device(backend: Backend) -> None:
    absent = {"tpu", "cuda"} - set(backend.devices())
    assert "tpu" in absent
    for device in absent:
        with refused(repr(device), "cpu"):
            get_backend(backend.name, device=device)
