"""Initial weights from a NumPy stream, so that every backend starts from the same numbers.

All return float32, which every backend holds exactly.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from backends.errors import InputError


def zeros(shape: Sequence[int]) -> np.ndarray:
    """Zeros, the usual start of a bias."""
    return np.zeros(tuple(shape), "float32")


def constant(shape: Sequence[int], value: float) -> np.ndarray:
    """Every element the same number."""
    return np.full(tuple(shape), value, "float32")


def normal(stream: np.random.Generator, shape: Sequence[int], sigma: float) -> np.ndarray:
    """N(0, σ²), σ ≥ 0."""
    if not sigma >= 0:
        raise InputError(f"sigma = {sigma} is not allowed: give 0 or more")
    return stream.normal(0.0, sigma, tuple(shape)).astype("float32")


def uniform(stream: np.random.Generator, shape: Sequence[int], scale: float = 0.07) -> np.ndarray:
    """U(−scale, scale); 0.07 is what MXNet draws weights from when nothing is said (book 3.15)."""
    if not scale >= 0:
        raise InputError(f"scale = {scale} is not allowed: give 0 or more")
    return stream.uniform(-scale, scale, tuple(shape)).astype("float32")


def xavier_uniform(stream: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """U(−√(6/(a+b)), √(6/(a+b))) for a inputs and b outputs (Glorot and Bengio 2010; book 3.15)."""
    num_inputs, num_outputs = shape
    return uniform(stream, shape, (6 / (num_inputs + num_outputs)) ** 0.5)
