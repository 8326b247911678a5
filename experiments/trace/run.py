"""A training step by step on several backends: resynced with the first one's, and free-running."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from experiments.trace.divergence import locate, value_at
from experiments.trace.growth import Growth, Taken, split
from experiments.trace.judging import Excess
from experiments.trace.recorder import Recording
from experiments.trace.resynced import Judge, Row
from experiments.training import Snapshot


class Stepper(Protocol):
    """A run on a backend: `experiments.commands.worker.Worker`."""

    label: str

    def next_step(self, most: int) -> Snapshot | None: ...

    def take(self, snapshot: Snapshot) -> dict[str, np.ndarray]: ...

    def record(self, snapshot: Snapshot) -> Recording: ...


class Trace:
    """Several runs of one experiment, the first worker's the reference.

    first_divergence: where a result first lies outside what the oracle allows. crossings: where
    free-running differences cross a threshold. repeated_otherwise: steps of which training made
    something else than the same step alone.
    """

    def __init__(self, workers: Sequence[Stepper], judge: Judge) -> None:
        self.workers, self.judge = workers, judge
        self.steps = 0
        self.parts: dict[str, int] = {}
        self.rows: dict[str, dict[str, Row]] = {worker.label: {} for worker in workers}
        self.growths: dict[str, dict[str, Growth]] = {w.label: {} for w in workers[1:]}
        self.crossings: list[dict[str, Any]] = []
        self.first_divergence: dict[str, Any] | None = None
        self.repeated_otherwise: dict[str, list[int]] = {worker.label: [] for worker in workers}
        self._before: dict[str, Taken] = {}

    def step(self, most: int) -> bool:
        """One more step of every run, if they have one."""
        found_steps = {worker.label: worker.next_step(most) for worker in self.workers}
        snapshots = {label: step for label, step in found_steps.items() if step is not None}
        if len(snapshots) < len(self.workers):
            return False
        reference, *others = self.workers
        start = snapshots[reference.label]
        results = {worker.label: worker.take(start) for worker in self.workers}
        judgement = self.judge.judgement(start)
        for worker in self.workers:
            found = judgement.of(results[worker.label])
            for tensor, excess in found.items():
                row = self.rows[worker.label].setdefault(tensor, Row())
                row.add(start.step, judgement.kind, excess)
            self._note(worker, start, judgement.kind, found, results)
        taken = {reference.label: Taken(start, results[reference.label])}
        for worker in others:
            own = snapshots[worker.label]
            taken[worker.label] = Taken(own, worker.take(own))
            self._free_running(worker, taken[reference.label], taken[worker.label])
        for label, before in self._before.items():
            following = snapshots[label]
            if before.snapshot.part == following.part and not before.led_to(following):
                self.repeated_otherwise[label].append(before.snapshot.step)
        self._before = taken
        self.steps += 1
        self.parts[start.part] = self.parts.get(start.part, 0) + 1
        return True

    def _note(
        self,
        worker: Stepper,
        start: Snapshot,
        kind: str,
        found: Mapping[str, Excess],
        results: Mapping[str, Mapping[str, Any]],
        inherited: float | None = None,
    ) -> None:
        """Look for the place where the first result that is outside became wrong."""
        tensor = next((tensor for tensor, excess in found.items() if excess.outside), None)
        if tensor is None or self.first_divergence is not None:
            return
        recordings = {w.label: w.record(start) for w in self.workers}
        finding = locate(recordings[worker.label], tensor)
        index = found[tensor].index
        self.first_divergence = {
            "step": start.step,
            "part": start.part,
            "backend": worker.label,
            "tensor": tensor,
            "kind": kind,
            **dataclasses.asdict(found[tensor]),
            "values": {label: element(r.get(tensor), index) for label, r in results.items()},
            "mode": "resynced" if inherited is None else "free-running",
            "inherited": inherited or 0.0,
            "arises": {
                **dataclasses.asdict(dataclasses.replace(finding, where=())),
                "values": {label: value_at(r, finding) for label, r in recordings.items()},
            },
        }

    def _free_running(self, worker: Stepper, reference: Taken, other: Taken) -> None:
        growth = self.growths[worker.label].setdefault(reference.snapshot.part, Growth())
        crossings = growth.add(reference, other)
        if not crossings:
            return
        exact = {
            name: Taken(step.snapshot, self.judge.values(step.snapshot))
            for name, step in (("reference", reference), ("other", other))
        }
        judgement = self.judge.judgement(other.snapshot)
        found = judgement.of(other.results)
        for quantity, tensor, threshold in crossings:
            parts = split(tensor, reference, other, exact)
            self.crossings.append(
                {
                    "backend": worker.label,
                    "quantity": quantity,
                    "threshold": threshold,
                    "step": reference.snapshot.step,
                    "part": reference.snapshot.part,
                    **parts,
                    "added_is_rounding": not any(excess.outside for excess in found.values()),
                }
            )
            both = {self.workers[0].label: reference.results, worker.label: other.results}
            inherited = abs(parts["inherited"])
            self._note(worker, other.snapshot, judgement.kind, found, both, inherited)

    @property
    def passed(self) -> bool:
        return self.steps > 0 and self.first_divergence is None


def element(array: Any, index: tuple[int, ...]) -> float | None:
    try:
        return float(np.asarray(array)[index])
    except (IndexError, TypeError):
        return None
