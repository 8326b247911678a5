"""Pascal VOC2012 for semantic segmentation, read from a folder."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.data import Dataset

from backends.errors import InputError
from porting.runtime.data import imread

VOC_CLASSES = [
    *("background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus"),
    *("car", "cat", "chair", "cow", "diningtable", "dog", "horse"),
    *("motorbike", "person", "potted plant", "sheep", "sofa", "train", "tv/monitor"),
]

# The colour of each class in the label images: bit k of the class is a bit of one of red (k = 0),
# green (1) and blue (2), from the highest down.
VOC_COLORMAP = [
    [sum((i >> (channel + 3 * k) & 1) << (7 - k) for k in range(3)) for channel in range(3)]
    for i in range(len(VOC_CLASSES))
]


def read_voc_images(
    root: str = "../data/VOCdevkit/VOC2012", is_train: bool = True
) -> tuple[list[Tensor], list[Tensor]]:
    """Images and label images, each uint8 (height, width, 3), of the training or validation part.

    Pillow decodes a JPEG file, OpenCV in the original: a pixel may differ by some levels.
    """
    names = Path(root, "ImageSets", "Segmentation", "train.txt" if is_train else "val.txt")
    images = names.read_text().split()
    return (
        [imread(f"{root}/JPEGImages/{name}.jpg") for name in images],
        [imread(f"{root}/SegmentationClass/{name}.png") for name in images],
    )


def voc_label_indices(colormap: Tensor, colormap2label: Tensor) -> Tensor:
    """The class of each pixel (height, width) of colours (height, width, 3).

    `colormap2label` (256³,) has the class of (red · 256 + green) · 256 + blue.
    """
    red, green, blue = colormap.long().unbind(dim=2)
    return colormap2label[(red * 256 + green) * 256 + blue]


def voc_rand_crop(feature: Tensor, label: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    """The same (height, width) part of an image and its labels; `random` draws where it lies.

    InputError for an image that is smaller; the original enlarges it, but not its labels.
    """
    h, w = feature.shape[:2]
    if h < height or w < width:
        raise InputError(
            f"the image is {h} × {w} pixels: give a crop of at most that, not {height} × {width}"
        )
    left = random.randint(0, w - width)
    top = random.randint(0, h - height)
    part = slice(top, top + height), slice(left, left + width)
    return feature[part], label[part]


class VOCSegDataset(Dataset):
    """Random crops (3, height, width), normalised by ImageNet's statistics, with their classes.

    Images smaller than `crop_size` = (height, width) are left out.
    """

    def __init__(
        self,
        is_train: bool,
        crop_size: tuple[int, int],
        voc_dir: str,
        colormap2label: Tensor,
    ) -> None:
        self.rgb_mean = torch.tensor([0.485, 0.456, 0.406])
        self.rgb_std = torch.tensor([0.229, 0.224, 0.225])
        self.crop_size = crop_size
        data, labels = read_voc_images(root=voc_dir, is_train=is_train)
        self.data = [self.normalize_image(image) for image in self.filter(data)]
        self.labels = self.filter(labels)
        self.colormap2label = colormap2label
        print(f"read {len(self.data)} examples")

    def normalize_image(self, data: Tensor) -> Tensor:
        """(data / 255 − mean) / deviation of each colour, float32."""
        return (data.float() / 255 - self.rgb_mean) / self.rgb_std

    def filter(self, images: Sequence[Tensor]) -> list[Tensor]:
        """The images that a crop fits into."""
        height, width = self.crop_size
        return [image for image in images if image.shape[0] >= height and image.shape[1] >= width]

    def __getitem__(self, idx: int) -> tuple[Tensor, Tensor]:
        data, labels = voc_rand_crop(self.data[idx], self.labels[idx], *self.crop_size)
        return data.permute(2, 0, 1), voc_label_indices(labels, self.colormap2label)

    def __len__(self) -> int:
        return len(self.data)
