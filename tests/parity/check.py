"""Run one case on a framework and on the oracle, and assert that no more than rounding differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from zlib import crc32

import numpy as np

from backends import get_backend
from backends.interface import Backend
from backends.rounding import BoundedBackend, NoisyBackend
from backends.rounding.budgets import Precision
from backends.rounding.envelope import RUNS, half_width
from backends.rounding.oracles import Reading
from tests.parity.case import Case

Results = dict[str, np.ndarray]


@dataclass(frozen=True)
class Expected:
    """The oracle's value, and how far a right result may lie from it, elementwise."""

    value: np.ndarray
    allowed: np.ndarray

    def ratio(self, actual: np.ndarray) -> float:
        """The largest |actual − value| / allowed; inf where NaN, ±inf or an exact value differ.

        A bound that is no finite number allows nothing.
        """
        actual = np.asarray(actual, "float64")
        same = (actual == self.value) | (np.isnan(actual) & np.isnan(self.value))
        with np.errstate(invalid="ignore", divide="ignore"):
            special = ~np.isfinite(self.value + actual + self.allowed)
            ratios = np.where(special, np.inf, abs(actual - self.value) / self.allowed)
        return float(np.where(same, 0.0, ratios).max(initial=0.0))


def equal(actual: np.ndarray, expected: np.ndarray) -> bool:
    """Element for element, NaN where NaN is expected."""
    return np.array_equal(actual, expected, equal_nan=True)


def ratio_to(actual: np.ndarray, reading: Reading) -> float:
    """Observed error / bound of a result, where `BoundedBackend` reads the reading."""
    return Expected(np.array(reading), reading.error).ratio(actual)


def within(actual: np.ndarray, reading: Reading) -> bool:
    return ratio_to(actual, reading) <= 1


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


def ratios(actual: Results, expected: Mapping[str, Expected], dtype: str) -> dict[str, float]:
    """Observed error / allowed error of each array; names, shapes and dtypes must be the same."""
    assert list(actual) == list(expected)
    for name, array in actual.items():
        value = expected[name].value
        assert array.shape == value.shape, name
        # The oracle computes in float64 whatever its dtype is.
        assert array.dtype == dtype if value.dtype.kind == "f" else array.dtype.kind == "i", name
    return {name: expected[name].ratio(array) for name, array in actual.items()}


def assert_agree(actual: Results, expected: Mapping[str, Expected], dtype: str) -> None:
    for name, ratio in ratios(actual, expected, dtype).items():
        assert ratio <= 1, (
            f"{name} is {ratio:.3g} times as far from the oracle as rounding explains"
        )


def inputs_of(case: Case) -> dict[str, Any]:
    rng = np.random.default_rng(crc32(str(case).encode()) + (case.seed << 32))
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


@cache
def factor_values(case: Case, dtype: str) -> Results:
    rng, factors = np.random.default_rng(case.seed), {}
    for name, value in forward(case, get_backend("numpy", dtype=dtype)).items():
        # Exact gradients need factors that multiply without rounding.
        powers = rng.choice([-2.0, -0.5, 0.5, 1.0], value.shape)
        factors[name] = powers if case.gradients == "exact" else rng.standard_normal(value.shape)
    return factors


def factors_of(case: Case, backend: Backend) -> dict[str, Any]:
    """Fixed random factors for every result, without which many gradients would be trivial."""
    values = factor_values(case, backend.dtype)
    return {name: backend.from_numpy(np.asarray(value)) for name, value in values.items()}


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


DIRECTIONS = {"forward": forward, "gradients": gradients}


@cache
def envelope(case: Case, direction: str) -> Results:
    """What float32 may carry each result away by, from runs in Monte Carlo arithmetic."""
    compute = DIRECTIONS[direction]
    values = compute(case, get_backend("numpy"))
    runs = [compute(case, NoisyBackend(seed_of_noise=seed)) for seed in range(RUNS)]
    elements = sum(value.size for value in values.values())
    return {
        name: half_width([run[name] for run in runs], value, elements)
        for name, value in values.items()
    }


@cache
def expected(case: Case, direction: str, dtype: str, precision: str) -> dict[str, Expected]:
    """dtype: of the inputs. precision: that the framework computes in."""
    oracle = BoundedBackend(dtype=dtype, arithmetic=precision)
    readings, kind = DIRECTIONS[direction](case, oracle), getattr(case, direction)
    # The spread of rounding is proportional to its unit.
    scale = oracle.precision.unit / Precision("float32").unit
    allowed = {
        "exact": lambda name: np.zeros(readings[name].shape),
        "bound": lambda name: readings[name].error,
        "envelope": lambda name: scale * envelope(case, direction)[name],
    }[kind]
    return {n: Expected(np.array(reading), allowed(n)) for n, reading in readings.items()}


def check(case: Case, direction: str, backend: Backend, precision: str | None = None) -> None:
    """Assert that a backend's results are the oracle's but for rounding."""
    allowed = expected(case, direction, backend.dtype, precision or backend.dtype)
    assert_agree(DIRECTIONS[direction](case, backend), allowed, backend.dtype)


def check_forward(case: Case, backend: Backend, precision: str | None = None) -> None:
    check(case, "forward", backend, precision)


def check_gradients(case: Case, backend: Backend, precision: str | None = None) -> None:
    check(case, "gradients", backend, precision)
