"""How the cost of a step grows: the lyrics' sizes with one of them changed, the others kept."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.cases.recurrent import LYRICS, LanguageModel, lyrics
from benchmarks.cases.steps import STYLES
from benchmarks.programs import Case
from experiments import rnn

# By the letter in the key: the field, and its values, the lyrics' among them.
POINTS = {
    "n": ("batch_size", (8, 16, 32, 64)),
    "T": ("num_steps", (9, 18, 35, 70)),
    "h": ("num_hiddens", (64, 128, 256, 512)),
    "q": ("num_symbols", (128, 512, LYRICS, 2048)),
}


def points(axis: str, style: str) -> list[LanguageModel]:
    field, values = POINTS[axis]
    return [lyrics(rnn, style, **{field: value}) for value in values]


def cases() -> Iterator[Case]:
    for style in STYLES:
        for axis in POINTS:
            yield from (point.step() for point in points(axis, style))


def sweeps() -> dict[tuple[str, str], list[str]]:
    """The keys of every sweep by axis and style, in the order of their sizes."""
    return {
        (axis, style): [point.step().key for point in points(axis, style)]
        for axis in POINTS
        for style in STYLES
    }
