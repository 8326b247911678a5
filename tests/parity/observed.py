"""What each row of the parity report was found to be: observed error / allowed error."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from backends import get_backend
from backends.interface import Backend
from tests.parity.case import Case
from tests.parity.cases import CASES
from tests.parity.check import DIRECTIONS, expected, inputs_of, ratios
from tests.parity.exact_cases import EXACT_CASES
from tests.parity.residuals import CELLS, SIZES, residuals


@dataclass(frozen=True)
class Row:
    """rests_on: a kind of tests/parity/case.py, or "residual" for single steps of a recurrence.

    float64: the largest difference from the oracle in float64, relative to the array's largest
    number; None where it was not asked for.
    """

    primitive: str
    case: str
    direction: str
    shapes: str
    rests_on: str
    backend: str
    ratio: float
    float64: float | None = None


def shapes_of(case: Case) -> str:
    """Of the inputs that are arrays."""
    arrays = [value for value in inputs_of(case).values() if isinstance(value, np.ndarray)]
    return " ".join("×".join(map(str, array.shape)) or "scalar" for array in arrays)


def relative_difference(case: Case, direction: str, name: str) -> float:
    """Of a framework in float64 from the oracle."""
    actual = DIRECTIONS[direction](case, get_backend(name, dtype="float64"))
    values = DIRECTIONS[direction](case, get_backend("numpy", dtype="float64"))
    apart = [0.0]
    for result, value in values.items():
        finite = np.isfinite(value)
        largest = abs(value[finite]).max(initial=0.0)
        if largest > 0:
            apart.append(float(abs(actual[result] - value)[finite].max() / largest))
    return max(apart)


def rows_of(case: Case, backends: list[Backend]) -> Iterator[Row]:
    for direction, compute in DIRECTIONS.items():
        rests_on = getattr(case, direction)
        if rests_on is None:
            continue
        for backend in backends:
            allowed = expected(case, direction, backend.dtype, backend.dtype)
            found = ratios(compute(case, backend), allowed, backend.dtype)
            yield Row(
                case.primitive,
                case.id,
                direction,
                shapes_of(case),
                rests_on,
                backend.name,
                max(found.values(), default=0.0),
                relative_difference(case, direction, "torch") if backend.name == "torch" else None,
            )


def residual_rows(name: str, size: str, backends: list[Backend]) -> Iterator[Row]:
    steps, n, d, h, _, is_ids = SIZES[size]
    shapes = f"T={steps} n={n} d={d} h={h} {'ids' if is_ids else 'dense'}"
    primitive, _, variant = name.partition(" ")
    for backend in backends:
        for direction, found in residuals(backend, name, SIZES[size]).items():
            case = f"{variant} {size}".strip()
            worst = max(found.values())
            yield Row(primitive, case, direction, shapes, "residual", backend.name, worst)


# Cases hold functions, which another process cannot be sent: it is sent their places.
TASKS: list[tuple[Any, ...]] = [
    *((case,) for case in (*CASES, *EXACT_CASES)),
    *((name, size) for name in CELLS for size in SIZES),
]


def rows(place: int, names: list[str]) -> list[Row]:
    """Of a case, or of a cell and a size."""
    backends, task = [get_backend(name) for name in names], TASKS[place]
    found = rows_of(task[0], backends) if len(task) == 1 else residual_rows(*task, backends)
    return list(found)
