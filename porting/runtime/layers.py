"""Layers that differ from PyTorch's."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm, _LazyNormBase


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
        with torch.no_grad():
            axes = [axis for axis in range(input.dim()) if axis != 1]
            batch_variance, batch_mean = torch.var_mean(input, axes, correction=0)
            mean.lerp_(batch_mean, momentum)
            variance.lerp_(batch_variance, momentum)
        return F.batch_norm(input, None, None, self.weight, self.bias, True, eps=self.eps)


class Embedding(nn.Embedding):
    """An embedding that takes the float indices MXNet's arrays hold."""

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input.long())
