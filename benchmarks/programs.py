"""What is timed: a case at given sizes, programmed by a framework in one of five ways.

Kinds of programs: "book", the code of the book's own helper package, called as it is; "plain", the
definitions of `backends`, step by step; "fast", a backend's own paths; "concise", the framework's
layers; "manual", its operations with the gradient written out, where a case has that. Frameworks
are set against each other kind by kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backends.interface import Backend

KINDS = ("book", "plain", "fast", "concise", "manual")
LEVELS = ("primitive", "step", "epoch")

Given = Mapping[str, Any]
"""The numbers that every program of a case starts from, as NumPy arrays."""

Results = dict[str, np.ndarray]


@dataclass(frozen=True)
class Program:
    """One framework's program, ready to run.

    run: one unit of work, whose end nobody waits for. synchronize: wait for it. results: begin
    again from the given numbers, do one unit of work, and return what it computed.
    """

    run: Callable[[], object]
    synchronize: Callable[[], None]
    results: Callable[[], Results]


Baseline = Callable[[Given, str], Program]


@dataclass(frozen=True)
class Work:
    """What one unit of work costs at the least.

    flops: floating-point operations of its matrix products, 2 m n k each. bytes: what has to be
    read or written once, inputs, parameters, gradients and results together.
    """

    flops: float
    bytes: float


@dataclass(frozen=True)
class Case:
    """A unit of work at given sizes.

    scratch makes the "plain" and the "fast" program, which differ by the backend they are given;
    the oracle's Monte Carlo backends take it too, and so say what results may differ by. baselines
    holds functions of the given numbers and a device, by kind ("book", "manual") and framework.
    """

    name: str
    level: str
    sizes: Mapping[str, int]
    given: Callable[[], Given]
    work: Work
    scratch: Callable[[Backend, Given], Program] | None = None
    concise: Callable[[Backend, Given], Program] | None = None
    baselines: Mapping[str, Mapping[str, Baseline]] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """`rnn step n=32 T=35 h=256 q=1027`."""
        return " ".join([self.name, *(f"{size}={value}" for size, value in self.sizes.items())])
