"""What `run` and `compare` print."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from experiments.commands.worker import EpochResult


class PipeConsole(Console):
    """A console that leaves a closed pipe to the program: rich would exit with 1, "different"."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


console = PipeConsole(highlight=False, soft_wrap=True)
if not console.is_terminal:
    console.width = 120  # rich assumes 80, too few for a table that nobody will fold
MOST_ROWS = 50


@contextmanager
def progress_bar(total: int, unit: str = "epoch") -> Iterator[Any]:
    """A bar on a terminal → a function to call with a text after each of the units."""
    columns = (
        TextColumn(unit),
        MofNCompleteColumn(),
        BarColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("", total=total)
        yield lambda text: bar.update(task, advance=1, description=text)


def shows(report_every: int | None, epoch: int, total: int) -> bool:
    """Whether an epoch, counted over the run, gets a line: all of a short run, some of a long."""
    every = 1 if total <= MOST_ROWS else report_every or total // (MOST_ROWS // 2)
    return epoch % every == 0 or epoch in (1, total)


def generates(config: Any, epoch: int, total: int) -> bool:
    """Whether texts are generated after an epoch."""
    every = getattr(config, "report_every", 0)
    return bool(every) and (epoch % every == 0 or epoch == total)


def print_data(data: Any, notes: tuple[str, ...]) -> None:
    """Where the data came from, openly if they stand in for others, and what else to know."""
    console.print(f"data: {data.source}", markup=False)
    for note in (data.note, *notes):
        if note:
            console.print(f"note: {note}", markup=False)


def print_peaks(results: Mapping[str, EpochResult]) -> None:
    """The most memory that each process has held, where the system tells."""
    peaks = {name: result.peak_memory for name, result in results.items()}
    told = [f"{name} {peak / 2**20:.0f} MiB" for name, peak in peaks.items() if peak]
    if told:
        console.print(f"peak memory of the process: {', '.join(told)}", markup=False)


def print_texts(results: Mapping[str, EpochResult]) -> None:
    """Each generated text once where all backends agree on it, else once per backend."""
    first = next(iter(results.values()))
    for prefix in first.texts:
        texts = {name: result.texts[prefix] for name, result in results.items()}
        if len(set(texts.values())) == 1 and len(texts) > 1:
            texts = {"all": texts[next(iter(texts))]}
        for name, text in texts.items():
            label = f"{name}: " if len(results) > 1 else ""
            console.print(f"   - {label}{text}", markup=False)
