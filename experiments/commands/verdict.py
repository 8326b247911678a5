"""Did the backends compute the same? Resynced steps decide, free-running losses are shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from backends.agreement import TOLERANCES, difference
from experiments.training import Snapshot

FEW_STEPS, FIRST_STEPS, SPREAD_STEPS = 50, 10, 20
# One random perturbation may cancel out by chance; four hardly ever do.
PERTURBATIONS = 4


def steps_to_probe(schedule: Sequence[int]) -> list[int]:
    """All of 50 steps; of a longer run the first 10 and some 20 more, spread evenly to the last."""
    total = sum(schedule)
    if total <= FEW_STEPS:
        return list(range(total))
    spread = np.linspace(FIRST_STEPS, total - 1, SPREAD_STEPS)
    return sorted({*range(FIRST_STEPS), *(int(step) for step in spread)})


def perturbed_probes(
    probe: Callable[[Snapshot], dict[str, np.ndarray]], snapshot: Snapshot
) -> list[dict[str, np.ndarray]]:
    """The results of a few perturbations of a snapshot."""
    return [probe(snapshot.perturbed(draw)) for draw in range(PERTURBATIONS)]


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


@dataclass
class Verdict:
    """Collects comparisons of a reference backend with one other.

    Differences of tensors are relative to the tensor's largest magnitude. Of one above the
    tolerance, as much is excused as `Snapshot.perturbed` changes in that tensor, or, of an update,
    as the rounding of the parameter that it is added to.
    Differences of free-running losses are relative to the reference's loss.
    """

    reference: str
    other: str
    probed: list[int] = field(default_factory=list)
    without_loss: list[int] = field(default_factory=list)
    largest: float = 0.0
    largest_absolute: float = 0.0
    first_divergence: dict[str, Any] | None = None
    drift: float = 0.0

    tolerance = TOLERANCES["sequence"]

    def add_probe(
        self,
        snapshot: Snapshot,
        expected: Mapping[str, np.ndarray],
        actual: Mapping[str, np.ndarray],
        perturbed: Callable[[], Sequence[Mapping[str, np.ndarray]]],
    ) -> None:
        """Compare loss, gradients and updates of one step from the same numbers.

        expected are the reference's results of the snapshot; perturbed is asked for the reference's
        results of its perturbations only where a tensor is further apart than the tolerance.
        """
        step, perturbed = snapshot.step, cache(perturbed)
        self.probed.append(step)
        if not np.isfinite(expected["loss"]).all():
            self.without_loss.append(step)
        for tensor, value in expected.items():
            apart = difference(actual[tensor], value)
            absolute = largest_absolute_difference(actual[tensor], value)
            if self.tolerance < apart < np.inf:
                excused = [largest_absolute_difference(p[tensor], value) for p in perturbed()]
                excused.append(rounding_of_storage(tensor, snapshot))
                if max(excused) < np.inf:
                    apart *= max(0.0, 1 - max(excused) / absolute)
            self.largest = max(self.largest, apart)
            self.largest_absolute = max(self.largest_absolute, absolute)
            if apart > self.tolerance and self.first_divergence is None:
                self.first_divergence = {
                    "step": step,
                    "tensor": tensor,
                    "backends": [self.reference, self.other],
                    "difference": apart,
                }

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
                f"{pair} differ at step {at['step']} by {at['difference']:.1e} in the "
                f"{at['tensor']} (allowed: {self.tolerance:.0e})"
            )
        sentence = (
            f"same: {pair} agree to {self.largest:.1e} in loss, gradients and updates at "
            f"{len(self.probed)} resynced steps (allowed: {self.tolerance:.0e})"
        )
        if self.without_loss:
            count, first = len(self.without_loss), self.without_loss[0]
            sentence += f"; at {count} of them, from step {first}, the loss is no finite number"
        return sentence
