"""Gluon's losses: one number per sample."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class _PerSample(nn.Module):
    """A loss per sample, the label reshaped to the prediction."""

    def forward(
        self, prediction: Tensor, label: Tensor, sample_weight: Tensor | float = 1.0
    ) -> Tensor:
        label = label.reshape(prediction.shape).to(prediction.dtype)
        losses = self.elementwise(prediction, label) * sample_weight
        return losses.reshape(losses.shape[0], -1).mean(1)

    def elementwise(self, prediction: Tensor, label: Tensor) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} has no elementwise")


class L2Loss(_PerSample):
    """(prediction − label)² / 2, averaged over all axes but the first."""

    def elementwise(self, prediction: Tensor, label: Tensor) -> Tensor:
        return F.mse_loss(prediction, label, reduction="none") / 2


class L1Loss(_PerSample):
    """|prediction − label|, averaged over all axes but the first."""

    def elementwise(self, prediction: Tensor, label: Tensor) -> Tensor:
        return F.l1_loss(prediction, label, reduction="none")


class HuberLoss(_PerSample):
    """d² / (2ρ) below ρ, |d| − ρ/2 above, averaged over all axes but the first."""

    def __init__(self, rho: float = 1.0):
        super().__init__()
        self.rho = rho

    def elementwise(self, prediction: Tensor, label: Tensor) -> Tensor:
        return F.smooth_l1_loss(prediction, label, reduction="none", beta=self.rho)


class SigmoidBinaryCrossEntropyLoss(_PerSample):
    """Binary cross-entropy of logits, or of probabilities with `from_sigmoid`."""

    def __init__(self, from_sigmoid: bool = False):
        super().__init__()
        self.function = (
            F.binary_cross_entropy if from_sigmoid else F.binary_cross_entropy_with_logits
        )

    def elementwise(self, prediction: Tensor, label: Tensor) -> Tensor:
        return self.function(prediction, label, reduction="none")


class SoftmaxCrossEntropyLoss(nn.Module):
    """Per sample: the mean over all axes but the first and the class axis, which is the last."""

    def forward(
        self, prediction: Tensor, label: Tensor, sample_weight: Tensor | None = None
    ) -> Tensor:
        label = label.long().reshape(prediction.shape[:-1])
        losses = F.cross_entropy(prediction.movedim(-1, 1), label, reduction="none")
        if sample_weight is not None:
            losses = losses * sample_weight.reshape(
                sample_weight.shape + (1,) * (losses.dim() + 1 - sample_weight.dim())
            ).expand(*losses.shape, 1).squeeze(-1)
        return losses.reshape(losses.shape[0], -1).mean(1)


class HingeLoss(_PerSample):
    """max(0, margin − prediction · label), averaged over all axes but the first."""

    def __init__(self, margin: float = 1.0):
        super().__init__()
        self.margin = margin

    def elementwise(self, prediction: Tensor, label: Tensor) -> Tensor:
        return torch.relu(self.margin - prediction * label)


class SquaredHingeLoss(HingeLoss):
    """max(0, margin − prediction · label)², averaged over all axes but the first."""

    def elementwise(self, prediction: Tensor, label: Tensor) -> Tensor:
        return super().elementwise(prediction, label) ** 2


class LogisticLoss(_PerSample):
    """log(1 + exp(−prediction · label)) for labels −1 and 1."""

    def elementwise(self, prediction: Tensor, label: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(prediction, (label + 1) / 2, reduction="none")


class KLDivLoss(_PerSample):
    """Σ label · (log label − prediction), of log-probabilities, over all axes but the first."""

    def forward(
        self, prediction: Tensor, label: Tensor, sample_weight: Tensor | float = 1.0
    ) -> Tensor:
        return (self.elementwise(prediction, label) * sample_weight).flatten(1).sum(1)

    def elementwise(self, prediction: Tensor, label: Tensor) -> Tensor:
        return label * (torch.log(label + 1e-12) - prediction)


class Loss(nn.Module):
    """Base of losses written as in Gluon, which hands it a weight and the axis of the batch."""

    def __init__(self, weight: float | None = None, batch_axis: int = 0, **_: Any):
        super().__init__()
        self._weight, self._batch_axis = weight, batch_axis
