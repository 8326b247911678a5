"""Rates of matrix products and of memory, and what they allow."""

from __future__ import annotations

import pytest

from benchmarks import limits
from benchmarks.limits import Rates, best_rate, copies, products, seconds_of
from benchmarks.programs import Work


class Clock:
    """Time passes where somebody says so."""

    now = 0.0

    def perf_counter(self) -> float:
        return self.now

    def spend(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(limits, "time", clock)
    return clock


def test_the_least_time_is_that_of_the_scarcer_resource():
    rates = Rates(flops=100.0, bytes=10.0)
    assert rates.seconds(Work(flops=200.0, bytes=5.0)) == 2.0
    assert rates.seconds(Work(flops=200.0, bytes=50.0)) == 5.0


def test_an_operation_ends_when_the_framework_has_finished(clock):
    pending = 0.0

    def operation() -> None:
        nonlocal pending
        clock.spend(0.0625)
        pending += 0.25

    def wait() -> None:
        nonlocal pending
        clock.spend(pending)
        pending = 0.0

    assert seconds_of(operation, wait) == 0.3125


def test_the_best_rate_counts(clock):
    def nothing() -> None:
        pass

    slow, fast = (lambda: clock.spend(0.5)), (lambda: clock.spend(0.25))
    assert best_rate([(10.0, slow), (10.0, fast), (2.0, fast)], nothing) == 40.0


def test_a_backend_has_rates(backend):
    operations = [*products(backend), *copies(backend, traffic=1e4)]
    assert len(operations) == 2 * len(limits.PRODUCTS) + 3
    for amount, operation in operations[2:]:
        assert amount > 0
        operation()
    backend.synchronize()


def test_copies_move_as_much_as_the_case(backend):
    amounts = [amount for amount, _ in copies(backend, traffic=8e4)]
    assert min(amounts) == max(amounts[0], amounts[2]) == 8e4
