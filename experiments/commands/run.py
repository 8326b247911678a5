"""`lockstep run`: one experiment on one backend, with the lines the book prints."""

from __future__ import annotations

from argparse import Namespace

from backends.errors import check_choice
from backends.registry import backend_names
from backends.threads import available_threads
from experiments.commands.options import configure
from experiments.commands.report import (
    console,
    generates,
    print_data,
    print_texts,
    progress_bar,
    shows,
    write_report,
)
from experiments.commands.results import prepare_folder
from experiments.commands.worker import EpochResult, Worker


def line(result: EpochResult) -> str:
    metrics = ", ".join(f"{name} {value:.6g}" for name, value in result.metrics.items())
    return f"epoch {result.number}, {metrics}, time {result.seconds:.2f} sec"


def main(options: Namespace) -> int:
    check_choice("backend", options.backend, backend_names())
    module, config = configure(options)
    data = module.prepare(config, options.data_dir)
    if options.out:
        prepare_folder(options.out)
    worker = Worker(options.backend, options.device, options.threads or available_threads())
    results: list[EpochResult] = []
    try:
        worker.wait_until_ready()
        ready = worker.ready
        console.print(
            f"{options.experiment} ({config.style}) on {worker.backend} {ready.version}, "
            f"{ready.device}, threads: {ready.threads}",
            markup=False,
        )
        print_data(data)
        worker.start(options.experiment, config, data, ())
        with progress_bar(config.num_epochs) as advance:
            for epoch in range(1, config.num_epochs + 1):
                result = worker.epoch(generates(config, epoch))
                results.append(result)
                advance(line(result).partition(", ")[2])
                if shows(config, epoch):
                    console.print(line(result), markup=False)
                    print_texts({worker.backend: result})
    finally:
        if options.out and results:
            write_report(
                options.out,
                options.experiment,
                module,
                config,
                data.source,
                [worker],
                {worker.backend: results},
            )
        worker.close()
    return 0
