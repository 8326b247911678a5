"""The checks can fail: every deliberately wrong primitive is caught."""

from functools import partial

import pytest

from backends.interface import Backend
from tests.parity.cases import CASES
from tests.parity.check import check_forward, check_gradients
from tests.parity.wrong import WRONG, Wrong


def check_rows(primitive: str, backend: Backend) -> None:
    for case in CASES:
        if case.primitive == primitive:
            check_forward(case, backend)
            if case.gradients is not None:
                check_gradients(case, backend)


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_a_wrong_primitive_is_caught(framework: Backend, wrong: Wrong) -> None:
    check = wrong.caught_by or partial(check_rows, wrong.primitive)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        check(wrong.on(framework))


@pytest.mark.parametrize("primitive", ["linear", "rnn", "value_and_grad", "network", "trainer"])
def test_a_right_primitive_in_its_place_is_not_caught(framework: Backend, primitive: str) -> None:
    same = Wrong(primitive, "right", lambda k, right, *args, **kwargs: right(*args, **kwargs))
    check_rows(primitive, same.on(framework))
    assert type(same.on(framework)) is not type(framework)
