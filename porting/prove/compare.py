"""Compare two runs part by part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from porting.prove.agreement import (
    DIFFERS,
    EQUAL,
    TOLERANCE,
    UNKNOWN,
    Comparison,
    arrays_agree,
    compare,
    pairs,
)  # fmt: skip
from porting.prove.trace import Event, Leaf, Trace, Unit
from porting.prove.units import Part


@dataclass
class Result:
    """The verdict on one part of the original."""

    title: str
    line: int
    verdict: str
    why: str = ""
    equal: int = 0  # values that are the same
    unknown: list[str] = field(default_factory=list)  # values that cannot be compared, and why
    updates: int = 0
    apart: float = 0.0
    notes: list[str] = field(default_factory=list)


def results(
    aligned: Sequence[tuple[Part, Part | None]],
    original: Trace,
    others: Sequence[Trace],
    port: Trace,
) -> list[Result]:
    """A result for each part of the original, in its order."""
    found = []
    for part, counterpart in aligned:
        result = Result(part.title, part.line, UNKNOWN)
        found.append(result)
        unit = original.units.get(part.number)
        if counterpart is None:
            result.why = "the port says it elsewhere or not at all"
        elif unit is None or not unit.finished:
            result.why = f"the original did not get this far ({original.failure or 'cut'})"
        elif counterpart.number not in port.units or not port.units[counterpart.number].finished:
            result.why = f"the port did not get this far ({port.failure or 'cut'})"
        else:
            noisy = [t.units[part.number] for t in others if part.number in t.units]
            _judge(result, part, unit, noisy, port.units[counterpart.number])
    return found


def _judge(result: Result, part: Part, unit: Unit, others: list[Unit], port: Unit) -> None:
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
    for comparison in _comparisons(unit, others, port, result.notes):
        if comparison.verdict == EQUAL:
            result.equal += 1
            result.apart = max(result.apart, comparison.apart)
        elif comparison.verdict == UNKNOWN:
            result.unknown.append(f"{comparison.path}: {comparison.why}")
        else:
            result.verdict = DIFFERS
            result.why = f"{comparison.path}: {comparison.why}"
            result.why += _draws(unit, port)
            return
    if result.equal:
        result.verdict = EQUAL
    elif result.unknown:
        result.why = result.unknown[0]
    elif part.defines:
        result.why = f"it only defines {', '.join(part.defines)}; what calls it is compared"
    else:
        result.why = "it leaves no value"


def _comparisons(
    unit: Unit, others: list[Unit], port: Unit, notes: list[str]
) -> Iterator[Comparison]:
    yield from _events(unit, others, port, notes)
    for what in ("shown", "printed"):
        left, right = getattr(unit, what), getattr(port, what)
        word = {"shown": "the value shown", "printed": "the line printed"}[what]
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
    for name, value in unit.values.items():
        if name in port.values:
            noisy = [other.values[name] for other in others if name in other.values]
            yield from compare(name, value, noisy, port.values[name])
        elif value[0] in ("array", "number", "numbers", "net"):
            yield Comparison(name, UNKNOWN, "the port does not set it here")
    if len(unit.drawn) != len(port.drawn):
        why = f"{len(unit.drawn)} in the original, {len(port.drawn)} in the port"
        yield Comparison("the curves plotted", DIFFERS, why)
    else:
        for n, (line, counterpart) in enumerate(zip(unit.drawn, port.drawn, strict=True)):
            noisy_lines = [o.drawn[n] for o in others if len(o.drawn) == len(unit.drawn)]
            yield arrays_agree(f"curve {n + 1}", line, noisy_lines, counterpart, by_element=True)


def _events(unit: Unit, others: list[Unit], port: Unit, notes: list[str]) -> Iterator[Comparison]:
    """Backward passes in their order: losses, then values and gradients of what is trained."""
    left, right = unit.events, port.events
    noisy = [other.events for other in others]
    partners: dict[int, int] = {}
    for n, (event, counterpart) in enumerate(zip(left, right, strict=False)):
        if (event.loss is None) != (counterpart.loss is None):
            break
        alike = [events[n] for events in noisy if len(events) > n]
        step = "after the last update" if event.loss is None else f"backward pass {n + 1}"
        yield from _event(step, event, alike, counterpart, partners, notes)
    if len(left) != len(right):
        passes = [sum(event.loss is not None for event in events) for events in (left, right)]
        why = f"{passes[0]} in the original, {passes[1]} in the port"
        yield Comparison("backward passes", DIFFERS, why)


def _event(
    step: str,
    event: Event,
    others: list[Event],
    port: Event,
    partners: dict[int, int],
    notes: list[str],
) -> Iterator[Comparison]:
    matched = _matched(event.leaves, port.leaves, partners)
    others = [o for o in others if len(o.leaves) == len(event.leaves)]
    ratio = _ratio(matched)
    names = [
        (counterpart.name if counterpart else "") or leaf.name or f"array {n + 1}"
        for n, (leaf, counterpart) in enumerate(matched)
    ]
    for n, (leaf, counterpart) in enumerate(matched):
        path = f"{step}: {names[n]}"
        if counterpart is None:
            shape = leaf.value.shape
            yield Comparison(
                path, DIFFERS, f"an array of shape {shape} that the port does not train"
            )
            continue
        noisy = [o.leaves[n].value for o in others]
        yield arrays_agree(path, leaf.value, noisy, counterpart.value)
    if event.loss is not None and port.loss is not None:
        yield _loss(step, event, [o.loss for o in others if o.loss is not None], port, ratio)
    for n, (leaf, counterpart) in enumerate(matched):
        path = f"{step}: gradient of {names[n]}"
        if leaf.gradient is None or counterpart is None:
            continue
        if counterpart.gradient is None:
            yield Comparison(path, DIFFERS, "the port has none")
            continue
        gradients = [(o.leaves[n].gradient, o.leaves[n].factor) for o in others]
        yield arrays_agree(
            path,
            leaf.gradient * leaf.factor,
            [gradient * factor for gradient, factor in gradients if gradient is not None],
            counterpart.gradient * ratio,
        )
    if ratio != 1 and (text := _ratio_note(ratio)) not in notes:
        notes.append(text)
    extra = len(port.leaves) - sum(counterpart is not None for _, counterpart in matched)
    if extra > 0 and event.loss is not None:
        yield Comparison(step, DIFFERS, f"the port trains {extra} arrays more than the original")


def _matched(
    left: list[Leaf], right: list[Leaf], partners: dict[int, int]
) -> list[tuple[Leaf, Leaf | None]]:
    """Leaves with their partners; who belongs to whom is found once and then kept."""
    by_key = {leaf.key: leaf for leaf in right}
    new = [leaf for leaf in left if partners.get(leaf.key) not in by_key]
    free = [leaf for leaf in right if leaf.key not in set(partners.values())]
    found = pairs([(a.value, a.gradient) for a in new], [(b.value, b.gradient) for b in free])
    for leaf, partner in zip(new, found, strict=True):
        if partner is not None:
            partners[leaf.key] = free[partner].key
    return [(leaf, by_key.get(partners.get(leaf.key, 0))) for leaf in left]


def _ratio(matched: list[tuple[Leaf, Leaf | None]]) -> float:
    """The one factor between all gradients; 1 unless a port divides elsewhere than the original."""
    above = below = 0.0
    for leaf, counterpart in matched:
        if leaf.gradient is None or counterpart is None or counterpart.gradient is None:
            continue
        a = leaf.gradient.astype(np.float64).reshape(-1) * leaf.factor
        b = counterpart.gradient.astype(np.float64).reshape(-1)
        if a.shape == b.shape:
            above, below = above + float(a @ b), below + float(b @ b)
    ratio = above / below if below > 0 and np.isfinite([above, below]).all() else 1.0
    near = min((1.0, *_divisors(ratio)), key=lambda plain: abs(ratio / plain - 1))
    return near if abs(ratio / near - 1) < 1e-3 else 1.0


def _divisors(ratio: float) -> tuple[float, ...]:
    """The whole number, or one over it, that a positive ratio is nearest to."""
    if not 1e-6 < ratio < 1e6:
        return ()
    whole = round(max(ratio, 1 / ratio))
    return (float(whole), 1.0 / whole)


def _ratio_note(ratio: float) -> str:
    times = f"{ratio:g}" if ratio > 1 else f"1/{1 / ratio:g} of"
    return f"the original's gradients are {times} times the port's; the update makes up for it"


def _loss(
    step: str, event: Event, others: list[list[np.ndarray]], port: Event, ratio: float
) -> Comparison:
    """Elementwise, or summed as backward() sums it, where the port reduces the loss itself."""
    assert event.loss is not None
    assert port.loss is not None
    path = f"{step}: the loss"
    if [x.shape for x in event.loss] == [x.shape for x in port.loss]:
        a, b = (np.concatenate([x.reshape(-1) for x in e]) for e in (event.loss, port.loss))
        noisy = [np.concatenate([x.reshape(-1) for x in other]) for other in others]
        comparison = arrays_agree(path, a, noisy, b)
        if comparison.verdict == EQUAL:
            return comparison
    factor = event.leaves[0].factor if event.leaves else 1.0
    total, other = (np.asarray(sum(float(x.sum()) for x in e)) for e in (event.loss, port.loss))
    sums = [np.asarray(sum(float(x.sum()) for x in other)) for other in others]
    tried = [
        arrays_agree(path, total * scale, [x * scale for x in sums], other * ratio)
        for scale in (factor, 1.0)
    ]
    return next((one for one in tried if one.verdict == EQUAL), tried[0])


def _draws(unit: Unit, port: Unit) -> str:
    """What one of the programs draws and the other does not."""
    ours, theirs = Counter(unit.draws), Counter(port.draws)
    told = []
    for who, only in (("original", ours - theirs), ("port", theirs - ours)):
        if only:
            text, number = next(iter(only.items()))
            times = f", {number} times" if number > 1 else ""
            told.append(f"only the {who} draws {text}{times}")
    return "; " + "; ".join(told) if told else ""


__all__ = ["DIFFERS", "EQUAL", "TOLERANCE", "UNKNOWN", "Result", "results"]
