"""Slopes by differences: right ones pass, wrong ones do not."""

from __future__ import annotations

import numpy as np
import pytest

from tests.slopes import assert_slope


@pytest.mark.parametrize("seed", range(20))
def test_slopes_of_a_sum_of_exponentials(seed: int) -> None:
    a, b = np.random.default_rng(seed).normal(size=(2, 50))

    def function(t: float) -> float:
        return float((a * np.exp(b + t * a)).sum())

    slope = float((a * a * np.exp(b)).sum())
    assert_slope(function, slope)
    with pytest.raises(AssertionError, match="slope"):
        assert_slope(function, slope * (1 + 1e-6))
