"""What was changed, and why: the rows of a report."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Finding:
    """One changed or unknown name. ``status`` is proven, known or unknown."""

    cell: int
    line: int
    name: str
    old: str
    new: str
    rule: str
    notes: tuple[str, ...]
    status: str
    proof: str = ""
    reason: str = ""
