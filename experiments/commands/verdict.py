"""Did the backends compute the same? Resynced steps decide, free-running losses are shown."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from typing import Any

import numpy as np

from backends.agreement import TOLERANCE, difference
from experiments.training import Snapshot

FEW_STEPS, FIRST_STEPS, SPREAD_STEPS = 50, 10, 20
# A random perturbation moves a ReLU that rounding switches with probability ½: eight miss it once
# in 256 times.
PERTURBATIONS = 8


def steps_to_probe(schedule: Sequence[int]) -> list[int]:
    """All of 50 steps; of a longer run the first 10 and some 20 more, spread evenly to the last."""
    total = sum(schedule)
    if total <= FEW_STEPS:
        return list(range(total))
    spread = np.linspace(FIRST_STEPS, total - 1, SPREAD_STEPS)
    return sorted({*range(FIRST_STEPS), *(int(step) for step in spread)})


def largest_absolute_difference(a: np.ndarray, b: np.ndarray) -> float:
    """max |a − b|, infinite where only one of them is a number."""
    with np.errstate(invalid="ignore"):
        apart = abs(np.asarray(a, "float64") - np.asarray(b, "float64"))
    both = np.isnan(a) & np.isnan(b) | (np.asarray(a) == np.asarray(b))
    return float(np.nan_to_num(np.where(both, 0.0, apart), nan=np.inf).max(initial=0.0))


def rounding_of_storage(tensor: str, snapshot: Snapshot) -> float:
    """How far updates may lie apart because w − η g is rounded to a float32 of w's size, twice."""
    weight = snapshot.weights.get(tensor.removeprefix("update of "))
    return 0.0 if weight is None else 2.0**-22 * float(abs(weight).max(initial=0.0))


def beyond_rounding(
    apart: float, absolute: float, roundings: Iterable[float], allowed: float
) -> float:
    """What is left of a difference when the largest rounding is taken off it.

    apart is the difference relative to a tensor, absolute and the roundings are in its own units;
    they are asked for one by one until no more than `allowed` is left. One that is no finite
    number explains nothing.
    """
    left = apart
    for rounding in roundings:
        if rounding < np.inf:
            left = min(left, apart * (1 - rounding / absolute) if rounding < absolute else 0.0)
        if left <= allowed:
            break
    return left


def number(things: Collection[Any], name: str) -> str:
    return f"{len(things)} {name}{'s' * (len(things) != 1)}"


@dataclass
class Verdict:
    """Collects comparisons of a reference backend with one other.

    Differences of tensors are relative to the tensor's largest magnitude. One above the tolerance
    is explained by rounding if no more than the tolerance is left of it without what
    `Snapshot.perturbed` changes in that tensor, or, for an update, without the rounding of the
    parameter that it is added to. Differences of free-running losses are relative to the
    reference's loss.
    """

    reference: str
    other: str
    probed: list[int] = field(default_factory=list)
    without_loss: list[int] = field(default_factory=list)
    largest: float = 0.0
    largest_absolute: float = 0.0
    explained: list[dict[str, Any]] = field(default_factory=list)
    first_divergence: dict[str, Any] | None = None
    drift: float = 0.0

    tolerance = TOLERANCE

    def add_probe(
        self,
        snapshot: Snapshot,
        expected: Mapping[str, np.ndarray],
        actual: Mapping[str, np.ndarray],
        probe: Callable[[Snapshot], Mapping[str, np.ndarray]],
    ) -> None:
        """Compare loss, gradients and updates of one step from the same numbers.

        expected are the reference's results of the snapshot; its probe is asked for those of
        perturbations only where a tensor is further apart than the tolerance.
        """
        step, perturbed = snapshot.step, cache(lambda draw: probe(snapshot.perturbed(draw)))
        self.probed.append(step)
        if not np.isfinite(expected["loss"]).all():
            self.without_loss.append(step)
        for tensor, value in expected.items():
            apart = difference(actual[tensor], value)
            absolute = largest_absolute_difference(actual[tensor], value)
            self.largest_absolute = max(self.largest_absolute, absolute)
            if apart <= self.tolerance:
                self.largest = max(self.largest, apart)
                continue
            perturbations = (
                largest_absolute_difference(perturbed(draw)[tensor], value)
                for draw in range(PERTURBATIONS)
            )
            roundings = chain([rounding_of_storage(tensor, snapshot)], perturbations)
            found = {"step": step, "tensor": tensor, "difference": apart}
            if beyond_rounding(apart, absolute, roundings, self.tolerance) <= self.tolerance:
                self.explained.append(found)
            elif self.first_divergence is None:
                self.first_divergence = {**found, "backends": [self.reference, self.other]}

    def add_losses(self, expected: Sequence[float], actual: Sequence[float]) -> None:
        """Follow how far the free-running losses have drifted apart."""
        for a, b in zip(expected, actual, strict=True):
            apart = abs(b - a) / max(abs(a), 1e-12) if np.isfinite([a, b]).all() else np.inf
            if np.isfinite(a) or np.isfinite(b):
                self.drift = max(self.drift, apart)

    @property
    def passed(self) -> bool:
        return bool(self.probed) and self.first_divergence is None

    def sentence(self) -> str:
        pair = f"{self.reference} and {self.other}"
        if not self.probed:
            return f"no verdict on {pair}: no step was compared"
        if self.first_divergence:
            at = self.first_divergence
            return (
                f"different: {pair} differ at step {at['step']} by {at['difference']:.1e} in the "
                f"{at['tensor']} (allowed: {self.tolerance:.0e})"
            )
        sentence = (
            f"same: {pair} agree to {self.largest:.1e} in loss, gradients and updates at "
            f"{len(self.probed)} resynced steps (allowed: {self.tolerance:.0e})"
        )
        if self.explained:
            steps = {found["step"] for found in self.explained}
            furthest = max(found["difference"] for found in self.explained)
            sentence += (
                f"; but for {number(self.explained, 'tensor')} at {number(steps, 'step')}, up to "
                f"{furthest:.1e} apart, by no more than rounding explains"
            )
        if self.without_loss:
            count, first = len(self.without_loss), self.without_loss[0]
            sentence += f"; at {count} of them, from step {first}, the loss is no finite number"
        return sentence
