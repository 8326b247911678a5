"""Intervals hold what they promise, and an injected slow-down is found."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from benchmarks.statistics import CONFIDENCE, Estimate, ratio, typical
from tests.benchmarks.noise import modelled, recorded
from tests.statistics import FALSE_ALARM

RUNS = 400
PROMISED, SLOW_DOWN, FOUND = 0.95, 1.05, 0.95
NOISE = pytest.mark.parametrize("noise", [modelled, recorded])


def most(probability: float, runs: int = RUNS) -> float:
    """How often something of this probability may come about."""
    return binom.isf(FALSE_ALARM, runs, probability)


@NOISE
def test_the_interval_contains_the_true_ratio_as_often_as_it_says(noise):
    stream = np.random.default_rng(0)
    assert CONFIDENCE == PROMISED
    missed = sum(not ratio(*noise(stream)).contains(1.0) for _ in range(RUNS))
    assert missed <= most(1 - PROMISED)


@NOISE
def test_an_injected_slow_down_of_five_per_cent_is_found(noise):
    stream = np.random.default_rng(1)
    found = [ratio(*noise(stream).slowed(SLOW_DOWN)).verdict() for _ in range(100)]
    assert found.count("slower") >= 100 * FOUND
    assert "faster" not in found


@NOISE
def test_a_speed_up_is_called_faster(noise):
    stream = np.random.default_rng(2)
    found = [ratio(*noise(stream).slowed(1 / SLOW_DOWN)).verdict() for _ in range(100)]
    assert found.count("faster") >= 100 * FOUND
    assert "slower" not in found


def test_drift_that_both_programs_share_does_not_matter():
    steady = modelled(np.random.default_rng(3))
    drift = [np.linspace(1, 3, len(launch)) for launch in steady.program]
    drifted = [
        [launch * factor for launch, factor in zip(launches, drift, strict=True)]
        for launches in steady
    ]
    assert round(ratio(*drifted).half_width, 9) == round(ratio(*steady).half_width, 9)
    assert typical(drifted[0]).half_width > typical(steady.program).half_width


def test_processes_that_differ_widen_the_interval():
    """Many blocks of few processes know their processes well, and not the program."""
    alike, unlike = (
        modelled(np.random.default_rng(4), cycles=100, between=between) for between in (0, 0.05)
    )
    assert ratio(*unlike).half_width > 5 * ratio(*alike).half_width


def test_more_blocks_narrow_the_interval():
    few, many = (modelled(np.random.default_rng(5), cycles=cycles, between=0) for cycles in (6, 96))
    assert ratio(*many).half_width < ratio(*few).half_width / 2


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [
        (0.9, 0.99, "faster"),
        (1.01, 1.1, "slower"),
        (0.99, 1.01, "can't tell"),
        (1, 2, "can't tell"),
    ],
)
def test_a_verdict_needs_the_whole_interval_on_one_side(low, high, word):
    assert Estimate((low + high) / 2, low, high).verdict() == word


def test_the_smallest_effect_is_the_wider_side():
    assert Estimate(2.0, 1.0, 2.5).half_width == 1.0
    assert Estimate(2.0, 1.6, 4.0).half_width == 1.0


def test_the_estimate_is_the_median_of_paired_ratios():
    program, again = [np.array([2.0, 30.0, 8.0])], [np.array([1.0, 10.0, 1.0])]
    assert round(ratio(program, again).value, 12) == 3


def test_many_intervals_together_are_wider():
    one = ratio(*modelled(np.random.default_rng(6)))
    assert one.together(1) == one
    assert one.together(40).low < one.low < one.high < one.together(40).high
