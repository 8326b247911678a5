"""Backpropagation through time by hand: the chapter's formulas (6) to (9), in float64.

Source: "Backpropagation Through Time" (book, 2nd edition, 8.7.2). Its linear RNN without biases is

    h_t = W_hx x_t + W_hh h_(t−1),  o_t = W_qh h_t,  L = (1/T) Σ_t l(o_t, y_t),  h_0 = 0

on column vectors. Here, as everywhere in this project, samples are rows, so that every matrix is
the transpose of the chapter's: W_xh (d, h) = W_hxᵀ, W_hh (h, h) = W_hhᵀ, W_hq (h, q) = W_qhᵀ.
With n sequences l is their mean cross-entropy. Arrays over time have the time first: inputs are
ids (T, n) that stand for one-hot x_t, labels (T n,), hidden states (T, n, h).
"""

from __future__ import annotations

import numpy as np

from backends.interface import Weights


def hidden_states(weights: Weights, inputs: np.ndarray) -> np.ndarray:
    """h_0 … h_T, (T + 1, n, h)."""
    W_xh, W_hh = weights["W_xh"].astype("float64"), weights["W_hh"].astype("float64")
    states = [np.zeros((inputs.shape[1], len(W_hh)))]
    for x in inputs:
        states.append(W_xh[x] + states[-1] @ W_hh)
    return np.stack(states)


def output_gradients(weights: Weights, states: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """∂L/∂o_t = (1/T) ∂l/∂o_t, with ∂l/∂o = softmax(o) − y, (T, n, q)  (6)."""
    outputs = states[1:] @ weights["W_hq"].astype("float64")
    powers = np.exp(outputs - outputs.max(axis=-1, keepdims=True))
    softmax = powers / powers.sum(axis=-1, keepdims=True)
    num_steps, n, q = outputs.shape
    return (softmax - np.eye(q)[labels.reshape(num_steps, n)]) / (num_steps * n)


def hidden_gradients(weights: Weights, d_outputs: np.ndarray) -> np.ndarray:
    """∂L/∂h_t, (T, n, h), backwards in time: ∂L/∂h_T = ∂L/∂o_T W_hqᵀ  (7) and

    ∂L/∂h_t = ∂L/∂h_(t+1) W_hhᵀ + ∂L/∂o_t W_hqᵀ  (8).
    """
    W_hh, W_hq = weights["W_hh"].astype("float64"), weights["W_hq"].astype("float64")
    found = [d_outputs[-1] @ W_hq.T]
    for d_output in d_outputs[-2::-1]:
        found.append(found[-1] @ W_hh.T + d_output @ W_hq.T)
    return np.stack(found[::-1])


def hidden_gradients_by_powers(weights: Weights, d_outputs: np.ndarray) -> np.ndarray:
    """∂L/∂h_t = Σ_(i=t…T) ∂L/∂o_(T+t−i) W_hqᵀ (W_hhᵀ)^(T−i)  (9), the recursion (8) unrolled.

    The powers of W_hh are what makes gradients vanish or explode.
    """
    W_hh, W_hq = weights["W_hh"].astype("float64"), weights["W_hq"].astype("float64")
    T = len(d_outputs)
    powers = [np.eye(len(W_hh))]
    for _ in range(1, T):
        powers.append(powers[-1] @ W_hh.T)
    return np.stack(
        [
            sum(d_outputs[T + t - i - 1] @ W_hq.T @ powers[T - i] for i in range(t, T + 1))
            for t in range(1, T + 1)
        ]
    )


def parameter_gradients(
    weights: Weights, inputs: np.ndarray, labels: np.ndarray, closed_form: bool = False
) -> dict[str, np.ndarray]:
    """∂L/∂W_hq = Σ_t h_tᵀ ∂L/∂o_t, ∂L/∂W_xh = Σ_t x_tᵀ ∂L/∂h_t, ∂L/∂W_hh = Σ_t h_(t−1)ᵀ ∂L/∂h_t.

    ∂L/∂h_t comes from (8), or from (9) if closed_form.
    """
    states = hidden_states(weights, inputs)
    d_outputs = output_gradients(weights, states, labels)
    d_hiddens = (hidden_gradients_by_powers if closed_form else hidden_gradients)(
        weights, d_outputs
    )
    one_hot = np.eye(len(weights["W_xh"]))[inputs]
    return {
        "W_xh": np.einsum("tnd,tnh->dh", one_hot, d_hiddens),
        "W_hh": np.einsum("tnh,tnk->hk", states[:-1], d_hiddens),
        "W_hq": np.einsum("tnh,tnq->hq", states[1:], d_outputs),
    }
