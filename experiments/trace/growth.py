"""How far backends drift apart that train on their own, from the same start on the same batches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from experiments.trace.resynced import UPDATE
from experiments.training import Snapshot

THRESHOLDS = (1e-6, 1e-4, 1e-2)
LOSS, PARAMETERS = "loss", "parameters"
Results = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Taken:
    """A step as a backend took it from its own numbers."""

    snapshot: Snapshot
    results: Results

    def after(self) -> dict[str, np.ndarray]:
        """The loss before, and every parameter after the step."""
        updated = {
            name: weight + self.results[UPDATE + name]
            for name, weight in self.snapshot.weights.items()
        }
        return {LOSS: np.asarray(self.results[LOSS], "float64"), **updated}

    def led_to(self, following: Snapshot) -> bool:
        """Whether training went on from what this step gives, or changes no parameter at all."""
        weights, before = following.weights, self.snapshot.weights
        if any(weight.dtype != "float32" for weight in weights.values()):
            return True  # the oracle trains in float64 and repeats from numbers in float32
        if all(np.array_equal(before[name], weight) for name, weight in weights.items()):
            return True
        after = self.after()
        return all(
            np.array_equal(after[name].astype("float32"), weight, equal_nan=True)
            for name, weight in weights.items()
        )


def relative_difference(a: np.ndarray, b: np.ndarray) -> float:
    """max |a − b| / max |a|; infinite where only one of them is a number."""
    if not np.array_equal(np.isfinite(a), np.isfinite(b)):
        return float("inf")
    finite = np.isfinite(a)
    apart = abs(a - b).max(where=finite, initial=0.0)
    size = abs(a).max(where=finite, initial=float(np.finfo("float32").tiny))
    return float(apart / size)


@dataclass
class Growth:
    """The difference of a backend from the reference, step by step, of one part of a run.

    crossed: quantity → threshold → the first step of which the difference is larger.
    """

    differences: dict[str, list[float]] = field(default_factory=lambda: {LOSS: [], PARAMETERS: []})
    crossed: dict[str, dict[float, int]] = field(default_factory=lambda: {LOSS: {}, PARAMETERS: {}})

    def add(self, reference: Taken, other: Taken) -> list[tuple[str, str, float]]:
        """→ quantity, tensor and threshold of every threshold that is crossed in this step."""
        a, b = reference.after(), other.after()
        apart = {name: relative_difference(a[name], b[name]) for name in a}
        loss = apart.pop(LOSS)
        worst = max(apart, key=lambda name: apart[name])
        crossings = []
        for quantity, tensor, difference in ((LOSS, LOSS, loss), (PARAMETERS, worst, apart[worst])):
            self.differences[quantity].append(difference)
            for threshold in THRESHOLDS:
                if difference > threshold and threshold not in self.crossed[quantity]:
                    self.crossed[quantity][threshold] = reference.snapshot.step
                    crossings.append((quantity, tensor, threshold))
        return crossings

    def largest_so_far(self, quantity: str) -> np.ndarray:
        return np.maximum.accumulate(self.differences[quantity])


def split(
    tensor: str, reference: Taken, other: Taken, exact: Mapping[str, Taken]
) -> dict[str, Any]:
    """A difference at its largest element as what the step inherited and what it added.

    exact: the oracle's steps from the numbers of the "reference" and of the "other". Without any
    rounding, the step would make `inherited` of the numbers that it starts from.
    """
    a, b = reference.after()[tensor], other.after()[tensor]
    with np.errstate(invalid="ignore"):
        index = np.unravel_index(int(np.argmax(abs(a - b))), np.shape(a))
    exact_a, exact_b = (exact[name].after()[tensor][index] for name in ("reference", "other"))
    return {
        "tensor": tensor,
        "index": [int(i) for i in index],
        "values": [float(a[index]), float(b[index])],
        "inherited": float(exact_b - exact_a),
        "added": float((b[index] - exact_b) - (a[index] - exact_a)),
    }
