"""Derivatives by differences, whose error is measured."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import stdtrit

from tests.statistics import FALSE_ALARM

COUNT = 16


def assert_slope(function: Callable[[float], float], expected: float) -> None:
    """The derivative at 0 of a function in float64, from central differences of COUNT steps.

    Steps are near 2⁻²⁰: the third derivative counts for 2⁻⁴⁰ there and rounding for more, so the
    differences scatter around the derivative.
    """
    steps = np.random.default_rng(0).uniform(2.0**-20, 2.0**-19, COUNT)
    slopes = np.array([(function(step) - function(-step)) / (2 * step) for step in steps])
    quantile = -stdtrit(COUNT - 1, FALSE_ALARM / 2)
    allowed = quantile * slopes.std(ddof=1) / np.sqrt(COUNT)
    assert 0 < allowed < abs(slopes.mean())
    apart = abs(slopes.mean() - expected)
    assert apart <= allowed, f"slope {slopes.mean()} ± {allowed:.2g}, not {expected}"
