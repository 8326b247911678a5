"""Gluon's image data sets, from the folder of the proof."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from porting.prove.data import colour_images, images


def inject(mx: Any, folder: str) -> None:
    """Gluon's image data sets from the files of a folder, whatever their hash."""
    datasets = mx.gluon.data.vision.datasets

    def mnist(dataset: Any) -> None:
        pixels, labels = images(folder, "train" if dataset._train else "t10k")
        make = mx.np.array if mx.util.is_np_array() else mx.nd.array
        dataset._data = make(pixels, dtype="uint8")
        dataset._label = make(labels, dtype="int32") if mx.util.is_np_array() else labels

    def colours(dataset: Any) -> None:
        pixels, labels = colour_images(dataset._train)
        dataset._data, dataset._label = mx.nd.array(pixels, dtype="uint8"), labels

    def no_folder(dataset: Any, root: Any, transform: Any) -> None:
        dataset._transform, dataset._data, dataset._label = transform, None, None
        dataset._root = str(Path(root).expanduser())
        dataset._get_data()

    datasets.dataset._DownloadedDataset.__init__ = no_folder
    datasets.MNIST._get_data = mnist
    datasets.CIFAR10._get_data = colours
    datasets.CIFAR100._get_data = colours
