"""How much of the book's time a training may take, and what a run has measured of it.

The ratios are those that prototypes came near to on 2 cores: torch with both, MXNet with one, which
is where it is fastest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backends.registry import Choice
from benchmarks.programs import Case
from benchmarks.run import Setup

LYRICS, TIME_MACHINE = "n=32 T=35 h=256 q=1027", "n=32 T=35 h=512 q=28"


@dataclass(frozen=True)
class Target:
    """At most `ratio` times what the book's code of the same framework takes."""

    case: str
    framework: str
    kind: str
    threads: int
    ratio: float


TARGETS = (
    Target(f"rnn step {LYRICS}", "torch", "fast", 2, 0.42),
    Target(f"rnn step {TIME_MACHINE}", "torch", "fast", 2, 0.66),
    Target(f"rnn step {LYRICS}", "mxnet", "fast", 1, 0.40),
    Target(f"rnn step {TIME_MACHINE}", "mxnet", "fast", 1, 0.65),
    Target(f"rnn concise step {LYRICS}", "mxnet", "concise", 1, 0.78),
    Target("weight_decay epoch d=200 steps=20", "torch", "fast", 2, 0.10),
    Target("weight_decay epoch d=200 steps=20", "mxnet", "fast", 1, 0.10),
    Target("dropout epoch images=10240 n=256 h=256", "torch", "fast", 2, 0.60),
    Target("dropout epoch images=10240 n=256 h=256", "mxnet", "fast", 1, 0.35),
)


def setups(
    cases: Sequence[Case], choices: Sequence[Choice], threads: Sequence[int] | None = None
) -> Iterator[Setup]:
    """What measures the targets, which are the CPU's, and no more; threads: of these alone."""
    for count in dict.fromkeys(target.threads for target in TARGETS):
        wanted = [t for t in TARGETS if t.threads == count and Choice(t.framework) in choices]
        keys, own = {t.case for t in wanted}, dict.fromkeys(Choice(t.framework) for t in wanted)
        chosen = tuple(case for case in cases if case.key in keys)
        if chosen and (threads is None or count in threads):
            yield Setup(count, tuple(own), chosen)


def measured(rows: list[dict[str, Any]]) -> Iterator[tuple[Target, Mapping[str, Any], str]]:
    """(target, its comparison with the book, what to say of it) of each that was measured."""
    for target in TARGETS:
        for row in rows:
            if (row["case"], row["threads"]) != (target.case, target.threads):
                continue
            for found in row["comparisons"]:
                program, baseline = (row["programs"][found[s]] for s in ("program", "baseline"))
                same = program["backend"] == baseline["backend"] == str(Choice(target.framework))
                if same and (program["kind"], baseline["kind"]) == (target.kind, "book"):
                    yield target, found, said(target, found)


def said(target: Target, found: Mapping[str, Any]) -> str:
    low, high = found["interval"]
    if high <= target.ratio:
        return "met"
    return "missed" if low > target.ratio else "can't tell"
