"""The images that classifiers learn from, each with its class."""

from __future__ import annotations

import gzip
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from backends.errors import InputError, check_choice
from experiments.data.download import DataFile, MissingFileError, data_folders, read_file

DATASETS = {
    "fashion_mnist": "Fashion-MNIST: 70,000 grey images of clothes, 28 × 28 pixels",
    "digits": "1,797 handwritten digits that ship with scikit-learn, 8 × 8 pixels",
}
NUM_CLASSES = 10

ADDRESS = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
# Names and md5 as https://github.com/zalandoresearch/fashion-mnist states them.
FASHION_MNIST = tuple(
    DataFile(f"fashion_mnist/{name}", md5, ADDRESS + name, "md5")
    for name, md5 in {
        "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
        "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
        "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
    }.items()
)
SUBFOLDERS = ("", "fashion_mnist", "fashion_mnist_part")
NUM_TRAINING_DIGITS = 1_500


@dataclass(frozen=True, eq=False)
class Labelled:
    """n images of d pixels and the class of each, from 0 to 9."""

    pixels: np.ndarray  # uint8 (n, d)
    labels: np.ndarray  # int64 (n,)

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class Images:
    """A data set; `source` says where it came from, `note` in what it is not the book's."""

    source: str
    train: Labelled
    test: Labelled
    white: int = 255  # the largest value of a pixel
    note: str = ""

    @property
    def num_inputs(self) -> int:
        """d, the number of pixels of an image."""
        return self.train.pixels.shape[1]

    def features(self, pixels: np.ndarray) -> np.ndarray:
        """pixels / white, float32 in [0, 1].

        Made batch by batch: the 188 MB of Fashion-MNIST as float32 would have to be copied into
        the process of every backend.
        """
        return np.divide(pixels, self.white, dtype="float32")


def load_images(
    name: str = "auto", data_dir: Path | None = None, give_up_after: float = 10.0
) -> Images:
    """A data set of DATASETS.

    "auto" is fashion_mnist, or digits with a `note` if no folder has it and no server sends it.
    Fashion-MNIST from the reader's own folder may be cut: any four IDX files that fit each other
    are taken, and `source` and `note` say that they are not the published ones.
    Raises InputError for an unknown name, a missing folder, files that are missing beside others,
    malformed or do not fit each other, digits without scikit-learn, and MissingFileError if no
    folder has the files and the server sends no byte within `give_up_after` seconds.
    """
    check_choice("dataset", name, ("auto", *DATASETS))
    folders = data_folders(data_dir)
    if name == "digits":
        return _digits()
    try:
        return _fashion_mnist(folders, give_up_after)
    except MissingFileError as error:
        if name == "auto":
            return _digits(instead_because=str(error))
        raise


def _fashion_mnist(folders: list[Path], give_up_after: float) -> Images:
    for folder in (folder / sub for folder in folders for sub in SUBFOLDERS):
        paths = [_path_in(folder, file) for file in FASHION_MNIST]
        if any(path.exists() for path in paths):
            return _from_folder(folder, paths)
    read = [read_file(file, give_up_after=give_up_after) for file in FASHION_MNIST]
    contents, sources = zip(*read, strict=True)
    return _from_idx(sources[0], sources, contents)


def _path_in(folder: Path, file: DataFile) -> Path:
    """The file as published, or unpacked if only that is there."""
    packed = folder / Path(file.name).name
    unpacked = packed.with_suffix("")
    return unpacked if unpacked.exists() and not packed.exists() else packed


def _from_folder(folder: Path, paths: list[Path]) -> Images:
    contents = []
    for path in paths:
        try:
            contents.append(path.read_bytes())
        except OSError as error:
            raise InputError(
                f"{path} cannot be read ({error.strerror}): "
                f"put all four files of {ADDRESS} there, or none"
            ) from None
    files = zip(FASHION_MNIST, contents, strict=True)
    if all(file.digest_of(content) == file.digest for file, content in files):
        return _from_idx(f"{folder}, the published files", paths, contents)
    images = _from_idx(f"{folder}, by their md5 not the published files", paths, contents)
    note = (
        f"{len(images.train):,} training and {len(images.test):,} test images "
        "(published: 60,000 and 10,000), so accuracies differ from the book's"
    )
    return replace(images, note=note)


def _from_idx(source: str, names: Sequence[object], contents: Sequence[bytes]) -> Images:
    """The data set in training images, training labels, test images and test labels."""
    files = list(zip(names, contents, strict=True))
    train, test = _labelled(*files[:2]), _labelled(*files[2:])
    if train.pixels.shape[1] != test.pixels.shape[1]:
        raise InputError(
            f"the images of {names[0]} have {train.pixels.shape[1]} pixels and those of {names[2]} "
            f"{test.pixels.shape[1]}: use files that belong together"
        )
    return Images(source, train, test)


def _labelled(image_file: tuple[object, bytes], label_file: tuple[object, bytes]) -> Labelled:
    pixels, labels = parse_idx(*image_file, num_axes=3), parse_idx(*label_file, num_axes=1)
    if len(pixels) != len(labels):
        raise InputError(
            f"{image_file[0]} holds {len(pixels)} images and {label_file[0]} {len(labels)} labels: "
            "use files that belong together"
        )
    if labels.max() >= NUM_CLASSES:
        raise InputError(
            f"{label_file[0]} holds label {labels.max()}: "
            f"use a file whose labels are 0 to {NUM_CLASSES - 1}"
        )
    return Labelled(pixels.reshape(len(pixels), -1), labels.astype("int64"))


def parse_idx(name: object, content: bytes, num_axes: int) -> np.ndarray:
    """The bytes of an IDX file, gzipped or not, as an array of uint8 with so many axes.

    An IDX file is a magic number (0x0800 for bytes, plus the number of axes), the length of every
    axis and then the elements; http://yann.lecun.com/exdb/mnist. Its integers are big-endian int32.
    Raises InputError that calls the file `name` for anything else, and for an empty array.
    """

    def refusal(problem: str) -> InputError:
        return InputError(f"{name} {problem}: replace it by the file from {ADDRESS}")

    if content.startswith(b"\x1f\x8b"):
        try:
            content = gzip.decompress(content)
        except (EOFError, OSError, zlib.error) as error:
            raise refusal(f"cannot be unpacked ({error})") from None
    header_size = 4 * (1 + num_axes)
    if len(content) < header_size:
        raise refusal(f"has {len(content)} bytes, its header alone needs {header_size}")
    magic, *shape = map(int, np.frombuffer(content, ">i4", 1 + num_axes))
    if magic != 0x0800 + num_axes:
        raise refusal(f"starts with 0x{magic:08x}, expected 0x{0x0800 + num_axes:08x}")
    axes = " × ".join(map(str, shape))
    if min(shape) < 1:
        raise refusal(f"is empty, its shape is {axes}")
    if len(content) - header_size != math.prod(shape):
        raise refusal(f"has {len(content) - header_size} elements, its header says {axes}")
    return np.frombuffer(content, "uint8", offset=header_size).reshape(shape)


def _digits(instead_because: str = "") -> Images:
    try:
        import sklearn
        from sklearn.datasets import load_digits
    except ImportError:
        because = f"{instead_because}; " if instead_because else ""
        raise InputError(
            f"{because}dataset 'digits' is part of scikit-learn, which is not installed: "
            "pip install 'lockstep[images]'"
        ) from None
    pixels, labels = load_digits(return_X_y=True)
    pixels, cut = pixels.astype("uint8"), NUM_TRAINING_DIGITS
    train, test = Labelled(pixels[:cut], labels[:cut]), Labelled(pixels[cut:], labels[cut:])
    source = (
        f"digits of scikit-learn {sklearn.__version__}, "
        f"{len(train):,} for training and {len(test):,} for testing"
    )
    note = f"digits (8 × 8 pixels) replaces fashion_mnist: {instead_because}"
    return Images(source, train, test, white=16, note=note if instead_because else "")
