"""Where images come from, and that no malformed file of theirs is taken."""

from __future__ import annotations

import gzip
import hashlib
import os
import pickle
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from backends import InputError
from experiments.data import images
from experiments.data.images import DATASETS, FASHION_MNIST, Images, load_images, parse_idx

REAL_DATA = os.environ.get("LOCKSTEP_DATA")
NAMES = [Path(file.name).name for file in FASHION_MNIST]
TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = NAMES
STREAM = np.random.default_rng(0)
ARRAYS = {
    TRAIN_IMAGES: STREAM.integers(0, 256, (12, 3, 5), "uint8"),
    TRAIN_LABELS: np.arange(12, dtype="uint8") % 10,
    TEST_IMAGES: STREAM.integers(0, 256, (4, 3, 5), "uint8"),
    TEST_LABELS: np.array([9, 0, 3, 3], "uint8"),
}


def idx(array: np.ndarray) -> bytes:
    """The layout of the published files, written out on its own."""
    header = b"\x00\x00\x08" + bytes([array.ndim])
    return header + b"".join(struct.pack(">I", size) for size in array.shape) + array.tobytes()


def write(folder: Path, packed: bool = True) -> Path:
    """The four files with the arrays above."""
    folder.mkdir(exist_ok=True)
    for name, array in ARRAYS.items():
        content = gzip.compress(idx(array)) if packed else idx(array)
        (folder / (name if packed else name.removesuffix(".gz"))).write_bytes(content)
    return folder


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, no LOCKSTEP_DATA and no server."""
    folder = tmp_path / "cache"
    monkeypatch.setattr("pooch.os_cache", lambda project: folder)
    monkeypatch.delenv("LOCKSTEP_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "*")
    serve(monkeypatch, "http://127.0.0.1:9/")
    return folder


def serve(monkeypatch: pytest.MonkeyPatch, address: str, folder: Path | None = None) -> None:
    """Publish the four files at an address, with the md5 of those in a folder."""
    files = [replace(file, address=address + Path(file.name).name) for file in FASHION_MNIST]
    if folder:
        contents = [(folder / name).read_bytes() for name in NAMES]
        digests = [hashlib.md5(content).hexdigest() for content in contents]
        files = [replace(f, digest=digest) for f, digest in zip(files, digests, strict=True)]
    monkeypatch.setattr(images, "FASHION_MNIST", tuple(files))


@pytest.fixture
def published(tmp_path: Path) -> Path:
    return write(tmp_path / "published")


class Silent(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server(published: Path) -> Iterator[str]:
    handler = partial(Silent, directory=str(published))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        thread = Thread(target=http.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}/"
        http.shutdown()
        thread.join()


def refusal(name: str = "auto", *args: object) -> str:
    with pytest.raises(InputError) as caught:
        load_images(name, *args)  # type: ignore[arg-type]
    line = str(caught.value)
    assert "\n" not in line
    return line


def is_what_was_written(data: Images) -> None:
    for labelled, pixels, labels in (
        (data.train, ARRAYS[TRAIN_IMAGES], ARRAYS[TRAIN_LABELS]),
        (data.test, ARRAYS[TEST_IMAGES], ARRAYS[TEST_LABELS]),
    ):
        assert labelled.pixels.dtype == np.uint8
        assert (labelled.pixels == pixels.reshape(-1, 15)).all()
        assert labelled.labels.dtype == np.int64
        assert (labelled.labels == labels).all()
    assert data.num_inputs == 15


# --- what becomes of the bytes ------------------------------------------------------------


@pytest.mark.parametrize("packed", [True, False])
def test_a_folder_of_idx_files(tmp_path: Path, packed: bool) -> None:
    folder = write(tmp_path / "mine", packed)
    data = load_images("fashion_mnist", folder)
    is_what_was_written(data)
    assert data.source == f"{folder}, by their md5 not the published files"
    assert data.note.startswith("12 training and 4 test images (published: 60,000 and 10,000)")


def test_features_are_float32_from_0_to_1(published: Path) -> None:
    data = load_images("fashion_mnist", published)
    features = data.features(np.array([[0, 51, 255]], "uint8"))
    assert features.dtype == np.float32
    assert (features == np.array([[0, 0.2, 1]], "float32")).all()
    digits = load_images("digits")
    assert digits.features(digits.train.pixels).max() == 1
    assert digits.features(digits.train.pixels).min() == 0


def test_a_data_set_is_sent_to_a_process_as_bytes(published: Path) -> None:
    data = load_images("fashion_mnist", published)
    sent = pickle.dumps(data)
    is_what_was_written(pickle.loads(sent))
    digits = load_images("digits")
    pixels = digits.train.pixels.nbytes + digits.test.pixels.nbytes
    assert len(pickle.dumps(digits)) < pixels * 1.2


def test_digits_are_real_and_complete() -> None:
    data = load_images("digits")
    assert (len(data.train), len(data.test), data.num_inputs) == (1500, 297, 64)
    assert data.train.pixels.dtype == np.uint8
    assert set(data.train.labels) == set(data.test.labels) == set(range(10))
    assert data.source.startswith("digits of scikit-learn ")
    assert data.note == ""


def test_every_data_set_has_a_description() -> None:
    assert list(DATASETS) == ["fashion_mnist", "digits"]
    assert all(DATASETS.values())


# --- where they come from -----------------------------------------------------------------


def test_published_files_are_called_so(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(monkeypatch, "http://127.0.0.1:9/", published)
    data = load_images("fashion_mnist", published)
    is_what_was_written(data)
    assert data.source == f"{published}, the published files"
    assert data.note == ""


def test_one_changed_file_is_enough_not_to_be_published(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(monkeypatch, "http://127.0.0.1:9/", published)
    (published / TEST_LABELS).write_bytes(gzip.compress(idx(np.array([9, 0, 3, 4], "uint8"))))
    data = load_images("fashion_mnist", published)
    assert data.source.endswith("by their md5 not the published files")
    assert data.note


@pytest.mark.parametrize("subfolder", ["", "fashion_mnist", "fashion_mnist_part"])
@pytest.mark.parametrize("by", ["--data-dir", "LOCKSTEP_DATA"])
def test_folders_that_are_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, subfolder: str, by: str
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    write(folder / subfolder)
    if by == "LOCKSTEP_DATA":
        monkeypatch.setenv("LOCKSTEP_DATA", str(folder))
    data = load_images("auto", folder if by == "--data-dir" else None)
    is_what_was_written(data)
    assert data.source.startswith(f"{folder / subfolder}, ")


def test_download_is_kept_in_the_cache(
    server: str, published: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(monkeypatch, server, published)
    first = load_images("auto")
    is_what_was_written(first)
    kept = cache / "fashion_mnist" / TRAIN_IMAGES
    assert first.source == f"{server}{TRAIN_IMAGES}, kept as {kept}"
    assert first.note == ""
    serve(monkeypatch, "http://127.0.0.1:9/", published)
    again = load_images("fashion_mnist")
    is_what_was_written(again)
    assert again.source == str(kept)


def test_a_download_with_another_md5_is_refused(
    server: str, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(monkeypatch, server)  # with the md5 of the real files
    line = refusal("fashion_mnist")
    assert "does not match the known hash" in line
    assert "--data-dir or LOCKSTEP_DATA" in line
    assert list((cache / "fashion_mnist").iterdir()) == []


def test_auto_says_that_digits_replace_what_cannot_be_had() -> None:
    start = time.perf_counter()
    data = load_images("auto")
    assert time.perf_counter() - start < 5
    assert data.num_inputs == 64
    assert "\n" not in data.note
    for part in ("digits (8 × 8", "replaces fashion_mnist", "cannot be reached", "LOCKSTEP_DATA"):
        assert part in data.note


def test_a_server_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("requests.get", lambda *args, **options: time.sleep(60))
    start = time.perf_counter()
    assert "no answer within 0.2 s" in load_images("auto", give_up_after=0.2).note
    assert time.perf_counter() - start < 5


def test_fashion_mnist_by_name_is_not_replaced() -> None:
    line = refusal("fashion_mnist")
    assert "cannot be downloaded" in line
    assert "digits" not in line


@pytest.mark.parametrize("name", ["auto", "digits"])
def test_without_the_optional_extra(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    line = refusal(name)
    assert "pip install 'lockstep[images]'" in line
    assert ("cannot be downloaded" in line) == (name == "auto")


# --- what is refused ----------------------------------------------------------------------

IMAGES, LABELS = idx(ARRAYS[TRAIN_IMAGES]), idx(ARRAYS[TRAIN_LABELS])
SHORT_GZIP = gzip.compress(IMAGES)[:-20]
BROKEN_GZIP = gzip.compress(IMAGES)[:12] + b"\xff" * 8 + gzip.compress(IMAGES)[20:]
MALFORMED = {
    "labels for images": (TRAIN_IMAGES, LABELS, "starts with 0x00000801, expected 0x00000803"),
    "images for labels": (TRAIN_LABELS, IMAGES, "starts with 0x00000803, expected 0x00000801"),
    "floats": (TEST_IMAGES, IMAGES.replace(b"\x08\x03", b"\x0d\x03", 1), "starts with 0x00000d03"),
    "too short": (TRAIN_IMAGES, IMAGES[:-1], "has 179 elements, its header says 12 × 3 × 5"),
    "too long": (TRAIN_LABELS, LABELS + b"\x01", "has 13 elements, its header says 12"),
    "header alone": (TEST_IMAGES, IMAGES[:16], "has 0 elements, its header says 12 × 3 × 5"),
    "half a header": (TEST_IMAGES, IMAGES[:15], "has 15 bytes, its header alone needs 16"),
    "nothing": (TEST_LABELS, b"", "has 0 bytes, its header alone needs 8"),
    "no image": (TEST_IMAGES, idx(np.zeros((0, 3, 5), "uint8")), "is empty, its shape is 0 × 3"),
    "negative": (TEST_LABELS, LABELS[:4] + b"\xff" * 4, "is empty, its shape is -1"),
    "short gzip": (TRAIN_IMAGES, SHORT_GZIP, "cannot be unpacked"),
    "broken gzip": (TRAIN_IMAGES, BROKEN_GZIP, "cannot be unpacked"),
    "label 10": (TEST_LABELS, idx(np.array([9, 0, 10, 3], "uint8")), "holds label 10"),
    "fewer labels": (TRAIN_LABELS, idx(np.zeros(11, "uint8")), f"{TRAIN_LABELS} 11 labels"),
    "more labels": (TEST_LABELS, idx(np.zeros(5, "uint8")), "holds 4 images and"),
    "other size": (TEST_IMAGES, idx(np.zeros((4, 3, 4), "uint8")), f"{TEST_IMAGES} 12: use files"),
}


@pytest.mark.parametrize("case", MALFORMED)
@pytest.mark.parametrize("name", ["auto", "fashion_mnist"])
def test_malformed_files_are_one_line_that_names_them(
    published: Path, case: str, name: str
) -> None:
    file, content, problem = MALFORMED[case]
    (published / file).write_bytes(content)
    line = refusal(name, published)
    assert str(published / file) in line
    assert problem in line.replace(f"{published}/", "")


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_file_beside_others_is_named(published: Path, name: str) -> None:
    (published / name).unlink()
    line = refusal("auto", published)
    assert line.startswith(f"{published / name} cannot be read (No such file or directory)")
    assert images.ADDRESS in line


def test_unknown_data_set_and_missing_folder(tmp_path: Path) -> None:
    assert "dataset 'mnist' is unknown: choose 'auto'" in refusal("mnist")
    for name in ("auto", *DATASETS):
        assert "is no folder" in refusal(name, tmp_path / "nowhere")


def test_idx_of_any_number_of_axes() -> None:
    array = STREAM.integers(0, 256, (2, 3, 4, 5), "uint8")
    assert (parse_idx("x", idx(array), 4) == array).all()


# --- the real files -----------------------------------------------------------------------


def test_real_files() -> None:
    folders = [Path(REAL_DATA) / sub for sub in images.SUBFOLDERS] if REAL_DATA else []
    if not any((folder / TRAIN_IMAGES).is_file() for folder in folders):
        pytest.skip(f"set LOCKSTEP_DATA to a folder that holds {TRAIN_IMAGES} to run this test")
    data = load_images("fashion_mnist", Path(str(REAL_DATA)))
    assert data.num_inputs == 784
    for labelled in (data.train, data.test):
        assert len(labelled) > 100
        assert labelled.pixels.max() == 255
        assert 0.2 < data.features(labelled.pixels).mean() < 0.4
        assert set(labelled.labels) == set(range(10))
    assert (data.note == "") == data.source.endswith(", the published files")


def test_the_loader_alone_imports_neither_scikit_learn_nor_a_network() -> None:
    program = (
        "import sys, experiments.dropout\n"
        "print(sorted({'sklearn', 'scipy', 'pooch', 'requests', 'torch', 'mxnet'} & "
        "set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr
