"""What ports of `npx` and of `d2l` need at run time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


def sequence_mask(
    data: Tensor, sequence_length: Tensor, value: float = 0.0, axis: int = 0
) -> Tensor:
    """Everything after the first `sequence_length[n]` steps becomes `value`.

    `axis` holds the steps, 0 or 1, and the other one of these two the samples.
    """
    steps = torch.arange(data.shape[axis], device=data.device)
    kept = steps.unsqueeze(1) < sequence_length.to(data.device).unsqueeze(0)
    kept = kept if axis == 0 else kept.T
    return data.masked_fill(~kept.reshape(kept.shape + (1,) * (data.ndim - 2)), value)


def zeroing(update: Callable[..., Any]) -> Callable[..., Any]:
    """`update(params, ...)`, then reset the gradients, which MXNet would overwrite."""

    def updated(params: Any, *arguments: Any, **options: Any) -> Any:
        params = list(params)
        result = update(params, *arguments, **options)
        for parameter in params:
            parameter.grad = None
        return result

    return updated
