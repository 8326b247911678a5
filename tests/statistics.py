"""Statistics of random draws: allowed is what a standard error explains at a stated false alarm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import ndtri, stdtrit

# How often a right program may fail one of these tests if its seed were random.
FALSE_ALARM = 1e-9


def assert_mean(values: Any, expected: float, standard_deviation: float) -> None:
    """The mean of n independent draws lies so many σ / √n from the distribution's."""
    drawn = _drawn(values)
    _assert_near("mean", drawn.mean(), expected, standard_deviation / np.sqrt(drawn.size))


def assert_standard_deviation(values: Any, expected: float, kurtosis: float = 3.0) -> None:
    """That of n draws; the error of s² is σ² √((κ − 1) / n), κ = 3 for normal, 9/5 for uniform."""
    drawn = _drawn(values)
    error = expected**2 * np.sqrt((kurtosis - 1) / drawn.size)
    _assert_near("variance", drawn.var(), expected**2, error)


def assert_share(chosen: Any, probability: float) -> None:
    """Of n independent yes or no; Hoeffding: P(|share − p| ≥ t) ≤ 2 e^(−2 n t²)."""
    drawn = _drawn(chosen)
    assert set(np.unique(drawn)) <= {0.0, 1.0}
    apart, allowed = (
        abs(drawn.mean() - probability),
        np.sqrt(np.log(2 / FALSE_ALARM) / 2 / drawn.size),
    )
    assert apart <= allowed, f"a share of {drawn.mean()}, not {probability} ± {allowed:.2g}"


def assert_same_mean(ours: Sequence[float], theirs: Sequence[float]) -> None:
    """Welch's test: two samples, small ones too, of one distribution."""
    samples = [_drawn(ours), _drawn(theirs)]
    errors = [sample.var(ddof=1) / sample.size for sample in samples]
    freedom = sum(errors) ** 2 / sum(
        error**2 / (sample.size - 1) for error, sample in zip(errors, samples, strict=True)
    )
    apart = abs(samples[0].mean() - samples[1].mean())
    allowed = -stdtrit(freedom, FALSE_ALARM / 2) * np.sqrt(sum(errors))
    assert apart <= allowed, f"means {apart:.2g} apart, {allowed:.2g} may be chance"


def _drawn(values: Any) -> np.ndarray:
    drawn = np.asarray(values, np.float64).ravel()
    assert drawn.size > 1
    return drawn


def _assert_near(what: str, found: float, expected: float, standard_error: float) -> None:
    allowed = -ndtri(FALSE_ALARM / 2) * standard_error
    assert abs(found - expected) <= allowed, (
        f"{what} {found:.6g}, not {expected:.6g} ± {allowed:.2g}"
    )
