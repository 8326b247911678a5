"""Compare two runs part by part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from porting.prove.agreement import (
    DIFFERS,
    EQUAL,
    NO_GRADIENT,
    UNKNOWN,
    Comparison,
    arrays_agree,
    compare,
)
from porting.prove.events import events_agree
from porting.prove.trace import Trace, Unit, joined
from porting.prove.units import Group, Part
from porting.prove.values import Tree

MOST_NOTES = 3  # of a part


@dataclass
class Result:
    """The verdict on one part of the original, or on some that the port says together."""

    title: str
    line: int
    verdict: str
    why: str = ""
    equal: int = 0  # values that are the same
    unknown: list[str] = field(default_factory=list)  # values that cannot be compared, and why
    updates: int = 0
    apart: float = 0.0
    excess: float = 0.0  # how many times further apart than allowed, of a part that differs
    unproven: bool = False  # the original raises here, the port does not
    notes: list[str] = field(default_factory=list)


def results(
    groups: Sequence[Group], original: Trace, others: Sequence[Trace], port: Trace
) -> list[Result]:
    """A result for each group, in the original's order."""
    found = []
    held: list[dict[str, Tree]] = [{} for _ in range(2 + len(others))]
    draws = Draws()
    raised = ""
    for group in groups:
        units = [_left(group.original, run) for run in (original, *others)]
        units.insert(1, _left(group.port, port))
        for names, unit in zip(held, units, strict=True):
            names |= unit.values if unit else {}
        draws.add(units[0], units[1])
        if not group.original:
            continue
        first = group.original[0]
        more = f" (and {len(group.original) - 1} more)" if len(group.original) > 1 else ""
        result = Result(first.title + more, first.line, UNKNOWN)
        found.append(result)
        if not group.port:
            result.why = "the port has nothing that stands for it"
        elif units[0] is None:
            result.why = f"the original did not get this far ({original.failure or 'cut'})"
        elif units[1] is None:
            result.verdict = DIFFERS if port.died else UNKNOWN
            result.why = f"the port did not get this far ({port.failure or 'cut'})"
        else:
            noisy = [unit for unit in units[2:] if unit is not None]
            _judge(result, group, units[0], noisy, units[1], held)
            if result.verdict == DIFFERS and not units[1].error:
                result.why += draws.odd()
            if result.verdict == DIFFERS and raised and not units[1].error:
                result.verdict, result.why = UNKNOWN, f"{raised}; since then: {result.why}"
            if units[0].error and not units[1].error:
                result.unproven = True
                raised = f"the original raised an error at line {first.line}"
    return found


def _left(parts: list[Part], trace: Trace) -> Unit | None:
    """What these parts left, if the run got through them."""
    units = [trace.units[part.number] for part in parts if part.number in trace.units]
    if len(units) < len(parts) or not units or not units[-1].finished:
        return None
    return joined(units) if len(units) > 1 else units[0]


def _judge(
    result: Result,
    group: Group,
    unit: Unit,
    others: list[Unit],
    port: Unit,
    held: list[dict[str, Tree]],
) -> None:
    result.notes = sorted({*unit.notes, *port.notes})
    result.updates = sum(event.loss is not None for event in unit.events)
    if unit.cut:
        result.notes.append(f"stopped after {result.updates} updates")
    if unit.error:
        result.why = f"the original raises {unit.error}"
        return
    if port.error:
        result.verdict, result.why = DIFFERS, f"the port raises {port.error}"
        return
    comparisons = chain(
        _comparisons(unit, others, port, result.notes), _names(unit, port, held, group.bound)
    )
    for comparison in comparisons:
        if comparison.verdict == EQUAL:
            result.equal += 1
            if comparison.note and len(result.notes) < MOST_NOTES:
                note = f"{comparison.path}: {comparison.note}"
                result.notes.append(note)
            result.apart = max(result.apart, comparison.apart)
        elif comparison.verdict == UNKNOWN:
            result.unknown.append(f"{comparison.path}: {comparison.why}")
        else:
            result.verdict, result.excess = DIFFERS, comparison.excess
            result.apart = comparison.apart
            result.why = f"{comparison.path}: {comparison.why}"
            return
    if result.equal:
        result.verdict = EQUAL
    elif result.unknown:
        result.why = result.unknown[0]
    elif defined := [name for part in group.original for name in part.defines]:
        result.why = f"it only defines {', '.join(defined)}; what calls it is compared"
    else:
        result.why = "it leaves no value to compare"


def _comparisons(
    unit: Unit, others: list[Unit], port: Unit, notes: list[str]
) -> Iterator[Comparison]:
    yield from events_agree(unit.events, [o.events for o in others], port.events, notes)
    for what in ("shown", "printed"):
        left, right = getattr(unit, what), getattr(port, what)
        word = {"shown": "the value shown", "printed": "the line printed"}[what]
        if what == "shown" and not left:
            continue  # such as `x.attach_grad()`, whose counterpart in PyTorch returns x
        if what == "shown" and not right and all(t[0] == "array" and not t[1].any() for t in left):
            yield Comparison(word, UNKNOWN, NO_GRADIENT)
            continue
        if len(left) != len(right):
            counts = [len(getattr(other, what)) for other in others]
            verdict = DIFFERS if all(count == len(left) for count in counts) else UNKNOWN
            yield Comparison(
                word, verdict, f"{len(left)} in the original, {len(right)} in the port"
            )
            continue
        for n, (a, b) in enumerate(zip(left, right, strict=True)):
            noisy = [getattr(o, what)[n] for o in others if len(getattr(o, what)) == len(left)]
            yield from compare(word if len(left) == 1 else f"{word} {n + 1}", a, noisy, b)
    if len(unit.drawn) != len(port.drawn):
        why = f"{len(unit.drawn)} in the original, {len(port.drawn)} in the port"
        yield Comparison("the curves plotted", DIFFERS, why)
    else:
        for n, (line, counterpart) in enumerate(zip(unit.drawn, port.drawn, strict=True)):
            noisy_lines = [o.drawn[n] for o in others if len(o.drawn) == len(unit.drawn)]
            yield arrays_agree(f"curve {n + 1}", line, noisy_lines, counterpart, by_element=True)


def _names(
    unit: Unit, port: Unit, held: list[dict[str, Tree]], bound: set[str]
) -> Iterator[Comparison]:
    """Top-level names that either program has set or changed, as both hold them now.

    What neither binds here and only one changes shares its memory with something else in that one:
    `g = x.grad` follows the next gradients in MXNet.
    """
    ours, theirs, *noisy = held
    for name in [*unit.values, *(n for n in port.values if n not in unit.values and n in ours)]:
        if name in theirs:
            others = [names[name] for names in noisy if name in names]
            shared = name not in bound and (name in unit.values) != (name in port.values)
            for comparison in compare(name, ours[name], others, theirs[name]):
                if shared and comparison.verdict == DIFFERS:
                    why = "changed through another name, in one of the two only"
                    yield Comparison(name, UNKNOWN, why)
                else:
                    yield comparison
        elif ours[name][0] in ("array", "number", "numbers", "net"):
            yield Comparison(name, UNKNOWN, "the port has no such name")


class Draws:
    """What both programs have drawn so far: a layer may draw when it is made or when called."""

    def __init__(self) -> None:
        self._ours: Counter[str] = Counter()
        self._theirs: Counter[str] = Counter()
        self._told: set[str] = set()

    def add(self, unit: Unit | None, port: Unit | None) -> None:
        self._ours.update(unit.draws if unit else ())
        self._theirs.update(port.draws if port else ())

    def odd(self) -> str:
        """What one of the programs has drawn and the other has not; each is told once."""
        told = []
        for who, only in (
            ("original", self._ours - self._theirs),
            ("port", self._theirs - self._ours),
        ):
            new = [text for text in only if text not in self._told]
            if new:
                times = f", {only[new[0]]} times" if only[new[0]] > 1 else ""
                told.append(f"only the {who} draws {new[0]}{times}")
            self._told.update(new)
        return "; " + "; ".join(told) if told else ""
