"""Vanishing and exploding variances, and the symmetry that random weights break (book 3.15).

H_l = φ(H_{l−1} W_l + b_l) for l = 1 … L with H_0 = X and b_l = 0. The loss L = Σ G ⊙ H_L with a
given G is linear, so that its gradient by H_L is G itself, of variance 1, and no square of a large
number is taken in float32.

Without an activation, n inputs to a layer and n outputs, Var(H_l) = n Var(w) Var(H_{l−1}) and
Var(∂L/∂H_{l−1}) = n Var(w) Var(∂L/∂H_l), in the mean over random weights. Xavier's weights make
n Var(w) = 1 (Glorot and Bengio 2010, https://proceedings.mlr.press/v9/glorot10a.html).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from backends.agreement import agree
from backends.errors import InputError, check_choice
from backends.initializers import constant, normal, zeros
from backends.interface import Array, Backend
from experiments.checks import check_different, check_not_negative, check_positive, check_style
from experiments.initialization.networks import Part, check_range, parts
from experiments.training import Epoch, Metrics, Model, Step

SHOWN = (
    "activation variance, last layer",
    "gradient variance, first layer",
    "different hidden units",
    "loss after training",
)
PLOTTED = ("activation variance", "gradient variance")
LOG_SCALE = True
SHARED_SCALE = True
X_LABEL = "layer"

INITIALIZERS = ("scalar", "normal", "uniform", "xavier", "constant")
ACTIVATIONS = ("identity", "tanh", "relu")


@dataclass(frozen=True)
class Config:
    """One part of the run for every way to begin, those of a deep network first.

    initializers: "scalar", one unit per layer and the same weight everywhere, each of `scalar`;
    "normal", N(0, σ²), each of `sigma`; both without activation, products of L matrices; "uniform",
    U(−scale, scale); "xavier"; "constant", a perceptron of one hidden layer (4 inputs, num_units
    tanh units, 1 output) whose weights all start at `constant`, and another that starts at random.

    activation is φ of "uniform" and "xavier", num_layers L, num_hiddens n, batch_size the number of
    samples. A deep network takes one step of gradient descent, a perceptron num_steps on the
    squared loss. Products of matrices round columns that fill no vector of the processor another
    way: with 5 or 20 units instead of 8, equal units may drift apart by roundings.
    """

    style: str = "scratch"
    seed: int = 0
    initializers: tuple[str, ...] = INITIALIZERS
    activation: str = "identity"
    num_layers: int = 30
    num_hiddens: int = 100
    batch_size: int = 50
    scalar: tuple[float, ...] = (0.2, 5.0)
    sigma: tuple[float, ...] = (1.0, 0.01)
    scale: float = 0.07
    constant: float = 0.5
    num_units: int = 8
    num_steps: int = 100
    learning_rate: float = 0.3

    def __post_init__(self) -> None:
        check_style(self)
        check_choice("activation", self.activation, ACTIVATIONS)
        for name in self.initializers:
            check_choice("initializer", name, INITIALIZERS)
        check_different(self, "initializers", "scalar", "sigma")
        check_positive(self, "num_layers", "num_hiddens", "batch_size", "num_units", "num_steps")
        check_positive(self, "learning_rate", "scale", "sigma")
        check_not_negative(self, "seed")
        if self.batch_size < 2:
            raise InputError(f"batch_size = {self.batch_size} is not allowed: give 2 or more")
        for weight in self.scalar:
            if weight == 0 or not math.isfinite(weight):
                raise InputError(f"scalar = {weight:g} is not allowed: give finite numbers, not 0")
        if not math.isfinite(self.constant):
            raise InputError(f"constant = {self.constant} is not allowed: give a finite number")
        for name, part in parts(self).items():
            check_range(self, name, part)


@dataclass(frozen=True)
class Data:
    """The batch of every part: inputs X with G or labels, each (samples, units)."""

    batches: dict[str, tuple[np.ndarray, np.ndarray]]
    source: str = "drawn from the seed"
    note: str = ""


def book_config(corpus: str | None = None, style: str | None = None) -> Config:
    if corpus is not None:
        raise InputError(f"corpus {corpus!r} is not allowed: initialization draws its own data")
    return Config(style=style or "scratch")


def prepare(config: Config, data_dir: Path | None = None) -> Data:
    """Draw X, of mean 0 and variance 1, and G ~ N(0, 1); a perceptron learns the sum of inputs."""
    batches = {}
    for name, part in parts(config).items():
        stream = np.random.default_rng([config.seed, 1])  # not the run's: the same X for all
        inputs = normal(stream, (config.batch_size, part.widths[0]), sigma=1.0)
        inputs = (inputs - inputs.mean()) / inputs.std()
        directions = normal(stream, (config.batch_size, part.widths[-1]), sigma=1.0)
        labels = inputs[:, :1] * inputs[:, 1:2]
        batches[name] = (inputs, labels if part.labelled else directions)
    return Data(batches)


def schedule(config: Config, data: Data) -> list[int]:
    """The number of steps of every epoch: one for each part."""
    return [config.num_steps if part.labelled else 1 for part in parts(config).values()]


def notes(config: Config) -> tuple[str, ...]:
    """The theory, and what ReLU means for the verdict."""
    deep = {name: part for name, part in parts(config).items() if not part.labelled}
    factors = ", ".join(f"{part.factor():.3g} ({name})" for name, part in deep.items())
    texts = [f"a layer multiplies a gradient's variance, in theory, by {factors}"] if deep else []
    if any("relu" in part.activations for part in deep.values()):
        texts.append("a number that rounding moves across 0 makes ReLU's gradient jump")
    return tuple(texts)


Layer = Callable[[Any, int, Array], Array]


def scratch(backend: Backend, config: Config, part: Part) -> tuple[Layer, Callable[..., Any], None]:
    """Every formula written out."""

    def layer(params, number, inputs):
        return backend.linear(inputs, params[f"W_{number}"], params[f"b_{number}"])

    def update(params, grads):
        return backend.sgd(params, grads, config.learning_rate)

    return layer, update, None


def concise(backend: Backend, config: Config, part: Part) -> tuple[Layer, Callable[..., Any], Any]:
    """The framework's own dense layers and optimiser."""
    network = backend.network(
        **{
            f"dense_{number}": backend.dense_layer(*shape, f"W_{number}", f"b_{number}")
            for number, shape in part.shapes().items()
        }
    )
    trainer = backend.trainer(network, config.learning_rate)

    def layer(network, number, inputs):
        return network[f"dense_{number}"](inputs)

    def update(network, grads):
        trainer.step(grads, batch_size=1)
        return network

    return layer, update, network


BUILDERS = {"scratch": scratch, "concise": concise}
Forward = Callable[..., list[Array]]


def make(backend: Backend, config: Config, name: str) -> tuple[Model, Forward]:
    """The model of a part and its forward pass (params, X, offsets) → [H_1, …, H_L]."""
    part = parts(config)[name]
    layer, update, network = BUILDERS[config.style](backend, config, part)
    functions = {"identity": lambda x: x, "tanh": backend.tanh, "relu": backend.relu}

    def forward(params, inputs, offsets=None):
        hiddens = []
        for number, activation in enumerate(part.activations, start=1):
            inputs = functions[activation](layer(params, number, inputs))
            if offsets:
                inputs = inputs + offsets[f"E_{number}"]
            hiddens.append(inputs)
        return hiddens

    def linear_loss(params, inputs, directions):
        return backend.sum(directions * forward(params, inputs)[-1])

    def squared_loss(params, inputs, labels):
        return backend.mean(backend.squared_loss(forward(params, inputs)[-1], labels))

    objective = squared_loss if part.labelled else linear_loss
    return Model(backend, objective, update, network, part=name), forward


def build(backend: Backend, config: Config, data: Data, part: str) -> Model:
    return make(backend, config, part)[0]


def initial_weights(stream: np.random.Generator, part: Part) -> dict[str, np.ndarray]:
    """W_1, b_1, …, the biases zero."""
    weights = {}
    for number, shape in part.shapes().items():
        weights[f"W_{number}"] = part.initialize(stream, shape)
        weights[f"b_{number}"] = zeros(shape[1:])
    return weights


def variances(
    model: Model, forward: Forward, inputs: np.ndarray, directions: np.ndarray
) -> tuple[list[float], list[float]]:
    """The variance of all elements of H_l, and of ∂L/∂H_l, for l = 1 … L.

    An offset E_l = 0 is added to each H_l: the gradient by E_l is the gradient by H_l. Variances
    are taken in float64, mean((x − mean x)²).
    """
    backend = model.backend

    def objective(offsets, inputs, directions):
        hiddens = forward(model.params, inputs, offsets)
        return backend.sum(directions * hiddens[-1]), hiddens

    batch = backend.from_numpy(inputs), backend.from_numpy(directions)
    shapes = [array.shape for array in forward(model.params, batch[0])]
    offsets = backend.parameters({f"E_{n}": zeros(shape) for n, shape in enumerate(shapes, 1)})
    (_, hiddens), grads = backend.value_and_grad(objective, has_aux=True)(offsets, *batch)

    def variance(array: Array) -> float:
        return float(backend.to_numpy(array).var(dtype="float64"))

    return [variance(h) for h in hiddens], [variance(grads[name]) for name in offsets]


def evaluate_deep(
    backend: Backend,
    config: Config,
    name: str,
    weights: dict[str, np.ndarray],
    batch: tuple[np.ndarray, np.ndarray],
) -> Metrics:
    """Variances in a network that has not been trained, layer by layer."""
    model, forward = make(backend, config, name)
    model.load(weights)
    activations, gradients = variances(model, forward, *batch)
    metrics: Metrics = {
        "activation variance": activations,
        "gradient variance": gradients,
        "activation variance, last layer": activations[-1],
        "gradient variance, first layer": gradients[0],
    }
    if parts(config)[name].widths[0] == 1:
        one = backend.from_numpy(constant((1, 1), 1.0))
        product = backend.to_numpy(forward(model.params, one)[-1])
        metrics["product of the weights"] = float(product.item())
    return metrics


def evaluate_perceptron(backend: Backend, weights: dict[str, np.ndarray], loss: Array) -> Metrics:
    """How far the hidden units differ in weights, bias and outgoing weight, and the last loss.

    Units that differ by no more than rounding count as one; NaN where weights left float32.
    """
    units = np.concatenate([weights["W_1"].T, weights["b_1"][:, None], weights["W_2"]], axis=1)
    different: list[np.ndarray] = []
    for unit in units:
        if not any(agree(unit, other) for other in different):
            different.append(unit)
    return {
        "different hidden units": float(len(different)) if np.isfinite(units).all() else math.nan,
        "largest difference between hidden units": float(np.ptp(units, axis=0).max()),
        "loss after training": float(backend.to_numpy(loss)),
    }


def run(backend: Backend, config: Config, data: Data | None = None) -> Iterator[Step | Epoch]:
    """One epoch for each part: a single step of a deep network, all steps of a perceptron."""
    data = data or prepare(config)
    stream, step = np.random.default_rng(config.seed), 0
    for (name, part), num_steps in zip(parts(config).items(), schedule(config, data), strict=True):
        batch, losses = data.batches[name], []
        start = initial_weights(stream, part)
        model = build(backend, config, data, name)
        model.load(start)
        for _ in range(num_steps):
            yield Step(step, model, batch)
            losses.append(model.step(batch))
            step += 1
        evaluate = (
            partial(evaluate_perceptron, backend, model.read(), losses[-1])
            if part.labelled
            else partial(evaluate_deep, backend, config, name, start, batch)
        )
        yield Epoch(1, losses, evaluate, part=name)
