"""`pytest benchmarks`: processes that do the work, and a clock that is theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import pytest

from backends.registry import Choice
from backends.threads import available_threads
from benchmarks.cases import case_of
from benchmarks.oracle import Oracle
from benchmarks.parity import References, agreement
from benchmarks.process import BOOK, CASES, Block, Failed, Process, Timing
from experiments.commands.results import machine

ROUNDS, LEAST = 7, 0.03
"""Blocks of a program, and the seconds of each."""

# A pass without timing computes with the oracle where that takes no time.
QUICKLY_JUDGED = 1e6  # floating-point operations, or bytes


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--device", default="cpu", choices=("cpu", "cuda"))
    parser.addoption("--threads", type=int, default=available_threads())


class Bench:
    """Processes by framework and role, started when first needed, and the time they report."""

    def __init__(self, device: str, threads: int) -> None:
        self.device, self.threads = device, threads
        self.processes: dict[tuple[str, str], Process] = {}
        self.oracle = Oracle(CASES)
        self.references = References(self.oracle)

    def process(self, framework: str, kind: str) -> Process:
        role = BOOK if kind == BOOK else "lockstep"
        if (framework, role) not in self.processes:
            process = Process(Choice(framework, self.device), self.threads, role)
            process.wait_until_ready()
            self.processes[framework, role] = process
        return self.processes[framework, role]

    def parity(self, key: str, framework: str, kind: str, results: Any) -> float:
        """The share of what rounding allows that the results take up; no parity, no number."""
        programs = 1 if kind == BOOK else 2
        reference = self.references.of_program(key, programs, framework, kind)
        found = agreement(results, reference)
        assert not found.problem, f"no parity, no number: {found.problem}"
        return found.ratio

    def close(self) -> None:
        self.oracle.close()
        for process in self.processes.values():
            process.close()


class Clock:
    """What pytest-benchmark takes the time by: seconds per unit of work, as processes report."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


CLOCK = Clock()


def answered(answer: Any) -> Any:
    if isinstance(answer, Failed):
        if answer.bad_input:
            pytest.skip(answer.problem)
        pytest.fail(answer.problem, pytrace=False)
    return answer


@pytest.fixture(scope="session")
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    started = Bench(request.config.getoption("--device"), request.config.getoption("--threads"))
    yield started
    started.close()


@pytest.fixture
def time_program(bench: Bench, benchmark: Any) -> Callable[[str, str, str], None]:
    """Time a case's program of a framework and kind, after parity."""

    def run(key: str, framework: str, kind: str) -> None:
        if benchmark.disabled and kind == BOOK:
            pytest.skip("tests/test_bench_cases.py runs the baselines, at sizes that take no time")
        case, process = case_of(key), bench.process(framework, kind)
        answered(process.attempt("begin", key))
        results = answered(process.attempt("results", kind))
        benchmark.group = key
        if benchmark.disabled:
            if max(case.work.flops, case.work.bytes) <= QUICKLY_JUDGED:
                bench.parity(key, framework, kind, results)
            benchmark.pedantic(lambda: None)
            return
        ratio = bench.parity(key, framework, kind, results)
        timing: Timing = answered(process.attempt("calibrate", kind, LEAST))  # warms up, too

        def block() -> None:
            timed: Block = answered(process.attempt("block", kind, timing))
            CLOCK.seconds += timed.seconds

        benchmark.extra_info.update(
            asdict(process.ready),
            case=case.name,
            kind=kind,
            sizes=dict(case.sizes),
            units_per_block=timing.units,
            parity=ratio,
            flops=case.work.flops,
            bytes=case.work.bytes,
            machine=machine(),
        )
        benchmark.pedantic(block, rounds=ROUNDS, warmup_rounds=1)

    return run
