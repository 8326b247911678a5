"""Programs made of what the experiments train with: `Model.step` and `run`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

from backends.interface import Array, Backend, Weights
from benchmarks.programs import Baseline, Given, Program, Results
from experiments.data.corpora import Corpus
from experiments.training import Batch, Epoch, Model, Snapshot, Step

FEW = 2**14
"""Weights of a model so small that the oracle takes some more steps of it."""


def random_corpus(num_symbols: int, length: int) -> Corpus:
    """A text of random symbols."""
    ids = np.random.default_rng(0).integers(0, num_symbols, length)
    return Corpus("random", "drawn from a seed", tuple(map(chr, range(num_symbols))), ids)


def baselines(
    name: str, function: str, kinds: Sequence[str] = ("book",), **settings: Any
) -> dict[str, dict[str, Baseline]]:
    """The functions of benchmarks.book and .manual, each imported when it is called."""

    def make(kind: str, framework: str, given: Given, device: str) -> Program:
        module = import_module(f"benchmarks.{kind}.{framework}_{name}")
        return getattr(module, function)(given, device, **settings)

    return {kind: {own: partial(make, kind, own) for own in ("mxnet", "torch")} for kind in kinds}


def step_program(build: Callable[[Backend], Model], backend: Backend, given: Given) -> Program:
    """`Model.step` on one batch, again and again; the parameters train on, a state starts anew."""
    model = build(backend)
    batch: Batch = given["batch"]
    state = tuple(map(backend.from_numpy, given.get("state", ())))
    snapshot = Snapshot(0, model.part, given["weights"], given.get("state", ()), batch)
    few = sum(np.size(weight) for weight in given["weights"].values()) <= FEW

    def begin() -> None:
        model.load(given["weights"])

    def run() -> Array:
        model.state = state
        return model.step(batch)

    def results() -> Results:
        found = model.probe(snapshot)
        begin()
        if few:  # which a backend may replay from the second step on
            found["losses"] = np.stack([backend.to_numpy(run()) for _ in range(3)])
            begin()
        return found

    begin()
    return Program(run, backend.synchronize, results)


Run = Callable[[Backend], Iterator[Step | Epoch]]


def epoch_program(run: Run, evaluated: bool, backend: Backend, given: Given) -> Program:
    """Epochs of an experiment's `run`; evaluated: with the numbers that it shows after each."""

    def next_epoch(events: Iterator[Step | Epoch]) -> Epoch:
        epoch = next(event for event in events if isinstance(event, Epoch))
        if evaluated:
            epoch.evaluate()
        return epoch

    def results() -> Results:
        events = run(backend)
        step = next(events)
        assert isinstance(step, Step)
        before = step.model.read()
        losses = [backend.to_numpy(loss) for loss in next_epoch(events).losses]
        return {"losses": np.stack(losses), **moved(before, step.model.read())}

    return Program(partial(next_epoch, run(backend)), backend.synchronize, results)


def moved(before: Weights, after: Weights) -> Results:
    return {
        f"update of {name}": np.subtract(after[name], value, dtype="float64")
        for name, value in before.items()
    }
