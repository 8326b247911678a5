"""Every step of every cell is within one step's bound, and one that is not is found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backends.interface import Backend
from backends.rounding import BoundedBackend
from tests.parity.residuals import CELLS, SIZES, Run, forward_ratios, residuals


@pytest.mark.parametrize(
    "size", [pytest.param(s, marks=pytest.mark.slow if s == "book" else ()) for s in SIZES]
)
@pytest.mark.parametrize("name", CELLS)
def test_every_step_is_within_one_step_s_bound(framework: Backend, name: str, size: str) -> None:
    for direction, ratios in residuals(framework, name, SIZES[size]).items():
        beyond = {what: ratio for what, ratio in ratios.items() if not ratio <= 1}
        assert not beyond, direction


@pytest.mark.parametrize("time_step", [0, 3])
def test_an_error_in_one_step_is_found_there(framework: Backend, time_step: int) -> None:
    run, oracle = (Run(k, "rnn tanh", SIZES["long"]) for k in (framework, BoundedBackend()))
    right = run.forward

    def wrong(steps: slice, state: Any) -> tuple[Any, Any]:
        hiddens, (last,) = right(steps, state)
        if steps.stop == time_step + 1:
            last = last * (1 + 2.0**-16)
        return hiddens, (last,)

    run.forward = wrong
    ratios = forward_ratios(run, oracle, run.own_states())
    first = next(what for what, ratio in ratios.items() if ratio > 1)
    assert first == f"state after step {time_step}"


def test_a_nan_is_not_within(framework: Backend) -> None:
    run, oracle = (Run(k, "lstm", SIZES["small"]) for k in (framework, BoundedBackend()))
    states = run.own_states()
    states[2] = tuple(np.full_like(array, np.nan) for array in states[2])
    assert max(forward_ratios(run, oracle, states).values()) == np.inf
