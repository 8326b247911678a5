"""High-dimensional linear regression: fewer samples than inputs, so it overfits (book 3.12).

y = 0.05 + Σ_j 0.01 x_j + ε with x_j ~ N(0, 1) and ε ~ N(0, 0.01²).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from backends.errors import InputError
from backends.initializers import normal, zeros
from backends.interface import Array, Backend
from experiments.checks import check_not_negative, check_positive, check_style
from experiments.training import Epoch, Model, Step

SHOWN = ("train loss", "‖w‖")
PLOTTED = ("train loss", "test loss")
LOG_SCALE = True


@dataclass(frozen=True)
class Config:
    """The book's values. learning_rate is η, weight_decay λ, sigma the spread of w at the start."""

    style: str = "scratch"
    num_epochs: int = 100
    seed: int = 0
    num_train: int = 20
    num_test: int = 100
    num_inputs: int = 200
    batch_size: int = 1
    learning_rate: float = 0.003
    weight_decay: float = 3.0
    sigma: float = 1.0

    def __post_init__(self) -> None:
        check_style(self)
        check_positive(self, "num_epochs", "num_train", "num_test", "num_inputs", "batch_size")
        check_positive(self, "learning_rate")
        check_not_negative(self, "seed", "weight_decay", "sigma")
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


def book_config(corpus: str | None = None) -> Config:
    if corpus is not None:
        raise InputError(f"corpus {corpus!r} is not allowed: weight_decay draws its own data")
    return Config()


def prepare(config: Config, data_dir: Path | None = None) -> Data:
    """Draw the samples, features (n, p) and labels (n, 1)."""
    stream = np.random.default_rng([config.seed, 1])  # not the run's stream
    n, true_w, true_b = config.num_train + config.num_test, 0.01, 0.05
    features = normal(stream, (n, config.num_inputs), sigma=1.0)
    labels = true_b + features.sum(axis=1, keepdims=True) * true_w
    labels += normal(stream, labels.shape, sigma=0.01)
    cut = config.num_train
    return Data((features[:cut], labels[:cut]), (features[cut:], labels[cut:]))


def steps_per_epoch(config: Config, data: Data) -> int:
    return -(-config.num_train // config.batch_size)


def scratch(backend: Backend, config: Config) -> Model:
    """Every formula written out; the penalty stands in the objective."""

    def objective(params, features, labels):
        predictions = backend.linear(features, params["w"], params["b"])
        losses = backend.sum(backend.squared_loss(predictions, labels))
        return losses + config.weight_decay * backend.l2_penalty(params["w"])

    def update(params, grads):
        return backend.sgd(params, grads, config.learning_rate, config.batch_size)

    return Model(backend, objective, update)


def concise(backend: Backend, config: Config) -> Model:
    """The framework's own layer; its optimiser decays the weight and not the bias."""
    network = backend.network(output=backend.dense_layer(config.num_inputs, 1, "w", "b"))
    trainer = backend.trainer(network, config.learning_rate, config.weight_decay)

    def objective(network, features, labels):
        return backend.sum(backend.squared_loss(network(features), labels))

    def update(network, grads):
        trainer.step(grads, config.batch_size)
        return network

    return Model(backend, objective, update, network)


def build(backend: Backend, config: Config, data: Data) -> Model:
    return {"scratch": scratch, "concise": concise}[config.style](backend, config)


def evaluate(backend: Backend, weights: dict[str, np.ndarray], *sets: Any) -> dict[str, float]:
    """Mean loss without the penalty on the training and test set, and the norm of w."""
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
    stream = np.random.default_rng(config.seed)
    model = build(backend, config, data)
    model.load({"w": normal(stream, (config.num_inputs, 1), config.sigma), "b": zeros((1,))})
    step = 0
    for epoch in range(1, config.num_epochs + 1):
        losses = []
        order = stream.permutation(config.num_train)
        for start in range(0, config.num_train, config.batch_size):
            chosen = order[start : start + config.batch_size]
            batch = tuple(array[chosen] for array in data.train)
            yield Step(step, model, batch)
            losses.append(model.step(batch))
            step += 1
        yield Epoch(epoch, losses, lambda: evaluate(backend, model.read(), *sets))
