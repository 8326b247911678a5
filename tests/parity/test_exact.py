"""The exact tier: where the true result needs no rounding, every backend gives the same bits."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from backends import get_backend
from backends.interface import Backend
from tests.parity.bits import assert_same_bits
from tests.parity.case import Case
from tests.parity.cases import CASES
from tests.parity.check import Results
from tests.parity.exact_cases import EXACT_CASES
from tests.parity.pinned import PINNED_ROWS
from tests.parity.specials import computed

TIER = [*EXACT_CASES, *(row for row in CASES if row not in EXACT_CASES and row.forward == "exact")]
DIFFERENTIABLE = [case for case in TIER if case.gradients == "exact"]


@cache
def oracle_s(case: Case, direction: str, dtype: str) -> Results:
    return computed(case, direction, get_backend("numpy", dtype=dtype))


def check_forward(case: Case, backend: Backend, signed_zeros: bool = True) -> None:
    exact = oracle_s(case, "forward", backend.dtype)
    assert_same_bits(computed(case, "forward", backend), exact, signed_zeros)


def check_gradients(case: Case, backend: Backend) -> None:
    """A gradient's zeros have no meaningful sign, see pinned.py."""
    exact = oracle_s(case, "gradients", backend.dtype)
    assert_same_bits(computed(case, "gradients", backend), exact, signed_zeros=False)


@pytest.mark.parametrize("case", TIER, ids=str)
def test_forward(framework: Backend, case: Case) -> None:
    pinned = PINNED_ROWS.get((framework.name, str(case), "forward"))
    if pinned is not None:
        assert pinned.sign_only
        with pytest.raises(AssertionError):
            check_forward(case, framework)
    check_forward(case, framework, signed_zeros=pinned is None)


@pytest.mark.parametrize("case", DIFFERENTIABLE, ids=str)
def test_gradients(framework: Backend, case: Case) -> None:
    check_gradients(case, framework)


def test_names_are_unique() -> None:
    names = [str(case) for case in TIER]
    assert len(names) == len(set(names))


# --- the tier can fail -----------------------------------------------------------


def keep_bits(bits: int, array: np.ndarray) -> np.ndarray:
    """Rounded to a significand of so many bits."""
    significand, exponent = np.frexp(array)
    return np.ldexp(np.rint(np.ldexp(significand, bits)), exponent - bits)


def with_low_precision(backend: Backend, bits: int) -> Backend:
    """The same backend with `linear` on factors of so many bits, forward and in gradients."""

    def low(k: Backend, array: Any) -> Any:
        full = k.to_numpy(array)
        lost = k.from_numpy(keep_bits(bits, full) - full)
        return array + lost

    def linear(k: Backend, inputs: Any, weight: Any, bias: Any = None) -> Any:
        return type(backend).linear(k, low(k, inputs), low(k, weight), bias)

    return type("LowPrecision", (type(backend),), {"linear": linear})(backend.device)


LINEAR = [case for case in EXACT_CASES if case.primitive == "linear"]
OF_4097 = [case for case in LINEAR if "4097" in case.id]


# bfloat16 has 8 bits, float16 and TF32 have 11; 4097 = 2¹² + 1 needs 13.
@pytest.mark.parametrize("bits", [8, 11, 12])
@pytest.mark.parametrize("case", OF_4097, ids=str)
def test_a_product_of_reduced_precision_is_caught(
    framework: Backend, case: Case, bits: int
) -> None:
    for check in (check_forward, check_gradients):
        with pytest.raises(AssertionError):
            check(case, with_low_precision(framework, bits))


@pytest.mark.parametrize("case", OF_4097, ids=str)
def test_a_product_of_13_bits_is_not(framework: Backend, case: Case) -> None:
    for check in (check_forward, check_gradients):
        check(case, with_low_precision(framework, 13))


def test_a_product_of_23_bits_is_caught(framework: Backend) -> None:
    (all_bits,) = [case for case in LINEAR if case.id == "exact 2²⁴ − 1"]
    check_forward(all_bits, with_low_precision(framework, 24))
    with pytest.raises(AssertionError):
        check_forward(all_bits, with_low_precision(framework, 23))


@pytest.mark.parametrize("wrong", [[1.0, 0.0], [1.0, -0.0, 2.0], [1.0 + 2**-23, -0.0]], ids=str)
def test_other_bits_are_noticed(wrong: list[float]) -> None:
    expected = {"a": np.array([1.0, -0.0])}
    assert_same_bits({"a": np.array([1.0, -0.0], "float32")}, expected)
    with pytest.raises(AssertionError):
        assert_same_bits({"a": np.array(wrong, "float32")}, expected)


def test_a_row_that_needs_rounding_is_noticed() -> None:
    with pytest.raises(AssertionError, match="needs rounding"):
        assert_same_bits({"a": np.array([0.1], "float32")}, {"a": np.array([0.1])})
