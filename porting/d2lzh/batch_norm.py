"""Batch normalisation with MXNet's running variance."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class BatchNorm2d(nn.BatchNorm2d):
    """`torch.nn.BatchNorm2d` whose running variance is the mean square, not n / (n − 1) of it.

    Its momentum is torch's: 0.1 here is 0.9 in Gluon. The statistics move in the forward pass of
    training, in MXNet in the backward pass, which a training step has too.
    """

    def forward(self, input: Tensor) -> Tensor:
        """(n, channels, height, width) → the same shape."""
        mean, variance, momentum = self.running_mean, self.running_var, self.momentum
        if not self.training or mean is None or variance is None or momentum is None:
            return super().forward(input)
        with torch.no_grad():
            batch_variance, batch_mean = torch.var_mean(input, (0, 2, 3), correction=0)
            mean.lerp_(batch_mean, momentum)
            variance.lerp_(batch_variance, momentum)
        return F.batch_norm(input, None, None, self.weight, self.bias, True, eps=self.eps)


class LazyBatchNorm2d(nn.LazyBatchNorm2d):
    """`BatchNorm2d` that takes the number of its channels from the first input."""

    cls_to_become = BatchNorm2d
    forward = BatchNorm2d.forward  # torch looks it up before the class changes
