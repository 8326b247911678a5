"""Train a classifier and tell its accuracy.

Where the original records for the gradient, the network is in training mode here; where it does
not, the network is in evaluation mode and `torch.is_grad_enabled()` is False.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.loss import _Loss

from backends.errors import InputError
from porting.d2lzh.devices import Device, only_device
from porting.d2lzh.optimisation import sgd

Network = Callable[[Tensor], Tensor]
Batches = Iterable[Sequence[Tensor]]
Loss = Callable[[Tensor, Tensor], Tensor]


class Benchmark:
    """Print the seconds that a `with` block takes, after an optional prefix."""

    def __init__(self, prefix: str | None = None) -> None:
        self.prefix = f"{prefix} " if prefix else ""

    def __enter__(self) -> None:
        self.start = time.time()

    def __exit__(self, *args: object) -> None:
        print(f"{self.prefix}time: {time.time() - self.start:.4f} sec")


@contextmanager
def evaluating(net: Any) -> Iterator[None]:
    """No gradients, and evaluation mode if the network has modes; afterwards the mode is back."""
    training = isinstance(net, nn.Module) and net.training
    with torch.no_grad():
        if training:
            net.eval()
        try:
            yield
        finally:
            if training:
                net.train()


def start_training(net: Any) -> None:
    """Switch to training mode if the network has modes."""
    if isinstance(net, nn.Module):
        net.train()


def losses(loss: Loss, y_hat: Tensor, y: Tensor) -> Tensor:
    """One loss per sample, as Gluon's losses give it, from a torch loss or a function.

    A torch loss must have reduction="none". As in Gluon, its axes behind the first are averaged,
    labels of another shape but the same size take the shape of the predictions, and labels of a
    class may be floats. What a function returns is taken as it is.
    Raises InputError if there is a single number for several samples.
    """
    if isinstance(loss, _Loss):
        if loss.reduction != "none":
            raise InputError(
                f"{type(loss).__name__}(reduction={loss.reduction!r}) gives one number for a "
                "batch: give it reduction='none', it is divided by the batch size later"
            )
        if y.numel() == y_hat.numel():
            y = y.reshape(y_hat.shape)
        elif isinstance(loss, (nn.CrossEntropyLoss, nn.NLLLoss)):
            y = y.long()
        values = loss(y_hat, y)
        return values if values.ndim < 2 else values.flatten(1).mean(1)
    values = loss(y_hat, y)
    if values.ndim == 0 and len(y_hat) > 1:
        raise InputError(
            f"the loss gives one number for {len(y_hat)} samples: "
            "let it return one per sample, it is divided by the batch size later"
        )
    return values


def num_correct(y_hat: Tensor, y: Tensor) -> int:
    """How many of the classes with the largest output (axis 1) are the label."""
    return int((y_hat.argmax(dim=1) == y).sum().item())


def evaluate_accuracy(data_iter: Batches, net: Network, device: Device = "cpu") -> float:
    """The part of all labels that the largest output hits. InputError for several devices."""
    place = only_device(device)
    correct, n = 0, 0
    with evaluating(net):
        for X, y in data_iter:
            y = y.to(place)
            correct += num_correct(net(X.to(place)), y)
            n += y.numel()
    return correct / n


def train(
    train_iter: Batches,
    test_iter: Batches,
    net: Network,
    loss: Loss,
    trainer: torch.optim.Optimizer,
    device: Device,
    num_epochs: int,
) -> None:
    """Train, and print loss, accuracies and seconds after every epoch.

    A step follows the gradient of the summed losses divided by the size of the batch.
    Raises InputError for several devices, and for a loss that is not per sample (see `losses`).
    """
    place = only_device(device)
    print("training on", place)
    for epoch in range(num_epochs):
        loss_sum, correct, n, m, start = 0.0, 0, 0, 0, time.time()
        start_training(net)
        for X, y in train_iter:
            X, y = X.to(place), y.to(place)
            y_hat = net(X)
            values = losses(loss, y_hat, y)
            trainer.zero_grad()
            (values.sum() / len(X)).backward()
            trainer.step()
            loss_sum += values.sum().item()
            n += values.numel()
            correct += num_correct(y_hat, y)
            m += y.numel()
        test_acc = evaluate_accuracy(test_iter, net, place)
        _report(epoch, loss_sum / n, correct / m, test_acc, time.time() - start)


def train_ch3(
    net: Network,
    train_iter: Batches,
    test_iter: Batches,
    loss: Loss,
    num_epochs: int,
    batch_size: int,
    params: Sequence[Tensor] | None = None,
    lr: float | None = None,
    trainer: torch.optim.Optimizer | None = None,
) -> None:
    """Train on the CPU by `sgd` on `params` or by a trainer; print loss and accuracies.

    A step follows the gradient of the summed losses divided by `batch_size`, also in a smaller
    last batch. Raises InputError for a loss that is not per sample (see `losses`), and if neither
    a trainer nor params and lr are given.
    """
    if trainer is None and (params is None or lr is None):
        raise InputError("train_ch3 got no trainer: give one, or params and lr")
    for epoch in range(num_epochs):
        loss_sum, correct, n = 0.0, 0, 0
        start_training(net)
        for X, y in train_iter:
            y_hat = net(X)
            total = losses(loss, y_hat, y).sum()
            if trainer is not None:
                trainer.zero_grad()
                (total / batch_size).backward()
                trainer.step()
            elif params is not None and lr is not None:
                for param in params:
                    param.grad = None
                total.backward()
                sgd(params, lr, batch_size)
            loss_sum += total.item()
            correct += num_correct(y_hat, y)
            n += y.numel()
        _report(epoch, loss_sum / n, correct / n, evaluate_accuracy(test_iter, net))


def train_ch5(
    net: Network,
    train_iter: Batches,
    test_iter: Batches,
    batch_size: int,
    trainer: torch.optim.Optimizer,
    device: torch.device | str,
    num_epochs: int,
) -> None:
    """Train by cross-entropy, and print loss, accuracies and seconds after every epoch.

    A step follows the gradient of the summed losses divided by `batch_size`, also in a smaller
    last batch.
    """
    print("training on", device)
    for epoch in range(num_epochs):
        loss_sum, correct, n, start = 0.0, 0, 0, time.time()
        start_training(net)
        for X, y in train_iter:
            X, y = X.to(device), y.to(device)
            y_hat = net(X)
            total = F.cross_entropy(y_hat, y.long(), reduction="sum")
            trainer.zero_grad()
            (total / batch_size).backward()
            trainer.step()
            loss_sum += total.item()
            correct += num_correct(y_hat, y)
            n += y.numel()
        test_acc = evaluate_accuracy(test_iter, net, device)
        _report(epoch, loss_sum / n, correct / n, test_acc, time.time() - start)


def _report(
    epoch: int, loss: float, train_acc: float, test_acc: float, seconds: float | None = None
) -> None:
    time_taken = "" if seconds is None else f", time {seconds:.1f} sec"
    print(
        f"epoch {epoch + 1}, loss {loss:.4f}, train acc {train_acc:.3f}, "
        f"test acc {test_acc:.3f}{time_taken}"
    )
