"""The oracle's gradients against differences of its own values.

tests/parity/test_parity.py holds them against both frameworks in float64.
"""

import numpy as np
import pytest

from backends import get_backend
from backends.interface import Backend
from backends.rounding import BoundedBackend
from tests.parity.case import Case
from tests.parity.cases import CASES
from tests.parity.check import Results, factors_of, fixed_and_floats, gradients, summed

STEP = 2.0**-10

# Exact rows stand on kinks of max(x, 0) on purpose, and `detach` hides a dependence.
SMOOTH = [case for case in CASES if case.gradients not in (None, "exact") and "book" not in case.id]


@pytest.mark.parametrize("case", SMOOTH, ids=str)
def test_gradient_is_the_slope_in_a_random_direction(case: Case) -> None:
    oracle, bounded = get_backend("numpy", dtype="float64"), BoundedBackend(dtype="float64")
    _, floats = fixed_and_floats(case, oracle)
    rng = np.random.default_rng(0)
    direction = {name: rng.standard_normal(value.shape) for name, value in floats.items()}

    def value_at(backend: Backend, step: float) -> np.ndarray:
        fixed, _ = fixed_and_floats(case, backend)
        moved = {
            name: backend.from_numpy(value + step * direction[name])
            for name, value in floats.items()
        }
        total = summed(case, backend, {**moved, **fixed}, factors_of(case, backend))
        return backend.to_numpy(total)

    def slope(step: float) -> float:
        return float(value_at(oracle, step) - value_at(oracle, -step)) / (2 * step)

    # Richardson: halving the step takes ¾ of the error off, and shows how large it was.
    coarse, fine = slope(STEP), slope(STEP / 2)
    rounding = 2 * float(value_at(bounded, STEP).error) / STEP
    products = product_sum(gradients(case, oracle), direction)
    assert abs(fine - products) <= abs(coarse - fine) + rounding


def product_sum(grads: Results, direction: Results) -> float:
    return sum(float(np.sum(grads[name] * direction[name])) for name in grads)
