"""The report of a proof: a table and JSON."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from porting.prove.agreement import TOLERANCE
from porting.prove.compare import DIFFERS, EQUAL, UNKNOWN, Result

WORDS = {EQUAL: "proven equal", DIFFERS: "DIFFERS", UNKNOWN: "not comparable"}
STYLES = {EQUAL: "green", DIFFERS: "bold red", UNKNOWN: "yellow"}


@dataclass
class Proof:
    """All that a proof found."""

    original: str
    port: str
    results: list[Result]
    versions: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    perturbed_runs: int = 0
    interrupted: bool = False
    complete: bool = True  # both programs came to their end

    def count(self, verdict: str) -> int:
        return Counter(result.verdict for result in self.results)[verdict]

    @property
    def holds(self) -> bool:
        """Whether both came to their end, something was compared, and nothing differs."""
        return self.complete and self.count(EQUAL) > 0 and self.count(DIFFERS) == 0

    @property
    def sentence(self) -> str:
        """The verdict in a line."""
        counts = ", ".join(f"{self.count(verdict)} {WORDS[verdict]}" for verdict in WORDS)
        first = next((r for r in self.results if r.verdict == DIFFERS), None)
        if first is not None:
            return f"{counts}. First divergence: line {first.line}, {first.title}: {first.why}"
        return f"{counts}."


def as_json(proof: Proof) -> str:
    content: dict[str, Any] = {
        "original": proof.original,
        "port": proof.port,
        "versions": proof.versions,
        "holds": proof.holds,
        "counts": {WORDS[verdict].lower(): proof.count(verdict) for verdict in WORDS},
        "tolerance": TOLERANCE,
        "perturbed_runs": proof.perturbed_runs,
        "notes": proof.notes,
        "parts": [asdict(result) for result in proof.results],
    }
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def show(proof: Proof, console: Console, only_differences: bool = False) -> None:
    """Print the table, the notes and the sentence."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("line", justify="right")
    table.add_column("part", max_width=44, no_wrap=True, overflow="ellipsis")
    table.add_column("verdict", no_wrap=True)
    table.add_column("what was compared, or why not", overflow="fold")
    for result in proof.results:
        if only_differences and result.verdict != DIFFERS:
            continue
        word = Text(WORDS[result.verdict], STYLES[result.verdict])
        table.add_row(str(result.line), Text(result.title), word, Text(_details(result)))
    console.print(table)
    for note in proof.notes:
        console.print(Text(f"note: {note}"), soft_wrap=True)
    console.print(Text(proof.sentence, "" if proof.holds else "bold"), soft_wrap=True)


def _details(result: Result) -> str:
    told = []
    if result.verdict != EQUAL:
        told.append(result.why)
    elif result.equal:
        values = f"{result.equal} value{'s' * (result.equal != 1)}"
        passes = "backward passes" if result.updates > 1 else "backward pass"
        updates = f", {result.updates} {passes}" if result.updates else ""
        apart = f"at most {result.apart:.0e} apart" if result.apart else "identical"
        told.append(f"{values}{updates}, {apart}")
    if result.unknown and result.verdict == EQUAL:
        more = f" and {len(result.unknown) - 1} more" if len(result.unknown) > 1 else ""
        told.append(f"not comparable: {result.unknown[0]}{more}")
    return "; ".join([*told, *result.notes])
