"""`lockstep compare`: the same numbers through several backends, side by side.

Every backend runs in its own process. Epochs alternate between them, and who goes first
alternates too, so that a machine that drifts drifts for all. After an epoch the snapshots that
the reference took of its own steps are given to every backend, which repeats those steps.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

from backends.errors import InputError
from backends.registry import Choice, choice_of
from backends.threads import available_threads
from experiments.commands.console import (
    console,
    generates,
    print_data,
    print_peaks,
    print_texts,
    progress_bar,
)
from experiments.commands.options import configure
from experiments.commands.record import notes_of, write_record
from experiments.commands.results import prepare_folder
from experiments.commands.tables import figure, tables
from experiments.commands.verdict import Verdict, steps_to_probe
from experiments.commands.worker import EpochResult, Worker

DIFFERENT = 1


def chosen_backends(text: str, device: str) -> dict[str, Choice]:
    """`--backends a,b:cuda` by label."""
    labels = text.split(",")
    chosen = {label: choice_of(label, device) for label in labels}
    if len(labels) < 2 or len(set(chosen.values())) < len(labels):
        raise InputError(f"--backends {text!r} is not allowed: name two or more different ones")
    return chosen


def start_workers(workers: list[Worker], chosen: Mapping[str, Choice], threads: int) -> None:
    """Add a worker for each backend, to be closed whatever happens, and say what it runs on."""
    for label, choice in chosen.items():
        workers.append(Worker(choice, threads, label))
    for worker in workers:
        worker.wait_until_ready()
        ready = worker.ready
        console.print(f"{worker.label} {ready.version}, {ready.device}, threads: {ready.threads}")


class Comparison:
    """Several runs of one experiment in lockstep, the first backend the reference."""

    def __init__(self, workers: Sequence[Worker]) -> None:
        self.workers = workers
        self.epochs: dict[str, list[EpochResult]] = {worker.label: [] for worker in workers}
        reference, *others = self.epochs
        self.verdicts = [Verdict(reference, other) for other in others]
        self.drifts: list[float] = []

    def epoch(self, with_texts: bool) -> None:
        """One epoch on every backend, then the reference's snapshots on every backend."""
        done = len(self.drifts)
        order = self.workers if done % 2 == 0 else self.workers[::-1]
        results = {worker.label: worker.epoch(with_texts) for worker in order}
        reference, *others = self.workers
        expected = results[reference.label]
        if done and self.epochs[reference.label][done - 1].part != expected.part:
            for verdict in self.verdicts:
                verdict.drift = 0.0  # a new part starts from the same numbers
        for snapshot in expected.snapshots:
            probed = reference.probe(snapshot)
            for verdict, worker in zip(self.verdicts, others, strict=True):
                verdict.add_probe(snapshot, probed, worker.probe(snapshot), reference.probe)
        for verdict in self.verdicts:
            verdict.add_losses(expected.losses, results[verdict.other].losses)
        # All at the end, so that an interruption leaves whole epochs.
        self.drifts.append(max(verdict.drift for verdict in self.verdicts))
        for name, result in results.items():
            self.epochs[name].append(result)

    def latest(self) -> dict[str, EpochResult]:
        return {name: results[-1] for name, results in self.epochs.items()}

    def ratios(self, name: str) -> list[float]:
        """Seconds of a backend over the reference's, epoch by epoch."""
        reference = self.epochs[self.workers[0].label]
        pairs = zip(self.epochs[name], reference, strict=True)
        return [a.seconds / b.seconds for a, b in pairs]

    def parity(self) -> dict[str, Any]:
        """The `parity` part of result.json."""
        divergences = [v.first_divergence for v in self.verdicts if v.first_divergence]
        return {
            "passed": all(verdict.passed for verdict in self.verdicts),
            "max_abs_diff": max(verdict.largest_absolute for verdict in self.verdicts),
            "max_rel_diff": max(verdict.largest for verdict in self.verdicts),
            "tolerance": Verdict.tolerance,
            "sentences": [verdict.sentence() for verdict in self.verdicts],
            "explained_by_rounding": [
                {**found, "backends": [verdict.reference, verdict.other]}
                for verdict in self.verdicts
                for found in verdict.explained
            ],
            "first_divergence": min(divergences, key=lambda d: d["step"], default=None),
            "resynced_steps": self.verdicts[0].probed,
            "steps_without_finite_loss": self.verdicts[0].without_loss,
            "free_running_diff": self.drifts,
        }


def print_summary(comparison: Comparison, module: Any, config: Any, total: int) -> None:
    """The tables, the last texts, the verdicts and what the free-running difference means."""
    console.print(f"{config.style}, seed {config.seed}")
    for table in tables(comparison.epochs, comparison.drifts, module, config, total):
        console.print(table)
    with_texts = [
        number for number, r in enumerate(comparison.epochs[comparison.workers[0].label]) if r.texts
    ]
    if with_texts:
        number = with_texts[-1]
        console.print(f"generated after epoch {number + 1}:")
        print_texts({name: results[number] for name, results in comparison.epochs.items()})
    for name in list(comparison.epochs)[1:]:
        reference = comparison.workers[0].label
        # The first epoch pays for what a framework sets up once.
        ratios = comparison.ratios(name)[1:] or comparison.ratios(name)
        console.print(
            f"time: {name} took {median(ratios):.2f} × the seconds of {reference} "
            "(median over alternated epochs after the first)"
        )
    print_peaks({name: results[-1] for name, results in comparison.epochs.items()})
    console.print(
        "loss drift: largest relative difference of a step's loss so far, each backend training "
        "freely. Rounding alone makes it grow; the verdict rests on resynced steps."
    )
    done = len(comparison.drifts)
    after = "" if done == total else f" after {done} of {total} epochs"
    for verdict in comparison.verdicts:
        console.print(f"verdict{after}: {verdict.sentence()}", markup=False)


def main(options: Namespace) -> int:
    if options.trace:
        return import_module("experiments.commands.trace").main(options)
    for name in ("steps", "perturbed_runs"):
        if getattr(options, name) is not None:
            option = name.replace("_", "-")
            raise InputError(f"--{option} is not allowed without --trace: add it or leave this out")
    chosen = chosen_backends(options.backends, options.device)
    module, config = configure(options)
    data = module.prepare(config, options.data_dir)
    folder = options.out or Path("out") / f"{options.experiment}-{config.style}"
    prepare_folder(folder)
    threads = options.threads or available_threads()
    workers: list[Worker] = []
    comparison = None
    try:
        start_workers(workers, chosen, threads)
        print_data(data, notes_of(module, config))
        schedule = module.schedule(config, data)
        watched = steps_to_probe(schedule)
        for worker in workers:
            worker.start(options.experiment, config, data, watched)
        comparison = Comparison(workers)
        with progress_bar(len(schedule)) as advance:
            for epoch in range(1, len(schedule) + 1):
                comparison.epoch(generates(config, epoch, len(schedule)))
                latest = comparison.latest().items()
                metric = module.SHOWN[0]
                advance(f"{metric}: " + ", ".join(f"{n} {figure(r, metric)}" for n, r in latest))
    finally:
        if comparison and comparison.drifts:
            print_summary(comparison, module, config, len(schedule))
            write_record(
                folder,
                options.experiment,
                module,
                config,
                data,
                workers,
                comparison.epochs,
                comparison.parity(),
            )
        for worker in workers:
            worker.close()
    return 0 if comparison.parity()["passed"] else DIFFERENT
