"""python -m tests.parity.report: every primitive on every backend, held to what it may differ by.

Prints Markdown that two runs write alike, to the byte. Exits with 0 if nothing lies beyond its
bound and no bound says nothing, with 1 if not.
"""

from __future__ import annotations

import tests.conftest  # isort: skip  # sets the number of threads before any framework starts

import argparse
import multiprocessing
import os
import platform
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from rich.progress import track

from backends import get_backend
from backends.rounding.budgets import ULPS
from backends.rounding.envelope import FALSE_ALARM_RATE, RUNS
from experiments.commands.results import machine, replacing
from tests.parity.elementary import REACHED_BY, largest_ulps
from tests.parity.observed import TASKS, Row, rows
from tests.parity.pinned import PINNED

SAYS_NOTHING = 1e-3
"""A bound that no backend comes closer to than this is no evidence."""

IN_BLOCKS = (
    "the frameworks add in blocks, while the noise is that of adding one number after the other"
)
LISTED = {("mean", "book", "forward"): IN_BLOCKS}
"""(primitive, case, direction) → why a bound that says nothing is kept."""


def table(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> list[str]:
    marks = ["---", *["--:"] * (len(heads) - 1)]
    return ["| " + " | ".join(line) + " |" for line in (heads, marks, *lines)]


def ratio(value: float | None) -> str:
    return "" if value is None else "0" if value == 0 else f"{value:.2g}"


def worst(found: Sequence[Row], *kinds: str) -> str:
    return ratio(max((row.ratio for row in found if row.rests_on in kinds), default=None))


def summary(found: Sequence[Row], backends: Sequence[str]) -> list[str]:
    """A line per primitive and backend."""
    lines = []
    for primitive in dict.fromkeys(row.primitive for row in found):
        for backend in backends:
            own = [row for row in found if (row.primitive, row.backend) == (primitive, backend)]
            exact = [row for row in own if row.rests_on == "exact"]
            same = sum(row.ratio == 0 for row in exact)
            kinds = [worst(own, kind) for kind in ("bound", "envelope", "residual")]
            cases, bits = f"{len(own)}", f"{same} / {len(exact)}" if exact else ""
            pins = sum(p.primitive == primitive and backend in p.behaviours for p in PINNED)
            lines.append([f"`{primitive}`", backend, cases, *kinds, bits, str(pins or "")])
    heads = ["primitive", "backend", "rows", "bound", "envelope", "residual", "same bits", "pinned"]
    return table(heads, lines)


def every_row(found: Sequence[Row]) -> list[str]:
    heads = [
        "primitive",
        "case",
        "direction",
        "shapes",
        "rests on",
        "backend",
        "observed / allowed",
    ]
    return table(
        heads,
        (
            [
                f"`{r.primitive}`",
                r.case,
                r.direction,
                r.shapes,
                r.rests_on,
                r.backend,
                ratio(r.ratio),
            ]
            for r in found
        ),
    )


def saying_nothing(found: Sequence[Row]) -> dict[tuple[str, str, str], float]:
    """Rows whose allowed error no backend comes near."""
    largest: dict[tuple[str, str, str], float] = {}
    for row in found:
        if row.rests_on != "exact":
            key = (row.primitive, row.case, row.direction)
            largest[key] = max(largest.get(key, 0.0), row.ratio)
    return {key: value for key, value in largest.items() if value < SAYS_NOTHING}


def elementary(backends: Sequence[str]) -> list[str]:
    lines = [
        [name, str(ULPS[name]), *(f"{largest_ulps(get_backend(b), name):.2f}" for b in backends)]
        for name in REACHED_BY
    ]
    return table(["function", "budget", *backends], lines)


def divergences() -> list[str]:
    """Where frameworks truly differ: tests/parity/test_pinned.py asserts every behaviour."""
    lines = []
    for pin in PINNED:
        behaviours = "; ".join(f"{name}: {value}" for name, value in pin.behaviours.items())
        lines += [f"- `{pin.primitive}`, {pin.name}. {behaviours}. {pin.cause} ({pin.source})"]
    return lines


def problems(found: Sequence[Row]) -> list[str]:
    silent = saying_nothing(found)
    return [
        *(
            f"{row.primitive} {row.case}, {row.direction} on {row.backend}:"
            f" {ratio(row.ratio)} times what rounding explains"
            for row in found
            if not row.ratio <= 1
        ),
        *(
            f"{' '.join(key)}: at most {ratio(value)} of what is allowed, so the bound says nothing"
            for key, value in silent.items()
            if key not in LISTED
        ),
        *(f"{' '.join(key)}: listed, but it says something" for key in LISTED if key not in silent),
    ]


def document(found: Sequence[Row], backends: Sequence[str]) -> list[str]:
    on = machine()
    versions = ", ".join(f"{name} {get_backend(name).version()}" for name in backends)
    float64 = max((row.float64 for row in found if row.float64 is not None), default=0.0)
    gradients = [r.float64 for r in found if r.float64 is not None and r.direction == "gradients"]
    listed = saying_nothing(found)
    return [
        "# Parity of all primitives",
        "",
        "Written by `python -m tests.parity.report --out results/parity.md`.  ",
        f"Machine: {on['processor']}, {on['system']}, one thread.  ",
        f"Versions: Python {platform.python_version()}, NumPy {np.__version__}, {versions}.",
        "",
        f"{len(found)} rows, {len(problems(found))} problems. A ratio is the largest observed error"
        " / the error that rounding explains; above 1 is a defect.",
        "",
        "- *exact*: nothing is rounded, and every bit is the oracle's.",
        "- *bound*: running error analysis of the oracle's formula on the same float32 inputs.",
        f"- *envelope*: {RUNS} runs of the oracle in Monte Carlo arithmetic; Student's t at a"
        f" false-alarm rate of {FALSE_ALARM_RATE:g} for each row.",
        "- *residual*: each step of a recurrence on the backend's own states, by one step's bound.",
        "",
        *summary(found, backends),
        "",
        "Oracle against torch in float64: the largest difference relative to an array's largest"
        f" number is {float64:.1e}, of gradients {max(gradients, default=0.0):.1e}.",
        "",
        "## Elementary functions: largest error seen, in units in the last place",
        "",
        *elementary(backends),
        "",
        "## Rows whose bound says nothing, and why they are kept",
        "",
        *(
            f"- {' '.join(key)} ({ratio(listed[key])}): {LISTED[key]}"
            for key in LISTED
            if key in listed
        ),
        "",
        f"## {len(PINNED)} pinned divergences",
        "",
        *divergences(),
        "",
        "## Every row",
        "",
        *every_row(found),
    ]


def gather(backends: list[str], jobs: int) -> list[Row]:
    found: list[Row] = []
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        done = pool.map(partial(rows, names=backends), range(len(TASKS)))
        for some in track(done, "rows", total=len(TASKS), disable=not sys.stderr.isatty()):
            found += some
    return found


def main(given: Sequence[str]) -> int:
    parser = argparse.ArgumentParser("python -m tests.parity.report", description=__doc__)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--out", type=Path, help="a Markdown file to write")
    options = parser.parse_args(given)
    if options.jobs < 1:
        parser.error(f"--jobs {options.jobs}: give 1 at least")
    if options.out and not options.out.parent.is_dir():
        parser.error(f"--out {options.out}: there is no folder {options.out.parent}")
    backends = [get_backend(name).name for name in tests.conftest.FRAMEWORKS]
    found = gather(backends, options.jobs)
    lines = document(found, backends)
    print("\n".join(lines[: lines.index("## Every row")] if options.out else lines))
    if options.out:
        with replacing(options.out) as file:
            file.write("\n".join([*lines, ""]).encode())
    wrong = problems(found)
    print(*wrong, sep="\n", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
