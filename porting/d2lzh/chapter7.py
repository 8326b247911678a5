"""Try out optimisers: on a function of two variables and on linear regression (chapter 7)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from matplotlib import pyplot as plt
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from porting.d2lzh.optimisation import linreg, squared_loss
from porting.d2lzh.plotting import set_figsize
from porting.runtime.optimisers import optimizer

Step2D = Callable[[Any, Any, Any, Any], tuple[Any, Any, Any, Any]]


def train_2d(trainer: Step2D) -> list[tuple[Any, Any]]:
    """The 21 points of 20 steps (x1, x2, s1, s2) → (x1, x2, s1, s2) from (−5, −2); s start at 0."""
    x1, x2, s1, s2 = -5, -2, 0, 0
    points = [(x1, x2)]
    for _ in range(20):
        x1, x2, s1, s2 = trainer(x1, x2, s1, s2)
        points.append((x1, x2))
    print(f"epoch {len(points) - 1}, x1 {x1:f}, x2 {x2:f}")
    return points


def train_ch7(
    trainer_fn: Callable[[list[Tensor], Any, Any], object],
    states: Any,
    hyperparams: Any,
    features: Tensor,
    labels: Tensor,
    batch_size: int = 10,
    num_epochs: int = 2,
) -> None:
    """Fit w (d, 1) and b (1,) by trainer_fn([w, b], states, hyperparams); print and plot the loss.

    Each step follows the mean loss of a batch. `trainer_fn` changes the parameters in place by
    their `.grad`, and is called where no gradients are recorded. w starts from N(0, 0.01²).
    """
    w = torch.normal(0.0, 0.01, size=(features.shape[1], 1)).requires_grad_()
    b = torch.zeros(1, requires_grad=True)

    def train_batch(X: Tensor, y: Tensor) -> None:
        w.grad = b.grad = None
        squared_loss(linreg(X, w, b), y).mean().backward()
        with torch.no_grad():
            trainer_fn([w, b], states, hyperparams)

    def evaluate() -> float:
        return squared_loss(linreg(features, w, b), labels).mean().item()

    _train(train_batch, evaluate, features, labels, batch_size, num_epochs)


def train_gluon_ch7(
    trainer_name: str,
    trainer_hyperparams: Mapping[str, float],
    features: Tensor,
    labels: Tensor,
    batch_size: int = 10,
    num_epochs: int = 2,
) -> None:
    """Fit a linear layer by an optimiser that goes by the names of Gluon; print and plot the loss.

    Each step follows the summed losses of a batch divided by `batch_size`, also in a smaller last
    batch. The weight starts from N(0, 0.01²), the bias from 0.
    Raises InputError for an unknown trainer or hyperparameter (see `porting.runtime.optimizer`).
    """
    net = nn.Linear(features.shape[1], 1)
    nn.init.normal_(net.weight, std=0.01)
    nn.init.zeros_(net.bias)
    trainer = optimizer(net.parameters(), trainer_name, trainer_hyperparams)

    def train_batch(X: Tensor, y: Tensor) -> None:
        trainer.zero_grad()
        (squared_loss(net(X), y).sum() / batch_size).backward()
        trainer.step()

    def evaluate() -> float:
        return squared_loss(net(features), labels).mean().item()

    _train(train_batch, evaluate, features, labels, batch_size, num_epochs)


def _train(
    train_batch: Callable[[Tensor, Tensor], None],
    evaluate: Callable[[], float],
    features: Tensor,
    labels: Tensor,
    batch_size: int,
    num_epochs: int,
) -> None:
    data_iter = DataLoader(TensorDataset(features, labels), batch_size, shuffle=True)
    with torch.no_grad():
        evaluated = [evaluate()]
    start = time.time()
    for _ in range(num_epochs):
        start = time.time()
        for i, (X, y) in enumerate(data_iter, start=1):
            train_batch(X, y)
            if i * batch_size % 100 == 0:
                with torch.no_grad():
                    evaluated.append(evaluate())
    print(f"loss: {evaluated[-1]:f}, {time.time() - start:f} sec per epoch")
    set_figsize()
    plt.plot(np.linspace(0, num_epochs, len(evaluated)), evaluated)
    plt.xlabel("epoch")
    plt.ylabel("loss")
