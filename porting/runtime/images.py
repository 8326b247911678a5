"""Image data sets as Gluon holds them: uint8 (height, width, channels) and a label."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset


class Images(Dataset[Any]):
    """The images of a torchvision data set; `transform(image, label)` is called for each one.

    A slice gives the stacked images and their labels.
    """

    def __init__(self, source: Any, transform: Callable[[Tensor, Tensor], Any] | None = None):
        images = torch.as_tensor(source.data)
        self.images = images.unsqueeze(-1) if images.dim() == 3 else images
        self.labels = torch.as_tensor(source.targets, dtype=torch.int64)
        self.transform = transform

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int | slice) -> Any:
        image, label = self.images[index], self.labels[index]
        return (image, label) if self.transform is None else self.transform(image, label)


class Transformed(Dataset[Any]):
    """A data set whose items go through a function of all their parts."""

    def __init__(self, dataset: Any, function: Callable[..., Any]):
        self.dataset, self.function = dataset, function

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> Any:
        item = self.dataset[index]
        return self.function(*item) if isinstance(item, tuple) else self.function(item)


class TransformFirst(Dataset[Any]):
    """A data set whose first part goes through a function; torchvision's are given a PIL image."""

    def __init__(self, dataset: Any, function: Callable[[Any], Any]):
        self.dataset, self.function = dataset, function

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        first, *others = self.dataset[index]
        return (self.function(self._image(first)), *others)

    def _image(self, first: Any) -> Any:
        theirs = type(self.function).__module__.startswith("torchvision")
        if not (theirs and isinstance(first, Tensor) and first.dtype == torch.uint8):
            return first
        return Image.fromarray(first.squeeze(-1).numpy())
