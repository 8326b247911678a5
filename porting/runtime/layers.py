"""Layers that differ from PyTorch's."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm, _LazyNormBase
from torch.nn.modules.lazy import LazyModuleMixin
from torch.nn.parameter import UninitializedParameter


def batch_norm(
    input: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
    weight: Tensor | None,
    bias: Tensor,
    training: bool,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """`F.batch_norm` whose running variance is the biased one; `momentum` weighs the new one."""
    if not training:
        return F.batch_norm(input, running_mean, running_var, weight, bias, False, 0.0, eps)
    with torch.no_grad():
        axes = [axis for axis in range(input.dim()) if axis != 1]
        variance, mean = torch.var_mean(input, axes, correction=0)
        running_mean.lerp_(mean, momentum)
        running_var.lerp_(variance, momentum)
    return F.batch_norm(input, None, None, weight, bias, True, 0.0, eps)


class BatchNorm(_LazyNormBase, _BatchNorm):
    """Batch normalisation over axis 1 of 2 to 5 axes with MXNet's running variance.

    That is the mean square, not n / (n − 1) of it. `momentum` is torch's: 0.1 here is 0.9 in Gluon.
    The statistics move in the forward pass of training, in MXNet in the backward pass, which a
    training step has too. The number of channels is taken from the first input.
    """

    cls_to_become = None

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() < 2:
            raise ValueError(f"BatchNorm needs at least 2 axes, not shape {tuple(input.shape)}")

    def forward(self, input: Tensor) -> Tensor:
        self._check_input_dim(input)
        mean, variance, momentum = self.running_mean, self.running_var, self.momentum
        if not self.training or mean is None or variance is None or momentum is None:
            return super().forward(input)
        return batch_norm(
            input, mean, variance, self.weight, self.bias, True, momentum=momentum, eps=self.eps
        )

    @property
    def gamma(self) -> Tensor:
        """The scale, by Gluon's name."""
        return self.weight

    @property
    def beta(self) -> Tensor:
        """The shift, by Gluon's name."""
        return self.bias


class Embedding(nn.Embedding):
    """An embedding that takes the float indices MXNet's arrays hold."""

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input.long())


class LayerNorm(LazyModuleMixin, nn.LayerNorm):
    """`nn.LayerNorm` over the last axis, whose size is taken from the first input."""

    cls_to_become = None

    def __init__(self, eps: float = 1e-5):
        super().__init__(0, eps)
        self.weight = UninitializedParameter()  # type: ignore[assignment]
        self.bias = UninitializedParameter()  # type: ignore[assignment]

    def reset_parameters(self) -> None:
        if not self.has_uninitialized_params():
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor) -> None:
        """Called before the first forward pass."""
        if self.has_uninitialized_params():
            self.normalized_shape = (input.shape[-1],)
            for parameter in (self.weight, self.bias):
                cast(UninitializedParameter, parameter).materialize(self.normalized_shape)
            self.reset_parameters()

    @property
    def gamma(self) -> Tensor:
        """The scale, by Gluon's name."""
        return self.weight

    @property
    def beta(self) -> Tensor:
        """The shift, by Gluon's name."""
        return self.bias
