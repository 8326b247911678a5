"""Arrays in nested tuples, lists and dicts: arguments and results of primitives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

Path = tuple[Any, ...]


def is_array(value: Any) -> bool:
    """Whether this is an array of NumPy or of any framework, and no number, text or shape."""
    return hasattr(value, "shape")


def is_mapping(value: Any) -> bool:
    """A dict, also one that the oracle differentiates by."""
    return hasattr(value, "items")


def leaves(tree: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every array with the way to it."""
    if is_array(tree):
        yield path, tree
    elif is_mapping(tree):
        for key, value in tree.items():
            yield from leaves(value, (*path, key))
    elif isinstance(tree, tuple | list):
        for key, value in enumerate(tree):
            yield from leaves(value, (*path, key))


def mapped(tree: Any, change: Callable[[Path, Any], Any], path: Path = ()) -> Any:
    """The same tree with every array replaced by change(path, array)."""
    if is_array(tree):
        return change(path, tree)
    if is_mapping(tree):
        return {key: mapped(value, change, (*path, key)) for key, value in tree.items()}
    if isinstance(tree, tuple | list):
        return type(tree)(mapped(value, change, (*path, key)) for key, value in enumerate(tree))
    return tree


def at(tree: Any, path: Path) -> Any:
    """The array at the end of a path."""
    for key in path:
        tree = tree[key]
    return tree
