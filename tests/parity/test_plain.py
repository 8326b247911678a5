"""The plain definitions that a fast implementation stands in for, held to the same rows but for
those that are slow: the book's sizes and Monte Carlo arithmetic."""

from __future__ import annotations

import pytest

from backends import get_backend
from backends.registry import load_backend
from tests.conftest import FRAMEWORKS, backend_or_skip
from tests.parity.cases import CASES
from tests.parity.check import DIRECTIONS, check
from tests.parity.test_coverage import PRIMITIVES
from tests.parity.test_parity import precision


def overridden(name: str) -> set[str]:
    """The primitives that a backend's fast implementation defines anew."""
    fast, plain = (load_backend(name, implementation) for implementation in ("fast", "plain"))
    return PRIMITIVES & set(vars(fast)) if fast is not plain else set()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", FRAMEWORKS)
def test_plain_definitions(name: str, dtype: str) -> None:
    backend_or_skip(name)
    plain, failed = get_backend(name, dtype=dtype, implementation="plain"), []
    cases = [c for c in CASES if c.primitive in overridden(name) and "book" not in c.id]
    for case in cases:
        for direction in DIRECTIONS:
            if getattr(case, direction) in ("exact", "bound"):
                try:
                    check(case, direction, plain, precision(plain, case, dtype))
                except AssertionError as error:
                    failed.append(f"{case}, {direction}: {error}")
    assert {case.primitive for case in cases} == overridden(name)
    assert not failed
