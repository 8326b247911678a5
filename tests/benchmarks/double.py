"""What stands for the process of a backend that is not there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from backends.numpy_backend import NumpyBackend
from backends.registry import Choice
from benchmarks.process import Ready, Session

CPU = Choice("numpy")


class Double:
    """In the place of a `Process`: the oracle itself, whose results may be wrong by a factor."""

    wrong: Mapping[Choice, float] = {}
    asked: ClassVar[list[tuple[str, str]]] = []

    def __init__(self, choice: Choice, role: str, threads: int, source: str) -> None:
        self.choice, self.session = choice, Session(CPU, NumpyBackend(), source)
        name, device, dtype = choice
        self.ready = Ready(name, "1", "1", threads, 1, device, dtype, "an abacus")
        self.role = role

    def wait_until_ready(self) -> Ready:
        return self.ready

    def attempt(self, method: str, *arguments: Any) -> Any:
        self.asked.append((self.role, method))
        answer = self.session.attempt(method, *arguments)
        if method != "results":
            return answer
        return {name: value * self.wrong.get(self.choice, 1.0) for name, value in answer.items()}

    def close(self) -> None:
        pass
