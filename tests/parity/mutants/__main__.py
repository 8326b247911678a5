"""python -m tests.parity.mutants: mutants caught / total, false alarms / seeds.

Exits with 0 if every mutant is caught and no seed gives a false alarm, with 1 if not, and with 130
after Ctrl-C, when what is finished is printed and kept.
"""

from __future__ import annotations

import tests.conftest  # isort: skip  # sets the number of threads before any framework starts

import argparse
import os
import shlex
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from backends import InputError, get_backend
from backends.interface import Backend
from experiments.commands.results import replacing
from tests.parity.mutants.alarms import each
from tests.parity.mutants.catalogue import outcomes
from tests.parity.mutants.findings import Findings
from tests.parity.wrong import WRONG


def arguments(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.parity.mutants", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="of inputs (default: 1000)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--out", type=Path, help="a Markdown file to write")
    options = parser.parse_args(given)
    if options.seeds < 0 or options.jobs < 1:
        parser.error(f"--seeds {options.seeds} --jobs {options.jobs}: give 0 and 1 at least")
    if options.out and not options.out.parent.is_dir():
        parser.error(f"--out {options.out}: there is no folder {options.out.parent}")
    return options


def installed() -> list[Backend]:
    found = []
    for name in tests.conftest.FRAMEWORKS:
        try:
            found.append(get_backend(name))
        except InputError as error:
            print(f"left out: {error}", file=sys.stderr)
    return found


@contextmanager
def progress(console: Console) -> Iterator[Progress]:
    columns = (
        TextColumn("{task.description}"),
        MofNCompleteColumn(),
        BarColumn(),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bars:
        yield bars


def search(findings: Findings, jobs: int, bars: Progress) -> None:
    """Add to the findings until all is done or Ctrl-C is pressed."""
    bar = bars.add_task("mutants", total=findings.num_mutants * len(findings.backends))
    for outcome in outcomes(WRONG, findings.backends):
        findings.outcomes.append(outcome)
        bars.advance(bar)
    bar = bars.add_task("seeds", total=findings.num_seeds)
    for seed in each(range(findings.num_seeds), findings.backends, jobs):
        findings.seeds_done += 1
        findings.checks_done += seed.num_checks
        findings.alarms += seed.alarms
        bars.advance(bar)


def main(given: Sequence[str]) -> int:
    options = arguments(given)
    command = shlex.join(["python", "-m", "tests.parity.mutants", *given])
    findings = Findings(command, installed(), len(WRONG), options.seeds)
    start = time.monotonic()
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # as in pyproject.toml
        try:
            with progress(Console(stderr=True)) as bars:
                search(findings, options.jobs, bars)
        except KeyboardInterrupt:
            pass
    findings.seconds = time.monotonic() - start
    lines = findings.lines()
    print("\n".join(lines))
    if options.out:
        with replacing(options.out) as file:
            file.write("\n".join([*lines, *findings.caught_by(), ""]).encode())
    if not findings.complete:
        return 130
    return 0 if findings.passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
