"""`lockstep reproduce`: all trainings of the book at its full settings, its figures beside ours.

A run is one row of `experiments.book` with one seed on one backend, in a process of its own. Runs
that are finished are in book.json and are not repeated, so an interrupted command goes on.
"""

from __future__ import annotations

import dataclasses
import json
import threading
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from backends.errors import InputError, check_choice
from backends.registry import Choice, backend_names
from backends.threads import available_threads
from experiments import load_experiment
from experiments.book import ROWS, Row
from experiments.commands.book_page import book_page
from experiments.commands.console import console
from experiments.commands.page_results import BOOK_SHAPE, read
from experiments.commands.results import machine, prepare_folder, replacing, write_json
from experiments.commands.worker import EpochResult, Worker

FIRST_STEPS = 8


@dataclass(frozen=True)
class Run:
    """What is to be computed."""

    row: Row
    seed: int
    backend: str

    @property
    def config(self) -> Any:
        return dataclasses.replace(self.row.config, seed=self.seed)

    def settings(self) -> dict[str, Any]:
        """How book.json calls it."""
        config = json.loads(json.dumps(dataclasses.asdict(self.config)))
        return {"row": self.row.id, "seed": self.seed, "backend": self.backend, "config": config}

    def __str__(self) -> str:
        return f"{self.row.id}, seed {self.seed}, {self.backend}"


def chosen(what: str, text: str | None, known: Iterable[str]) -> list[str]:
    """`a,b` as names, each once and known; all that are known if nothing was said."""
    if text is None:
        return list(known)
    names = text.split(",")
    for name in names:
        check_choice(what, name, known)
    if len(set(names)) < len(names):
        raise InputError(f"{what}s {text!r} are not allowed: name each once")
    return names


def planned(rows: Sequence[Row], seeds: int, backends: Sequence[str]) -> list[Run]:
    """One seed of every row before the next seed of any."""
    return [Run(row, seed, b) for seed in range(seeds) for row in rows for b in backends]


def is_current(result: dict[str, Any], row: Row, note: str) -> bool:
    """Whether a finished run has the settings and data of today, and every figure of its row."""
    settings = Run(row, result["seed"], result["backend"]).settings()
    figures = {figure.name for figure in row.figures}
    return (
        all(result[name] == value for name, value in settings.items())
        and result["note"] == note
        and set(result["figures"]) == figures
    )


def read_finished(path: Path, notes: Mapping[str, str], device: str) -> list[dict[str, Any]]:
    """The runs of an earlier command, without those of rows as they were once.

    notes: row → note of its data, of the rows chosen now. Raises InputError for a file that holds
    something else, or runs on another device.
    """
    if not path.exists():
        return []
    results = read(path, BOOK_SHAPE)["runs"]
    for result in results:
        if result["device"] != device:
            raise InputError(
                f"{str(path)!r} holds runs on {result['device']}: give another --out for {device}"
            )
    rows = {row.id: row for row in ROWS}
    current = [
        result
        for result in results
        if (row := rows.get(result["row"]))
        and is_current(result, row, notes.get(row.id, result["note"]))
    ]
    if dropped := len(results) - len(current):
        console.print(f"{dropped} finished runs had other settings or data: they are left out")
    return current


def describe(run: Run, worker: Worker, epochs: Sequence[EpochResult], data: Any) -> dict[str, Any]:
    """An element of `runs` in book.json."""

    def metric(figure: Any) -> Any:
        (epoch,) = (e for e in epochs if (e.part, e.number) == (figure.part, figure.epoch))
        return epoch.metrics[figure.metric]

    losses = [loss for epoch in epochs for loss in epoch.losses]
    return {
        **run.settings(),
        "figures": {figure.name: metric(figure) for figure in run.row.figures},
        "first_losses": losses[:FIRST_STEPS],
        "seconds_per_epoch": median(epoch.seconds for epoch in epochs),
        "seconds": sum(epoch.seconds for epoch in epochs),
        "texts": epochs[-1].texts if run.row.shows_texts else {},
        "data": data.source,
        "note": data.note,
        "version": worker.ready.version,
        "threads": worker.ready.threads,
        "device": worker.ready.device,
        "machine": machine(),
        "date": date.today().isoformat(),
    }


class StoppedError(Exception):
    """The command was interrupted while this run was under way."""


def compute(
    run: Run,
    options: Namespace,
    advance: Callable[[Run, int], None],
    stop: threading.Event,
) -> dict[str, Any]:
    """Train one run to its end."""
    module, config = load_experiment(run.row.experiment), run.config
    data = module.prepare(config, options.data_dir)
    schedule = module.schedule(config, data)
    worker = Worker(Choice(run.backend, options.device), options.threads)
    try:
        worker.wait_until_ready()
        worker.start(run.row.experiment, config, data, ())
        epochs = []
        for number in range(1, len(schedule) + 1):
            if stop.is_set():
                raise StoppedError
            epochs.append(worker.epoch(run.row.shows_texts and number == len(schedule)))
            advance(run, len(schedule))
        return describe(run, worker, epochs, data)
    finally:
        worker.close()


@contextmanager
def progress_of(runs: int) -> Iterator[tuple[Progress, Callable[[Run, int], None]]]:
    """A bar for all runs and one for each that is under way."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        everything = bars.add_task(f"{runs} runs", total=runs)
        tasks: dict[Run, Any] = {}

        def advance(run: Run, epochs: int) -> None:
            if run not in tasks:
                tasks[run] = bars.add_task(str(run), total=epochs)
            bars.advance(tasks[run])
            bars.advance(everything, 1 / epochs)
            if bars.tasks[bars.task_ids.index(tasks[run])].finished:
                bars.remove_task(tasks[run])

        yield bars, advance


def write_book(folder: Path, finished: Sequence[dict[str, Any]]) -> None:
    """book.json and book.md, from all runs so far."""
    order = {row.id: index for index, row in enumerate(ROWS)}
    runs = sorted(finished, key=lambda run: (order[run["row"]], run["seed"], run["backend"]))
    write_json(folder / "book.json", {"runs": runs})
    with replacing(folder / "book.md") as file:
        file.write(book_page(runs).encode())


def main(options: Namespace) -> int:
    backends = chosen("backend", options.backends, backend_names())
    known = {row.id: row for row in ROWS}
    rows = [known[name] for name in chosen("row", options.only, known)]
    # A missing file is said before hours of computing.
    notes = {
        row.id: load_experiment(row.experiment).prepare(row.config, options.data_dir).note
        for row in rows
    }
    prepare_folder(options.out)
    finished = read_finished(options.out / "book.json", notes, options.device)
    done = {(result["row"], result["seed"], result["backend"]) for result in finished}
    runs = planned(rows, options.seeds, backends)
    waiting = [run for run in runs if (run.row.id, run.seed, run.backend) not in done]
    console.print(f"{len(runs)} runs, of which {len(runs) - len(waiting)} are finished already")
    jobs = options.jobs or max(1, available_threads() // options.threads)
    stop = threading.Event()
    with progress_of(len(waiting)) as (bars, advance), ThreadPoolExecutor(jobs) as pool:
        futures = {pool.submit(compute, run, options, advance, stop): run for run in waiting}
        try:
            for future in as_completed(futures):
                finished.append(future.result())
                write_book(options.out, finished)
                seconds = finished[-1]["seconds"]
                bars.console.print(f"{futures[future]}: {seconds:.0f} s", markup=False)
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise
    write_book(options.out, finished)
    console.print(f"written: {options.out / 'book.md'}, {options.out / 'book.json'}", markup=False)
    return 0
