"""`lockstep reproduce`: all trainings of the book at its full settings, its figures beside ours.

A run is one row of `experiments.book` with one seed on one backend, in a process of its own. Runs
that are finished are in book.json and are not repeated, so an interrupted command goes on.
"""

from __future__ import annotations

import dataclasses
import json
import threading
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from backends.errors import InputError, check_choice
from backends.registry import backend_names
from backends.threads import available_threads
from experiments import load_experiment
from experiments.book import ROWS, Row
from experiments.commands.book_page import book_page
from experiments.commands.console import console
from experiments.commands.results import machine, prepare_folder, replacing, write_json
from experiments.commands.worker import EpochResult, Worker

FIRST_STEPS = 8


@dataclass(frozen=True)
class Run:
    """What is to be computed, and how it is called in book.json."""

    row: Row
    seed: int
    backend: str

    @property
    def config(self) -> Any:
        return dataclasses.replace(self.row.config, seed=self.seed)

    @property
    def key(self) -> dict[str, Any]:
        config = json.loads(json.dumps(dataclasses.asdict(self.config)))
        return {"row": self.row.id, "seed": self.seed, "backend": self.backend, "config": config}

    def __str__(self) -> str:
        return f"{self.row.id}, seed {self.seed}, {self.backend}"


def chosen_rows(only: str | None) -> list[Row]:
    known = {row.id: row for row in ROWS}
    names = only.split(",") if only else list(known)
    for name in names:
        check_choice("row", name, known)
    return [known[name] for name in names]


def planned(rows: Sequence[Row], seeds: int, backends: Sequence[str]) -> list[Run]:
    """One seed of every row before the next seed of any."""
    return [Run(row, seed, b) for seed in range(seeds) for row in rows for b in backends]


def read_finished(path: Path) -> list[dict[str, Any]]:
    """The runs of an earlier command. Raises InputError for a file that holds something else."""
    if not path.exists():
        return []
    try:
        runs = json.loads(path.read_text())["runs"]
        [(run["row"], run["seed"], run["backend"], run["config"]) for run in runs]
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(
            f"{str(path)!r} does not hold results of this command: remove it or give another --out"
        ) from None
    return runs


def describe(run: Run, worker: Worker, epochs: Sequence[EpochResult], data: Any) -> dict[str, Any]:
    """An element of `runs` in book.json."""

    def metric(figure: Any) -> Any:
        (epoch,) = (e for e in epochs if (e.part, e.number) == (figure.part, figure.epoch))
        return epoch.metrics[figure.metric]

    losses = [loss for epoch in epochs for loss in epoch.losses]
    return {
        **run.key,
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
    worker = Worker(run.backend, options.device, options.threads)
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


def write_book(folder: Path, runs: list[dict[str, Any]]) -> None:
    """book.json and book.md, from all runs so far."""
    order = {row.id: index for index, row in enumerate(ROWS)}
    runs.sort(key=lambda run: (order.get(run["row"], len(order)), run["seed"], run["backend"]))
    write_json(folder / "book.json", {"runs": runs})
    with replacing(folder / "book.md") as file:
        file.write(book_page(runs).encode())


def main(options: Namespace) -> int:
    backends = options.backends.split(",")
    for name in backends:
        check_choice("backend", name, backend_names())
    rows = chosen_rows(options.only)
    for row in rows:  # a missing file is said before hours of computing
        load_experiment(row.experiment).prepare(row.config, options.data_dir)
    prepare_folder(options.out)
    finished = read_finished(options.out / "book.json")
    done = [{key: run[key] for key in ("row", "seed", "backend", "config")} for run in finished]
    runs = planned(rows, options.seeds, backends)
    waiting = [run for run in runs if run.key not in done]
    console.print(f"{len(runs)} runs, of which {len(runs) - len(waiting)} are finished already")
    jobs = options.jobs or max(1, available_threads() // options.threads)
    stop = threading.Event()
    with progress_of(len(waiting)) as (bars, advance), ThreadPoolExecutor(jobs) as pool:
        futures = {pool.submit(compute, run, options, advance, stop): run for run in waiting}
        try:
            for future in as_completed(futures):
                result = future.result()
                finished = [r for r in finished if not same_run(r, result)] + [result]
                write_book(options.out, finished)
                seconds = result["seconds"]
                bars.console.print(f"{futures[future]}: {seconds:.0f} s", markup=False)
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise
    write_book(options.out, finished)
    console.print(f"written: {options.out / 'book.md'}, {options.out / 'book.json'}", markup=False)
    return 0


def same_run(a: dict[str, Any], b: dict[str, Any]) -> bool:
    """Whether two results are of the same row, seed and backend, whatever their settings."""
    return all(a[key] == b[key] for key in ("row", "seed", "backend"))
