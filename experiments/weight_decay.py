"""High-dimensional linear regression: fewer samples than inputs, so it overfits (book 3.12).

y = 0.05 + Σ_j 0.01 x_j + ε with x_j ~ N(0, 1) and ε ~ N(0, 0.01²).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from backends.errors import InputError
from backends.initializers import normal, zeros
from backends.interface import Array, Backend
from experiments.checks import check_different, check_not_negative, check_positive, check_style
from experiments.training import Epoch, Metrics, Model, Step

SHOWN = ("train loss", "‖w‖")
PLOTTED = ("train loss", "test loss")
LOG_SCALE = True
X_LABEL = "epoch"


@dataclass(frozen=True)
class Config:
    """The book's values: one training for every λ in weight_decay, all from the same numbers.

    learning_rate is η, sigma the spread of w at the start.
    """

    style: str = "scratch"
    num_epochs: int = 100
    seed: int = 0
    num_train: int = 20
    num_test: int = 100
    num_inputs: int = 200
    batch_size: int = 1
    learning_rate: float = 0.003
    weight_decay: tuple[float, ...] = (0.0, 3.0)
    sigma: float = 1.0

    def __post_init__(self) -> None:
        check_style(self)
        check_positive(self, "num_epochs", "num_train", "num_test", "num_inputs", "batch_size")
        check_positive(self, "learning_rate")
        check_not_negative(self, "seed", "sigma", "weight_decay")
        check_different(self, "weight_decay")
        if self.batch_size > self.num_train:
            raise InputError(
                f"batch_size = {self.batch_size} is more than the data: "
                f"give 1 to num_train = {self.num_train}"
            )


@dataclass(frozen=True)
class Data:
    train: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]
    source: str = "drawn from the seed"
    note: str = ""


def book_config(corpus: str | None = None, style: str | None = None) -> Config:
    if corpus is not None:
        raise InputError(f"corpus {corpus!r} is not allowed: weight_decay draws its own data")
    return Config(style=style or "scratch")


def prepare(config: Config, data_dir: Path | None = None) -> Data:
    """Draw the samples, features (n, p) and labels (n, 1)."""
    stream = np.random.default_rng([config.seed, 1])  # not the run's stream
    n, true_w, true_b = config.num_train + config.num_test, 0.01, 0.05
    features = normal(stream, (n, config.num_inputs), sigma=1.0)
    labels = true_b + features.sum(axis=1, keepdims=True) * true_w
    labels += normal(stream, labels.shape, sigma=0.01)
    cut = config.num_train
    return Data((features[:cut], labels[:cut]), (features[cut:], labels[cut:]))


def parts(config: Config) -> dict[str, float]:
    """One part of the run for every λ."""
    return {f"λ = {decay:g}": decay for decay in config.weight_decay}


def schedule(config: Config, data: Data) -> list[int]:
    """The number of steps of every epoch."""
    batches = -(-config.num_train // config.batch_size)
    return [batches] * config.num_epochs * len(parts(config))


def scratch(backend: Backend, config: Config, part: str) -> Model:
    """Every formula written out; the penalty stands in the objective."""
    decay = parts(config)[part]

    def objective(params, features, labels):
        predictions = backend.linear(features, params["w"], params["b"])
        losses = backend.sum(backend.squared_loss(predictions, labels))
        return losses + decay * backend.l2_penalty(params["w"])

    def update(params, grads):
        return backend.sgd(params, grads, config.learning_rate, config.batch_size)

    return Model(backend, objective, update, part=part)


def concise(backend: Backend, config: Config, part: str) -> Model:
    """The framework's own layer; its optimiser decays the weight and not the bias."""
    network = backend.network(output=backend.dense_layer(config.num_inputs, 1, "w", "b"))
    trainer = backend.trainer(network, config.learning_rate, parts(config)[part])

    def objective(network, features, labels):
        return backend.sum(backend.squared_loss(network(features), labels))

    def update(network, grads):
        trainer.step(grads, config.batch_size)
        return network

    return Model(backend, objective, update, network, part=part)


def build(backend: Backend, config: Config, data: Data, part: str) -> Model:
    return {"scratch": scratch, "concise": concise}[config.style](backend, config, part)


def evaluate(backend: Backend, model: Model, *sets: Any) -> Metrics:
    """Mean loss without the penalty on the training and test set, and the norm of w."""
    weights = model.read()
    w, b = backend.from_numpy(weights["w"]), backend.from_numpy(weights["b"])

    def mean_loss(features: Array, labels: Array) -> float:
        losses = backend.squared_loss(backend.linear(features, w, b), labels)
        return float(backend.to_numpy(backend.mean(losses)))

    train_loss, test_loss = (mean_loss(*arrays) for arrays in sets)
    norm = (2 * float(backend.to_numpy(backend.l2_penalty(w)))) ** 0.5
    return {"train loss": train_loss, "test loss": test_loss, "‖w‖": norm}


def run(backend: Backend, config: Config, data: Data | None = None) -> Iterator[Step | Epoch]:
    """Train; yield every step before it is taken and every epoch after it."""
    data = data or prepare(config)
    sets = [tuple(backend.from_numpy(array) for array in s) for s in (data.train, data.test)]
    step = 0
    for part in parts(config):
        stream = np.random.default_rng(config.seed)
        model = build(backend, config, data, part)
        model.load({"w": normal(stream, (config.num_inputs, 1), config.sigma), "b": zeros((1,))})
        for epoch in range(1, config.num_epochs + 1):
            losses = []
            order = stream.permutation(config.num_train)
            shuffled = [array[order] for array in data.train]
            placed = [backend.from_numpy(array) for array in shuffled]
            for first in range(0, config.num_train, config.batch_size):
                rows = slice(first, first + config.batch_size)
                yield Step(step, model, tuple(array[rows] for array in shuffled))
                losses.append(model.step([array[rows] for array in placed]))
                step += 1
            yield Epoch(epoch, losses, partial(evaluate, backend, model, *sets), part=part)
