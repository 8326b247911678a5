"""`lockstep bench`: programs of every level in paired comparison, with intervals.

What is timed and how, see `benchmarks`; bench.json is written after every case.
"""

from __future__ import annotations

import shlex
import sys
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from backends.errors import InputError
from backends.registry import Choice, choice_of
from backends.threads import available_threads
from benchmarks import table, targets
from benchmarks.run import FILE, Bench, Plan, Setup, chosen_cases
from experiments.commands.console import console, progress_bar
from experiments.commands.results import prepare_folder, replacing

FAILED = 1
QUICK = {"cycles": 4, "patience": 1, "launches": 1}


def thread_counts(text: str) -> tuple[int, ...]:
    """`--threads 1,2`."""
    counts = text.split(",")
    if not all(count.isdigit() and int(count) > 0 for count in counts):
        raise InputError(f"--threads {text!r} is not allowed: give numbers above 0, as in 1,2")
    return tuple(dict.fromkeys(map(int, counts)))


def plan_of(options: Namespace) -> Plan:
    named = (choice_of(text, options.device) for text in options.backends.split(","))
    choices = tuple(dict.fromkeys(named))
    asked = {
        "cycles": options.blocks,
        "launches": options.processes,
        "most_seconds": options.seconds,
    }
    settings: dict[str, Any] = QUICK.copy() if options.quick else {}
    settings |= {name: value for name, value in asked.items() if value is not None}
    return Plan(setups_of(options, choices), **settings)


def setups_of(options: Namespace, choices: tuple[Choice, ...]) -> tuple[Setup, ...]:
    """One and all threads, if neither --threads, --targets nor --quick says otherwise."""
    cases = chosen_cases(options.filter)
    threads = thread_counts(options.threads) if options.threads else None
    if options.targets:
        found = tuple(targets.setups(cases, choices, threads))
        if not found:
            raise InputError("nothing that was asked for has a target: leave out --targets")
        return found
    threads = threads or ((1,) if options.quick else tuple(sorted({1, available_threads()})))
    return tuple(Setup(count, choices, cases) for count in threads)


def print_record(record: Mapping[str, Any]) -> None:
    """Facts, tables, and why there are no verdicts."""
    for name, text in table.facts(dict(record)):
        console.print(f"{name}: {text}", markup=False)
    for found in table.tables(dict(record)):
        shown = Table(box=SIMPLE_HEAD, title=found.title, title_justify="left", pad_edge=False)
        for index, heading in enumerate(found.headings):
            shown.add_column(heading, justify="left" if index < found.words else "right")
        for line in found.rows:
            shown.add_row(*line)
        console.print(shown, markup=False)
    for reason in record["no_verdicts_because"]:
        console.print(f"no verdicts: {reason}", markup=False)


def write_pictures(folder: Path, record: Mapping[str, Any]) -> list[Path]:
    from benchmarks.pictures import cost, forest, save

    written = []
    for name, draw in (("forest.png", forest), ("cost.png", cost)):
        figure = draw(record)
        if figure:
            with replacing(folder / name) as file:
                save(figure, file, "png")
            written.append(folder / name)
    return written


def finish(options: Namespace, folder: Path, bench: Bench) -> None:
    record = bench.record()
    print_record(record)
    written = [bench.path, *write_pictures(folder, record)]
    if options.markdown:
        with replacing(options.markdown) as file:
            file.write(table.markdown(record).encode())
        written.append(options.markdown)
    console.print(f"written: {', '.join(map(str, written))}", markup=False)


def main(options: Namespace) -> int:
    plan = plan_of(options)
    if options.list:
        for key in dict.fromkeys(case.key for setup in plan.setups for case in setup.cases):
            console.print(key, markup=False)
        return 0
    folder = options.out or Path("out") / "bench"
    prepare_folder(folder)
    if options.markdown:
        prepare_folder(options.markdown.parent)
    bench = Bench(plan, folder / FILE, command=shlex.join(["lockstep", *sys.argv[1:]]))
    try:
        with progress_bar(plan.length, "case") as advance:
            bench.run(advance)
    finally:
        if bench.done:
            finish(options, folder, bench)
    return FAILED if bench.failed else 0
