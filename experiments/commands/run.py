"""`lockstep run`: one experiment on one backend, with the lines the book prints."""

from __future__ import annotations

from argparse import Namespace

from backends.errors import check_choice
from backends.registry import Choice, backend_names
from backends.threads import available_threads
from experiments.commands.console import (
    console,
    generates,
    print_data,
    print_peaks,
    print_texts,
    progress_bar,
    shows,
)
from experiments.commands.options import configure
from experiments.commands.record import notes_of, write_record
from experiments.commands.results import prepare_folder
from experiments.commands.worker import EpochResult, Worker


def line(result: EpochResult) -> str:
    numbers = {name: v for name, v in result.metrics.items() if not isinstance(v, list)}
    metrics = ", ".join(f"{name} {value:.6g}" for name, value in numbers.items())
    part = f"{result.part}, " if result.part else ""
    return f"{part}epoch {result.number}, {metrics}, time {result.seconds:.2f} sec"


def main(options: Namespace) -> int:
    check_choice("backend", options.backend, backend_names())
    module, config = configure(options)
    data = module.prepare(config, options.data_dir)
    if options.out:
        prepare_folder(options.out)
    choice = Choice(options.backend, options.device)
    worker = Worker(choice, options.threads or available_threads())
    results: list[EpochResult] = []
    try:
        worker.wait_until_ready()
        ready = worker.ready
        console.print(
            f"{options.experiment} ({config.style}) on {worker.backend} {ready.version}, "
            f"{ready.device}, threads: {ready.threads}",
            markup=False,
        )
        print_data(data, notes_of(module, config))
        worker.start(options.experiment, config, data, ())
        total = len(module.schedule(config, data))
        with progress_bar(total) as advance:
            for epoch in range(1, total + 1):
                result = worker.epoch(generates(config, epoch, total))
                results.append(result)
                advance(line(result))
                if shows(getattr(config, "report_every", None), epoch, total):
                    console.print(line(result), markup=False)
                    print_texts({worker.backend: result})
    finally:
        if results:
            print_peaks({worker.backend: results[-1]})
        if options.out and results:
            write_record(
                options.out,
                options.experiment,
                module,
                config,
                data,
                [worker],
                {worker.backend: results},
            )
        worker.close()
    return 0
