"""One backend in a process of its own, driven over a pipe.

The process sets its threads before it imports NumPy or a framework, and reads them back after.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache, partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from backends.errors import InputError
from backends.registry import Choice, get_backend
from experiments.commands.remote import Remote

if TYPE_CHECKING:
    from experiments.training import Metrics, Snapshot


@dataclass(frozen=True)
class Ready:
    """What a backend's process says when its framework is imported."""

    version: str
    threads: int
    device: str


@dataclass(frozen=True)
class EpochResult:
    """One epoch: seconds of training alone, and snapshots of the steps asked for.

    peak_memory: the most that the process has held so far, in bytes; None where nobody tells.
    """

    number: int
    part: str
    losses: tuple[float, ...]
    metrics: Metrics
    seconds: float
    texts: dict[str, str]
    snapshots: tuple[Snapshot, ...]
    peak_memory: int | None = None


class Worker(Remote):
    """The parent's end. Every call waits for its answer."""

    def __init__(self, choice: Choice, threads: int, label: str = "") -> None:
        super().__init__(f"backend {str(choice)!r}", prepare, choice, threads)
        self.backend = choice.name
        self.label = label or str(choice)
        self.ready = Ready("", 0, choice.device)

    def wait_until_ready(self) -> None:
        """Wait for the framework's import; workers started together import side by side."""
        self.ready = self.answer()

    def start(self, experiment: str, config: Any, data: Any, watched: Collection[int]) -> None:
        """Set up a run; `watched` are the steps to take snapshots of."""
        self.ask("start", experiment, config, data, frozenset(watched))

    def epoch(self, with_texts: bool) -> EpochResult:
        """Train one more epoch."""
        return self.ask("epoch", with_texts)

    def probe(self, snapshot: Snapshot) -> dict[str, Any]:
        """See `experiments.training.Model.probe`."""
        return self.ask("probe", snapshot)

    def trace(self, experiment: str, config: Any, data: Any) -> None:
        """Set up a run that is advanced step by step."""
        self.ask("trace", experiment, config, data)

    def next_step(self, most: int) -> Any:
        """The snapshot of the next step that is about to be taken, of `most` in each part.

        None where the run ends.
        """
        return self.ask("next_step", most)

    def take(self, snapshot: Snapshot) -> dict[str, Any]:
        """`probe`, and the state that the step leaves."""
        return self.ask("take", snapshot)

    def record(self, snapshot: Snapshot) -> Any:
        """See `experiments.trace.recorder.record`."""
        return self.ask("record", snapshot)


def prepare(choice: Choice, threads: int) -> tuple[Ready, Session]:
    """In the process: import the framework and verify its threads."""
    from backends.threads import set_threads

    set_threads(threads)
    backend = get_backend(*choice)
    seen = backend.num_threads()
    if seen != threads:
        raise InputError(
            f"threads = {threads} did not take effect: {choice.name} computes with {seen}, "
            f"give --threads {seen}"
        )
    return Ready(backend.version(), seen, choice.device), Session(backend)


class Session:
    """A run that is advanced epoch by epoch, and models beside it to repeat single steps."""

    def __init__(self, backend: Any) -> None:
        self.backend = backend

    def start(self, experiment: str, config: Any, data: Any, watched: frozenset[int]) -> None:
        from experiments import load_experiment

        module = load_experiment(experiment)
        self.watched = watched
        self.events = module.run(self.backend, config, data)
        self.build = cache(partial(module.build, self.backend, config, data))
        self.events = chain([next(self.events)], self.events)  # the model is built off the clock

    def epoch(self, with_texts: bool) -> EpochResult:
        from experiments.memory import peak_of_process
        from experiments.training import Step

        seconds, snapshots, started = 0.0, [], time.perf_counter()
        for event in self.events:
            if isinstance(event, Step):
                if event.number in self.watched:  # the clock stands while a snapshot is taken
                    self.backend.synchronize()
                    seconds += time.perf_counter() - started
                    snapshots.append(event.model.snapshot(event.number, event.batch))
                    started = time.perf_counter()
                continue
            self.backend.synchronize()
            seconds += time.perf_counter() - started
            return EpochResult(
                event.number,
                event.part,
                tuple(float(self.backend.to_numpy(loss)) for loss in event.losses),
                event.evaluate(),
                seconds,
                event.generate() if with_texts else {},
                tuple(snapshots),
                peak_of_process(),
            )
        raise RuntimeError("the run has no more epochs")

    def probe(self, snapshot: Snapshot) -> dict[str, Any]:
        return self.build(snapshot.part).probe(snapshot)

    def trace(self, experiment: str, config: Any, data: Any) -> None:
        """Set up a run that is advanced step by step."""
        from experiments import load_experiment
        from experiments.trace.recorder import Recorder

        module = load_experiment(experiment)
        self.events = module.run(self.backend, config, data)
        self.seen: dict[str, int] = {}
        self.recorder: Any = Recorder(self.backend)
        self.noting = cache(partial(module.build, self.recorder, config, data))

    def next_step(self, most: int) -> Any:
        from experiments.training import Step

        for event in self.events:
            if isinstance(event, Step):
                part = event.model.part
                self.seen[part] = self.seen.get(part, 0) + 1
                if self.seen[part] <= most:
                    return event.model.snapshot(event.number, event.batch)
                if not part:  # the only one
                    break
        return None

    def take(self, snapshot: Snapshot) -> dict[str, Any]:
        from experiments.trace.recorder import results_of

        return results_of(self.noting(snapshot.part), snapshot)

    def record(self, snapshot: Snapshot) -> Any:
        from experiments.trace.recorder import record

        return record(self.recorder, self.noting(snapshot.part), snapshot)
