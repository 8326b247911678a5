"""Image data sets: a stand-in for torchvision on one side, Gluon's own class on the other."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any
from unittest import mock

import numpy as np
import pytest

from porting.port import port
from tests.porting.both_sides import HEADER, mx
from tests.porting.chapters import assert_same

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 4, 5), dtype=np.uint8)
LABELS = [3, 1, 0, 2, 1, 3]
BODY = """
def scaled(data, label):
    return nd.transpose(data.astype('float32'), (2, 0, 1)) / 255, label.astype('float32')

plain = gdata.vision.MNIST(train=False)
image, label = plain[2]
several, their_labels = plain[1:4]
number = len(plain)
changed = gdata.vision.MNIST(train=True, transform=scaled)
first = changed[0][0]
for X, y in gdata.DataLoader(changed, 4):
    break
"""
ON_TOP = """
inverted = gdata.vision.MNIST().transform_first(lambda image: 255 - image.astype('float32'))
both = gdata.vision.MNIST().transform(lambda image, label: (image.astype('float32') / 2, label))
negative, one = inverted[1][0], inverted[1][1]
half, other = both[2][0], both[2][1]
"""


class _Gluons(mx.gluon.data.Dataset):
    def __init__(self, root: str = "", train: bool = True, transform: Any = None):
        self.transform_ = transform

    def __len__(self) -> int:
        return len(LABELS)

    def __getitem__(self, index: Any) -> Any:
        image = mx.nd.array(PIXELS[..., None][index], dtype="uint8")
        label = np.array(LABELS, np.int32)[index]
        return self.transform_(image, label) if self.transform_ else (image, label)


class _Torchvisions:
    def __init__(self, root: str, train: bool, download: bool):
        assert download
        self.data, self.targets = PIXELS, LABELS


@pytest.fixture
def stand_ins() -> Any:
    torchvision: Any = ModuleType("torchvision")
    torchvision.datasets = ModuleType("torchvision.datasets")
    torchvision.datasets.MNIST = _Torchvisions
    with (
        mock.patch.dict(sys.modules, {"torchvision": torchvision}),
        mock.patch.object(mx.gluon.data.vision, "MNIST", _Gluons),
    ):
        yield


def test_images(stand_ins: None) -> None:
    assert_same(BODY, "image", "label", "several", "their_labels", "number", "first", "X", "y")


def test_transforms(stand_ins: None) -> None:
    assert_same(ON_TOP, "negative", "one", "half", "other")


def test_fine_labels_stop() -> None:
    ported = port(HEADER + "d = gdata.vision.CIFAR100(fine_label=True)\n", "x.py")
    assert ported.summary["unknown"] == 1


def test_transforms_by_keyword() -> None:
    body = """
jitter = gdata.vision.transforms.RandomColorJitter(brightness=0.5, hue=0.1)
crop = gdata.vision.transforms.RandomResizedCrop((20, 20), scale=(0.1, 1), ratio=(0.5, 2))
"""
    ported = port(HEADER + body, "x.py")
    assert "transforms.ColorJitter(brightness=0.5, hue=0.1)" in ported.text
    assert "transforms.RandomResizedCrop((20, 20), scale=(0.1, 1), ratio=(0.5, 2))" in ported.text
