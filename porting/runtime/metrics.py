"""What `mx.metric` measures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor


class Accuracy:
    """`mx.metric.Accuracy`: the share of labels equal to the predictions, or to their argmax."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.right, self.seen = 0, 0

    def update(self, labels: Any, preds: Any) -> None:
        """Count one batch; `preds` of another shape than `labels` are scores along axis 1."""
        pairs = zip(labels, preds, strict=True) if isinstance(labels, list) else [(labels, preds)]
        for label, prediction in pairs:
            chosen = prediction if prediction.shape == label.shape else prediction.argmax(dim=1)
            self.right += int((chosen.long() == label.long()).sum())
            self.seen += label.numel()

    def get(self) -> tuple[str, float]:
        return "accuracy", self.right / self.seen if self.seen else float("nan")


class _Average:
    """`update(labels, preds)` adds a batch, or lists of batches; `get()` is (name, value)."""

    name = ""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.total, self.seen = 0.0, 0

    def update(self, labels: Tensor | Sequence[Tensor], preds: Tensor | Sequence[Tensor]) -> None:
        label_batches = [labels] if isinstance(labels, Tensor) else labels
        batches = [preds] if isinstance(preds, Tensor) else preds
        for label, prediction in zip(label_batches, batches, strict=True):
            total, seen = self.measure(label.detach(), prediction.detach())
            self.total += float(total)
            self.seen += seen

    def measure(self, label: Tensor, prediction: Tensor) -> tuple[Any, int]:
        """What a batch adds, and how much of it there is."""
        raise NotImplementedError(f"{type(self).__name__} has no measure")

    def get(self) -> tuple[str, float]:
        return self.name, self.total / self.seen if self.seen else math.nan


class MSE(_Average):
    """The mean over batches of the mean squared error."""

    name = "mse"

    def measure(self, label: Tensor, prediction: Tensor) -> tuple[Any, int]:
        return ((label.reshape(prediction.shape) - prediction) ** 2).mean(), 1


class RMSE(_Average):
    """The mean over batches of the root of the mean squared error."""

    name = "rmse"

    def measure(self, label: Tensor, prediction: Tensor) -> tuple[Any, int]:
        return ((label.reshape(prediction.shape) - prediction) ** 2).mean().sqrt(), 1


class MAE(_Average):
    """The mean over batches of the mean absolute error."""

    name = "mae"

    def measure(self, label: Tensor, prediction: Tensor) -> tuple[Any, int]:
        return (label.reshape(prediction.shape) - prediction).abs().mean(), 1


class Loss(_Average):
    """The mean of losses, given as predictions."""

    name = "loss"

    def update(self, labels: Any, preds: Tensor | Sequence[Tensor]) -> None:
        for part in [preds] if isinstance(preds, Tensor) else preds:
            self.total += float(part.detach().sum())
            self.seen += part.numel()


class CrossEntropy(_Average):
    """−log of the probability given to the label."""

    name = "cross-entropy"

    def measure(self, label: Tensor, prediction: Tensor) -> tuple[Any, int]:
        picked = prediction.gather(1, label.long().reshape(-1, 1))
        return -torch.log(picked + 1e-12).sum(), len(picked)


class TopKAccuracy(_Average):
    """The share of labels among the `top_k` largest scores."""

    def __init__(self, top_k: int = 1):
        super().__init__()
        self.top_k, self.name = top_k, f"top_k_accuracy_{top_k}"

    def measure(self, label: Tensor, prediction: Tensor) -> tuple[Any, int]:
        chosen = prediction.topk(self.top_k, dim=1).indices
        return (chosen == label.long().reshape(-1, 1)).sum(), len(label)
