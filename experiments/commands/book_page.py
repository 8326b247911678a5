"""book.md: the book's figures beside ours, from the runs in book.json."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any

from experiments.book import ROWS, Figure, Row
from experiments.commands.results import described

Runs = Sequence[Mapping[str, Any]]

INTRODUCTION = """\
# The book's figures beside ours

Written by `lockstep reproduce`; all numbers are in `book.json`. Every run is one training at the
book's full settings, from initial weights, batches and masks that are the same for all backends.
The book's figures come from random draws of their own, so each experiment is run with several
seeds: ours are *smallest – median – largest* of them, or one number where all agree. *Inside* says
whether the book's figure, as printed, lies between our smallest and largest (one answer per backend
where they differ); with five seeds a further draw of the same distribution lies outside once in
three times. *First steps* is the largest relative difference between the backends' losses in the
first 8 steps of a run, before rounding is amplified. Seconds are of training alone, per epoch, the
median over epochs and seeds, with the threads given and other runs beside it: they tell how long
this took, not which is faster.
"""


def spread(values: Sequence[float | None]) -> tuple[float, float, float] | None:
    """Smallest, median and largest, or None if one of them is no number."""
    numbers = [value for value in values if value is not None]
    if not numbers or len(numbers) < len(values):
        return None
    return min(numbers), median(numbers), max(numbers)


def inside(figure: Figure, values: Sequence[float | None]) -> bool:
    """Whether the printed figure lies in the range of ours, rounded as it is."""
    found = spread(values)
    if found is None:
        return False
    smallest, _, largest = map(figure.as_printed, found)
    return smallest <= float(figure.printed) <= largest


def number(value: float) -> str:
    return f"{value:.4g}"


def cell(values: Sequence[float | None]) -> str:
    if not values:
        return "not run"
    found = spread(values)
    if found is None:
        return "no finite number"
    return " – ".join(number(value) for value in (found if found[0] < found[2] else found[:1]))


def first_steps(runs: Runs) -> float | None:
    """The largest relative difference between backends in the first losses of the same seed."""
    apart = []
    for run in runs:
        for other in runs:
            if other["seed"] == run["seed"]:
                pairs = zip(run["first_losses"], other["first_losses"], strict=True)
                apart += [abs(a - b) / abs(a) for a, b in pairs if a and b is not None]
    return max(apart, default=None)


def table(row: Row, runs: Runs, backends: Sequence[str]) -> Iterator[str]:
    comparable = not any(run["note"] for run in runs)
    yield "| figure | book | " + " | ".join(backends) + " | inside |"
    yield "|---|--:|" + "--:|" * len(backends) + ":-:|"
    for figure in row.figures:
        values = {
            name: [run["figures"][figure.name] for run in runs if run["backend"] == name]
            for name in backends
        }
        answers = ["yes" if inside(figure, v) else "no" for v in values.values() if v]
        if len(set(answers)) == 1:
            answers = answers[:1]
        answer = "/".join(answers) if comparable else "–"
        cells = " | ".join(cell(v) for v in values.values())
        yield f"| {figure.name} | {figure.printed} | {cells} | {answer} |"


def texts(runs: Runs) -> Iterator[str]:
    seed = min(run["seed"] for run in runs)
    for run in runs:
        if run["seed"] == seed and run["texts"]:
            yield ""
            yield f"Texts of our own after the last epoch, {run['backend']}, seed {seed}:"
            yield ""
            yield from (f"> {text}  " for text in run["texts"].values())


def section(row: Row, runs: Runs) -> Iterator[str]:
    backends = list(dict.fromkeys(run["backend"] for run in runs))
    yield f"\n## {row.title}\n"
    seeds = len({run["seed"] for run in runs})
    data, notes = {run["data"] for run in runs}, {run["note"] for run in runs} - {""}
    yield f"`{row.id}`, seeds: {seeds}, data: {'; '.join(sorted(data))}"
    for note in sorted(notes):
        yield f"\n**{note}**: the book's figures are of other data, so none is inside or outside."
    yield ""
    yield from table(row, runs, backends)
    yield ""
    seconds = (
        f"{name} {median(s):.3f}"
        for name in backends
        if (s := [run["seconds_per_epoch"] for run in runs if run["backend"] == name])
    )
    line = "Seconds per epoch: " + ", ".join(seconds)
    if len(backends) > 1:
        apart = first_steps(runs)
        line += ". First steps: " + ("no finite loss" if apart is None else f"{apart:.1e}")
    yield line + "."
    yield from texts(runs)


def environment(runs: Runs) -> Iterator[str]:
    versions = {f"{run['backend']} {run['version']} ({run['device']})" for run in runs}
    threads = {str(run["threads"]) for run in runs}
    machines = {f"{described(run['machine'])}, Python {run['machine']['python']}" for run in runs}
    dates = sorted({run["date"] for run in runs})
    yield f"\nBackends: {', '.join(sorted(versions))}; threads of a run: {', '.join(threads)}.  "
    yield f"Machine: {'; '.join(sorted(machines))}.  "
    yield f"Date: {' to '.join(dict.fromkeys((dates[0], dates[-1])))}."


def book_page(runs: Runs) -> str:
    """The Markdown of all rows that have been run."""
    lines = [INTRODUCTION]
    if runs:
        lines += environment(runs)
    for row in ROWS:
        own = [run for run in runs if run["row"] == row.id]
        if own:
            lines += section(row, own)
    return "\n".join(lines) + "\n"
