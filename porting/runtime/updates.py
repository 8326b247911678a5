"""Gradients reset and divided where MXNet does it and the text of a port does not show it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
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


def step(optimizer: torch.optim.Optimizer, batch_size: float) -> None:
    """`Trainer.step`: update with the gradients divided by `batch_size`; they stay as they were."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    gradients = [parameter.grad for parameter in parameters]
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = None if gradient is None else gradient / batch_size
    optimizer.step()
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient


def stepper(optimizer: torch.optim.Optimizer) -> Callable[[float], None]:
    """`Trainer.step` as a function of the batch size."""
    return partial(step, optimizer)


def zeroing(update: Callable[..., Any]) -> Callable[..., Any]:
    """`update(params, ...)`, then reset the gradients, which MXNet would overwrite."""

    def updated(params: Any, *arguments: Any, **options: Any) -> Any:
        params = list(params)
        result = update(params, *arguments, **options)
        for parameter in params:
            parameter.grad = None
        return result

    return updated


def detached(state: Any) -> Any:
    """An array, or arrays in lists and tuples, cut from their graph; anything else as it is."""
    if isinstance(state, (list, tuple)):
        return type(state)(detached(part) for part in state)
    return state.detach() if isinstance(state, Tensor) else state


@torch.no_grad()
def clip_global_norm(arrays: Iterable[Tensor], max_norm: float) -> float:
    """Scale arrays in place so that their joint norm is at most `max_norm`; return what it was."""
    held = list(arrays)
    norm = float(torch.linalg.vector_norm(torch.stack([array.norm() for array in held])))
    scale = max_norm / (norm + 1e-8)
    if scale < 1:
        for array in held:
            array.mul_(scale)
    return norm
