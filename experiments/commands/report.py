"""What `run` and `compare` print and write about the epochs of one or more backends."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from experiments.commands.plot import plot_curves
from experiments.commands.results import machine, write_json
from experiments.commands.worker import EpochResult, Worker


class PipeConsole(Console):
    """A console that leaves a closed pipe to the program: rich would exit with 1, "different"."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


console = PipeConsole(highlight=False, soft_wrap=True)
if not console.is_terminal:
    console.width = 120  # rich assumes 80, too few for a table that nobody will fold
MOST_ROWS = 50


@contextmanager
def progress_bar(total: int) -> Iterator[Any]:
    """A bar on a terminal → a function to call with a text after each epoch."""
    columns = (
        TextColumn("epoch"),
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


def shows(config: Any, epoch: int) -> bool:
    """Whether an epoch gets a line of its own: all of a short run, every so many of a long one."""
    every = getattr(config, "report_every", 1)
    if config.num_epochs <= MOST_ROWS:
        every = 1
    elif every == 1:
        every = config.num_epochs // (MOST_ROWS // 2)
    return epoch % every == 0 or epoch in (1, config.num_epochs)


def generates(config: Any, epoch: int) -> bool:
    """Whether texts are generated after an epoch."""
    every = getattr(config, "report_every", 0)
    return bool(every) and (epoch % every == 0 or epoch == config.num_epochs)


def print_data(data: Any) -> None:
    """Where the data came from, and openly if they stand in for others."""
    console.print(f"data: {data.source}", markup=False)
    if data.note:
        console.print(f"note: {data.note}", markup=False)


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


def describe_backends(
    workers: Sequence[Worker], epochs: Mapping[str, list[EpochResult]]
) -> dict[str, Any]:
    """The `backends` part of result.json."""
    return {
        worker.label: {
            "version": worker.ready.version,
            "threads": worker.ready.threads,
            "device": worker.ready.device,
            "losses": [sum(result.losses) / len(result.losses) for result in epochs[worker.label]],
            "step_losses": [loss for r in epochs[worker.label] for loss in r.losses],
            "metrics": [result.metrics for result in epochs[worker.label]],
            "seconds": [result.seconds for result in epochs[worker.label]],
            "texts": {str(r.number): r.texts for r in epochs[worker.label] if r.texts},
        }
        for worker in workers
    }


def write_report(
    folder: Path,
    experiment: str,
    module: Any,
    config: Any,
    source: str,
    workers: Sequence[Worker],
    epochs: Mapping[str, list[EpochResult]],
    parity: dict[str, Any] | None = None,
) -> None:
    """result.json and curves.png."""
    result = {
        "experiment": experiment,
        "config": dataclasses.asdict(config),
        "completed": all(len(results) == config.num_epochs for results in epochs.values()),
        "data": source,
        "machine": machine(),
        "backends": describe_backends(workers, epochs),
    }
    write_json(folder / "result.json", result | ({"parity": parity} if parity else {}))
    curves = {
        metric: {name: [r.metrics[metric] for r in results] for name, results in epochs.items()}
        for metric in module.PLOTTED
    }
    plot_curves(folder / "curves.png", f"{experiment}, {config.style}", curves, module.LOG_SCALE)
    console.print(f"written: {folder / 'result.json'}, {folder / 'curves.png'}", markup=False)
