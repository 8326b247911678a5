"""The data that both programs read: the reader's files, or stand-ins of the same form."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
from pathlib import Path

import numpy as np

IMAGE_FILES = "{part}-images-idx3-ubyte.gz", "{part}-labels-idx1-ubyte.gz"
IMAGE_FOLDERS = ("fashion-mnist", ".", "fashion_mnist", "fashion_mnist_part", "mnist")
LYRICS, NOVEL = "jaychou_lyrics.txt.zip", "timemachine.txt"
STAND_IN_IMAGES = {"train": 512, "t10k": 256}
NUM_CHARACTERS = 20_000


def gather(target: Path, sources: list[Path]) -> list[str]:
    """Fill `target` with links to what the folders hold; return what had to be made up."""
    target.mkdir()
    for source in sources:
        for entry in source.iterdir():
            link = target / entry.name
            if not link.exists():
                link.symlink_to(entry.resolve())
    made_up = []
    if _image_folder(target) is None:
        _write_images(target / "fashion_mnist")
        made_up.append("fashion_mnist")
    if not (target / LYRICS).exists():
        letters = [chr(0x4E00 + number) for number in range(400)] + [" ", "\n"]
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr(LYRICS.removesuffix(".zip"), _text(letters))
        (target / LYRICS).write_bytes(buffer.getvalue())
        made_up.append(LYRICS)
    if not (target / NOVEL).exists():
        (target / NOVEL).write_text(_text([*"abcdefghijklmnopqrstuvwxyz", " ", " ", "\n"]))
        made_up.append(NOVEL)
    return made_up


def images(folder: str, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (n, 28, 28, 1) uint8 and classes (n,) int32 of "train" or "t10k"."""
    where = _image_folder(Path(folder))
    if where is None:
        raise FileNotFoundError(f"{folder} has no images")
    pixel_file, label_file = (where / name.format(part=part) for name in IMAGE_FILES)
    with gzip.open(label_file) as file:
        file.read(8)
        labels = np.frombuffer(file.read(), np.uint8).astype(np.int32)
    with gzip.open(pixel_file) as file:
        file.read(16)
        pixels = np.frombuffer(file.read(), np.uint8)
    return pixels.reshape(len(labels), 28, 28, 1), labels


def colour_images(train: bool) -> tuple[np.ndarray, np.ndarray]:
    """Made-up pixels (n, 32, 32, 3) uint8 and classes (n,) int32, in place of CIFAR."""
    part = "train" if train else "t10k"
    generator = np.random.default_rng(3 + train)
    number = STAND_IN_IMAGES[part]
    labels = generator.integers(0, 10, number).astype(np.int32)
    pixels = generator.integers(0, 128, (number, 32, 32, 3)) + 10 * labels[:, None, None, None]
    return pixels.astype(np.uint8), labels


def _image_folder(folder: Path) -> Path | None:
    for name in IMAGE_FOLDERS:
        if (folder / name / IMAGE_FILES[0].format(part="train")).exists():
            return folder / name
    return None


def _write_images(folder: Path) -> None:
    """Images whose classes can be learnt: a bright square in one of ten places, and noise."""
    folder.mkdir()
    for part, number in STAND_IN_IMAGES.items():
        generator = np.random.default_rng(number)
        labels = generator.integers(0, 10, number).astype(np.uint8)
        pixels = generator.integers(0, 100, (number, 28, 28)).astype(np.uint8)
        for image, label in zip(pixels, labels, strict=True):
            row, column = divmod(int(label), 4)
            image[2 + 8 * row : 8 + 8 * row, 1 + 7 * column : 6 + 7 * column] += 120
        pixel_file, label_file = (folder / name.format(part=part) for name in IMAGE_FILES)
        pixel_file.write_bytes(
            gzip.compress(struct.pack(">IIII", 2051, number, 28, 28) + pixels.tobytes())
        )
        label_file.write_bytes(gzip.compress(struct.pack(">II", 2049, number) + labels.tobytes()))


def _text(letters: list[str]) -> str:
    """Letters in a random order, the first ones the most frequent."""
    weights = 1 / np.arange(1, len(letters) + 1)
    picked = np.random.default_rng(5).choice(
        len(letters), NUM_CHARACTERS, p=weights / weights.sum()
    )
    return "".join(letters[number] for number in picked)
