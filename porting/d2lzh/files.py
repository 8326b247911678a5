"""Find the files that the book keeps in ../data."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from backends.errors import InputError
from experiments.data.download import DataFile, data_folders, read_file

BOOK_FOLDER = Path("../data")


def mkdir_if_not_exist(path: Sequence[str]) -> None:
    """Make the folder whose parts are given, and those above it."""
    Path(*path).mkdir(parents=True, exist_ok=True)


def local_path(name: str) -> Path:
    """A file or folder of ../data or of LOCKSTEP_DATA. InputError if none has it."""
    for folder in (BOOK_FOLDER, *data_folders(None)):
        if (folder / name).exists():
            return folder / name
    raise InputError(
        f"{name!r} is neither in {os.fspath(BOOK_FOLDER)} nor in a folder of LOCKSTEP_DATA: "
        "put it into one of them"
    )


def content(file: DataFile) -> bytes:
    """A file of ../data as it is, or of LOCKSTEP_DATA, the cache or the download if its hash fits.

    Raises InputError if it cannot be had.
    """
    path = BOOK_FOLDER / file.name
    return path.read_bytes() if path.is_file() else read_file(file)[0]
