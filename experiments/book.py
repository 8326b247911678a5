"""Every figure that the book prints for these experiments, with the settings that gave it.

Chapter numbers are of the first edition, except for *The Time Machine* (second edition, 8.5).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from experiments import dropout, initialization, rnn, weight_decay


@dataclass(frozen=True)
class Figure:
    """A number as printed: a metric of an epoch, in a part of the run if it has several."""

    metric: str
    epoch: int
    printed: str
    part: str = ""

    @property
    def name(self) -> str:
        return f"{self.part + ', ' if self.part else ''}{self.metric}, epoch {self.epoch}"

    def as_printed(self, value: float) -> float:
        """A value of ours with as many digits as the book prints: of 1.50 two, of 9e20 one."""
        mantissa, exponent, _ = self.printed.partition("e")
        digits = len(mantissa.partition(".")[2])
        return float(f"{value:.{digits}{'e' if exponent else 'f'}}")


@dataclass(frozen=True)
class Row:
    """One training of the book, what it printed, and whether the texts of our own are shown.

    A model that has learned song lyrics by heart repeats them, so its texts are not.
    """

    id: str
    title: str
    experiment: str
    config: Any
    figures: tuple[Figure, ...]
    shows_texts: bool = False


def norms(without_decay: str, with_decay: str) -> tuple[Figure, ...]:
    return (
        Figure("‖w‖", 100, without_decay, "λ = 0"),
        Figure("‖w‖", 100, with_decay, "λ = 3"),
    )


def perplexities(*printed: str, every: int = 50) -> tuple[Figure, ...]:
    return tuple(Figure("perplexity", every * (i + 1), number) for i, number in enumerate(printed))


def accuracies(*printed: tuple[str, str, str]) -> tuple[Figure, ...]:
    def figures() -> Iterator[Figure]:
        for epoch, numbers in enumerate(printed, 1):
            for metric, number in zip(dropout.SHOWN, numbers, strict=True):
                yield Figure(metric, epoch, number)

    return tuple(figures())


TIME_MACHINE = rnn.Config(corpus="time_machine")

ROWS: Sequence[Row] = (
    Row(
        "weight_decay-scratch",
        "3.12 weight decay, the penalty in the loss",
        "weight_decay",
        weight_decay.Config(),
        norms("11.611941", "0.040959217"),
    ),
    Row(
        "weight_decay-concise",
        "3.12 weight decay, by the optimiser",
        "weight_decay",
        weight_decay.Config(style="concise"),
        norms("13.311795", "0.032668564"),
    ),
    Row(
        "dropout-scratch",
        "3.13 dropout, from scratch",
        "dropout",
        dropout.Config(),
        accuracies(
            ("1.1250", "0.564", "0.773"),
            ("0.5834", "0.784", "0.784"),
            ("0.4944", "0.820", "0.847"),
            ("0.4462", "0.837", "0.858"),
            ("0.4169", "0.848", "0.867"),
        ),
    ),
    Row(
        "dropout-concise",
        "3.13 dropout, by layers",
        "dropout",
        dropout.Config(style="concise"),
        accuracies(
            ("1.1132", "0.565", "0.782"),
            ("0.5729", "0.788", "0.840"),
            ("0.4903", "0.821", "0.847"),
            ("0.4407", "0.838", "0.860"),
            ("0.4163", "0.847", "0.839"),
        ),
    ),
    Row(
        "initialization",
        "3.15 products of 30 weights, from scratch",
        "initialization",
        initialization.Config(initializers=("scalar",)),
        (
            Figure("product of the weights", 1, "1e-21", "w = 0.2"),
            Figure("product of the weights", 1, "9e20", "w = 5"),
        ),
    ),
    Row(
        "rnn-lyrics-random",
        "6.4 recurrent network from scratch, lyrics, random sampling",
        "rnn",
        rnn.LYRICS,
        perplexities("69.080416", "10.197520", "2.933384", "1.633695", "1.334753"),
    ),
    Row(
        "rnn-lyrics-consecutive",
        "6.4 recurrent network from scratch, lyrics, consecutive sampling",
        "rnn",
        replace(rnn.LYRICS, sampling="consecutive"),
        perplexities("60.953674", "7.151810", "2.091185", "1.281988", "1.183621"),
    ),
    Row(
        "rnn-lyrics-concise",
        "6.5 recurrent layer, lyrics, consecutive sampling",
        "rnn",
        rnn.LYRICS_CONCISE,
        perplexities("79.496973", "14.413494", "4.366292", "2.317015"),
    ),
    Row(
        "rnn-time_machine-consecutive",
        "8.5 recurrent network from scratch, The Time Machine, consecutive sampling",
        "rnn",
        TIME_MACHINE,
        perplexities("1.0", every=500),
        shows_texts=True,
    ),
    Row(
        "rnn-time_machine-random",
        "8.5 recurrent network from scratch, The Time Machine, random sampling",
        "rnn",
        replace(TIME_MACHINE, sampling="random"),
        perplexities("1.4", every=500),
        shows_texts=True,
    ),
)
