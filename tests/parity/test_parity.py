"""Every primitive on every framework, forward and every gradient, against the oracle."""

from typing import Any

import pytest

from backends.interface import Backend
from tests.conftest import backend_or_skip
from tests.parity.case import Case
from tests.parity.cases import CASES
from tests.parity.check import check_forward, check_gradients


def rows(direction: str) -> list[Any]:
    """Every row with this direction; Monte Carlo arithmetic at the book's sizes is slow."""
    kinds = {case: getattr(case, direction) for case in CASES}
    slow = {case for case, kind in kinds.items() if kind == "envelope" and "book" in case.id}
    return [
        pytest.param(case, id=str(case), marks=pytest.mark.slow if case in slow else ())
        for case, kind in kinds.items()
        if kind is not None
    ]


# Where a framework rounds to float32 inside float64, float32's tolerance is all that holds.
FLOAT32_INSIDE = {
    ("mxnet", "sgd"): "the learning rate of sgd_update is a float32",
    ("mxnet", "trainer"): "the learning rate of sgd_update is a float32",
    ("mxnet", "rnn_layer-relu"): "Gluon's RNN rounds ReLU to float32",
}


def precision(framework: Backend, case: Case, dtype: str) -> str:
    """What the framework computes a row in."""
    rounded = any(
        framework.name == name and str(case).startswith(start) for name, start in FLOAT32_INSIDE
    )
    return "float32" if rounded else dtype


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", rows("forward"))
def test_forward(framework: Backend, case: Case, dtype: str) -> None:
    backend = backend_or_skip(framework.name, dtype)
    check_forward(case, backend, precision(framework, case, dtype))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", rows("gradients"))
def test_gradients(framework: Backend, case: Case, dtype: str) -> None:
    backend = backend_or_skip(framework.name, dtype)
    check_gradients(case, backend, precision(framework, case, dtype))
