"""Lockstep training of every experiment in both styles: `lockstep compare --trace`, tabulated.

    python -m tests.traces [--steps N] [--only TEXT] [--out FILE]

Small models and data that every machine has, since the oracle takes each step with 16 draws of
rounding errors where no bound says anything. Exits with 0 if every step of every trace stays within
what the oracle allows, with 1 if not; Ctrl-C keeps the finished ones.
"""

from __future__ import annotations

import argparse
import json
import math
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from experiments.commands.results import described, machine, replacing

NUM_STEPS = 1000
LANGUAGE_MODEL = "corpus=python_topics num_hiddens=8 batch_size=2 num_steps=4"
# bptt takes a step for every gradient that it measures, and initialization some for every way to
# begin, so their numbers make some 1,000 in all.
SETTINGS = {
    "weight_decay": "weight_decay=3",
    "dropout": "dataset=digits num_hiddens1=16 num_hiddens2=16 batch_size=16",
    "initialization": f"num_steps={NUM_STEPS // 2} num_hiddens=10 num_layers=10",
    "rnn": LANGUAGE_MODEL,
    "gru": LANGUAGE_MODEL,
    "lstm": LANGUAGE_MODEL,
    "bptt": "corpus=python_topics num_hiddens=6 num_steps=6 num_powers=4 batch_size=3 "
    f"num_draws={NUM_STEPS} taus=4 radii=0.9",
}
STYLES = {name: ("scratch",) if name == "bptt" else ("scratch", "concise") for name in SETTINGS}


@dataclass(frozen=True)
class Row:
    """A trace: its command, and its trace.json or None where there is none."""

    command: Sequence[str]
    written: Mapping[str, Any] | None

    @property
    def passed(self) -> bool:
        return bool(self.written and self.written["trace"]["passed"])

    def cells(self) -> Iterator[str]:
        if self.written is None:
            yield from (self.command[2], self.command[4], "0", "no result", "", "", "")
            return
        trace = self.written["trace"]
        rows = [
            (none_is_infinite(row["ratio"]), row["step"], label, tensor, row["steps"])
            for label, tensors in trace["resynced"].items()
            for tensor, row in tensors.items()
        ]
        ratio, step, label, tensor, _ = max(rows, key=lambda row: row[0])
        kinds = rows[0][4]
        yield self.written["experiment"]
        yield self.written["style"]
        yield str(trace["steps"])
        yield ", ".join(f"{count} by {kind}" for kind, count in kinds.items())
        yield "same" if trace["passed"] else "DIFFERENT"
        yield f"{ratio:.2g} ({label}, {tensor}, step {step})"
        yield "; ".join(self.growth(trace))

    @staticmethod
    def growth(trace: Mapping[str, Any]) -> Iterator[str]:
        """Where the free-running parameters first differ by more than each threshold."""
        for parts in trace["free_running"].values():
            for threshold in ("1e-06", "0.0001", "0.01"):
                crossed = [
                    (growth["first_step_above"]["parameters"][threshold], part)
                    for part, growth in parts.items()
                    if threshold in growth["first_step_above"]["parameters"]
                ]
                if crossed:
                    step, part = min(crossed)
                    where = f" of {part}" if part else ""
                    yield f"{float(threshold):.0e} at step {step}{where}"
            largest = max(
                none_is_infinite(value)
                for growth in parts.values()
                for value in growth["differences"]["parameters"]
            )
            yield f"at most {largest:.1e}"


def none_is_infinite(value: float | None) -> float:
    """JSON knows no infinity."""
    return math.inf if value is None else value


def trace(experiment: str, style: str, steps: int) -> Row:
    """Run the command in a folder of its own; its lines go to stderr."""
    command = [
        "lockstep",
        "compare",
        experiment,
        "--style",
        style,
        "--trace",
        "--steps",
        str(steps),
    ]
    command += ["--threads", "1"]
    for setting in SETTINGS[experiment].split():
        command += ["--set", setting]
    with tempfile.TemporaryDirectory() as folder:
        program = [sys.executable, "-m", "experiments.commands.main", *command[1:]]
        subprocess.run([*program, "--out", folder], stdout=sys.stderr, check=False)
        written = Path(folder) / "trace.json"
        return Row(command, json.loads(written.read_bytes()) if written.is_file() else None)


HEADINGS = (
    "experiment",
    "style",
    "steps",
    "rest on",
    "resynced",
    "nearest to what is allowed (1)",
    "free-running: parameters first above",
)


def report(rows: Sequence[Row], expected: int, command: str) -> Iterator[str]:
    passed = sum(row.passed for row in rows)
    here = machine()
    yield "# Lockstep training: every step of every experiment"
    yield ""
    yield f"Written by `{command}` on {date.today()}.  "
    yield f"Machine: {described(here)}.  "
    versions: Mapping[str, Any] = next((row.written["backends"] for row in rows if row.written), {})
    named = [f"{label} {ready['version']}" for label, ready in versions.items()]
    yield f"Versions: {', '.join(['Python ' + here['python'], *named])}."
    yield ""
    yield f"lockstep training: {passed} same / {expected} traces"
    yield ""
    yield "| " + " | ".join(HEADINGS) + " |"
    yield "|---" * len(HEADINGS) + "|"
    for row in rows:
        yield "| " + " | ".join(row.cells()) + " |"
    yield ""
    yield from (f"- `{shlex.join(row.command)}`" for row in rows)


def main(given: Sequence[str]) -> int:
    parser = argparse.ArgumentParser("python -m tests.traces", description=__doc__)
    parser.add_argument("--steps", type=int, default=NUM_STEPS, help="of every part of a run")
    parser.add_argument("--only", default="", help="a part of EXPERIMENT STYLE")
    parser.add_argument("--out", type=Path, help="a Markdown file to write")
    options = parser.parse_args(given)
    if options.steps < 1:
        parser.error(f"--steps {options.steps}: give 1 at least")
    chosen = [
        (name, style)
        for name, styles in STYLES.items()
        for style in styles
        if options.only in f"{name} {style}"
    ]
    if not chosen:
        parser.error(f"--only {options.only!r} names none of {', '.join(SETTINGS)}")
    rows: list[Row] = []
    interrupted = False
    try:
        for name, style in chosen:
            rows.append(trace(name, style, options.steps))
    except KeyboardInterrupt:
        interrupted = True
    command = shlex.join(["python", "-m", "tests.traces", *given])
    lines = list(report(rows, len(chosen), command))
    print("\n".join(lines))
    if options.out:
        with replacing(options.out) as file:
            file.write("\n".join([*lines, ""]).encode())
    if interrupted:
        return 130
    return 0 if len(rows) == len(chosen) and all(row.passed for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
