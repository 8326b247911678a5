"""The data sets of torchvision read the proof's folder, with or without torchvision."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from porting import runtime
from porting.prove.data import gather, images
from porting.prove.on_torch import torchvision

NAMES = ("torchvision", "torchvision.datasets", "torchvision.transforms")


@pytest.mark.parametrize("installed", [True, False])
def test_images_of_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, installed: bool
) -> None:
    modules: dict[str, Any] = {name: ModuleType(name) for name in NAMES}
    for name, module in modules.items():
        # Of what monkeypatch has set, it takes away what comes in its place, too.
        monkeypatch.setitem(sys.modules, name, module if installed else None)
    gather(tmp_path / "data", [])
    torchvision.inject(str(tmp_path / "data"))
    datasets: Any = importlib.import_module("torchvision.datasets")
    pixels, labels = images(str(tmp_path / "data"), "t10k")
    for name in torchvision.GREY:
        held = runtime.Images(getattr(datasets, name)("anywhere", train=False, download=True))
        np.testing.assert_array_equal(held[:][0], pixels)
        np.testing.assert_array_equal(held[:][1], labels)
    coloured = runtime.Images(datasets.CIFAR10("anywhere", train=True, download=True))
    assert coloured[0][0].shape == (32, 32, 3)


def test_transforms_that_stand_in() -> None:
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    both = torchvision.Compose(
        [torchvision.ToTensor(), torchvision.Normalize([0.5, 0.0, 0.0], [1.0, 2.0, 1.0])]
    )
    made = both(pixels)
    red, green = (np.float32(pixels[..., channel]) / np.float32(255) for channel in (0, 1))
    np.testing.assert_array_equal(made[0], red - np.float32(0.5))
    np.testing.assert_array_equal(made[1], green / 2)
