"""The tables that `compare` prints: figures of every backend, epoch by epoch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from experiments.commands.console import shows
from experiments.commands.worker import EpochResult

Epochs = Mapping[str, Sequence[EpochResult]]


def figure(result: EpochResult, metric: str) -> str:
    """A metric as the tables show it, nothing where an epoch has none of that name."""
    value = result.metrics.get(metric)
    if not isinstance(value, float):
        return "" if value is None else str(value)
    return f"{value:.0f}" if value.is_integer() and abs(value) < 1e9 else f"{value:.4g}"


def edges_of_parts(parts: Sequence[str]) -> set[int]:
    """The first and last epoch of every part."""
    last = len(parts) - 1
    return {
        index
        for index, part in enumerate(parts)
        if index in (0, last) or part != parts[index - 1] or part != parts[index + 1]
    }


def tables(
    epochs: Epochs, drifts: Sequence[float], module: Any, config: Any, total: int
) -> Iterator[Table]:
    """One table for all epochs in a row that measure the same.

    A row holds each metric of each backend, the drift of the losses so far, seconds, and their
    ratio to the first backend's.
    """
    reference, *_ = epochs.values()
    edges = edges_of_parts([result.part for result in reference[: len(drifts)]])
    every = getattr(config, "report_every", None)
    shown = [i for i in range(len(drifts)) if shows(every, i + 1, total) or i in edges]

    def measured(index: int) -> list[str]:
        return [metric for metric in module.SHOWN if metric in reference[index].metrics]

    for metrics, indices in groupby(shown, measured):
        yield table(epochs, drifts, metrics, list(indices))


def table(
    epochs: Epochs, drifts: Sequence[float], metrics: Sequence[str], indices: Sequence[int]
) -> Table:
    first, *others = epochs
    has_parts = any(result.part for result in epochs[first])
    headings = [
        *(["part"] if has_parts else []),
        "epoch",
        *(f"{metric}\n{name}" for metric in metrics for name in epochs),
        "loss\ndrift",
        *(f"seconds\n{name}" for name in epochs),
        *(f"ratio\n{name}\n/{first}" for name in others),
    ]
    result = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for heading in headings:
        # Headings fold between words in a narrow terminal; no figure (9 characters) is cut.
        width, is_part = max(9, *(len(word) for word in heading.split())), heading == "part"
        result.add_column(heading, justify="right", min_width=width, no_wrap=is_part)
    for index in indices:
        row = {name: results[index] for name, results in epochs.items()}
        result.add_row(
            *([row[first].part] if has_parts else []),
            str(row[first].number),
            *(figure(epoch, metric) for metric in metrics for epoch in row.values()),
            f"{drifts[index]:.1e}",
            *(f"{epoch.seconds:.3f}" for epoch in row.values()),
            *(f"{row[name].seconds / row[first].seconds:.2f}" for name in others),
        )
    return result
