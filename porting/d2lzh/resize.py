"""Resize images as OpenCV does, which MXNet uses."""

from __future__ import annotations

import torch
from torch import Tensor

SCALE = 2048  # OpenCV's weights are integers: 1 is 2048


def _neighbours(old: int, new: int, clip: bool) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Indices and integer weights of the two pixels between which each new pixel lies."""
    centre = ((torch.arange(new) + 0.5) * (old / new) - 0.5).float()
    left = centre.floor()
    part = centre - left
    if clip:
        part = part.masked_fill((left < 0) | (left >= old - 1), 0.0)
    weight = (part * SCALE).round().long()
    other = ((1 - part) * SCALE).round().long()
    left = left.long()
    return left.clamp(0, old - 1), (left + 1).clamp(0, old - 1), other, weight


def resize(images: Tensor, height: int, width: int) -> Tensor:
    """uint8 images (…, h, w) → (…, height, width), bilinear in OpenCV's fixed point.

    `torch.nn.functional.interpolate` rounds to the nearest level and OpenCV cuts bits off in
    between: the two differ by a level in every sixth pixel.
    Source: modules/imgproc/src/resize.cpp of OpenCV 3, HResizeLinear and VResizeLinear.
    """
    left, right, first, second = _neighbours(images.shape[-1], width, clip=True)
    values = images.long()
    rows = values[..., left] * first + values[..., right] * second
    top, bottom, first, second = _neighbours(images.shape[-2], height, clip=False)
    above = (first[:, None] * (rows[..., top, :] >> 4)) >> 16
    below = (second[:, None] * (rows[..., bottom, :] >> 4)) >> 16
    return ((above + below + 2) >> 2).to(torch.uint8)
