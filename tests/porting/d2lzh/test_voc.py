"""Pascal VOC from a small folder."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from backends.errors import InputError
from porting import d2lzh as d2l
from tests.porting import noise
from tests.porting.d2lzh.original import seed
from tests.rounding import assert_same

RNG = np.random.default_rng(0)
SIZES = {"a": (12, 15), "b": (8, 20), "c": (20, 9)}


@pytest.fixture
def voc(tmp_path: Path) -> str:
    """Three images; their files called .jpg are PNG, which every decoder reads alike."""
    for folder in ("ImageSets/Segmentation", "JPEGImages", "SegmentationClass"):
        (tmp_path / folder).mkdir(parents=True)
    for name, size in SIZES.items():
        pixels = RNG.integers(256, size=(*size, 3)).astype("uint8")
        with (tmp_path / "JPEGImages" / f"{name}.jpg").open("wb") as file:
            Image.fromarray(pixels).save(file, format="PNG")
        label = Image.fromarray(RNG.integers(21, size=size).astype("uint8"))
        label = label.convert("P")
        label.putpalette([level for color in d2l.VOC_COLORMAP for level in color])
        label.save(tmp_path / "SegmentationClass" / f"{name}.png")
    (tmp_path / "ImageSets/Segmentation/train.txt").write_text("a\nb\n")
    (tmp_path / "ImageSets/Segmentation/val.txt").write_text("c\n")
    return str(tmp_path)


def colormap2label() -> np.ndarray:
    table = np.zeros(256**3, "float32")
    for i, (red, green, blue) in enumerate(d2l.VOC_COLORMAP):
        table[(red * 256 + green) * 256 + blue] = i
    return table


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize("is_train", [True, False])
def test_read_voc_images(original: Any, voc: str, is_train: bool) -> None:
    theirs, ours = original.read_voc_images(voc, is_train), d2l.read_voc_images(voc, is_train)
    for found, expected in zip(ours, theirs, strict=True):
        assert len(found) == len(expected) > 0
        for tensor, array in zip(found, expected, strict=True):
            assert tensor.dtype == torch.uint8
            np.testing.assert_array_equal(tensor.numpy(), array.asnumpy())


@pytest.mark.usefixtures("both")
def test_voc_label_indices(original: Any, voc: str) -> None:
    label = d2l.read_voc_images(voc)[1][0]
    table = colormap2label()
    nd = original.nd
    expected = original.voc_label_indices(nd.array(label.numpy()), nd.array(table)).asnumpy()
    found = d2l.voc_label_indices(label, torch.tensor(table))
    np.testing.assert_array_equal(found.numpy(), expected)
    assert found.max() > 10


@pytest.mark.usefixtures("both")
def test_voc_dataset(original: Any, voc: str, capsys: pytest.CaptureFixture) -> None:
    table = colormap2label()
    theirs = original.VOCSegDataset(True, (10, 7), voc, original.nd.array(table))
    printed = capsys.readouterr().out
    ours = d2l.VOCSegDataset(True, (10, 7), voc, torch.tensor(table))
    assert capsys.readouterr().out == printed == "read 1 examples\n"
    assert len(ours) == len(theirs) == 1

    def drawn(number: int, dataset: Any) -> Any:
        seed(number)
        return dataset[0]

    def moved() -> Any:
        return original.VOCSegDataset(True, (10, 7), voc, original.nd.array(table))

    again = noise.again(moved)
    for number in range(5):
        expected = drawn(number, theirs)
        assert_same(drawn(number, ours), expected, lambda s, number=number: drawn(number, again(s)))


def test_a_crop_larger_than_the_image_is_refused() -> None:
    with pytest.raises(InputError, match="the image is 4 × 5 pixels: give a crop of at most that"):
        d2l.voc_rand_crop(torch.zeros(4, 5, 3), torch.zeros(4, 5, 3), 5, 5)
