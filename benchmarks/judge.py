"""What the blocks of a run say: ratios, the share of the limit, and whether to believe them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations
from statistics import median
from typing import Any

from benchmarks.limits import Rates
from benchmarks.programs import KINDS, Work
from benchmarks.record import Row
from benchmarks.statistics import Estimate, ratio, typical

WIDEST = 0.02
"""The half width of an A/A interval up to which a run prints verdicts."""
SAFETY = 0.8
"""Of the widest, what a run aims at when it decides how many blocks to time."""
SHORTEST = 1e-3
"""Seconds of a unit of work from which A/A has to be that narrow."""
MOST_LEFT = 0.01
"""The share of a block that a framework may still compute for after the clock has stopped."""

CONTROL, FRAMEWORKS, BOOK, IMPLEMENTATIONS = "A/A", "frameworks", "book", "implementations"
DEVICES, FORMATS = "devices", "formats"
COMPARES = {"framework": FRAMEWORKS, "device": DEVICES, "dtype": FORMATS}
"""What two programs of a kind compare that differ in one of these alone."""


def of_backends(programs: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Each with the first that differs from it in one thing alone, for every such thing."""
    found: dict[tuple[str, str], str] = {}
    for (baseline, first), (label, program) in combinations(programs.items(), 2):
        differing = [what for what in COMPARES if program[what] != first[what]]
        if len(differing) == 1:
            found.setdefault((COMPARES[differing[0]], label), baseline)
    for (compares, label), baseline in found.items():
        yield compares, label, baseline


def pairs(programs: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(what it compares, program, baseline): backends kind by kind, each kind with the book, the
    fast one with the plain and the manual one, and a program with itself."""
    once = {label: program for label, program in programs.items() if not program["again"]}
    for kind in KINDS:
        yield from of_backends({label: p for label, p in once.items() if p["kind"] == kind})
    own = {(program["backend"], program["kind"]): label for label, program in once.items()}
    for (backend, kind), label in own.items():
        if kind != BOOK and (backend, BOOK) in own:
            yield BOOK, label, own[backend, BOOK]
        for other in ("plain", "manual"):
            if kind == "fast" and (backend, other) in own:
                yield IMPLEMENTATIONS, label, own[backend, other]
    for label, program in programs.items():
        if program["again"]:
            yield CONTROL, label, own[program["backend"], program["kind"]]


def interval(estimate: Estimate) -> list[float]:
    return [estimate.low, estimate.high]


def judge_programs(row: Row) -> None:
    """Median and interval of the seconds, and their share of the limit."""
    for program in row["programs"].values():
        seconds = typical(program["seconds"])
        program |= {"median": seconds.value, "interval": interval(seconds)}
        program["limit"] = Rates(**row["rates"][program["backend"]]).seconds(Work(**row["work"]))
        program["of_limit"] = program["limit"] / seconds.value


def fault(label: str, program: dict[str, Any]) -> str:
    """Why the clock cannot have measured the work, nothing if it can."""
    left = median(share for launch in program["left"] for share in launch)
    if left > MOST_LEFT:
        return f"{label}: not finished when the clock stopped, {left:.0%} of a block was left"
    if program["limit"] > program["interval"][1]:
        return (
            f"{label}: {program['of_limit']:.0%} of what the machine can do: "
            "the clock stopped too early, or the case overstates its work"
        )
    return ""


def judge_row(row: Row) -> None:
    row["comparisons"] = []
    if not row["programs"] or row["failure"]:
        return
    judge_programs(row)
    faults = [fault(label, program) for label, program in row["programs"].items()]
    row["failure"] = next(filter(None, faults), "")
    if row["failure"]:
        return
    for compares, label, baseline in pairs(row["programs"]):
        found = ratio(row["programs"][label]["seconds"], row["programs"][baseline]["seconds"])
        row["comparisons"].append(
            {
                "compares": compares,
                "program": label,
                "baseline": baseline,
                "ratio": found.value,
                "interval": interval(found),
                "smallest_effect": found.half_width,
                "verdict": None,
            }
        )


def controls(rows: Sequence[Row]) -> list[tuple[Row, dict[str, Any]]]:
    """The A/A pairs that decide: of cases that take long enough."""
    return [
        (row, comparison)
        for row in rows
        for comparison in row["comparisons"]
        if comparison["compares"] == CONTROL
        and row["programs"][comparison["baseline"]]["median"] >= SHORTEST
    ]


def enough_launches(half_width: float, launches: int) -> int:
    """How many launches would know to ±WIDEST what so many know to ±half_width."""
    return math.ceil(launches * (half_width / WIDEST) ** 2)


def doubts(rows: Sequence[Row]) -> list[str]:
    """Why this run gives no verdicts, nothing if it does.

    All A/A intervals together miss 1 in one run of twenty: each alone would in one of twenty.
    """
    found, wanted = [], 0
    deciding = controls(rows)
    for row, comparison in deciding:
        name = f"{comparison['baseline']}, {row['case']}, threads: {row['threads']}"
        known = Estimate(comparison["ratio"], *comparison["interval"])
        if not known.together(len(deciding)).contains(1.0):
            found.append(f"A/A of {name} is {known.value:.3f}, its interval does not contain 1")
        if comparison["smallest_effect"] > WIDEST:
            found.append(
                f"A/A of {name} is known to ±{comparison['smallest_effect']:.1%} only, "
                f"±{WIDEST:.0%} is asked for"
            )
            launches = len(row["programs"][comparison["program"]]["seconds"])
            wanted = max(wanted, enough_launches(comparison["smallest_effect"], launches))
    if wanted:
        found.append(f"for all A/A to be known as well, --processes {wanted} may be enough")
    return found


def judge(rows: Sequence[Row]) -> list[str]:
    """Give the rows verdicts → why there are none, nothing if there are."""
    found = doubts(rows)
    for row in rows:
        for comparison in row["comparisons"]:
            known = Estimate(comparison["ratio"], *comparison["interval"])
            given = comparison["compares"] != CONTROL and not found
            comparison["verdict"] = known.verdict() if given else None
    return found


def narrow(program: Sequence[float], again: Sequence[float], launches: int) -> bool:
    """Whether so many launches like this one will know that an A/A pair is 1 well enough."""
    return ratio([program], [again]).half_width <= SAFETY * WIDEST * math.sqrt(launches)
