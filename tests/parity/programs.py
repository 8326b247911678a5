"""What a case computes when it takes more than one call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backends.interface import Array, Backend, Network, Parameters, Weights

Results = dict[str, np.ndarray]


def differentiated_perceptron(k: Backend, x: Array, y: Array, w: Weights) -> Any:
    """Mean cross-entropy of three layers, and its gradients."""

    def objective(params: Parameters) -> Any:
        hidden = k.relu(k.linear(x, params["W1"], params["b1"]))
        hidden = k.tanh(k.linear(hidden, params["W2"], params["b2"]))
        logits = k.linear(hidden, params["W3"], params["b3"])
        return k.mean(k.softmax_cross_entropy(logits, y)), logits

    (loss, logits), grads = k.value_and_grad(objective, has_aux=True)(k.parameters(w))
    return {"loss": loss, "logits": k.detach((logits,))[0], "gradients": grads}


def clipped(k: Backend, grads: Parameters, max_norm: float | None) -> Any:
    clipped_grads, norm = k.clip_gradients(grads, max_norm)
    return {**clipped_grads, "norm": norm}


def with_gradients(
    k: Backend, network: Network, result: Callable[[Network], Array], factors: Array
) -> Any:
    """The result, and the canonical gradients of Σ result · factors."""

    def objective(network: Network) -> Any:
        return k.sum(result(network) * factors)

    _, grads = k.value_and_grad(objective)(network)
    return {"result": result(network), "gradients": network.read_gradients(grads)}


def trained(
    k: Backend, network: Network, x: Array, y: Array, batch_size: int, **options: float
) -> Results:
    """The parameters after two steps on Σ squared loss."""

    def objective(network: Network) -> Any:
        return k.sum(k.squared_loss(network(x), y))

    trainer, gradient = k.trainer(network, **options), k.value_and_grad(objective)
    for _ in range(2):
        _, grads = gradient(network)
        trainer.step(grads, batch_size)
    return network.read()
