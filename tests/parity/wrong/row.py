"""One wrong backend: a right one with a mistake in one primitive."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from backends.interface import Backend

Override = Callable[..., Any]


@dataclass(frozen=True)
class Wrong:
    """override: (backend, right, *args) in place of the primitive; `right` is the original."""

    primitive: str
    id: str
    override: Override

    def __str__(self) -> str:
        return f"{self.primitive}-{self.id}"

    def on(self, backend: Backend) -> Backend:
        """The same backend with this mistake."""
        base = type(backend)

        def method(self_: Backend, *args: Any, **kwargs: Any) -> Any:
            right = getattr(super(wrong, self_), self.primitive)
            return self.override(self_, right, *args, **kwargs)

        wrong = type(f"Wrong{base.__name__}", (base,), {self.primitive: method})
        return wrong(backend.device, backend.dtype)
