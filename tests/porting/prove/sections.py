"""Sections of a chapter of ours, and the traps that are put back into their ports."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Trap:
    """A line of the right port, the same line with the trap, and what a proof has to say of it."""

    number: str  # in the list of traps
    what: str
    right: str
    wrong: str
    part: str  # how the first part that differs begins, in the original
    says: str  # a pattern found in why it differs


@dataclass(frozen=True)
class Section:
    """Top-level code; `repairs` are what `mx2torch port` itself does not get right."""

    name: str
    body: str
    traps: list[Trap]
    repairs: list[tuple[str, str]] = field(default_factory=list)


def replaced(text: str, was: str, now: str) -> str:
    """The text with `now` where `was` stands, which must be one place."""
    assert text.count(was) == 1, f"{was!r} stands {text.count(was)} times in\n{text}"
    return text.replace(was, now)
