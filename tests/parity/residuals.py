"""Each step of a recurrence on the backend's own states, forward and back.

A bound composed over 35 steps says nothing, since it doubles with every step. One step's does: from
the backend's own H_{t−1}, the oracle computes H_t and its bound; from the backend's own gradient of
H_t, that of H_{t−1}; and from all of those, the gradients of the parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from backends.interface import Backend, Network
from backends.rounding import BoundedBackend
from tests.parity.check import ratio_to

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Cell:
    """unroll: (backend, params) → a function (inputs, state) → (hiddens, state)."""

    gates: str
    num_states: int
    unroll: Callable[[Backend, Any], Callable[..., Any]]
    second_biases: str = ""

    def weights(self, d: int, h: int, scale: float) -> Arrays:
        rng = np.random.default_rng(0)
        shapes: dict[str, tuple[int, ...]] = {}
        for gate in self.gates:
            shapes |= {f"W_x{gate}": (d, h), f"W_h{gate}": (h, h), f"b_{gate}": (h,)}
        shapes |= {f"b_h{gate}": (h,) for gate in self.second_biases}
        # What a backend is given, to the bit.
        return {n: (scale * rng.standard_normal(s)).astype("float32") for n, s in shapes.items()}


def scratch(name: str, *args: str) -> Any:
    return lambda k, params: lambda x, state: getattr(k, name)(x, state, params, *args)


def layer(name: str, *args: str) -> Any:
    return lambda k, net: lambda x, state: net[name](x, state)


CELLS = {
    "rnn tanh": Cell("h", 1, scratch("rnn", "tanh")),
    "rnn relu": Cell("h", 1, scratch("rnn", "relu")),
    "gru before": Cell("rzh", 1, scratch("gru", "before")),
    "gru after": Cell("rzh", 1, scratch("gru", "after"), "h"),
    "lstm": Cell("ifco", 2, scratch("lstm")),
    "rnn_layer": Cell("h", 1, layer("rnn", "tanh"), "h"),
    "gru_layer": Cell("rzh", 1, layer("gru"), "rzh"),
    "lstm_layer": Cell("ifco", 2, layer("lstm"), "ifco"),
}

# (steps, batch, inputs, hidden units, scale of the weights, whether the inputs are ids)
SIZES = {
    "small": (5, 2, 3, 4, 0.5, True),
    "dense": (5, 2, 3, 4, 0.5, False),
    "long": (35, 3, 28, 16, 0.3, True),
    "book": (35, 32, 28, 256, 0.07, True),
}


class Run:
    """A cell on one backend, with the numbers of one sequence."""

    def __init__(self, backend: Backend, name: str, sizes: tuple[Any, ...]) -> None:
        self.k, self.name, self.cell = backend, name, CELLS[name]
        steps, n, d, h, scale, is_ids = sizes
        rng = np.random.default_rng(1)
        weights = self.cell.weights(d, h, scale)
        ids = rng.integers(0, d, (steps, n))
        dense = rng.standard_normal((steps, n, d)).astype("float32")
        is_layer = name.endswith("_layer")
        self.inputs = dense if not is_ids else np.eye(d)[ids] if is_layer else ids
        self.start = tuple(rng.standard_normal((self.cell.num_states, n, h)).astype("float32"))
        self.factors = rng.standard_normal((steps, n, h)).astype("float32")
        self.params = self.network(d, h, weights) if is_layer else backend.parameters(weights)

    def network(self, d: int, h: int, weights: Arrays) -> Any:
        name = self.name.removesuffix("_layer")
        make = getattr(self.k, self.name)
        net = self.k.network(**{name: make(d, h, "tanh") if name == "rnn" else make(d, h)})
        net.load(weights)
        return net

    def forward(self, steps: slice, state: Any) -> tuple[Any, Any]:
        x = self.k.from_numpy(self.inputs[steps])
        return self.cell.unroll(self.k, self.params)(x, self.given(state))

    def given(self, state: Any) -> tuple[Any, ...]:
        return tuple(self.k.from_numpy(array) for array in state)

    def backward(self, steps: slice, state: Any, arriving: Any = None) -> tuple[Any, Any]:
        """Gradients of Σ hiddens · factors + Σ last state · arriving, by state and by params."""
        k, x = self.k, self.k.from_numpy(self.inputs[steps])
        factors = k.from_numpy(self.factors[steps])
        last = () if arriving is None else self.given(arriving)
        states = {str(i): array for i, array in enumerate(state)}

        def total(params: Any, state: Any) -> Any:
            hiddens, end = self.cell.unroll(k, params)(x, state)
            result = k.sum(hiddens * factors)
            for array, gradient in zip(end, last, strict=False):
                result = result + k.sum(array * gradient)
            return result

        _, of_state = k.value_and_grad(lambda s: total(self.params, tuple(s.values())))(
            k.parameters(states)
        )
        _, of_params = k.value_and_grad(lambda params: total(params, self.given(state)))(
            self.params
        )
        return tuple(of_state.values()), of_params

    def own_states(self) -> list[tuple[np.ndarray, ...]]:
        """The backend's own state after 0, 1, … steps."""
        states = [self.start]
        for t in range(1, len(self.inputs) + 1):
            _, state = self.forward(slice(0, t), self.start)
            states.append(tuple(self.k.to_numpy(array) for array in state))
        return states

    def read(self, grads: Any) -> Arrays:
        if isinstance(self.params, Network):
            return self.params.read_gradients(grads)
        return {name: self.k.to_numpy(grad) for name, grad in grads.items()}


def forward_ratios(run: Run, oracle: Run, states: list[tuple[np.ndarray, ...]]) -> dict[str, float]:
    """Observed error / bound of every state, each computed from the one before."""
    steps, ratios = len(states) - 1, {}
    hiddens = run.k.to_numpy(run.forward(slice(0, steps), run.start)[0])
    for t in range(steps):
        _, expected = oracle.forward(slice(t, t + 1), states[t])
        readings = [oracle.k.to_numpy(array) for array in expected]
        pairs = [(hiddens[t], readings[0]), *zip(states[t + 1], readings, strict=True)]
        ratios[f"state after step {t}"] = max(ratio_to(*pair) for pair in pairs)
    return ratios


def backward_ratios(
    run: Run, oracle: Run, states: list[tuple[np.ndarray, ...]]
) -> dict[str, float]:
    """Of every state's gradient, each computed from the one after, and of the parameters'."""
    steps, ratios = len(states) - 1, {}
    arriving = tuple(np.zeros_like(array) for array in run.start)
    sums: dict[str, Any] = {}
    for t in reversed(range(steps)):
        expected, of_params = oracle.backward(slice(t, t + 1), states[t], arriving)
        for name, grad in of_params.items():
            sums[name] = sums[name] + grad if name in sums else grad
        actual, own_params = run.backward(slice(t, steps), states[t])
        arriving = tuple(run.k.to_numpy(array) for array in actual)
        readings = [oracle.k.to_numpy(array) for array in expected]
        pairs = zip(arriving, readings, strict=True)
        ratios[f"gradient of the state before step {t}"] = max(ratio_to(*pair) for pair in pairs)
    own, bounds = run.read(own_params), oracle.read(sums)
    return ratios | {f"gradient of {name}": ratio_to(own[name], bounds[name]) for name in bounds}


def residuals(backend: Backend, name: str, sizes: tuple[Any, ...]) -> dict[str, dict[str, float]]:
    """Observed error / bound, forward and back, of every step of a cell."""
    run, oracle = Run(backend, name, sizes), Run(BoundedBackend(), name, sizes)
    states = run.own_states()
    return {
        "forward": forward_ratios(run, oracle, states),
        "gradients": backward_ratios(run, oracle, states),
    }
