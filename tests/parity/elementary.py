"""How many units in the last place the frameworks' elementary functions lose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backends.interface import Backend
from backends.rounding.bounded import FUNCTIONS

POINTS = 20_000

REACHED_BY: dict[str, Callable[[Backend, Any], Any]] = {
    "tanh": lambda k, x: k.tanh(x),
    "sigmoid": lambda k, x: k.sigmoid(x),
    # The mean of one number is the number: see `points`.
    "exp": lambda k, x: [k.perplexity(x[i : i + 1]) for i in range(len(x))],
    # Of two equal logits: log 2 + 0, and so on for more.
    "log": lambda k, x: [
        k.softmax_cross_entropy(k.zeros((1, size)), k.from_numpy(np.zeros(1, "int64")))
        for size in range(2, 200)
    ],
}


def points(name: str) -> np.ndarray:
    """float32 numbers of every size at which the result is a normal number."""
    rng = np.random.default_rng(0)
    if name == "exp":
        return rng.uniform(-80, 80, POINTS // 40).astype("float32")
    signs, sizes = rng.choice((-1.0, 1.0), POINTS), 2.0 ** rng.uniform(-20, 6, POINTS)
    return (signs * sizes).astype("float32")


def largest_ulps(backend: Backend, name: str) -> float:
    """max |result − true| in units in the last place of the true result, as float32 has them."""
    x = points(name)
    result = REACHED_BY[name](backend, backend.from_numpy(x))
    if isinstance(result, list):
        actual = np.concatenate([np.ravel(backend.to_numpy(array)) for array in result])
    else:
        actual = backend.to_numpy(result)
    given = np.arange(2.0, 200.0) if name == "log" else x.astype("float64")
    true = FUNCTIONS[name](given)
    unit = np.spacing(abs(true).astype("float32")).astype("float64")
    return float((abs(actual - true) / unit).max())
