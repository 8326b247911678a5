"""Run one case on a framework and on the oracle, and assert that the results agree."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any
from zlib import crc32

import numpy as np

from backends import get_backend
from backends.agreement import TOLERANCES, difference
from backends.interface import Backend
from tests.parity.case import Case

Results = dict[str, np.ndarray]


def tolerance(kind: str, precision: str) -> float:
    """The table is for float32; float64 rounds finer by 2²⁹."""
    return TOLERANCES[kind] * float(np.finfo(precision).eps / np.finfo("float32").eps)


def named(result: Any, prefix: str = "result") -> Iterator[tuple[str, Any]]:
    """All arrays in a nested result, each with a name."""
    if isinstance(result, dict | tuple | list):
        items = result.items() if isinstance(result, dict) else enumerate(result)
        for key, value in items:
            yield from named(value, f"{prefix}[{key}]")
    else:
        yield prefix, result


def read(backend: Backend, result: Any) -> Results:
    """The result as NumPy arrays; what is NumPy already was read by the case itself."""
    return {
        name: array if isinstance(array, np.ndarray) else backend.to_numpy(array)
        for name, array in named(result)
    }


def differences(actual: Results, expected: Results, kind: str, dtype: str) -> dict[str, float]:
    """How far each array is from the oracle's; names, shapes and dtypes must be the same."""
    assert list(actual) == list(expected)
    for name, value in actual.items():
        assert value.shape == expected[name].shape, name
        # The oracle computes in float64 whatever its dtype is.
        is_float = expected[name].dtype.kind == "f"
        assert value.dtype == dtype if is_float else value.dtype.kind == "i", name
    return {name: difference(value, expected[name], kind) for name, value in actual.items()}


def assert_agree(
    actual: Results, expected: Results, kind: str, dtype: str, precision: str | None = None
) -> None:
    allowed = tolerance(kind, precision or dtype)
    for name, apart in differences(actual, expected, kind, dtype).items():
        assert apart <= allowed, f"{name} is {apart:.2g} apart; {kind} allows {allowed:.2g}"


def inputs_of(case: Case) -> dict[str, Any]:
    rng = np.random.default_rng(crc32(str(case).encode()))
    made = {name: make(rng) for name, make in case.inputs.items()}
    return {n: np.asarray(m) if isinstance(m, np.generic | float) else m for n, m in made.items()}


def place(backend: Backend, value: Any) -> Any:
    if callable(value):
        return value(backend)
    return value if isinstance(value, dict) else backend.from_numpy(value)


def forward(case: Case, backend: Backend) -> Results:
    inputs = {name: place(backend, value) for name, value in inputs_of(case).items()}
    return read(backend, case.result(backend, inputs))


def fixed_and_floats(case: Case, backend: Backend) -> tuple[dict[str, Any], Results]:
    """Inputs as the backend has them, and as NumPy arrays those to differentiate by."""
    inputs = inputs_of(case)
    floats = {n: v for n, v in inputs.items() if isinstance(v, np.ndarray) and v.dtype.kind == "f"}
    return {n: place(backend, v) for n, v in inputs.items() if n not in floats}, floats


def factors_of(case: Case, backend: Backend) -> dict[str, Any]:
    """Fixed random factors for every result, without which many gradients would be trivial."""
    rng, factors = np.random.default_rng(0), {}
    for name, value in expected_forward(case, backend.dtype).items():
        # Exact gradients need factors that multiply without rounding.
        powers = rng.choice([-2.0, -0.5, 0.5, 1.0], value.shape)
        factor = powers if case.gradient == "exact" else rng.standard_normal(value.shape)
        factors[name] = backend.from_numpy(np.asarray(factor))
    return factors


def summed(case: Case, backend: Backend, inputs: dict[str, Any], factors: dict[str, Any]) -> Any:
    """Σ result · factor over all results."""
    results, total = dict(named(case.result(backend, inputs))), 0
    for name, factor in factors.items():
        total = total + backend.sum(results[name] * factor)
    return total


def gradients(case: Case, backend: Backend) -> Results:
    """Of the summed results, with respect to every float input."""
    fixed, floats = fixed_and_floats(case, backend)
    factors = factors_of(case, backend)

    def objective(params: Any) -> Any:
        return summed(case, backend, {**params, **fixed}, factors)

    _, grads = backend.value_and_grad(objective)(backend.parameters(floats))
    return {name: backend.to_numpy(grad) for name, grad in grads.items()}


@cache
def expected_forward(case: Case, dtype: str) -> Results:
    return forward(case, get_backend("numpy", dtype=dtype))


@cache
def expected_gradients(case: Case, dtype: str) -> Results:
    return gradients(case, get_backend("numpy", dtype=dtype))


def check_forward(case: Case, backend: Backend, precision: str | None = None) -> None:
    expected = expected_forward(case, backend.dtype)
    assert_agree(forward(case, backend), expected, case.forward, backend.dtype, precision)


def check_gradients(case: Case, backend: Backend, precision: str | None = None) -> None:
    assert case.gradient is not None
    expected = expected_gradients(case, backend.dtype)
    assert_agree(gradients(case, backend), expected, case.gradient, backend.dtype, precision)
