"""Backpropagation through time: its formulas, its powers of W_hh, and two ways to cut it off.

Source: "Backpropagation Through Time" (book, 2nd edition, 8.7). An RNN without biases reads the
characters of a text, x_t one-hot, and predicts each next one:

    h_t = φ(x_t W_xh + h_(t−1) W_hh),  o_t = h_t W_hq,  L = (1/T) Σ_t l(o_t, y_t)

with l the mean cross-entropy of n sequences. Parts of the run:

"spectral radius ρ": φ(x) = x as in the chapter, W_hh random with largest |eigenvalue| ρ. The
gradients against the chapter's formulas (`formulas`), and how fast the powers of W_hh and the
gradients ∂L/∂h_t vanish or explode. ∂L/∂h_t sums what all later losses send back: below radius 1
the distant ones vanish and it levels off, above 1 it explodes.

"full", "truncated after τ", "random": φ = tanh, whose past fades without vanishing, and three
estimates of the gradient by w_h = (W_xh, W_hh), each given by factors ξ_t in

    z_t = ∂f/∂w_h + ξ_t ∂f/∂h_(t−1) z_(t−1)  in place of  ∂h_t/∂w_h,  h_t = f(x_t, h_(t−1), w_h).

Full: ξ_t = 1. Truncated: ξ_t = 0 every τ steps, else 1. Random: ξ_t = 1/π with probability π,
else 0; then E[ξ_t] = 1, and as z_(t−1) holds earlier ξ only, which are independent of ξ_t,
E[z_t] = ∂f/∂w_h + ∂f/∂h_(t−1) E[z_(t−1)] = ∂h_t/∂w_h: the estimate is unbiased. The picture shows
‖∂L/∂a_t‖ with a_t = x_t W_xh + h_(t−1) W_hh: the gradient of the first sequence's loss that reaches
step t.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from backends.agreement import largest_difference
from backends.errors import InputError, check_choice
from backends.initializers import normal
from backends.interface import Backend, Weights
from experiments.bptt.formulas import parameter_gradients
from experiments.bptt.measures import (
    ESTIMATE,
    FULL,
    MEAN,
    bias_and_variance,
    by_recurrent_weights,
    costs,
    norms_backwards,
    norms_of_powers,
    reach,
    spectral_radius,
)
from experiments.bptt.model import WindowedModel, gradients_over_time
from experiments.checks import check_different, check_not_negative, check_positive
from experiments.data.corpora import Corpus, load_corpus
from experiments.data.sampling import check_length, consecutive_batches
from experiments.memory import can_measure
from experiments.training import Batch, Epoch, Metrics, Step

STYLES = ("scratch",)
FORMULA_8, FORMULA_9 = "formula (8) against gradient", "formula (9) against gradient"
NORM_OF_POWER, POWER_OF_RADIUS = "‖(W_hhᵀ)ᵏ‖₂", "|λ|ᵏ, largest eigenvalue"
HIDDEN_GRADIENT = "‖∂L/∂h_(T−k)‖"
SHOWN = (
    FORMULA_8,
    FORMULA_9,
    "bias",
    "standard error",
    "variance",
    "gradient in s",
    "memory in MiB",
    "stored states",
)
PLOTTED = (NORM_OF_POWER, POWER_OF_RADIUS, HIDDEN_GRADIENT, FULL, ESTIMATE, MEAN)
LOG_SCALE = True
X_LABEL = "k, steps back in time"

SMALLEST_PROBABILITY = 1e-38  # π, so that float32 can hold 1/π


@dataclass(frozen=True)
class Config:
    """radii are ρ, taus τ, keep_probability is π, num_draws the number of random gradients.

    num_steps is T, of which the linear RNN reads the first num_powers. sigma is the spread of W_xh
    and W_hq, spectral_radius the largest |eigenvalue| of W_hh under tanh.
    """

    style: str = "scratch"
    corpus: str = "auto"
    seed: int = 0
    max_characters: int = 10_000
    batch_size: int = 16
    num_hiddens: int = 64
    sigma: float = 0.1
    radii: tuple[float, ...] = (0.9, 1.0, 1.1)
    num_powers: int = 50
    spectral_radius: float = 1.0
    num_steps: int = 128
    taus: tuple[int, ...] = (5, 35)
    keep_probability: float = 0.9
    num_draws: int = 20
    learning_rate: float = 1.0

    def __post_init__(self) -> None:
        check_choice("style", self.style, STYLES)
        check_positive(self, "max_characters", "batch_size", "num_hiddens", "sigma")
        check_positive(self, "num_powers", "spectral_radius", "num_steps", "learning_rate")
        check_positive(self, "radii", "taus")
        check_different(self, "radii", "taus", may_be_empty=True)
        check_not_negative(self, "seed")
        if self.num_powers > self.num_steps:
            raise InputError(
                f"num_powers = {self.num_powers} is more than num_steps = {self.num_steps}: "
                "lower it or raise num_steps"
            )
        largest = 1e30 ** (1 / self.num_powers)  # well inside float32
        if max(self.radii, default=0) > largest:
            raise InputError(
                f"radii = {max(self.radii)} is not allowed, its power {self.num_powers} overflows: "
                f"give numbers up to {largest:.3g} or lower num_powers"
            )
        if not SMALLEST_PROBABILITY <= self.keep_probability <= 1:
            raise InputError(
                f"keep_probability = {self.keep_probability} is not allowed: give a number from "
                f"{SMALLEST_PROBABILITY:g} to 1, which never cuts"
            )
        if self.num_draws < 2:
            raise InputError(
                f"num_draws = {self.num_draws} is not allowed: a variance needs 2 draws or more"
            )


def book_config(corpus: str | None = None, style: str | None = None) -> Config:
    return Config(corpus=corpus or "auto", style=style or "scratch")


def notes(config: Config) -> tuple[str, ...]:
    lines = [
        "bias, standard error and variance are of the gradient by (W_xh, W_hh), relative to the "
        "full gradient's norm or its square",
        "time and memory of a gradient are measured in each backend's own process",
    ]
    if not can_measure():
        lines.append("memory is left out: this system does not tell a process its peak")
    return tuple(lines)


def prepare(config: Config, data_dir: Path | None = None) -> Corpus:
    corpus = load_corpus(config.corpus, data_dir, config.max_characters)
    check_length(len(corpus.ids), config.batch_size, config.num_steps, offset=0)
    return corpus


def radius_parts(config: Config) -> dict[str, float]:
    """One part of the run for every largest |eigenvalue|."""
    return {f"spectral radius {radius}": radius for radius in config.radii}


def strategies(config: Config, stream: np.random.Generator) -> dict[str, list[np.ndarray]]:
    """ξ_2 … ξ_T of every gradient that a part computes."""
    T, keep = config.num_steps, config.keep_probability
    steps = np.arange(1, T)
    drawn = stream.random((config.num_draws, T - 1)) < keep
    return {
        "full": [np.ones(T - 1)],
        **{f"truncated after {tau}": [(steps % tau > 0).astype(float)] for tau in config.taus},
        "random": list(drawn / keep),
    }


def schedule(config: Config, corpus: Corpus) -> list[int]:
    """The number of steps of every part, which is an epoch each."""
    parts = strategies(config, np.random.default_rng(0)).values()
    return [1] * len(config.radii) + [len(factors) for factors in parts]


def initial_weights(
    config: Config, num_symbols: int, stream: np.random.Generator
) -> dict[str, np.ndarray]:
    """Random weights; W_hh has spectral radius 1."""
    h, q = config.num_hiddens, num_symbols
    W_hh = normal(stream, (h, h), sigma=1.0)
    return {
        "W_xh": normal(stream, (q, h), config.sigma),
        "W_hh": W_hh / np.float32(spectral_radius(W_hh)),
        "W_hq": normal(stream, (h, q), config.sigma),
    }


def scaled(weights: Weights, radius: float) -> dict[str, np.ndarray]:
    """The same weights with another spectral radius of W_hh."""
    return {**weights, "W_hh": weights["W_hh"] * np.float32(radius)}


def build(backend: Backend, config: Config, corpus: Corpus | None, part: str) -> WindowedModel:
    linear = part in radius_parts(config)
    phi = (lambda x: x) if linear else backend.tanh
    return WindowedModel(backend, phi, config.learning_rate, part)


def linear_metrics(
    model: WindowedModel, weights: Weights, batch: Batch, grads: Mapping[str, np.ndarray]
) -> Metrics:
    """Largest relative differences from the formulas, and profiles over k steps back in time."""
    inputs, labels, _ = batch
    radius, T = spectral_radius(weights["W_hh"]), len(inputs)
    recursion = parameter_gradients(weights, inputs, labels)
    closed_form = parameter_gradients(weights, inputs, labels, closed_form=True)
    return {
        FORMULA_8: largest_difference(grads, recursion)[1],
        FORMULA_9: largest_difference(grads, closed_form)[1],
        NORM_OF_POWER: norms_of_powers(model.backend, weights["W_hh"], T - 1),
        POWER_OF_RADIUS: [radius**k for k in range(1, T)],
        HIDDEN_GRADIENT: norms_backwards(gradients_over_time(model, weights, batch)),
    }


def strategy_metrics(
    model: WindowedModel,
    weights: Weights,
    batches: Sequence[Batch],
    estimates: np.ndarray,
    full: np.ndarray,
) -> Metrics:
    return {
        **bias_and_variance(estimates, full),
        **reach(model, weights, batches),
        **costs(model, batches),
    }


def run(backend: Backend, config: Config, data: Corpus | None = None) -> Iterator[Step | Epoch]:
    """Yield every gradient before it is computed and every part after it; no weight changes."""
    corpus = data or prepare(config)
    stream, step = np.random.default_rng(config.seed), 0
    start = initial_weights(config, len(corpus.symbols), stream)
    T, n, K = config.num_steps, config.batch_size, config.num_powers
    inputs, labels = next(consecutive_batches(stream, corpus.ids, n, T, offset=0))
    batch: Batch = (inputs[:K], labels[: K * n], np.ones(K - 1))
    for part, radius in radius_parts(config).items():
        model, weights = build(backend, config, corpus, part), scaled(start, radius)
        model.load(weights)
        yield Step(step, model, batch)
        loss, grads = model.gradient(batch)
        step += 1
        computed = {name: backend.to_numpy(grad) for name, grad in grads.items()}
        yield Epoch(1, [loss], partial(linear_metrics, model, weights, batch, computed), part=part)

    weights = scaled(start, config.spectral_radius)
    full: np.ndarray | None = None
    for part, draws in strategies(config, stream).items():
        model = build(backend, config, corpus, part)
        model.load(weights)
        batches: list[Batch] = [(inputs, labels, factors) for factors in draws]
        losses, estimates = [], []
        for batch in batches:
            yield Step(step, model, batch)
            loss, grads = model.gradient(batch)
            step += 1
            losses.append(loss)
            estimates.append(by_recurrent_weights(backend, grads))
        full = estimates[0] if full is None else full
        metrics = partial(strategy_metrics, model, weights, batches, np.stack(estimates), full)
        yield Epoch(1, losses, metrics, part=part)
