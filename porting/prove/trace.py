"""What a program did, as a file that grows while it runs and can be read if it is cut short."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from porting.prove.values import Tree

FULL_EVENTS = 10  # backward passes of a unit whose arrays are kept whole
SAMPLED = 1_024  # elements kept of an array after that, beside its norm


@dataclass
class Leaf:
    """A trained array at a backward pass: its value before, and its gradient."""

    key: int
    name: str
    value: np.ndarray
    gradient: np.ndarray | None
    factor: float = 1.0  # what the optimizer multiplies the gradient by, as Trainer.step does


@dataclass
class Event:
    """A backward pass, or with loss None what the trained arrays hold when a unit ends."""

    loss: list[np.ndarray] | None
    leaves: list[Leaf]


@dataclass
class Unit:
    """What one statement or cell left behind."""

    number: int
    values: dict[str, Tree] = field(default_factory=dict)
    shown: list[Tree] = field(default_factory=list)
    printed: list[Tree] = field(default_factory=list)
    drawn: list[np.ndarray] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    draws: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    error: str = ""
    cut: bool = False
    finished: bool = False


def joined(units: list[Unit]) -> Unit:
    """Several parts of one program as one."""
    whole = Unit(units[-1].number, finished=all(unit.finished for unit in units))
    for unit in units:
        whole.values |= unit.values
        for what in ("shown", "printed", "drawn", "events", "draws", "notes"):
            getattr(whole, what).extend(getattr(unit, what))
        whole.error = whole.error or unit.error
        whole.cut = whole.cut or unit.cut
    return whole


class Writer:
    """Appends to the trace of the unit that runs."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, kind: str, content: Any) -> None:
        pickle.dump((kind, content), self._file, protocol=5)
        self._file.flush()


@dataclass
class Trace:
    """A run as far as it got: what its framework was, and its units by number."""

    about: dict[str, Any] = field(default_factory=dict)
    units: dict[int, Unit] = field(default_factory=dict)
    made_up: list[str] = field(default_factory=list)  # data that no folder had
    failure: str = ""  # why the run did not get to its end
    died: bool = False  # by itself
    seconds: float = 0.0


class _Reader(pickle.Unpickler):
    """Reads arrays and what this module defines, and nothing that a program made."""

    def find_class(self, module: str, name: str) -> Any:
        if module in (__name__, "_codecs") or module.startswith("numpy"):
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"a trace holds no {module}.{name}")


def _records(path: Path) -> Iterator[tuple[str, Any]]:
    with path.open("rb") as file:
        while file.peek(1):
            try:
                yield _Reader(file).load()
            except EOFError:
                return  # the process was ended while it wrote


def read(path: Path) -> Trace:
    """The trace in a file; the last record may be missing."""
    trace = Trace()
    unit = Unit(-1)
    for kind, content in _records(path):
        if kind in ("about", "seconds"):
            setattr(trace, kind, content)
        elif kind == "made_up":
            trace.made_up.append(content)
        elif kind == "begin":
            unit = trace.units[content] = Unit(content)
        elif kind in ("values", "error", "cut", "finished"):
            setattr(unit, kind, content)
        else:
            getattr(unit, kind).append(content)
    return trace


def sampled(array: np.ndarray) -> np.ndarray:
    """Elements at equal distances, and the norm, of an array too large to keep at every step."""
    if array.size <= SAMPLED:
        return array
    flat = array.reshape(-1)
    norm = np.sqrt(np.square(flat, dtype=np.float64).mean())
    return np.append(flat[:: -(-flat.size // SAMPLED)], norm).astype(np.float64)
