"""Small cases, right and wrong, that the harness is tried on. Faults are book programs of NumPy,
the framework that starts fastest."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from backends.errors import InputError
from backends.interface import Backend
from backends.numpy_backend import NumpyBackend
from benchmarks.programs import Case, Given, Program, Work

ROWS, INNER, COLUMNS = 64, 512, 512
FLOPS = 2.0 * ROWS * INNER * COLUMNS
BYTES = 4.0 * (ROWS * INNER + INNER * COLUMNS + ROWS * COLUMNS)


def given() -> Given:
    stream = np.random.default_rng(0)
    return {
        "x": stream.standard_normal((ROWS, INNER), "float32"),
        "w": stream.standard_normal((INNER, COLUMNS), "float32"),
    }


def product(backend: Backend, given: Given) -> Program:
    x, w = backend.from_numpy(given["x"]), backend.from_numpy(given["w"])

    def results() -> dict[str, np.ndarray]:
        return {"product": backend.to_numpy(backend.linear(x, w))}

    return Program(lambda: backend.linear(x, w), backend.synchronize, results)


def by_hand(given: Given, device: str, scale: float = 1.0) -> Program:
    """In float64, as the oracle computes."""
    x, w = (given[name].astype("float64") for name in ("x", "w"))
    return Program(lambda: x @ w, lambda: None, lambda: {"product": x @ w * scale})


def repeated(program: Program, times: int) -> Program:
    def run() -> None:
        for _ in range(times):
            program.run()

    return Program(run, program.synchronize, program.results)


def twenty(backend: Backend, given: Given) -> Program:
    return repeated(product(backend, given), 20)


def twenty_one(given: Given, device: str) -> Program:
    """A slow-down of 5 %."""
    return repeated(product(NumpyBackend(), given), 21)


def wrong(given: Given, device: str) -> Program:
    return by_hand(given, device, scale=1.001)


def asynchronous(given: Given, device: str, waits: bool) -> Program:
    """A framework that computes in a thread of its own; nobody but the program can wait for it."""
    by_itself = by_hand(given, device)
    asked, done = threading.Semaphore(0), threading.Semaphore(0)
    pending = 0

    def compute() -> None:
        while True:
            asked.acquire()
            by_itself.run()
            done.release()

    threading.Thread(target=compute, daemon=True).start()

    def run() -> None:
        nonlocal pending
        pending += 1
        asked.release()

    def synchronize() -> None:
        nonlocal pending
        while waits and pending:
            done.acquire()
            pending -= 1

    return Program(run, synchronize, by_itself.results)


def never_waits(given: Given, device: str) -> Program:
    return asynchronous(given, device, waits=False)


def waits(given: Given, device: str) -> Program:
    return asynchronous(given, device, waits=True)


def not_waiting(backend: Backend, given: Given) -> Program:
    """On a real framework."""
    program = product(backend, given)
    return Program(program.run, lambda: None, program.results)


def computes_nothing(given: Given, device: str) -> Program:
    return Program(lambda: None, lambda: None, dict)


def breaks(given: Given, device: str) -> Program:
    raise ZeroDivisionError("planted")


def not_installed(given: Given, device: str) -> Program:
    raise InputError("the book's package is not installed: run something")


def ends(given: Given, device: str) -> Program:
    os._exit(7)


def case(name: str, book: Callable[[Given, str], Program] | None = None, **changes: Any) -> Case:
    settings: dict[str, Any] = {
        "name": name,
        "level": "primitive",
        "sizes": {"m": ROWS, "k": INNER, "n": COLUMNS},
        "given": given,
        "work": Work(FLOPS, BYTES),
        "scratch": product,
        "baselines": {"book": {"numpy": book}} if book else {},
    }
    return Case(**settings | changes)


def all_cases() -> dict[str, Case]:
    small = Work(1.0, 1.0)  # no clock is ever faster than that
    cases = [
        case("right", work=small),
        case("by hand", by_hand, work=small),
        case("wrong", wrong),
        case("nothing", computes_nothing),
        case("waits", waits, work=small),
        case("never waits", never_waits),
        case("not waiting", scratch=not_waiting, work=small),
        case("not installed", not_installed, work=small),
        case("breaks", breaks),
        case("ends", ends),
        case("last", work=small),
        case("slowed", twenty_one, scratch=twenty, work=small),
    ]
    return {case.key: case for case in cases}


def case_of(key: str) -> Case:
    return all_cases()[key]
