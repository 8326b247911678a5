"""What a run has measured so far, case by case, as JSON holds it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from benchmarks.launch import Label, Measured
from benchmarks.parity import Reference
from benchmarks.programs import Case

Row = dict[str, Any]


def new_row(case: Case, threads: int) -> Row:
    return {
        "case": case.key,
        "name": case.name,
        "level": case.level,
        "sizes": dict(case.sizes),
        "work": asdict(case.work),
        "threads": threads,
        "failure": "",
        "parity": None,
        "missing": {},
        "rates": {},
        "programs": {},
        "comparisons": [],
    }


def new_program(label: Label) -> dict[str, Any]:
    return {
        "backend": str(label.choice),
        "framework": label.choice.name,
        "device": label.choice.device,
        "dtype": label.choice.dtype,
        "kind": label.kind,
        "again": label.again,
        "parity": 0.0,
        "seconds": [],
        "left": [],
        "units": [],
    }


def add_launch(row: Row, measured: Measured, reference: Reference) -> None:
    """Blocks of one launch of the processes."""
    row["parity"] = {"runs": reference.runs, "seconds": reference.seconds}
    row["missing"] |= {str(label): problem for label, problem in measured.missing.items()}
    for choice, rates in measured.rates.items():
        best, new = row["rates"].setdefault(str(choice), asdict(rates)), asdict(rates)
        row["rates"][str(choice)] = {name: max(best[name], new[name]) for name in new}
    for label, seconds in measured.seconds.items():
        program = row["programs"].setdefault(str(label), new_program(label))
        program["parity"] = max(program["parity"], measured.parity[label])
        program["seconds"].append(seconds)
        program["left"].append(measured.left[label])
        program["units"].append(measured.units[label])
