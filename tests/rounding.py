"""Whether two programs agree up to what rounding does to them: measured, nothing chosen by eye.

The two results of one formula carry rounding errors of their own, so their difference has √2 times
the deviation of one. That deviation is measured: the trusted program runs again, RUNS times, with
its numbers moved by single roundings at random. The difference over √2 times the measured
deviation then follows Student's t, and its quantile for FALSE_ALARM, shared among all numbers that
are compared, is the width; beside it stands the one rounding that storing each result takes.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.special import stdtrit

from backends.interface import Backend
from backends.rounding import NoisyBackend
from tests.statistics import FALSE_ALARM

RUNS = 8

NUMBER = re.compile(r"-?\d+\.?\d*(?:e[+-]?\d+)?|\bnan\b")
Arrays = dict[str, np.ndarray]


def assert_same(
    found: Any,
    expected: Any,
    again: Callable[[int], Any],
    false_alarm: float = FALSE_ALARM,
    stores: int = 1,
) -> None:
    """Two results, arrays or nested lists and dicts of them; `again(seed)` is `expected` moved.

    stores: how often each number was stored, and rounded, on its way: parameters at each update.

    Whole numbers, booleans and texts are equal. The trusted program runs again only where one
    rounding of each result does not explain the difference.
    """
    ours, theirs = named(found), named(expected)
    assert list(ours) == list(theirs)
    for name, value in theirs.items():
        assert ours[name].shape == value.shape, f"{name}: {ours[name].shape}, not {value.shape}"
    stored = {name: stores * _stored(ours[name], value) for name, value in theirs.items()}
    if all((_apart(ours[name], theirs[name]) <= stored[name]).all() for name in theirs):
        return
    widths = _widths(theirs, (named(again(seed)) for seed in range(RUNS)), false_alarm)
    for name, value in theirs.items():
        _assert_within(name, ours[name], value, stored[name] + widths[name])


def noisy(backend: Backend, seed: int) -> Backend:
    """The oracle in Monte Carlo arithmetic, as precise as the backend computes."""
    arithmetic = "float64" if backend.name == "numpy" else backend.dtype
    return NoisyBackend(dtype=backend.dtype, arithmetic=arithmetic, seed_of_noise=seed)


def _widths(expected: Arrays, runs: Iterable[Arrays], false_alarm: float) -> Arrays:
    """How far a right result may be from `expected`; so often, one number of all is refused."""
    squares = {name: np.zeros(value.shape) for name, value in expected.items()}
    for run in runs:
        for name, value in expected.items():
            apart = _apart(run[name], value)
            assert np.isfinite(apart).all(), f"{name}: rounding decides whether it is finite"
            squares[name] += np.square(apart)
    count = sum(value.size for value in expected.values())
    quantile = float(-stdtrit(RUNS, false_alarm / count / 2))
    return {name: quantile * np.sqrt(2 * square / RUNS) for name, square in squares.items()}


def assert_same_lines(
    found: Sequence[str], expected: Sequence[str], again: Callable[[int], Sequence[str]]
) -> None:
    """Printed lines: the same words and whole numbers, and other numbers as `assert_same` has it.

    A printed number stands for any that is rounded to it, half a unit of its last place around.
    """
    (ours, words, units), (theirs, other_words, other_units) = map(printed, (found, expected))
    assert words == other_words
    assert words
    if not theirs.size or (ours == theirs).all():
        return
    real = units + other_units > 0
    # Half a unit of each; they are read as float64.
    allowed = np.where(real, (units + other_units) / 2 + np.spacing(abs(theirs)), 0)
    if (abs(ours - theirs) > allowed).any():
        runs = (named(printed(again(seed))[0]) for seed in range(RUNS))
        widths = _widths(named(theirs), runs, FALSE_ALARM)
        allowed = allowed + np.where(real, widths["result"], 0)
    _assert_within("the printed numbers", ours, theirs, allowed)


def printed(lines: Sequence[str]) -> tuple[np.ndarray, list[str], np.ndarray]:
    """The numbers in the lines, the lines without them, and the unit of each one's last place."""
    numbers = NUMBER.findall("\n".join(lines))
    units = [0.0 if n.lstrip("-").isdigit() or n == "nan" else last_place(n) for n in numbers]
    return (
        np.array([float(n) for n in numbers]),
        [NUMBER.sub("#", line) for line in lines],
        np.array(units),
    )


def last_place(number: str) -> float:
    """One unit in the last place of a number as it is printed: 0.01 for 1.25, 10 for 1.2e2."""
    mantissa, _, exponent = number.lower().partition("e")
    return 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))


def moved(array: np.ndarray, seed: int) -> np.ndarray:
    """Every number one unit in the last place up or down at random."""
    sides = np.random.default_rng(seed).choice([-np.inf, np.inf], array.shape)
    return np.nextafter(array, sides.astype(array.dtype))


def mover(seed: int | None) -> Callable[[np.ndarray], np.ndarray]:
    """Moves array after array, differently each; without a seed it leaves them as they are."""
    if seed is None:
        return lambda array: array
    numbers = itertools.count(seed * 1000)
    return lambda array: moved(array, next(numbers))


def gauge(roundings: int, *terms: Any) -> np.ndarray:
    """γ_n Σ |terms|, the most that n roundings in float32 can do to a sum of terms."""
    n = roundings * float(np.finfo(np.float32).eps) / 2
    return n / (1 - n) * sum(abs(np.asarray(term, np.float64)) for term in terms)


def named(result: Any, prefix: str = "result") -> Arrays:
    """All arrays of a nested result, each with a name; frameworks' arrays too."""
    if isinstance(result, Mapping | tuple | list):
        items = result.items() if isinstance(result, Mapping) else enumerate(result)
        return {
            name: array
            for key, value in items
            for name, array in named(value, f"{prefix}[{key}]").items()
        }
    if hasattr(result, "detach") and hasattr(result, "numpy"):
        result = result.detach().numpy()
    return {prefix: result.asnumpy() if hasattr(result, "asnumpy") else np.asarray(result)}


def _real(array: np.ndarray) -> bool:
    return array.dtype.kind == "f"


def _apart(found: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """|found − expected|, 0 where both are NaN or the same infinity."""
    if not (_real(found) or _real(expected)):
        return np.where(found == expected, 0.0, np.inf)
    a, b = found.astype(np.float64), expected.astype(np.float64)
    with np.errstate(invalid="ignore"):
        same = (a == b) | (np.isnan(a) & np.isnan(b))
        return np.where(same, 0.0, np.nan_to_num(abs(a - b), nan=np.inf))


def _stored(found: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Half a unit in the last place of both: what storing them rounds off.

    A number of Python's came out of a float32 program like all others.
    """
    half_units = np.zeros(expected.shape)
    for array in (found, expected):
        if _real(array) and array.ndim:
            units = np.spacing(abs(array)).astype(np.float64)
        elif _real(array):
            units = abs(float(array)) * float(np.finfo(np.float32).eps)
        else:
            continue
        half_units = half_units + np.nan_to_num(units, posinf=0) / 2
    return half_units


def _assert_within(name: str, found: np.ndarray, expected: np.ndarray, allowed: np.ndarray) -> None:
    apart = _apart(found, expected)
    far = apart > allowed
    if far.any():
        worst = np.unravel_index(np.argmax(np.where(far, apart - allowed, -1)), far.shape)
        raise AssertionError(
            f"{name}{[int(i) for i in worst]}: {found[worst]}, not {expected[worst]}; "
            f"{apart[worst]:.2g} apart, rounding explains {allowed[worst]:.2g}"
        )
    finite = abs(expected[np.isfinite(expected)]) if _real(expected) else np.zeros(0)
    if finite.any():
        assert (allowed[np.isfinite(expected)] < finite.max()).all(), (
            f"{name}: rounding would explain zeros too, so this proves nothing"
        )
