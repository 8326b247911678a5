"""A step from the same numbers on the oracle: what every backend's results may differ by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from backends.interface import Backend
from backends.numpy_backend import NumpyBackend
from backends.rounding import BoundedBackend, NoisyBackend
from backends.rounding.envelope import RUNS
from experiments.trace.judging import (
    BOUND,
    ENVELOPE,
    Allowed,
    Excess,
    by_bound,
    by_envelope,
    excess,
    says_something,
)
from experiments.trace.recorder import results_of
from experiments.training import Model, Snapshot

UPDATE = "update of "


@dataclass(frozen=True)
class Judgement:
    """What the results of one step may be, and which kind of width that is."""

    kind: str
    allowed: Mapping[str, Allowed]

    def of(self, results: Mapping[str, np.ndarray]) -> dict[str, Excess]:
        """How far each of a backend's results is from the oracle's, in the order of the step."""
        missing = np.empty((0, 0, 0))
        return {
            tensor: excess(results.get(tensor, missing), allowed)
            for tensor, allowed in self.allowed.items()
        }


class Judge:
    """Takes steps on the oracle: `build` makes an experiment's model on a backend for a part.

    A recurrent model, whose worst-case bounds double with every character, is judged by an envelope
    of `perturbed_runs` runs, and so is a part where such runs show at its first step that a bound
    says nothing.
    """

    def __init__(
        self,
        build: Callable[[Backend, str], Model],
        perturbed_runs: int = RUNS,
        backends: int = 1,
    ) -> None:
        self.build, self.perturbed_runs, self.backends = build, perturbed_runs, backends
        self._model = cache(build)
        self._bounded, self._oracle = BoundedBackend(), NumpyBackend()
        self._kinds: dict[str, str] = {}

    def judgement(self, snapshot: Snapshot) -> Judgement:
        part = snapshot.part
        if part not in self._kinds:
            self._kinds[part] = self._kind(snapshot)
        if self._kinds[part] == BOUND:
            return Judgement(BOUND, self._bounds(snapshot))
        envelopes = by_envelope(self.values(snapshot), self._runs(snapshot), self.backends)
        return Judgement(ENVELOPE, envelopes)

    def _kind(self, snapshot: Snapshot) -> str:
        if self._model(self._bounded, snapshot.part).recurrent:
            return ENVELOPE
        runs = self._runs(snapshot)
        bounds = self._bounds(snapshot)
        useful = all(says_something(tensor, bound, runs) for tensor, bound in bounds.items())
        return BOUND if useful else ENVELOPE

    def values(self, snapshot: Snapshot) -> dict[str, np.ndarray]:
        """The oracle's own results."""
        return results_of(self._model(self._oracle, snapshot.part), snapshot)

    def _bounds(self, snapshot: Snapshot) -> dict[str, Allowed]:
        model = self._model(self._bounded, snapshot.part)
        results = results_of(model, snapshot)
        after = model.read()
        allowed = {}
        for tensor, value in results.items():
            # A difference of two readings has no bound; what a step starts from is exact.
            reading = after[tensor.removeprefix(UPDATE)] if tensor.startswith(UPDATE) else value
            allowed[tensor] = Allowed(np.asarray(value), by_bound(reading).width)
        return allowed

    def _runs(self, snapshot: Snapshot) -> list[dict[str, np.ndarray]]:
        first = snapshot.step * self.perturbed_runs
        backends = [NoisyBackend(seed_of_noise=first + run) for run in range(self.perturbed_runs)]
        return [results_of(self.build(backend, snapshot.part), snapshot) for backend in backends]


@dataclass
class Row:
    """A tensor over all steps: its largest observed/allowed, and what the steps were judged by."""

    ratio: float = 0.0
    step: int = 0
    steps: dict[str, int] = field(default_factory=dict)

    def add(self, step: int, kind: str, found: Excess) -> None:
        self.steps[kind] = self.steps.get(kind, 0) + 1
        if found.ratio > self.ratio:
            self.ratio, self.step = found.ratio, step
