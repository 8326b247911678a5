"""The least work that mathematics allows: matrix products, and what is read or written once.

A one-hot row times a matrix picks a row and is no product here, whatever a framework makes of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise

FLOAT = 4  # bytes
IDS = 8  # bytes of an index, as NumPy gives it


def product(m: int, k: int, n: int) -> float:
    """(m, k) times (k, n): a multiplication and an addition for every term."""
    return 2.0 * m * k * n


def elements(shapes: Iterable[tuple[int, ...]]) -> int:
    return sum(math.prod(shape) for shape in shapes)


def dense(n: int, d: int, q: int) -> tuple[float, float]:
    """X W, forward; the gradients by X and by W, each a product of the same size."""
    return product(n, d, q), 2 * product(n, d, q)


def recurrence(T: int, n: int, h: int, gates: str) -> tuple[float, float]:
    """H W_h· of all gates over ids (T, n): forward; backward the gradient by W_h· of every step and
    that by H of every step but the first, whose H is given. What the GRU's reset gate multiplies H
    with has a gradient at the first step, too."""
    one = product(n, h, len(gates) * h)
    return T * one, (2 * T - 1) * one + (product(n, h, h) if "r" in gates else 0.0)


def language_model(T: int, n: int, h: int, q: int, gates: str) -> float:
    """A training step: the recurrence and its output layer, there and back."""
    return sum(recurrence(T, n, h, gates)) + sum(dense(T * n, h, q))


def perceptron(n: int, widths: tuple[int, ...]) -> float:
    """A training step of dense layers; nothing asks for the gradient by the first one's inputs."""
    layers = pairwise(widths)
    return sum(sum(dense(n, d, q)) for d, q in layers) - product(n, widths[0], widths[1])


def training_bytes(parameters: int, inputs: int) -> float:
    """A training step reads inputs (bytes) and parameters, and writes gradients and parameters."""
    return inputs + 3.0 * FLOAT * parameters
