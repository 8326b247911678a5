"""All cases: what the benchmarks time, at which sizes, from which numbers.

A case has a scratch or a concise program, never both, and its book programs are of the same style:
what stands in one case computes the same. A book program may report fewer results than the case's
own: only updates. Importing this imports no framework.
"""

from __future__ import annotations

from functools import cache

from backends.errors import InputError
from benchmarks.cases import epochs, primitives, steps, sweeps
from benchmarks.programs import Case


@cache
def all_cases() -> dict[str, Case]:
    """By key: primitives, steps, epochs, then the points of the sweeps that are not among them."""
    modules = (primitives, steps, epochs, sweeps)
    return {case.key: case for module in modules for case in module.cases()}


def case_of(key: str) -> Case:
    """Raises InputError for an unknown key."""
    if key not in all_cases():
        raise InputError(f"case {key!r} is not known: `lockstep bench --list` names them")
    return all_cases()[key]
