"""Random numbers that both programs are given, whatever order their frameworks ask in."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Shape = tuple[int, ...]
ROUNDING = 2.0**-21  # eight times the rounding unit of float32


class Draws:
    """The n-th draw of a kind and a shape is a function of the seed, the kind, the shape and n.

    So the two programs see the same numbers as long as draws of one kind and one shape come in
    the same order. `noise` multiplies what is real by 1 + δ, |δ| ≤ 2⁻²¹, with a generator of that
    seed: a second run of the same program then shows what rounding can do to it.
    """

    def __init__(
        self, seed: int, noise: int | None = None, log: Callable[[str], None] = lambda text: None
    ) -> None:
        self.seed = seed
        self.log = log
        self.counts: Counter[tuple[str, Shape]] = Counter()
        self._noise = None if noise is None else np.random.Generator(np.random.SFC64(noise))

    def _generator(self, kind: str, shape: Shape) -> np.random.Generator:
        number = self.counts[kind, shape]
        self.counts[kind, shape] += 1
        entropy = [self.seed, zlib.crc32(kind.encode()), number, len(shape), *shape]
        return np.random.Generator(np.random.SFC64(np.random.SeedSequence(entropy)))

    def draw(self, kind: str, parameters: Sequence[Any], shape: Shape) -> np.ndarray:
        """float32 from "normal" (mean, deviation), "uniform" (low, high), "exponential" (scale),
        "gamma" (shape, scale) or "poisson" (rate); parameters are numbers or arrays.
        """
        parameters = [np.asarray(parameter, np.float32) for parameter in parameters]
        self.log(f"{kind}({', '.join(map(_short, parameters))}) of shape {shape}")
        first, second = (*parameters, np.float32(0))[:2]
        if kind == "poisson":
            return self._generator(kind, shape).poisson(first, shape).astype(np.float32)
        generator = self._generator(kind, shape)
        if kind == "normal":
            values = generator.standard_normal(shape, np.float32) * second + first
        elif kind == "uniform":
            values = generator.random(shape, np.float32) * (second - first) + first
        elif kind == "exponential":
            values = generator.standard_exponential(shape).astype(np.float32) * first
        elif kind == "gamma":
            values = generator.standard_gamma(first, shape).astype(np.float32) * second
        else:
            raise ValueError(f"no draws of kind {kind!r}")
        return self.perturbed(np.asarray(values, np.float32))

    def mask(self, shape: Shape, keep: float) -> np.ndarray:
        """1 where a U(0, 1) is below `keep`, else 0; float32."""
        self.log(f"dropout mask, keep {keep:.6g}, {shape}")
        chosen = self._generator("uniform", shape).random(shape, np.float32) < np.float32(keep)
        return chosen.astype(np.float32)

    def integers(self, low: int, high: int, shape: Shape) -> np.ndarray:
        """From low to high − 1, int64."""
        self.log(f"randint({low}, {high}) {shape}")
        return self._generator(f"integers {low} {high}", shape).integers(low, high, shape)

    def permutation(self, n: int) -> np.ndarray:
        """Of 0 … n − 1, int64."""
        self.log(f"permutation of {n}")
        return self._generator("permutation", (n,)).permutation(n)

    def categories(self, probabilities: np.ndarray, count: int) -> np.ndarray:
        """`count` draws from each row of probabilities (…, k), with replacement, int64."""
        rows = probabilities.reshape(-1, probabilities.shape[-1]).astype(np.float64)
        shape = (len(rows), count)
        self.log(f"multinomial {probabilities.shape} {count}")
        chances = self._generator("multinomial", shape).random(shape)
        edges = np.cumsum(rows / rows.sum(1, keepdims=True), axis=1)
        picked = np.stack([np.searchsorted(e, c) for e, c in zip(edges, chances, strict=True)])
        picked = picked.clip(max=rows.shape[1] - 1)
        return picked.reshape(*probabilities.shape[:-1], count)

    def perturbed(self, values: np.ndarray, scale: Any = None) -> np.ndarray:
        """The values, with noise if this run has it; whole numbers stay as they are.

        The noise is relative to each value, or to `scale`.
        """
        if self._noise is None or values.dtype.kind != "f" or np.array_equal(values, values // 1):
            return values
        delta = self._noise.uniform(-ROUNDING, ROUNDING, values.shape)
        return np.asarray(values + delta * (values if scale is None else scale), values.dtype)


def _short(parameter: np.ndarray) -> str:
    return f"{float(parameter):.6g}" if parameter.ndim == 0 else f"array {parameter.shape}"
