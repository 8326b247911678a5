"""The tables of a run, for a terminal, a Markdown file and the page of `lockstep report`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.judge import (
    BOOK,
    CONTROL,
    DEVICES,
    FORMATS,
    FRAMEWORKS,
    IMPLEMENTATIONS,
    WIDEST,
)
from benchmarks.targets import measured
from experiments.commands.results import described

SLOW = 30.0
"""Seconds of a parity check from which on its row says how long it took."""

TITLES = {
    FRAMEWORKS: "Frameworks, kind by kind",
    DEVICES: "Devices, kind by kind",
    FORMATS: "TF32, which computes other numbers, and float32",
    BOOK: "Beside the book's code",
    IMPLEMENTATIONS: "Fast paths beside the plain definitions and gradients written out",
    CONTROL: "A/A: the same program in two processes",
}
KINDS_NOTE = (
    "Kinds: *book*, the code of the book's own helper packages, called as it is; *plain*, the "
    "definitions step by step; *fast*, the backend's own paths; *concise*, the framework's layers; "
    "*manual*, its operations one by one with the gradient written out."
)


@dataclass(frozen=True)
class Table:
    """Words in the columns before `words`, figures in those after."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int


def duration(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"


def between(interval: Sequence[float]) -> str:
    return " … ".join(f"{bound:.3f}" for bound in interval)


def verdict(comparison: dict[str, Any]) -> str:
    if comparison["compares"] == CONTROL:
        contained = comparison["interval"][0] <= 1 <= comparison["interval"][1]
        narrow = comparison["smallest_effect"] <= WIDEST
        return "contains 1" * contained or "misses 1" if narrow else "too wide"
    return comparison["verdict"] or "none"


def comparisons(rows: Sequence[dict[str, Any]], compares: str) -> Table:
    lines = []
    for row in rows:
        for found in row["comparisons"]:
            if found["compares"] != compares:
                continue
            program, baseline = (row["programs"][found[side]] for side in ("program", "baseline"))
            lines.append(
                (
                    row["case"],
                    str(row["threads"]),
                    found["program"],
                    found["baseline"],
                    duration(program["median"]),
                    duration(baseline["median"]),
                    f"{found['ratio']:.3f}",
                    between(found["interval"]),
                    verdict(found),
                    f"±{found['smallest_effect']:.1%}",
                    f"{program['of_limit']:.0%}",
                )
            )
    headings = (
        "case", "threads", "program", "baseline", "program takes", "baseline takes", "ratio",
        "95 % interval", "verdict", "smallest effect", "of limit",
    )  # fmt: skip
    return Table(TITLES[compares], headings, tuple(lines), 4)


def targets(record: dict[str, Any]) -> Table:
    """What was aimed at, and whether it was reached; left open where a run gives no verdicts."""
    lines = []
    for target, found, said in measured(record["rows"]):
        lines.append(
            (
                target.case,
                str(target.threads),
                found["program"],
                f"{target.ratio:.2f}",
                f"{found['ratio']:.3f}",
                between(found["interval"]),
                "none" if record["no_verdicts_because"] else said,
            )
        )
    headings = (
        "case", "threads", "program", "target, × book", "ratio", "95 % interval", "verdict"
    )  # fmt: skip
    return Table("Targets: the share of the book's time", headings, tuple(lines), 3)


def programs(rows: Sequence[dict[str, Any]]) -> Table:
    """Every program: its time, how near the limit it is, and what parity rests on."""
    lines = []
    for row in rows:
        for label, program in row["programs"].items() if row["comparisons"] else ():
            parity = row["parity"]
            slow = f", {parity['seconds']:.0f} s" if parity["seconds"] > SLOW else ""
            lines.append(
                (
                    row["case"],
                    str(row["threads"]),
                    label,
                    duration(program["median"]),
                    " … ".join(map(duration, program["interval"])),
                    duration(program["limit"]),
                    f"{program['of_limit']:.0%}",
                    f"{program['parity']:.2g} ({parity['runs']} runs{slow})",
                )
            )
    headings = (
        "case", "threads", "program", "takes", "95 % interval", "limit", "of limit",
        "parity: error / allowed",
    )  # fmt: skip
    return Table("Time, limit and parity of every program", headings, tuple(lines), 3)


def failures(rows: Sequence[dict[str, Any]]) -> Table:
    lines = [(row["case"], str(row["threads"]), row["failure"]) for row in rows if row["failure"]]
    return Table("Failures: no number", ("case", "threads", "why"), tuple(lines), 3)


def tables(record: dict[str, Any]) -> Iterator[Table]:
    """All that have a line."""
    rows = record["rows"]
    found = [
        failures(rows),
        targets(record),
        *(comparisons(rows, name) for name in TITLES),
        programs(rows),
    ]
    return (table for table in found if table.rows)


def facts(record: dict[str, Any]) -> list[tuple[str, str]]:
    """What a reader has to know of the run."""
    processes, machine = record["processes"], record["machine"]
    versions = dict.fromkeys(f"{p['framework']} {p['version']} ({p['dtype']})" for p in processes)
    threads = dict.fromkeys(f"{p['threads']} (seen at work: {p['busy'] or '?'})" for p in processes)
    missing = dict.fromkeys(
        f"{label}: {problem}" for row in record["rows"] for label, problem in row["missing"].items()
    )
    return [
        ("command", record["command"]),
        ("date", record["date"]),
        ("machine", described(machine)),
        ("versions", ", ".join([f"Python {machine['python']}", *versions])),
        ("device", ", ".join(dict.fromkeys(p["device"] for p in processes))),
        ("threads", "; ".join(threads)),
        (
            "blocks",
            f"of at least {record['least_seconds']:g} s, at least {record['cycles']} of a program "
            f"in each of {record['launches']} launches",
        ),
        ("complete", "yes" if record["complete"] else "no, interrupted"),
        *([("not measured", "; ".join(missing))] if missing else []),
    ]


def markdown(record: dict[str, Any]) -> str:
    """The file that `--markdown` writes."""
    parts = ["# Benchmarks", "  \n".join(f"{name}: {text}" for name, text in facts(record))]
    if reasons := record["no_verdicts_because"]:
        parts.append("\n".join(["**No verdicts:**", "", *(f"- {reason}" for reason in reasons)]))
    parts.append(
        f"{KINDS_NOTE} A ratio is the median over pairs of neighbouring blocks; the interval is a "
        "bootstrap over launches and blocks. *Of limit* is the least time that the process's own "
        "matrix products and memory traffic allow, divided by the time it took. Each program was "
        "held to the float64 oracle at this very size before it was timed; a program in TF32 is "
        "timed all the same, and its row says by how much it misses."
    )
    for table in tables(record):
        rule = ["---"] * table.words + ["--:"] * (len(table.headings) - table.words)
        lines = [table.headings, rule, *table.rows]
        parts.append(f"## {table.title}")
        parts.append("\n".join(f"| {' | '.join(line)} |" for line in lines))
    return "\n\n".join(parts) + "\n"
