"""A long-lived process of one framework that builds the programs of a case and times blocks.

Like every module that such a process is started from, this one imports no NumPy: the threads are
set first.
"""

from __future__ import annotations

import gc
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from backends.errors import InputError
from backends.registry import Choice, get_backend
from backends.threads import set_threads
from experiments.commands.remote import Remote
from experiments.commands.results import processor

if TYPE_CHECKING:
    from benchmarks.limits import Rates
    from benchmarks.programs import Case, Program, Results

CASES = "benchmarks.cases"
BOOK = "book"

LONG = 0.25
"""Seconds of a unit of work that needs no warm-up: what it finds in caches is no part of it."""


@dataclass(frozen=True)
class Ready:
    """What the process runs on. busy: OS threads seen at work in a product, 0 unknown."""

    framework: str
    version: str
    numpy: str
    threads: int
    busy: int
    device: str
    dtype: str
    processor: str


@dataclass(frozen=True)
class Timing:
    """What a block is: so many units of work, after one without the clock or not."""

    units: int
    warm_up: bool = True


@dataclass(frozen=True)
class Block:
    """seconds: of one unit of work. left: share of the block by which the framework was still
    computing after the clock had stopped."""

    seconds: float
    left: float


@dataclass(frozen=True)
class Failed:
    """Why a case could not be done; bad_input: in words for its reader."""

    problem: str
    bad_input: bool


class Process(Remote):
    """The parent's end."""

    def __init__(self, choice: Choice, threads: int, kinds: str, cases: str = CASES) -> None:
        """kinds: "book", or anything else for the other ones. cases: a module with `case_of`."""
        super().__init__(f"{choice} ({kinds})", prepare, choice, threads, kinds, cases)

    def wait_until_ready(self) -> Ready:
        self.ready: Ready = self.answer()
        return self.ready

    def attempt(self, method: str, *arguments: Any) -> Any:
        """What a method of the session returns, or `Failed`."""
        return self.ask("attempt", method, *arguments)


def prepare(choice: Choice, threads: int, kinds: str, cases: str) -> tuple[Ready, Session]:
    """In the process: import the framework and verify its threads."""
    set_threads(threads)
    if kinds == BOOK:  # code of its time warns of much
        warnings.simplefilter("ignore")
    from benchmarks.threads_seen import busy_threads, verify

    backend = bare_backend(choice, kinds)
    import numpy as np

    square = backend.from_numpy(np.ones((768, 768), "float32"))

    def product() -> None:
        backend.linear(square, square)
        backend.synchronize()

    busy = busy_threads(product) if choice.device == "cpu" else 0
    verify(choice.name, threads, backend.num_threads(), busy)
    name, device, dtype = choice
    versions = backend.version(), np.__version__
    ready = Ready(name, *versions, threads, busy, device, dtype, processor())
    return ready, Session(choice, backend, cases)


def bare_backend(choice: Choice, kinds: str) -> Any:
    if kinds == BOOK and choice.name == "mxnet":
        from benchmarks.mxnet_alone import MxnetAlone

        return MxnetAlone(choice.device)
    return get_backend(*choice)


def kinds_of(case: Case, choice: Choice) -> list[str]:
    """The kinds of programs that a case has for a backend; the baselines know no TF32."""
    kinds = []
    if choice.dtype != "tf32":
        kinds += [kind for kind, made in case.baselines.items() if choice.name in made]
    if case.scratch:
        kinds += ["plain", "fast"] if find_spec(f"backends.{choice.name}_fast") else ["plain"]
    return kinds + (["concise"] if case.concise else [])


def make(case: Case, choice: Choice, kind: str) -> Program:
    """A program of its own numbers."""
    given = case.given()
    if kind in case.baselines:
        return case.baselines[kind][choice.name](given, choice.device)
    maker = case.concise if kind == "concise" else case.scratch
    assert maker is not None
    implementation = "plain" if kind == "plain" else "fast"
    return maker(get_backend(*choice, implementation), given)


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class Session:
    """The programs of one case at a time."""

    def __init__(self, choice: Choice, backend: Any, cases: str) -> None:
        self.choice, self.backend = choice, backend
        self.case_of: Callable[[str], Case] = import_module(cases).case_of
        self.flops = 0.0
        self.programs: dict[str, Program] = {}

    def attempt(self, method: str, *arguments: Any) -> Any:
        try:
            return getattr(self, method)(*arguments)
        except InputError as error:
            return Failed(str(error), bad_input=True)
        except Exception as error:
            return Failed(f"{type(error).__name__}: {error}"[:500], bad_input=False)

    def begin(self, key: str) -> None:
        """Drop the programs of the case before."""
        self.case = self.case_of(key)
        self.programs.clear()
        gc.unfreeze()
        gc.collect()

    def results(self, kind: str) -> Results:
        """Build a program and compute with it, once it has run.

        The first run is not held to the oracle: in the book's RNN on lyrics, torch 2.13 on two
        threads had 16 columns of a gradient wrong in 3 processes of 44, and in no later run.
        """
        program = self.programs[kind] = make(self.case, self.choice, kind)
        program.run()
        program.synchronize()
        return program.results()

    def calibrate(self, kind: str, least: float) -> Timing:
        """Warm up → blocks of at least `least` seconds."""
        program, units = self.programs[kind], 1
        self.loop(program, units)
        while (seconds := self.loop(program, units)) < least:
            # Straight to the goal from a fifth of it on, where the estimate is good.
            units = max(
                units + 1,
                round(units * 1.1 * least / seconds if seconds > least / 5 else 4 * units),
            )
        gc.freeze()
        return Timing(units, warm_up=seconds / units < LONG)

    def loop(self, program: Program, units: int) -> float:
        run = program.run
        started = time.perf_counter()
        for _ in range(units):
            run()
        program.synchronize()
        return time.perf_counter() - started

    def block(self, kind: str, plan: Timing) -> Block:
        """The clock stops when the program says that it has finished; whether it had is checked."""
        program = self.programs[kind]
        with no_garbage_collection():
            if plan.warm_up:  # caches and threads are another program's
                self.loop(program, 1)
            seconds = self.loop(program, plan.units)
            stopped = time.perf_counter()
            self.backend.synchronize()
            left = time.perf_counter() - stopped
        return Block(seconds / plan.units, left / (seconds + left))

    def rates(self) -> Rates:
        """For the case's work."""
        from benchmarks.limits import Rates, best_rate, copies, products

        wait = self.backend.synchronize
        self.flops = self.flops or best_rate(products(self.backend), wait)
        return Rates(self.flops, best_rate(copies(self.backend, self.case.work.bytes), wait))
