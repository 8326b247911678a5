"""The tests of draws: right draws pass, others do not, and alarms are as rare as stated."""

from __future__ import annotations

import numpy as np
import pytest

from tests import statistics
from tests.statistics import (
    assert_mean,
    assert_same_mean,
    assert_share,
    assert_standard_deviation,
)

DRAWS = 2_000


def alarms(check, sample) -> int:
    """How many of DRAWS right samples are refused."""
    stream, count = np.random.default_rng(0), 0
    for _ in range(DRAWS):
        try:
            check(sample(stream))
        except AssertionError:
            count += 1
    return count


@pytest.mark.parametrize(
    ("check", "sample", "exact"),
    [
        (lambda x: assert_mean(x, 2, 3), lambda s: s.normal(2, 3, 400), True),
        (lambda x: assert_standard_deviation(x, 3), lambda s: s.normal(2, 3, 4000), True),
        (lambda x: assert_standard_deviation(x, 12**-0.5, 1.8), lambda s: s.random(4000), True),
        (lambda x: assert_same_mean(x[:8], x[8:]), lambda s: s.normal(2, 3, 20), True),
        (lambda x: assert_share(x, 0.3), lambda s: s.random(400) < 0.3, False),
    ],
    ids=["mean", "deviation", "deviation of uniform draws", "two samples", "share"],
)
def test_right_draws_are_refused_as_often_as_stated(monkeypatch, check, sample, exact) -> None:
    monkeypatch.setattr(statistics, "FALSE_ALARM", 0.05)
    count = alarms(check, sample)
    # Six standard errors of a count around 5 %; Hoeffding's inequality refuses fewer.
    apart = 6 * np.sqrt(DRAWS * 0.05 * 0.95)
    assert count <= DRAWS * 0.05 + apart
    assert count >= DRAWS * 0.05 - apart or not exact
    monkeypatch.undo()
    assert alarms(check, sample) == 0


def test_other_draws_are_refused() -> None:
    stream = np.random.default_rng(0)
    with pytest.raises(AssertionError, match=r"mean 2\.1\d*, not 2 ± 0\.09"):
        assert_mean(stream.normal(2.15, 1, 4000), 2, 1)
    with pytest.raises(AssertionError, match="variance"):
        assert_standard_deviation(stream.normal(2, 1.2, 4000), 1)
    with pytest.raises(AssertionError, match="variance"):
        assert_standard_deviation(stream.normal(2, 0.8, 4000), 1)
    with pytest.raises(AssertionError, match="share"):
        assert_share(stream.random(4000) < 0.4, 0.3)
    with pytest.raises(AssertionError, match="means"):
        assert_same_mean(stream.normal(0, 1, 20), stream.normal(5, 1, 20))


def test_what_does_not_vary_is_exact() -> None:
    assert_mean(np.full(9, 2.0), 2, 0)
    with pytest.raises(AssertionError):
        assert_mean(np.full(9, 2.0) + np.spacing(2.0), 2, 0)
    with pytest.raises(AssertionError):
        assert_share([0.0, 0.5, 1.0], 0.5)
