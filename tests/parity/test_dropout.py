"""Random dropout: how much it drops, what it does to the rest, and when."""

from __future__ import annotations

from math import log, sqrt
from typing import Any

import numpy as np
import pytest

from backends.interface import Backend, Network
from backends.rounding import BoundedBackend
from tests.parity.check import equal, within
from tests.statistics import FALSE_ALARM

ROWS, COLUMNS = 1000, 100


def assert_dropped(values: np.ndarray, p: float) -> None:
    """Ones after dropout."""
    kept = values[values != 0]
    # Hoeffding: P(|kept / n − (1 − p)| ≥ t) ≤ 2 e^(−2 n t²) for a binomial count.
    bound = sqrt(log(2 / FALSE_ALARM) / (2 * values.size))
    assert abs(kept.size / values.size - (1 - p)) <= bound
    k = BoundedBackend()
    ones = k.from_numpy(np.ones(kept.size))
    assert within(kept, k.to_numpy(k.dropout(ones, p, ones)))
    assert p != 0.5 or (kept == 2).all()


def ones_then_dropout(k: Backend, p: float) -> tuple[Network, Any]:
    """A network that drops from ones, and its inputs."""
    network = k.network(dense=k.dense_layer(1, COLUMNS), drop=k.dropout_layer(p))
    network.load({"W": np.zeros((1, COLUMNS)), "b": np.ones(COLUMNS)})
    return network, k.zeros((ROWS, 1))


def in_training(k: Backend, network: Network, x: Any) -> np.ndarray:
    def objective(network: Network) -> Any:
        outputs = network(x)
        return k.sum(outputs), outputs

    (_, outputs), _ = k.value_and_grad(objective, has_aux=True)(network)
    return k.to_numpy(outputs)


@pytest.mark.parametrize("p", [0.2, 0.5, 0.9])
def test_random_dropout(backend: Backend, p: float) -> None:
    backend.seed(1)
    x = backend.from_numpy(np.ones((ROWS, COLUMNS)))
    assert_dropped(backend.to_numpy(backend.random_dropout(x, p)), p)


@pytest.mark.parametrize("p", [0.2, 0.5, 0.9])
def test_gradient_passes_where_elements_were_kept(backend: Backend, p: float) -> None:
    def objective(params: Any) -> Any:
        dropped = backend.random_dropout(params["x"], p)
        return backend.sum(dropped), dropped

    params = backend.parameters({"x": np.ones((ROWS, COLUMNS))})
    (_, dropped), grads = backend.value_and_grad(objective, has_aux=True)(params)
    grad = backend.to_numpy(grads["x"])
    assert_dropped(grad, p)
    assert equal(grad, backend.to_numpy(dropped))


def test_masks_differ_from_call_to_call(backend: Backend) -> None:
    x = backend.from_numpy(np.ones((ROWS, COLUMNS)))
    first, second = (backend.to_numpy(backend.random_dropout(x, 0.5)) for _ in range(2))
    # Both masks keep an element with probability ¼ if they are independent.
    both = ((first != 0) & (second != 0)).mean()
    assert abs(both - 0.25) <= sqrt(log(2 / FALSE_ALARM) / (2 * x.shape[0] * x.shape[1]))


def test_neighbours_are_dropped_independently(backend: Backend) -> None:
    backend.seed(1)
    kept = backend.to_numpy(backend.random_dropout(backend.zeros((ROWS, COLUMNS)) + 1, 0.5)) != 0
    for first, second in ((kept[::2], kept[1::2]), (kept[:, ::2], kept[:, 1::2])):
        bound = sqrt(log(2 / FALSE_ALARM) / (2 * first.size))
        assert abs((first & second).mean() - 0.25) <= bound


def test_seed(backend: Backend) -> None:
    x = backend.from_numpy(np.ones((ROWS, COLUMNS)))

    def dropped(seed: int) -> np.ndarray:
        backend.seed(seed)
        return backend.to_numpy(backend.random_dropout(x, 0.5))

    assert (dropped(1) == dropped(1)).all()
    assert (dropped(1) != dropped(2)).any()
    assert (dropped(2) != dropped(3)).any()


@pytest.mark.parametrize("p", [0.2, 0.5, 0.9])
def test_layer_drops_in_training(backend: Backend, p: float) -> None:
    backend.seed(1)
    assert_dropped(in_training(backend, *ones_then_dropout(backend, p)), p)


def test_layer_drops_in_training_only(backend: Backend) -> None:
    network, x = ones_then_dropout(backend, 0.5)
    before = backend.to_numpy(network(x))
    during = in_training(backend, network, x)
    after = backend.to_numpy(network(x))
    assert (before == 1).all()
    assert (during == 0).any()
    assert (after == 1).all()


def test_layer_does_not_drop_while_another_model_trains(backend: Backend) -> None:
    network, x = ones_then_dropout(backend, 0.5)

    def objective(params: Any) -> Any:
        outputs = network(x) * params["w"]
        return backend.sum(outputs), outputs

    params = backend.parameters({"w": np.ones(COLUMNS)})
    (_, outputs), _ = backend.value_and_grad(objective, has_aux=True)(params)
    assert (backend.to_numpy(outputs) == 1).all()


@pytest.mark.parametrize(("p", "value"), [(0, 1), (1, 0)])
def test_layer_that_drops_nothing_or_everything(backend: Backend, p: int, value: int) -> None:
    network, x = ones_then_dropout(backend, p)
    assert (in_training(backend, network, x) == value).all()
    assert (backend.to_numpy(network(x)) == 1).all()
