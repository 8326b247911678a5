"""What ports of `npx` and of `d2l` need at run time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def sequence_mask(data: Tensor, lengths: Tensor, value: float = 0.0, axis: int = 0) -> Tensor:
    """Everything after the first `lengths[n]` steps becomes `value`.

    `axis` holds the steps, 0 or 1, and the other one of these two the samples.
    """
    steps = torch.arange(data.shape[axis], device=data.device)
    kept = steps.unsqueeze(1) < lengths.to(data.device).unsqueeze(0)
    kept = kept if axis == 0 else kept.T
    return data.masked_fill(~kept.reshape(kept.shape + (1,) * (data.ndim - 2)), value)


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


def zero_grad(head: Tensor) -> None:
    """Reset the gradients of all that `head` was computed from, as MXNet's backward does."""
    pending, seen = [head.grad_fn], set()
    while pending:
        node = pending.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if hasattr(node, "variable"):
            node.variable.grad = None
        pending += [following for following, _ in node.next_functions]


def stepper(optimizer: torch.optim.Optimizer) -> Callable[[float], None]:
    """`Trainer.step` as a function of the batch size, which divides the gradients."""

    def step(batch_size: float) -> None:
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    parameter.grad /= batch_size
        optimizer.step()

    return step


def zeroing(update: Callable[..., Any]) -> Callable[..., Any]:
    """`update(params, ...)`, then reset the gradients, which MXNet would overwrite."""

    def updated(params: Any, *arguments: Any, **options: Any) -> Any:
        params = list(params)
        result = update(params, *arguments, **options)
        for parameter in params:
            parameter.grad = None
        return result

    return updated
