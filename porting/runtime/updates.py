"""Gradients reset and divided where MXNet does it and the text of a port does not show it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


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
