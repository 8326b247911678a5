"""Cross-correlation, and the residual network."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from porting.runtime.layers import BatchNorm


def corr2d(X: Tensor, K: Tensor) -> Tensor:
    """Y[i, j] = Σ X[i : i + h, j : j + w] · K for K (h, w) and X at least as large."""
    dtype = torch.promote_types(torch.promote_types(X.dtype, K.dtype), torch.float32)
    return F.conv2d(X.to(dtype)[None, None], K.to(dtype)[None, None])[0, 0]


class Residual(nn.Module):
    """relu(bn(conv(relu(bn(conv(X))))) + X), with X through a 1 × 1 convolution if asked.

    X is (n, channels, height, width); the layers take its channels from the first input.
    """

    def __init__(self, num_channels: int, use_1x1conv: bool = False, strides: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.LazyConv2d(num_channels, kernel_size=3, padding=1, stride=strides)
        self.conv2 = nn.LazyConv2d(num_channels, kernel_size=3, padding=1)
        self.conv3 = (
            nn.LazyConv2d(num_channels, kernel_size=1, stride=strides) if use_1x1conv else None
        )
        self.bn1 = BatchNorm()
        self.bn2 = BatchNorm()

    def forward(self, X: Tensor) -> Tensor:
        Y = F.relu(self.bn1(self.conv1(X)))
        Y = self.bn2(self.conv2(Y))
        if self.conv3 is not None:
            X = self.conv3(X)
        return F.relu(Y + X)


def resnet18(num_classes: int) -> nn.Sequential:
    """The book's ResNet-18 for small images: (n, channels, height, width) → (n, num_classes)."""

    def block(num_channels: int, first_block: bool = False) -> nn.Sequential:
        if first_block:
            return nn.Sequential(Residual(num_channels), Residual(num_channels))
        return nn.Sequential(
            Residual(num_channels, use_1x1conv=True, strides=2), Residual(num_channels)
        )

    return nn.Sequential(
        nn.LazyConv2d(64, kernel_size=3, stride=1, padding=1),
        BatchNorm(),
        nn.ReLU(),
        block(64, first_block=True),
        block(128),
        block(256),
        block(512),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.LazyLinear(num_classes),
    )
