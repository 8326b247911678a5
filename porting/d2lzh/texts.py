"""The two texts that the book's language models learn from."""

from __future__ import annotations

import io
import zipfile

from experiments.data.corpora import LYRICS, TIME_MACHINE
from porting.d2lzh.files import content

NUM_CHARACTERS = 10_000
Corpus = tuple[list[int], dict[str, int], list[str], int]


def load_data_jay_lyrics() -> Corpus:
    """(corpus_indices, char_to_idx, idx_to_char, vocab_size) of 10,000 characters of the lyrics.

    Raises InputError if the file cannot be had.
    """
    with zipfile.ZipFile(io.BytesIO(content(LYRICS))) as archive:
        return _corpus(archive.read("jaychou_lyrics.txt").decode())


def load_data_time_machine() -> Corpus:
    """(corpus_indices, char_to_idx, idx_to_char, vocab_size) of 10,000 characters in lower case.

    Raises InputError if the file cannot be had.
    """
    text = io.StringIO(content(TIME_MACHINE).decode(), newline=None).read()
    return _corpus(text.lower())


def _corpus(text: str) -> Corpus:
    text = text.replace("\n", " ").replace("\r", " ")[:NUM_CHARACTERS]
    # As in the original, whose ids change from run to run unless PYTHONHASHSEED is set.
    idx_to_char = list(set(text))
    char_to_idx = {character: i for i, character in enumerate(idx_to_char)}
    return [char_to_idx[c] for c in text], char_to_idx, idx_to_char, len(idx_to_char)
