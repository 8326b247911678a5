"""The report of one ported file: text, JSON and a side-by-side page."""

from __future__ import annotations

import difflib
import json
from collections import defaultdict
from typing import Any

import jinja2

from porting.api_map import NOTES
from porting.findings import Finding
from porting.port import Ported


def _why(finding: Finding, language: int) -> str:
    notes = " ".join(NOTES[key][language] for key in finding.notes)
    said = any(finding.reason == NOTES[key][0] for key in finding.notes)
    return f"{notes} ({finding.reason})" if finding.reason and not said else notes


def summary(ported: Ported) -> str:
    """One line: names proven, known without proof, unknown."""
    words = {"proven": "names proven", "known": "known without a proof", "unknown": "unknown"}
    return ", ".join(f"{number} {words[status]}" for status, number in ported.summary.items())


def rows(ported: Ported) -> list[dict[str, Any]]:
    """One entry for each change, in the order of the file."""
    return [
        {
            "cell": ported.labels[f.cell],
            "line": f.line,
            "name": f.name,
            "old": f.old,
            "new": f.new,
            "rule": f.rule,
            "status": f.status,
            "why": {"en": _why(f, 0), "zh": _why(f, 1)},
            "proof": f.proof or None,
        }
        for f in ported.findings
    ]


def as_json(ported: Ported) -> str:
    content = {"file": ported.name, "names": ported.summary, "changes": rows(ported)}
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def as_text(ported: Ported) -> str:
    lines = [f"{ported.name}: {summary(ported)}"]
    for row in rows(ported):
        place = f"{row['cell']}, line {row['line']}" if row["cell"] else f"line {row['line']}"
        lines.append(f"{place}: [{row['status']}] {row['name']} ({row['rule']})")
        lines.append(f"  - {_one_line(row['old'])}")
        if row["new"]:
            lines.append(f"  + {_one_line(row['new'])}")
        lines.append(f"  {row['why']['en']}")
        lines.append(f"  {row['why']['zh']}")
        if row["proof"]:
            lines.append(f"  proof: {row['proof']}")
    return "\n".join(lines) + "\n"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _blocks(ported: Ported) -> list[dict[str, Any]]:
    """Runs of equal and of changed lines, each side with its line numbers and notes."""
    left, right = ported.original.splitlines(), ported.text.splitlines()
    notes: dict[int, list[dict[str, Any]]] = defaultdict(list)
    by_line = not ported.name.endswith(".ipynb")
    for row in rows(ported):
        notes[row["line"] if by_line else 0].append(row)
    blocks: list[dict[str, Any]] = []
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
    for tag, start, stop, other_start, other_stop in matcher.get_opcodes():
        entries = [n for line in range(start + 1, stop + 1) for n in notes.pop(line, [])]
        blocks.append(
            {
                "changed": tag != "equal",
                "left": list(enumerate(left[start:stop], start + 1)),
                "right": list(enumerate(right[other_start:other_stop], other_start + 1)),
                "notes": entries,
            }
        )
    rest = [n for entries in notes.values() for n in entries]
    if rest:
        blocks.append({"changed": False, "left": [], "right": [], "notes": rest})
    return blocks


def as_html(ported: Ported) -> str:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("porting", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    template = environment.get_template("report.html.j2")
    return template.render(name=ported.name, counts=ported.summary, blocks=_blocks(ported))
