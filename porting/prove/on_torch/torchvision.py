"""torchvision's image data sets, from the folder of the proof; and a stand-in for torchvision."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from porting.prove.data import colour_images, images

GREY, COLOURED = ("FashionMNIST", "MNIST"), ("CIFAR10", "CIFAR100")


class ToTensor:
    """Pixels (height, width, channels) uint8 as (channels, height, width) in [0, 1]."""

    def __call__(self, picture: Any) -> Tensor:
        pixels = torch.from_numpy(np.array(picture))
        pixels = pixels.unsqueeze(-1) if pixels.dim() == 2 else pixels
        return pixels.permute(2, 0, 1).float() / 255


class Normalize:
    """Each channel less its mean, divided by its deviation."""

    def __init__(self, mean: Sequence[float], std: Sequence[float]):
        self.mean, self.std = (torch.tensor(v).reshape(-1, 1, 1) for v in (mean, std))

    def __call__(self, pixels: Tensor) -> Tensor:
        return (pixels - self.mean) / self.std


class Compose:
    """One transform after the other."""

    def __init__(self, transforms: Sequence[Callable[[Any], Any]]):
        self.transforms = transforms

    def __call__(self, value: Any) -> Any:
        for transform in self.transforms:
            value = transform(value)
        return value


def inject(folder: str) -> None:
    """The data sets of torchvision read the folder; without torchvision some of it stands in."""
    try:
        datasets: Any = importlib.import_module("torchvision.datasets")
    except ModuleNotFoundError:
        library: Any = ModuleType("torchvision")
        datasets = library.datasets = ModuleType("torchvision.datasets")
        library.transforms = transforms = ModuleType("torchvision.transforms")
        for kind in (ToTensor, Normalize, Compose):
            kind.__module__ = "torchvision.transforms"
            setattr(transforms, kind.__name__, kind)
        for module in (library, datasets, transforms):
            sys.modules[module.__name__] = module

    def grey(root: str, train: bool = True, **_: Any) -> Any:
        pixels, labels = images(folder, "train" if train else "t10k")
        return SimpleNamespace(data=torch.tensor(pixels[..., 0]), targets=torch.tensor(labels))

    def coloured(root: str, train: bool = True, **_: Any) -> Any:
        pixels, labels = colour_images(train)
        return SimpleNamespace(data=pixels, targets=labels.tolist())

    for name in GREY:
        setattr(datasets, name, grey)
    for name in COLOURED:
        setattr(datasets, name, coloured)
