"""Fashion-MNIST in batches."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from experiments.data.images import FASHION_MNIST, Labelled, load_images
from porting.d2lzh.resize import resize as resized

CLASSES = [
    *("t-shirt", "trouser", "pullover", "dress", "coat"),
    *("sandal", "shirt", "sneaker", "bag", "ankle boot"),
]
ROOT = "~/.mxnet/datasets/fashion-mnist"
NUM_PIXELS = 28


def get_fashion_mnist_labels(labels: Sequence[float] | Tensor | np.ndarray) -> list[str]:
    """The names of classes 0 to 9."""
    return [CLASSES[int(i)] for i in labels]


class FashionMNIST(Dataset):
    """Images (1, 28, 28), or (1, size, size), float32 in [0, 1], each with its class.

    It answers whole batches at once, so that an image is converted when it is needed.
    """

    def __init__(self, data: Labelled, size: int | tuple[int, int] | None = None) -> None:
        self.pixels = torch.tensor(data.pixels).reshape(-1, 1, NUM_PIXELS, NUM_PIXELS)
        self.labels = torch.tensor(data.labels)
        self.size = (size, size) if isinstance(size, int) else size

    def __len__(self) -> int:
        return len(self.labels)

    def __getitems__(self, indices: list[int]) -> tuple[Tensor, Tensor]:
        pixels = self.pixels[indices]
        if self.size is not None:
            width, height = self.size
            pixels = resized(pixels, height, width)
        return pixels.float() / 255, self.labels[indices]

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        images, labels = self.__getitems__([index])
        return images[0], labels[0]


def _as_it_is(batch: Any) -> Any:
    return batch


def load_data_fashion_mnist(
    batch_size: int, resize: int | tuple[int, int] | None = None, root: str = ROOT
) -> tuple[DataLoader, DataLoader]:
    """Batches (n, 1, 28, 28) and labels (n,) for training, shuffled, and for testing, in order.

    The four files are taken from `root`, a folder of LOCKSTEP_DATA, the cache or the download.
    `resize` is a side, or (width, height), in pixels. InputError if they cannot be had.
    """
    folder = Path(root).expanduser()
    present = any((folder / Path(file.name).name).exists() for file in FASHION_MNIST)
    images = load_images("fashion_mnist", folder if present else None)
    train, test = (FashionMNIST(part, resize) for part in (images.train, images.test))
    return (
        DataLoader(train, batch_size, shuffle=True, collate_fn=_as_it_is),
        DataLoader(test, batch_size, collate_fn=_as_it_is),
    )
