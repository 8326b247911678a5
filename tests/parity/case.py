"""One row of the table in cases.py, and the seeded inputs that rows are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from backends.interface import Backend, Network

Factory = Callable[[np.random.Generator], Any]


@dataclass(frozen=True, eq=False)
class Case:
    """One primitive on one set of inputs.

    forward and gradients: what the comparison rests on. "exact": nothing is rounded, so that not
    a bit may differ. "bound": the oracle's running error analysis. "envelope": the spread of runs
    in Monte Carlo arithmetic, where the bound says nothing. None: a result without gradients.
    inputs: name → factory. Floats and integer ids reach `run` as arrays of the backend, and
    gradients are taken with respect to every float. A function of the backend, such as the
    one that makes a network, reaches it as its result, and a dict of weights as it is.
    run: (backend, **inputs) → the result, an array or a tuple, list or dict of arrays;
    left out, the primitive is called on the inputs in their order.
    seed: of the inputs, together with the case's name.
    """

    primitive: str
    id: str
    forward: str
    gradients: str | None
    inputs: Mapping[str, Factory]
    run: Callable[..., Any] | None = None
    seed: int = 0

    def __str__(self) -> str:
        return f"{self.primitive}-{self.id}"

    def result(self, backend: Backend, inputs: Mapping[str, Any]) -> Any:
        ordered = {name: inputs[name] for name in self.inputs}
        if self.run is None:
            return getattr(backend, self.primitive)(*ordered.values())
        return self.run(backend, **ordered)


def normal(*shape: int, scale: float = 1.0) -> Factory:
    return lambda rng: scale * rng.standard_normal(shape)


def uniform(*shape: int, low: float, high: float) -> Factory:
    return lambda rng: rng.uniform(low, high, shape)


def dyadic(*shape: int) -> Factory:
    """Quarters from −2 to 2: sums of up to 2¹⁶ products of two of them have no rounding."""
    return lambda rng: rng.integers(-8, 9, shape) / 4


def mask(*shape: int) -> Factory:
    return lambda rng: rng.integers(0, 2, shape).astype("float64")


def ids(size: int, *shape: int) -> Factory:
    return lambda rng: rng.integers(0, size, shape)


def values(*given: Any, dtype: str = "float64") -> Factory:
    return lambda rng: np.array(given, dtype)


def network(
    layers: Callable[[Backend], dict[str, Any]], scale: float = 1.0, **shapes: tuple[int, ...]
) -> Factory:
    """A network with random weights of these shapes."""

    def make(rng: np.random.Generator) -> Callable[[Backend], Network]:
        given = weights(scale, **shapes)(rng)

        def load(backend: Backend) -> Network:
            loaded = backend.network(**layers(backend))
            loaded.load(given)
            return loaded

        return load

    return make


def weights(scale: float = 1.0, **shapes: tuple[int, ...]) -> Factory:
    """A dict of NumPy arrays, not given to the backend yet."""
    return lambda rng: {n: scale * rng.standard_normal(shape) for n, shape in shapes.items()}
