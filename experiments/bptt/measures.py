"""What `bptt` measures: powers of a matrix, and bias, variance, time and memory of gradients."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from statistics import median
from typing import Any

import numpy as np

from backends.interface import Backend, Parameters, Weights
from experiments.bptt.model import WindowedModel, gradients_over_time, longest_window
from experiments.memory import peak_growth
from experiments.training import Batch, Metrics

FULL, ESTIMATE, MEAN = (f"‖∂L/∂a_(T−k)‖, {of}" for of in ("full", "estimate", "mean of draws"))
TIMED = 5
"""Gradients whose median time is shown."""


def spectral_radius(matrix: np.ndarray) -> float:
    """The largest |eigenvalue|."""
    return float(abs(np.linalg.eigvals(matrix.astype("float64"))).max())


def norms_of_powers(backend: Backend, W_hh: np.ndarray, count: int) -> list[float]:
    """‖(W_hhᵀ)ᵏ‖₂ for k = 1 … count: the most by which k steps back can stretch a gradient."""
    W, norms = backend.from_numpy(W_hh.T), []
    power = W
    for _ in range(count):
        norms.append(float(np.linalg.norm(backend.to_numpy(power), 2)))
        power = backend.linear(power, W)
    return norms


def norms_backwards(d_steps: np.ndarray) -> list[float]:
    """The norm of the gradient at step T − k for k = 1 … T − 1."""
    return [float(np.linalg.norm(d)) for d in d_steps[-2::-1]]


def median_seconds(backend: Backend, calls: Sequence[Callable[[], Any]]) -> float:
    """The median time of some calls."""
    taken = []
    for call in calls:
        backend.synchronize()
        started = time.perf_counter()
        call()
        backend.synchronize()
        taken.append(time.perf_counter() - started)
    return median(taken)


def by_recurrent_weights(backend: Backend, grads: Parameters) -> np.ndarray:
    """The gradient by w_h = (W_xh, W_hh) as one vector; W_hq's is the same in every strategy."""
    both = [backend.to_numpy(grads[name]).reshape(-1) for name in ("W_xh", "W_hh")]
    return np.concatenate(both).astype("float64")


def bias_and_variance(estimates: np.ndarray, full: np.ndarray) -> Metrics:
    """Bias of N draws (N, m) of a gradient (m,), and if N > 1 its standard error and variance.

    bias = ‖ḡ − g‖ / ‖g‖ with the mean ḡ of the draws and the full gradient g. variance = s² / ‖g‖²
    with s² = Σ ‖g_i − ḡ‖² / (N − 1), standard error = s / (√N ‖g‖): about what the bias of an
    unbiased estimate comes to. An estimate that is not random has one draw.
    """
    size, N, mean = np.linalg.norm(full), len(estimates), estimates.mean(axis=0)
    metrics: Metrics = {"bias": float(np.linalg.norm(mean - full) / size)}
    if N == 1:
        return metrics
    variance = float(((estimates - mean) ** 2).sum() / (N - 1) / size**2)
    return metrics | {"standard error": (variance / N) ** 0.5, "variance": variance}


def reach(model: WindowedModel, weights: Weights, batches: Sequence[Batch]) -> Metrics:
    """How much gradient of the first sequence's loss arrives at every step, k steps back."""

    def over_time(inputs: np.ndarray, labels: np.ndarray, factors: np.ndarray) -> np.ndarray:
        one = (inputs[:, :1], labels.reshape(inputs.shape)[:, 0], factors)
        return gradients_over_time(model, weights, one)

    inputs, labels, factors = batches[0]
    metrics: Metrics = {FULL: norms_backwards(over_time(inputs, labels, np.ones(len(factors))))}
    estimates = [over_time(*batch) for batch in batches]
    if (factors != 1).any():
        metrics[ESTIMATE] = norms_backwards(estimates[0])
    if len(estimates) > 1:
        metrics[MEAN] = norms_backwards(np.mean(estimates, axis=0))
    return metrics


def costs(model: WindowedModel, batches: Sequence[Batch]) -> Metrics:
    """Seconds (median of several batches), and what the first batch's gradient takes in memory:

    the growth of resident memory, and the elements of hidden states that it keeps at once.
    """
    inputs, _, factors = batches[0]

    def compute(batch: Batch) -> None:
        model.gradient(batch)
        model.backend.synchronize()

    calls = [partial(compute, batches[i % len(batches)]) for i in range(TIMED)]
    stored = longest_window(factors) * inputs.shape[1] * model.params["W_hh"].shape[0]
    metrics: Metrics = {
        "gradient in s": median_seconds(model.backend, calls),
        "stored states": float(stored),
    }
    growth = peak_growth(calls[0])
    return metrics | ({} if growth is None else {"memory in MiB": growth / 2**20})
