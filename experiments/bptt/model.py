"""A recurrent network whose gradient is cut, or weighted, where factors ξ_t say so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from backends.interface import Array, Backend, Parameters, Weights
from experiments.training import Batch, Model


def windows(factors: np.ndarray) -> Iterator[tuple[int, int]]:
    """The stretches between the steps t with ξ_t = 0, as half-open ranges from 0."""
    cuts = [0, *(np.flatnonzero(factors == 0) + 1), len(factors) + 1]
    yield from pairwise(cuts)


def longest_window(factors: np.ndarray) -> int:
    return max(last - first for first, last in windows(factors))


class WindowedModel(Model):
    """An RNN whose gradient is the sum over windows that are differentiated one by one.

    h_t = φ(x_t W_xh + h_(t−1) W_hh), h_0 = 0, o_t = h_t W_hq, L the mean cross-entropy of all o_t.
    Batch: inputs (T, n), labels (T n,), ξ_2 … ξ_T (T − 1,). Where ξ_t = 0 nothing flows back, so a
    window ends there and its computation is forgotten: only one window is kept at any time.
    """

    def __init__(
        self, backend: Backend, phi: Callable[[Array], Array], learning_rate: float, part: str
    ) -> None:
        self.phi = phi

        def update(params, grads):
            return backend.sgd(params, grads, learning_rate)

        super().__init__(backend, self.window_loss, update, has_aux=True, part=part)

    def window_loss(self, params, h, inputs, labels, factors, num_losses):
        """A window's share of L and its last state, cut off."""
        hiddens = []
        for x, factor in zip(inputs, factors, strict=True):
            past = self.backend.linear(self.scale_gradient(h, factor), params["W_hh"])
            h = self.phi(self.backend.take_rows(params["W_xh"], x) + past)
            hiddens.append(h)
        outputs = self.backend.linear(self.backend.concat(hiddens, axis=0), params["W_hq"])
        losses = self.backend.softmax_cross_entropy(outputs, labels)
        return self.backend.sum(losses) / num_losses, *self.backend.detach((h,))

    def scale_gradient(self, h: Array, factor: float) -> Array:
        """The value of h; the gradient is multiplied by ξ."""
        if factor == 1:
            return h
        (constant,) = self.backend.detach((h,))
        return constant + factor * (h - constant)

    def gradient(self, batch: Sequence[Array]) -> tuple[Array, Parameters]:
        """L and its estimated gradient, at the present weights."""
        backend, (inputs, labels, factors) = self.backend, batch
        T, n = inputs.shape
        h = backend.zeros((n, self.params["W_hh"].shape[0]))
        total: Any = 0.0
        grads = {name: backend.zeros(w.shape) for name, w in self.params.items()}
        for first, last in windows(factors):
            (loss, h), own = self._gradient(
                self.params,
                h,
                [backend.from_numpy(x) for x in inputs[first:last]],
                backend.from_numpy(labels[first * n : last * n]),
                # The state before a window is a constant: no factor acts on it.
                [1.0, *map(float, factors[first : last - 1])],
                T * n,
            )
            total = total + loss
            grads = {name: grad + own[name] for name, grad in grads.items()}
        return total, grads

    _differentiate = gradient


def gradients_over_time(model: WindowedModel, weights: Weights, batch: Batch) -> np.ndarray:
    """∂L/∂a_t, (T, n, h), for a_t = x_t W_xh + h_(t−1) W_hh, so that h_t = φ(a_t).

    By automatic differentiation: every step gets a row of W_xh for itself, on which a_t depends
    with Jacobian 1. In the linear RNN this is ∂L/∂h_t.
    """
    inputs, labels, factors = batch
    (T, n), W_xh = inputs.shape, weights["W_xh"]
    model.load({**weights, "W_xh": W_xh[inputs.reshape(-1)]})
    _, grads = model.gradient((np.arange(T * n).reshape(T, n), labels, factors))
    model.load(weights)
    return model.backend.to_numpy(grads["W_xh"]).reshape(T, n, -1)
