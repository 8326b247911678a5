"""The oracle's gradients against differences of its own values."""

import numpy as np
import pytest

from backends.agreement import TOLERANCES
from backends.interface import Backend
from tests.conftest import backend_or_skip
from tests.parity.case import Case
from tests.parity.cases import CASES
from tests.parity.check import factors_of, fixed_and_floats, gradients, summed

STEP = 1e-5

# Exact rows stand on kinks of max(x, 0) on purpose, and `detach` hides a dependence.
SMOOTH = [case for case in CASES if case.gradients not in (None, "exact") and "book" not in case.id]


@pytest.mark.parametrize("case", SMOOTH, ids=str)
def test_gradient_is_the_slope_in_a_random_direction(case: Case) -> None:
    oracle: Backend = backend_or_skip("numpy", "float64")
    fixed, floats = fixed_and_floats(case, oracle)
    factors = factors_of(case, oracle)
    rng = np.random.default_rng(0)
    direction = {name: rng.standard_normal(value.shape) for name, value in floats.items()}

    def value_at(step: float) -> float:
        moved = {name: value + step * direction[name] for name, value in floats.items()}
        return summed(case, oracle, {**moved, **fixed}, factors)

    slope = (value_at(STEP) - value_at(-STEP)) / (2 * STEP)
    grads = gradients(case, oracle)
    products = [float(np.sum(grads[name] * direction[name])) for name in floats]
    scale = sum(abs(product) for product in products)
    assert abs(slope - sum(products)) <= TOLERANCES["reduction"] * scale
