"""Sequences of different lengths in one array, as MXNet's Sequence functions treat them."""

from __future__ import annotations

import torch
from torch import Tensor


def _steps(data: Tensor, axis: int) -> Tensor:
    """0, 1, … along the axis of time, (time, 1) or (1, time) for (time, batch) or (batch, time)."""
    steps = torch.arange(data.shape[axis], device=data.device)
    return steps.unsqueeze(1 - axis)


def _inside(data: Tensor, lengths: Tensor, axis: int) -> Tensor:
    inside = _steps(data, axis) < lengths.to(data.device).unsqueeze(axis)
    return inside.reshape(inside.shape + (1,) * (data.dim() - 2))


def sequence_mask(data: Tensor, lengths: Tensor, value: float = 0, axis: int = 0) -> Tensor:
    """`value` after the end of each sequence; time is `axis`, 0 or 1, the batch the other one."""
    return data.masked_fill(~_inside(data, lengths, axis), value)


def sequence_last(data: Tensor, lengths: Tensor, axis: int = 0) -> Tensor:
    """The last step of each sequence, (batch, …)."""
    batch = torch.arange(data.shape[1 - axis], device=data.device)
    last = lengths.long() - 1
    return data[last, batch] if axis == 0 else data[batch, last]


def sequence_reverse(data: Tensor, lengths: Tensor, axis: int = 0) -> Tensor:
    """Each sequence backwards, what follows its end left in place; time is axis 0."""
    if axis:
        raise ValueError(f"time is axis 0 in sequence_reverse, not {axis}; move it there")
    steps = _steps(data, 0)
    ends = lengths.long().unsqueeze(0)
    order = torch.where(steps < ends, ends - 1 - steps, steps)
    return data[order, torch.arange(data.shape[1], device=data.device)]
