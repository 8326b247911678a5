"""`lockstep compare --trace`: loss, gradients and parameters of every step, in two modes.

Resynced: every backend takes each of the reference's steps from the reference's own numbers, and
must lie within what rounding allows, by the oracle. Free-running: every backend trains on its own,
and the difference grows.
"""

from __future__ import annotations

import dataclasses
import math
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from backends.interface import Backend
from backends.rounding.envelope import FALSE_ALARM_RATE, RUNS
from backends.threads import available_threads
from experiments.commands.compare import DIFFERENT, chosen_backends, start_workers
from experiments.commands.console import console, print_data, progress_bar
from experiments.commands.options import configure
from experiments.commands.record import notes_of
from experiments.commands.results import machine, prepare_folder, write_json
from experiments.commands.trace_report import plot_growth, print_trace, sentences
from experiments.commands.worker import Worker
from experiments.trace.resynced import Judge
from experiments.trace.run import Trace
from experiments.training import Model

NUM_STEPS = 1000


def long_enough(module: Any, config: Any, data: Any, steps: int) -> Any:
    """The configuration with as many epochs as that many steps take."""
    total = sum(module.schedule(config, data))
    if total >= steps or not hasattr(config, "num_epochs"):
        return config
    # A random offset may cost a step in every epoch.
    epochs = math.ceil(config.num_epochs * steps / max(total - config.num_epochs, 1))
    return dataclasses.replace(config, num_epochs=epochs)


def result_of(trace: Trace) -> dict[str, Any]:
    """The `trace` part of trace.json."""
    return {
        "passed": trace.passed,
        "steps": trace.steps,
        "steps_of_parts": trace.parts,
        "sentences": sentences(trace),
        "perturbed_runs": trace.judge.perturbed_runs,
        "false_alarm_rate_of_a_step": FALSE_ALARM_RATE,
        "resynced": {
            label: {tensor: dataclasses.asdict(row) for tensor, row in rows.items()}
            for label, rows in trace.rows.items()
        },
        "first_divergence": trace.first_divergence,
        "free_running": {
            label: {
                part: {
                    "differences": growth.differences,
                    "first_step_above": {
                        quantity: {f"{t:g}": step for t, step in crossed.items()}
                        for quantity, crossed in growth.crossed.items()
                    },
                }
                for part, growth in parts.items()
            }
            for label, parts in trace.growths.items()
        },
        "crossings": trace.crossings,
        "repeated_otherwise": trace.repeated_otherwise,
    }


def write_trace(
    folder: Path,
    experiment: str,
    config: Any,
    data: Any,
    workers: Sequence[Worker],
    trace: Trace,
    notes: Sequence[str],
) -> None:
    result = {
        "experiment": experiment,
        "style": config.style,
        "config": dataclasses.asdict(config),
        "data": data.source,
        "note": data.note,
        "notes": notes,
        "machine": machine(),
        "backends": {w.label: dataclasses.asdict(w.ready) for w in workers},
        "trace": result_of(trace),
    }
    write_json(folder / "trace.json", result)
    plot_growth(folder / "trace.png", f"{experiment}, {config.style}", trace)
    console.print(f"written: {folder / 'trace.json'}, {folder / 'trace.png'}", markup=False)


def main(options: Namespace) -> int:
    chosen = chosen_backends(options.backends, options.device)
    module, config = configure(options)
    steps = options.steps or NUM_STEPS
    data = module.prepare(config, options.data_dir)
    if options.epochs is None:
        config = long_enough(module, config, data, steps)
    folder = options.out or Path("out") / f"{options.experiment}-{config.style}"
    prepare_folder(folder)
    threads = options.threads or available_threads()
    workers: list[Worker] = []
    trace = None

    def build(backend: Backend, part: str) -> Model:
        return module.build(backend, config, data, part)

    try:
        start_workers(workers, chosen, threads)
        notes = notes_of(module, config)
        print_data(data, notes)
        for worker in workers:
            worker.trace(options.experiment, config, data)
        judge = Judge(build, options.perturbed_runs or RUNS, len(workers))
        trace = Trace(workers, judge)
        with progress_bar(steps, "step") as advance:
            while trace.step(steps):
                advance("" if trace.passed else "different")
    finally:
        if trace and trace.steps:
            console.print(f"{config.style}, seed {config.seed}")
            print_trace(trace)
            write_trace(folder, options.experiment, config, data, workers, trace, notes)
        for worker in workers:
            worker.close()
    return 0 if trace.passed else DIFFERENT
