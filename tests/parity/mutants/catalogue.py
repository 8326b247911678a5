"""Every wrong backend against the checks of its primitive."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from backends.interface import Backend
from tests.parity.checks import caught_by
from tests.parity.wrong import Wrong


@dataclass(frozen=True)
class Outcome:
    """check: what caught the mistake, or None. error: what it broke instead of failing."""

    backend: str
    wrong: Wrong
    check: str | None
    error: str = ""


def outcome(wrong: Wrong, backend: Backend) -> Outcome:
    try:
        check = caught_by(wrong, backend)
    except Exception as error:
        said = f"{type(error).__name__}: {error}".splitlines()[0]
        return Outcome(backend.name, wrong, None, said)
    return Outcome(backend.name, wrong, None if check is None else str(check))


def outcomes(wrongs: Sequence[Wrong], backends: Sequence[Backend]) -> Iterator[Outcome]:
    for wrong in wrongs:
        for backend in backends:
            yield outcome(wrong, backend)
