"""How far rounding carries a result, judged by runs in Monte Carlo arithmetic.

Where a worst-case bound says nothing (it doubles with every step of a recurrence), the spread of
random runs does: after many roundings a result is close to normally distributed, so an error that
is no larger than the runs' own lies within a quantile of Student's distribution.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import stdtrit

RUNS = 16
FALSE_ALARM_RATE = 1e-6
"""The probability that right results are refused, for all elements that are compared together."""


def half_width(
    runs: Sequence[np.ndarray],
    value: np.ndarray,
    comparisons: int,
    false_alarm_rate: float = FALSE_ALARM_RATE,
) -> np.ndarray:
    """What |result − value| may be, elementwise: t · √(Σ (run − value)² / N).

    value: the oracle's, without noise, so that N squares have N degrees of freedom. comparisons:
    elements that the false-alarm rate is shared by (Bonferroni), two tails each.
    """
    count = len(runs)
    spread = np.sqrt(sum((run - value) ** 2 for run in runs) / count)
    quantile = -stdtrit(count, false_alarm_rate / (2 * max(comparisons, 1)))
    return np.asarray(quantile * spread)
