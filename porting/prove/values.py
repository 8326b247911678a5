"""Values of either framework as plain trees of NumPy arrays, numbers and texts.

A tree is a tuple whose first item names its kind:
("array", ndarray), ("number", x), ("numbers", ndarray) for a list of numbers, ("text", s),
("list", trees), ("dict", {key: tree}), ("net", [(name, ndarray)]), ("same", text) for what is
compared by its name (a device, a dtype, None), ("function", name) and ("opaque", type name).
"""

from __future__ import annotations

import numbers
import types
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

Tree = tuple[Any, ...]
MAX_DEPTH, MAX_LENGTH = 8, 100_000


class Framework(Protocol):
    """What a framework's side knows about its own values."""

    def array(self, value: Any) -> np.ndarray | None:
        """The array it is, or None."""

    def net(self, value: Any) -> list[tuple[str, np.ndarray]] | None:
        """The parameters and statistics of a network, none if one has no numbers yet, or None."""

    def name(self, value: Any) -> str | None:
        """What a device, a dtype or the like is called in both frameworks, or None."""


def tree(value: Any, framework: Framework, depth: int = 0) -> Tree:
    """The value as a tree; nothing in it is consumed or changed."""
    if isinstance(value, np.ndarray):
        return ("opaque", "array of objects") if value.dtype == object else ("array", value.copy())
    if value is None:
        return ("same", "None")
    if isinstance(value, str):
        return ("text", str(value))  # not a framework's own kind of str
    if isinstance(value, (bool, numbers.Number, np.generic)):
        return ("number", complex(value) if isinstance(value, complex) else float(value))  # type: ignore[arg-type]
    if (array := framework.array(value)) is not None:
        return ("array", array)
    if (net := framework.net(value)) is not None:
        return ("net", net)
    if (name := framework.name(value)) is not None:
        return ("same", name)
    if isinstance(value, (types.FunctionType, types.BuiltinFunctionType, types.MethodType)):
        return ("function", getattr(value, "__name__", "function"))
    if depth < MAX_DEPTH and isinstance(value, (list, tuple, range)) and len(value) <= MAX_LENGTH:
        if len(value) > 1 and all(type(item) in (int, float) for item in value):
            return ("numbers", np.array(value, np.float64))
        return ("list", [tree(item, framework, depth + 1) for item in value])
    if depth < MAX_DEPTH and isinstance(value, Mapping) and len(value) <= MAX_LENGTH:
        items = {str(key): tree(item, framework, depth + 1) for key, item in value.items()}
        return ("dict", items)
    return ("opaque", type(value).__name__)
