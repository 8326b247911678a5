"""The texts that the language models learn from, as ids of characters."""

from __future__ import annotations

import importlib
import io
import platform
import re
import zipfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from backends.errors import InputError, check_choice, check_ids
from experiments.data.download import DataFile, MissingFileError, data_folders, read_file

CORPORA = {
    "time_machine": "The Time Machine by H. G. Wells, letters and spaces only (28 symbols)",
    "lyrics": "Chinese song lyrics (1,027 symbols in the first 10,000 characters)",
    "python_topics": "the help texts that ship with Python, letters and spaces only (28 symbols)",
}

TIME_MACHINE = DataFile(
    "timemachine.txt",
    "090b5e7e70c295757f55df93cb0a180b9691891a",
    "http://d2l-data.s3-accelerate.amazonaws.com/timemachine.txt",
)
# This address has never been tried: the tests run without a network.
LYRICS = DataFile(
    "jaychou_lyrics.txt.zip",
    "9529987e701a4f37048ab778270a5dde9a762a0b",
    "https://github.com/d2l-ai/d2l-zh/raw/v1.1.0/data/jaychou_lyrics.txt.zip",
)
UNKNOWN = "<unk>"


@dataclass(frozen=True, eq=False)
class Corpus:
    """A text as ids; `symbols[id]` is a character, or "<unk>" for every unknown one.

    `source` says where the text came from, `note` is not empty if it replaces another.
    """

    name: str
    source: str
    symbols: tuple[str, ...]
    ids: np.ndarray  # int64 (num_characters,)
    note: str = ""

    @cached_property
    def _id_of(self) -> dict[str, int]:
        return {symbol: i for i, symbol in enumerate(self.symbols)}

    def encode(self, text: str) -> list[int]:
        """One id per character. InputError for an unknown one if there is no "<unk>"."""
        unknown_id = self._id_of.get(UNKNOWN)
        ids = []
        for character in text:
            found = self._id_of.get(character, unknown_id)
            if found is None:
                raise InputError(
                    f"character {character!r} is not in corpus {self.name!r}: "
                    f"use only its {len(self.symbols)} characters"
                )
            ids.append(found)
        return ids

    def decode(self, ids: Iterable[int]) -> str:
        """The text of ids. InputError for an id outside the vocabulary."""
        numbers = [int(i) for i in ids]
        if numbers:
            check_ids(min(numbers), max(numbers), len(self.symbols))
        return "".join(self.symbols[i] for i in numbers)


def load_corpus(
    name: str,
    data_dir: Path | None = None,
    max_characters: int = 10_000,
    give_up_after: float = 10.0,
) -> Corpus:
    """A corpus of CORPORA with its first `max_characters` characters.

    "auto" is time_machine, or python_topics with a `note` if that file cannot be had.
    Raises InputError for an unknown name, a missing folder, a file with a wrong sha1, and a
    file that no folder has and no server sends within `give_up_after` seconds.
    """
    check_choice("corpus", name, ("auto", *CORPORA))
    if not isinstance(max_characters, int) or max_characters < 1:
        raise InputError(f"max_characters {max_characters} is not 1 or more: give 10000")
    data_folders(data_dir)
    if name == "lyrics":
        return _lyrics(data_dir, max_characters, give_up_after)
    if name == "python_topics":
        return _python_topics(max_characters)
    try:
        return _time_machine(data_dir, max_characters, give_up_after)
    except MissingFileError as error:
        if name == "auto":
            return _python_topics(max_characters, instead_because=str(error))
        raise


def _time_machine(data_dir: Path | None, max_characters: int, give_up_after: float) -> Corpus:
    content, source = read_file(TIME_MACHINE, data_dir, give_up_after)
    symbols, ids = _letters(content.decode(), max_characters)
    return Corpus("time_machine", source, symbols, ids)


def _python_topics(max_characters: int, instead_because: str = "") -> Corpus:
    try:
        topics = importlib.import_module("pydoc_data.topics").topics
    except ImportError:
        because = f"{instead_because}; " if instead_because else ""
        raise InputError(
            f"{because}corpus 'python_topics' is not part of this Python, "
            "it ships without pydoc_data.topics: choose another corpus"
        ) from None
    source = f"pydoc_data.topics of Python {platform.python_version()}"
    note = ""
    if instead_because:
        source += ", in place of time_machine"
        note = f"python_topics replaces time_machine: {instead_because}"
    symbols, ids = _letters("\n".join(topics[key] for key in sorted(topics)), max_characters)
    return Corpus("python_topics", source, symbols, ids, note)


def _letters(text: str, max_characters: int) -> tuple[tuple[str, ...], np.ndarray]:
    """Symbols and ids of the lower-cased words of each line; nothing separates two lines.

    The symbols are "<unk>" and the characters of the whole text, the most frequent first.
    """
    lines = (" ".join(re.findall("[A-Za-z]+", line)).lower() for line in text.split("\n"))
    letters = "".join(lines)
    symbols = (UNKNOWN, *(character for character, _ in Counter(letters).most_common()))
    return symbols, _ids(letters[:max_characters], symbols)


def _lyrics(data_dir: Path | None, max_characters: int, give_up_after: float) -> Corpus:
    content, source = read_file(LYRICS, data_dir, give_up_after)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        text = archive.read("jaychou_lyrics.txt").decode()
    text = text.replace("\n", " ").replace("\r", " ")[:max_characters]
    # Sorted, so that an id means the same character in every run.
    symbols = tuple(sorted(set(text)))
    return Corpus("lyrics", source, symbols, _ids(text, symbols))


def _ids(text: str, symbols: tuple[str, ...]) -> np.ndarray:
    id_of = {symbol: i for i, symbol in enumerate(symbols)}
    return np.array([id_of[character] for character in text], dtype=np.int64)
