"""Texts and images."""

import gzip
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from backends.errors import InputError
from porting import d2lzh as d2l
from porting.d2lzh.resize import resize

TEXT = "Über den Wolken\r\nA line\nand another one, of 12,000 characters in ALL.\n" * 200


@pytest.fixture
def book_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder that the book calls ../data."""
    (tmp_path / "data").mkdir()
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.delenv("LOCKSTEP_DATA", raising=False)
    return tmp_path / "data"


@pytest.mark.usefixtures("both")
def test_load_data_time_machine(original: Any, book_folder: Path) -> None:
    (book_folder / "timemachine.txt").write_bytes(TEXT.encode())
    found = d2l.load_data_time_machine()
    assert found == original.load_data_time_machine()
    assert len(found[0]) == 10_000


@pytest.mark.usefixtures("both")
def test_load_data_jay_lyrics(original: Any, book_folder: Path) -> None:
    with zipfile.ZipFile(book_folder / "jaychou_lyrics.txt.zip", "w") as archive:
        archive.writestr("jaychou_lyrics.txt", TEXT)
    found = d2l.load_data_jay_lyrics()
    assert found == original.load_data_jay_lyrics()
    assert len(found[0]) == 10_000


def test_a_file_of_another_folder_must_be_the_published_one(
    book_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "timemachine.txt").write_text(TEXT)
    monkeypatch.setenv("LOCKSTEP_DATA", str(tmp_path))
    with pytest.raises(InputError, match=r"has sha1 .*, expected"):
        d2l.load_data_time_machine()


def idx(array: np.ndarray) -> bytes:
    header = np.array([0x0800 + array.ndim, *array.shape], ">i4").tobytes()
    return gzip.compress(header + array.astype("uint8").tobytes())


@pytest.fixture
def fashion_mnist(original: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A folder with small files, which the original would refuse for their hashes."""
    rng = np.random.default_rng(0)
    for part, size in (("train", 23), ("t10k", 9)):
        pixels, labels = rng.integers(256, size=(size, 28, 28)), rng.integers(10, size=size)
        (tmp_path / f"{part}-images-idx3-ubyte.gz").write_bytes(idx(pixels))
        (tmp_path / f"{part}-labels-idx1-ubyte.gz").write_bytes(idx(labels))

    def kept(url: str, path: str, sha1_hash: str) -> str:
        return str(Path(path, url.rsplit("/", 1)[1]))

    monkeypatch.setattr(original.gdata.vision.datasets, "download", kept)
    # "win32" makes it load without processes of its own.
    monkeypatch.setattr(original, "sys", SimpleNamespace(platform="win32"))
    return str(tmp_path)


@pytest.mark.parametrize("size", [None, 32, 20, (40, 33)])
def test_load_data_fashion_mnist(original: Any, fashion_mnist: str, size: Any) -> None:
    theirs = original.load_data_fashion_mnist(5, size, fashion_mnist)
    ours = d2l.load_data_fashion_mnist(5, size, fashion_mnist)
    for (X, y), (mx_X, mx_y) in zip(ours[1], theirs[1], strict=True):
        np.testing.assert_array_equal(X.numpy(), mx_X.asnumpy())
        np.testing.assert_array_equal(y.numpy(), mx_y.asnumpy())
        assert (X.dtype, y.dtype) == (torch.float32, torch.int64)

    def samples(batches: Any) -> list[bytes]:
        return [
            np.float32(y).tobytes() + X.tobytes()
            for Xs, ys in batches
            for X, y in zip(Xs, ys, strict=True)
        ]

    expected = samples((X.asnumpy(), y.asnumpy()) for X, y in theirs[0])
    found = samples((X.numpy(), y.numpy()) for X, y in ours[0])
    assert found != samples((X.numpy(), y.numpy()) for X, y in ours[0])  # shuffled anew
    assert sorted(found) == sorted(expected)
    assert len(ours[0]) == len(theirs[0]) == 5
    image, label = ours[1].dataset[3]
    X, y = next(iter(ours[1]))
    assert torch.equal(image, X[3])
    assert label == y[3]


def test_fashion_mnist_of_the_data_folder(
    fashion_mnist: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LOCKSTEP_DATA", fashion_mnist)
    elsewhere = str(tmp_path / "nothing")
    assert sum(len(y) for _, y in d2l.load_data_fashion_mnist(5, root=elsewhere)[1]) == 9


@pytest.mark.parametrize("size", [96, 224, 37, 28, 14, 7, (300, 5)])
def test_resize(original: Any, size: Any) -> None:
    pixels = np.random.default_rng(0).integers(256, size=(28, 28, 1)).astype("uint8")
    transform = original.gdata.vision.transforms.Resize(size)
    expected = transform(original.nd.array(pixels, dtype="uint8")).asnumpy()[..., 0]
    width, height = (size, size) if isinstance(size, int) else size
    found = resize(torch.tensor(pixels[..., 0]), height, width)
    np.testing.assert_array_equal(found.numpy(), expected)
