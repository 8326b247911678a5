"""Clipping and SGD against their formulas, written out on NumPy numbers."""

from __future__ import annotations

import numpy as np
import pytest

from backends.interface import Backend
from backends.rounding import BoundedBackend
from tests.parity.check import equal, within

GRADS = {"W": np.array([[2.0, 0.0], [0.0, 4.0]]), "b": np.array([4.0, 8.0])}  # of norm 10
WEIGHTS = {"W": np.array([[1.0, -2.0], [3.0, 0.5]]), "b": np.array([4.0, -8.0])}


def arrays(k: Backend, given: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: k.from_numpy(array) for name, array in given.items()}


@pytest.mark.parametrize("max_norm", [None, 10, 10.5, 1e9, float("inf")])
def test_clipping_leaves_a_norm_up_to_the_threshold_alone(
    backend: Backend, max_norm: float | None
) -> None:
    clipped, norm = backend.clip_gradients(arrays(backend, GRADS), max_norm)
    assert backend.to_numpy(norm) == 10
    for name, grad in GRADS.items():
        assert equal(backend.to_numpy(clipped[name]), grad)


@pytest.mark.parametrize("max_norm", [9.999, 5, 1e-3])
def test_clipping_scales_a_norm_above_the_threshold(backend: Backend, max_norm: float) -> None:
    clipped, norm = backend.clip_gradients(arrays(backend, GRADS), max_norm)
    assert backend.to_numpy(norm) == 10
    k = BoundedBackend()
    for name, grad in GRADS.items():
        assert within(
            backend.to_numpy(clipped[name]), k.to_numpy(k.from_numpy(grad) * max_norm / 10)
        )


@pytest.mark.parametrize("max_norm", [None, 1.0])
def test_clipping_leaves_gradients_with_nan_alone(backend: Backend, max_norm: float | None) -> None:
    grads = {"W": np.array([[np.nan, 1.0]]), "b": np.array([2.0])}
    clipped, norm = backend.clip_gradients(arrays(backend, grads), max_norm)
    assert np.isnan(backend.to_numpy(norm))
    for name, grad in grads.items():
        assert equal(backend.to_numpy(clipped[name]), grad)


@pytest.mark.parametrize("batch_size", [1, 4])
@pytest.mark.parametrize("decay", [0.0, 2.0])
def test_sgd_is_the_formula_of_the_book(backend: Backend, batch_size: int, decay: float) -> None:
    eta = 0.25
    weights = {**WEIGHTS, "filters": np.arange(8.0).reshape(2, 2, 2), "scalar": np.array(3.0)}
    grads = {**GRADS, "filters": np.ones((2, 2, 2)), "scalar": np.array(2.0)}
    params = backend.sgd(
        backend.parameters(weights), arrays(backend, grads), eta, batch_size, decay
    )
    assert list(params) == list(weights)
    for name, w in weights.items():
        shrunk = w * (1 - eta * decay / batch_size) if w.ndim > 1 else w
        expected = shrunk - eta / batch_size * grads[name]
        assert equal(backend.to_numpy(params[name]), expected), name


@pytest.mark.parametrize("batch_size", [1, 4])
@pytest.mark.parametrize(("decay", "bias_decay"), [(0.0, 0.0), (2.0, 0.0), (0.0, 2.0), (1.0, 2.0)])
def test_trainer_does_not_divide_decay_by_the_batch_size(
    backend: Backend, batch_size: int, decay: float, bias_decay: float
) -> None:
    network = backend.network(out=backend.dense_layer(2, 2))
    network.load(WEIGHTS)
    x, eta = backend.from_numpy(np.array([[1.0, 2.0], [3.0, -4.0]])), 0.25

    trainer = backend.trainer(network, eta, decay, bias_decay)
    _, grads = backend.value_and_grad(lambda network: backend.sum(network(x)))(network)
    gradient = network.read_gradients(grads)
    assert gradient["W"].tolist() == [[4, 4], [-2, -2]]
    trainer.step(grads, batch_size)
    for name, w in WEIGHTS.items():
        rate = decay if w.ndim > 1 else bias_decay
        expected = w - eta * (gradient[name] / batch_size + rate * w)
        assert equal(network.read()[name], expected), name


def test_trainer_takes_the_gradients_it_is_given(backend: Backend) -> None:
    """Clipping may return new arrays, which are not those that the framework keeps."""
    network = backend.network(out=backend.dense_layer(2, 2))
    network.load(WEIGHTS)
    x = backend.from_numpy(np.array([[3.0, 0.0]]))
    _, grads = backend.value_and_grad(lambda network: backend.sum(network(x)))(network)
    doubled = {name: grad * 2 for name, grad in grads.items()}
    gradient = network.read_gradients(doubled)
    backend.trainer(network, 0.5).step(doubled, 1)
    assert gradient["W"].tolist() == [[6, 6], [0, 0]]
    for name, w in WEIGHTS.items():
        assert equal(network.read()[name], w - 0.5 * gradient[name]), name


def test_trainer_decays_a_layer_the_loss_does_not_depend_on(backend: Backend) -> None:
    network = backend.network(
        used=backend.dense_layer(2, 1, "W1", "b1"), unused=backend.dense_layer(1, 1, "W2", "b2")
    )
    weights = {"W1": [[1.0], [1.0]], "b1": [1.0], "W2": [[4.0]], "b2": [4.0]}
    network.load({name: np.array(value) for name, value in weights.items()})
    x, trainer = backend.zeros((1, 2)), backend.trainer(network, 0.25, weight_decay=2.0)
    gradient = backend.value_and_grad(lambda network: backend.sum(network["used"](x)))
    for _ in range(2):
        _, grads = gradient(network)
        trainer.step(grads, 1)
    read = {name: value.tolist() for name, value in network.read().items()}
    assert read == {"W1": [[0.25], [0.25]], "b1": [0.5], "W2": [[1.0]], "b2": [4.0]}
