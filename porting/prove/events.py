"""Compare the backward passes of two programs: losses, gradients and what is trained."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from porting.prove.agreement import (
    DIFFERS,
    EQUAL,
    Comparison,
    arrays_agree,
    largest,
    one_of_many,
    pairs,
)
from porting.prove.trace import Event, Leaf

WINDOW = 8  # backward passes before and after


def events_agree(
    original: list[Event], others: Sequence[list[Event]], port: list[Event], notes: list[str]
) -> Iterator[Comparison]:
    """Backward passes in their order; `notes` gets what a reader should know of them."""
    partners: dict[int, int] = {}
    spreads = _spreads(original, others)
    divides = False
    for n, (event, counterpart) in enumerate(zip(original, port, strict=False)):
        if (event.loss is None) != (counterpart.loss is None):
            break
        step = "after the last update" if event.loss is None else f"backward pass {n + 1}"
        matched = _matched(event.leaves, counterpart.leaves, partners)
        ratio = _ratio(matched) if n == 0 or divides else 1.0
        if ratio != 1 and not _loss_has(ratio, event, counterpart):
            ratio = 1.0
        divides = divides or ratio != 1
        if ratio != 1 and (text := _ratio_note(ratio)) not in notes:
            notes.append(text)
        yield from _event(step, event, counterpart, matched, ratio, spreads[n])
    if len(original) != len(port):
        passes = [sum(event.loss is not None for event in events) for events in (original, port)]
        why = f"{passes[0]} in the original, {passes[1]} in the port"
        yield Comparison("backward passes", DIFFERS, why)


@dataclass
class Spread:
    """How far perturbed runs are from the original at a backward pass, in absolute terms."""

    known: bool = False
    losses: float = 0.0  # elementwise
    loss: float = 0.0  # summed
    values: dict[int, float] = field(default_factory=lambda: defaultdict(float))
    gradients: dict[int, float] = field(default_factory=lambda: defaultdict(float))

    def include(self, other: Spread) -> None:
        self.losses, self.loss = max(self.losses, other.losses), max(self.loss, other.loss)
        for mine, theirs in ((self.values, other.values), (self.gradients, other.gradients)):
            for key, moved in theirs.items():
                mine[key] = max(mine[key], moved)

    def around(self, array: np.ndarray, moved: float) -> list[np.ndarray]:
        """The array as far from itself as a perturbed run."""
        return [array + moved] if self.known else []


def _spreads(events: list[Event], others: Sequence[list[Event]]) -> list[Spread]:
    """The spread at each backward pass, the largest of its neighbourhood.

    A loss may be one number, and a gradient one number times the input: a few runs may by chance
    agree in it better than rounding makes them.
    """
    at = [Spread() for _ in events]
    for n, event in enumerate(events):
        for other in (events[n] for events in others if len(events) > n):
            at[n].include(_apart(event, other))
    near = [Spread(known=bool(others)) for _ in events]
    if others:
        for n, spread in enumerate(near):
            for other_spread in at[max(0, n - WINDOW) : n + WINDOW + 1]:
                spread.include(other_spread)
    return near


def _apart(event: Event, other: Event) -> Spread:
    spread = Spread()
    if event.loss is not None and other.loss is not None:
        a, b = _flat(event.loss), _flat(other.loss)
        spread.losses, spread.loss = _farthest(a, b), _farthest(a.sum(), b.sum())
    if len(event.leaves) == len(other.leaves):
        for leaf, noisy in zip(event.leaves, other.leaves, strict=True):
            spread.values[leaf.key] = _farthest(leaf.value, noisy.value)
            if leaf.gradient is not None and noisy.gradient is not None:
                moved = _farthest(leaf.gradient * leaf.factor, noisy.gradient * noisy.factor)
                spread.gradients[leaf.key] = moved
    return spread


def _farthest(a: np.ndarray, b: np.ndarray) -> float:
    if np.shape(a) != np.shape(b):
        return 0.0
    with np.errstate(invalid="ignore", over="ignore"):
        return float(np.nan_to_num(abs(a - b), nan=0.0).max(initial=0.0))


def _event(
    step: str,
    event: Event,
    port: Event,
    matched: list[tuple[Leaf, Leaf | None]],
    ratio: float,
    spread: Spread,
) -> Iterator[Comparison]:
    names = [
        (counterpart.name if counterpart else "") or leaf.name or f"array {n + 1}"
        for n, (leaf, counterpart) in enumerate(matched)
    ]
    scale = largest(leaf.value for leaf in event.leaves)
    for name, (leaf, counterpart) in zip(names, matched, strict=True):
        path = f"{step}: {name}"
        if counterpart is None:
            why = f"an array of shape {leaf.value.shape} that the port does not train"
            yield Comparison(path, DIFFERS, why)
            continue
        noisy = spread.around(leaf.value, spread.values[leaf.key])
        yield one_of_many(path, leaf.value, noisy, counterpart.value, scale)
    if event.loss is not None:
        yield _loss(f"{step}: the loss", event, port, ratio, spread)
    scale = largest(a.gradient * a.factor for a in event.leaves if a.gradient is not None)
    for name, (leaf, counterpart) in zip(names, matched, strict=True):
        path = f"{step}: gradient of {name}"
        if leaf.gradient is None or counterpart is None:
            continue
        if counterpart.gradient is None:
            yield Comparison(path, DIFFERS, "the port has none")
            continue
        gradient = leaf.gradient * leaf.factor
        noisy = spread.around(gradient, spread.gradients[leaf.key])
        yield one_of_many(path, gradient, noisy, counterpart.gradient * ratio, scale)
    extra = len(port.leaves) - sum(counterpart is not None for _, counterpart in matched)
    if extra > 0 and event.loss is not None:
        yield Comparison(step, DIFFERS, f"the port trains {extra} arrays more than the original")


def _loss(path: str, event: Event, port: Event, ratio: float, spread: Spread) -> Comparison:
    """Elementwise, or summed as backward() sums it, where the port reduces the loss itself."""
    a, b = _flat(event.loss), _flat(port.loss)
    if a.shape == b.shape:
        comparison = arrays_agree(path, a, spread.around(a, spread.losses), b)
        if comparison.verdict == EQUAL:
            return comparison
    factor = event.leaves[0].factor if event.leaves else 1.0
    noisy = spread.around(a.sum(), spread.loss)
    tried = [
        arrays_agree(path, a.sum() * scale, [x * scale for x in noisy], b.sum() * ratio)
        for scale in (factor, 1.0)
    ]
    return next((one for one in tried if one.verdict == EQUAL), tried[0])


def _flat(arrays: list[np.ndarray] | None) -> np.ndarray:
    return np.concatenate([array.reshape(-1) for array in arrays or []]).astype(np.float64)


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


def _loss_has(ratio: float, event: Event, port: Event) -> bool:
    """Whether the losses differ by the factor of the gradients; else a gradient is wrong."""
    ours, theirs = _flat(event.loss).sum(), _flat(port.loss).sum() * ratio
    factor = event.leaves[0].factor if event.leaves else 1.0
    return any(abs(ours * scale - theirs) <= 1e-3 * abs(theirs) for scale in (factor, 1.0))


def _divisors(ratio: float) -> tuple[float, ...]:
    """The whole number, or one over it, that a positive ratio is nearest to."""
    if not 1e-6 < ratio < 1e6:
        return ()
    whole = round(max(ratio, 1 / ratio))
    return (float(whole), 1.0 / whole)


def _ratio_note(ratio: float) -> str:
    larger, times = ("original", ratio) if ratio > 1 else ("port", 1 / ratio)
    return f"gradients are {times:g} times larger in the {larger}"
