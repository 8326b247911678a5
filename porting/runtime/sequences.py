"""Sequences of different lengths."""

from __future__ import annotations

import torch
from torch import Tensor


def sequence_mask(data: Tensor, lengths: Tensor, value: float = 0.0, axis: int = 0) -> Tensor:
    """Everything after the first `lengths[n]` steps becomes `value`.

    `axis` holds the steps, 0 or 1, and the other one of these two the samples.
    """
    steps = torch.arange(data.shape[axis], device=data.device)
    kept = steps.unsqueeze(1) < lengths.to(data.device).unsqueeze(0)
    kept = kept if axis == 0 else kept.T
    return data.masked_fill(~kept.reshape(kept.shape + (1,) * (data.ndim - 2)), value)


def sequence_last(data: Tensor, lengths: Tensor, axis: int = 0) -> Tensor:
    """The last step of each sequence, (batch, …)."""
    batch = torch.arange(data.shape[1 - axis], device=data.device)
    last = lengths.long() - 1
    return data[last, batch] if axis == 0 else data[batch, last]


def sequence_reverse(data: Tensor, lengths: Tensor, axis: int = 0) -> Tensor:
    """Each sequence backwards, what follows its end left in place; time is axis 0."""
    if axis:
        raise ValueError(f"time is axis 0 in sequence_reverse, not {axis}; move it there")
    steps = torch.arange(data.shape[0], device=data.device).unsqueeze(1)
    ends = lengths.long().unsqueeze(0)
    order = torch.where(steps < ends, ends - 1 - steps, steps)
    return data[order, torch.arange(data.shape[1], device=data.device)]
