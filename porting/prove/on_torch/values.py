"""What PyTorch's values are in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.parameter import is_lazy


class Values:
    """Values of PyTorch (see `values.Framework`)."""

    def array(self, value: Any) -> np.ndarray | None:
        if not isinstance(value, torch.Tensor) or is_lazy(value):
            return None
        return as_numpy(value)

    def net(self, value: Any) -> list[tuple[str, np.ndarray]] | None:
        if not isinstance(value, nn.Module):
            return None
        named = [*value.named_parameters(), *value.named_buffers()]
        if any(is_lazy(tensor) for _, tensor in named):
            return []
        return [
            (name, as_numpy(tensor))
            for name, tensor in named
            if not name.endswith("num_batches_tracked")
        ]

    def name(self, value: Any) -> str | None:
        if isinstance(value, torch.device):
            return value.type
        if isinstance(value, torch.dtype):
            return str(value).removeprefix("torch.")
        if isinstance(value, type) and issubclass(value, np.generic):
            return np.dtype(value).name
        return None


def as_numpy(tensor: torch.Tensor) -> np.ndarray:
    """A copy of the tensor's numbers."""
    return np.array(tensor.detach().cpu().numpy())
