"""The checks can fail: every deliberately wrong backend is caught, and a right one is not."""

from collections import Counter

import pytest

from backends.interface import Backend
from tests.parity.checks import caught_by
from tests.parity.test_coverage import PRIMITIVES
from tests.parity.wrong import WRONG, Wrong

AT_LEAST = 200

# Primitives that can hardly be wrong in three ways.
FEW = {"version", "devices", "num_threads", "synchronize"}


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_a_wrong_primitive_is_caught(framework: Backend, wrong: Wrong) -> None:
    assert caught_by(wrong, framework) is not None


@pytest.mark.parametrize("primitive", sorted(PRIMITIVES))
def test_a_right_primitive_in_its_place_is_not_caught(framework: Backend, primitive: str) -> None:
    same = Wrong(primitive, "right", lambda k, right, *args, **kwargs: right(*args, **kwargs))
    assert caught_by(same, framework, large=False) is None
    assert type(same.on(framework)) is not type(framework)


def test_the_catalogue_is_large_and_covers_every_primitive() -> None:
    assert len({str(wrong) for wrong in WRONG}) == len(WRONG) >= AT_LEAST
    counts = Counter(wrong.primitive for wrong in WRONG)
    assert {primitive for primitive in PRIMITIVES if counts[primitive] < 3} <= FEW
    assert set(counts) == PRIMITIVES


def test_a_mistake_that_breaks_a_check_is_an_error(framework: Backend) -> None:
    broken = Wrong("relu", "broken", lambda k, right, x: right(x, 1))
    with pytest.raises(TypeError):
        caught_by(broken, framework)
