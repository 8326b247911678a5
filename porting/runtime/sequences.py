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
