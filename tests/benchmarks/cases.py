"""Small cases, right and wrong, that the harness is tried on. Faults are book programs of NumPy,
the framework that starts fastest."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from backends.interface import Backend
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


def by_hand(given: Given, device: str, scale: float = 1.0, repetitions: int = 1) -> Program:
    x, w = given["x"], given["w"]

    def run() -> None:
        for _ in range(repetitions):
            x @ w

    return Program(run, lambda: None, lambda: {"product": (x @ w) * np.float32(scale)})


def wrong(given: Given, device: str) -> Program:
    return by_hand(given, device, scale=1.001)


def asynchronous(given: Given, device: str, waits: bool) -> Program:
    """A framework that computes in a thread of its own; nobody but the program can wait for it."""
    x, w, pending = given["x"], given["w"], threading.Semaphore(0)
    asked = 0

    def compute() -> None:
        while True:
            pending.acquire()
            x @ w
            done.release()

    done = threading.Semaphore(0)
    threading.Thread(target=compute, daemon=True).start()

    def run() -> None:
        nonlocal asked
        asked += 1
        pending.release()

    def synchronize() -> None:
        nonlocal asked
        if waits:
            for _ in range(asked):
                done.acquire()
            asked = 0

    return Program(run, synchronize, lambda: {"product": x @ w})


def never_waits(given: Given, device: str) -> Program:
    return asynchronous(given, device, waits=False)


def waits(given: Given, device: str) -> Program:
    return asynchronous(given, device, waits=True)


def not_waiting(backend: Backend, given: Given) -> Program:
    """On a real framework."""
    program = product(backend, given)
    waiting = isinstance(backend.to_numpy(backend.zeros((1,))), np.ndarray)
    assert waiting
    if backend.name == "numpy":  # the oracle has to stay right
        return program
    return Program(program.run, lambda: None, program.results)


def breaks(given: Given, device: str) -> Program:
    raise ZeroDivisionError("planted")


def ends(given: Given, device: str) -> Program:
    import os

    os._exit(7)


def sleeping(given: Given, device: str) -> Program:
    return Program(lambda: time.sleep(1e-3), lambda: None, by_hand(given, device).results)


def case(name: str, book: Callable[[Given, str], Program] | None = None, **changes: Any) -> Case:
    settings: dict[str, Any] = {
        "name": name,
        "level": "primitive",
        "sizes": {"m": ROWS, "k": INNER, "n": COLUMNS},
        "given": given,
        "work": Work(FLOPS, BYTES),
        "scratch": product,
        "book": {"numpy": book} if book else {},
    }
    return Case(**settings | changes)


def all_cases() -> dict[str, Case]:
    cases = [
        case("right"),
        case("by hand", by_hand),
        case("wrong", wrong),
        case("waits", waits),
        case("never waits", never_waits),
        case("not waiting", scratch=not_waiting),
        case("breaks", breaks),
        case("ends", ends),
        case("sleeping", sleeping),
    ]
    return {case.key: case for case in cases}


def case_of(key: str) -> Case:
    return all_cases()[key]
