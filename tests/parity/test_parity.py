"""Every primitive on every framework, forward and every gradient, against the oracle."""

import pytest

from backends.interface import Backend
from tests.conftest import backend_or_skip
from tests.parity.case import Case
from tests.parity.cases import CASES
from tests.parity.check import check_forward, check_gradients

DIFFERENTIABLE = [case for case in CASES if case.gradient is not None]

# Where a framework rounds to float32 inside float64, float32's tolerance is all that holds.
FLOAT32_INSIDE = {
    ("mxnet", "sgd"): "the learning rate of sgd_update is a float32",
    ("mxnet", "trainer"): "the learning rate of sgd_update is a float32",
    ("mxnet", "rnn_layer-relu"): "Gluon's RNN rounds ReLU to float32",
}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_forward(framework: Backend, case: Case) -> None:
    check_forward(case, framework)


@pytest.mark.parametrize("case", DIFFERENTIABLE, ids=str)
def test_gradients(framework: Backend, case: Case) -> None:
    check_gradients(case, framework)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_float64(framework: Backend, case: Case) -> None:
    wide = backend_or_skip(framework.name, "float64")
    rounded = any(
        framework.name == name and str(case).startswith(start) for name, start in FLOAT32_INSIDE
    )
    precision = "float32" if rounded else "float64"
    check_forward(case, wide, precision)
    if case.gradient is not None:
        check_gradients(case, wide, precision)
