"""What a run has measured so far, case by case, as JSON holds it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from benchmarks.launch import Measured
from benchmarks.parity import Reference
from benchmarks.programs import Case

Row = dict[str, Any]


def new_row(case: Case, threads: int, device: str) -> Row:
    return {
        "case": case.key,
        "name": case.name,
        "level": case.level,
        "sizes": dict(case.sizes),
        "work": asdict(case.work),
        "threads": threads,
        "device": device,
        "failure": "",
        "parity": None,
        "missing": {},
        "rates": {},
        "programs": {},
        "comparisons": [],
    }


def add_launch(row: Row, measured: Measured, reference: Reference) -> None:
    """Blocks of one launch of the processes."""
    row["parity"] = {"runs": reference.runs, "seconds": reference.seconds}
    row["missing"] |= {str(label): problem for label, problem in measured.missing.items()}
    for framework, rates in measured.rates.items():
        best, new = row["rates"].setdefault(framework, asdict(rates)), asdict(rates)
        row["rates"][framework] = {name: max(best[name], new[name]) for name in new}
    for label, seconds in measured.seconds.items():
        program = row["programs"].setdefault(
            str(label),
            label._asdict() | {"parity": 0.0, "seconds": [], "left": [], "units": []},
        )
        program["parity"] = max(program["parity"], measured.parity[label])
        program["seconds"].append(seconds)
        program["left"].append(measured.left[label])
        program["units"].append(measured.units[label])
