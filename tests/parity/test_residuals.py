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
import pytest

from backends.interface import Backend
from backends.rounding import BoundedBackend
from tests.parity.check import within

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
SMALL, LONG = (5, 2, 3, 4, 0.5, True), (35, 3, 28, 16, 0.3, True)
DENSE, BOOK = (5, 2, 3, 4, 0.5, False), (35, 32, 28, 256, 0.07, True)


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


def own_states(run: Run, steps: int) -> list[tuple[np.ndarray, ...]]:
    """The backend's own state after 0, 1, … steps."""
    states = [run.start]
    for t in range(1, steps + 1):
        _, state = run.forward(slice(0, t), run.start)
        states.append(tuple(run.k.to_numpy(array) for array in state))
    return states


def check_forward(run: Run, oracle: Run, steps: int) -> list[tuple[np.ndarray, ...]]:
    states = own_states(run, steps)
    hiddens = run.k.to_numpy(run.forward(slice(0, steps), run.start)[0])
    for t in range(steps):
        _, expected = oracle.forward(slice(t, t + 1), states[t])
        for actual, bounded in zip(states[t + 1], expected, strict=True):
            assert within(actual, oracle.k.to_numpy(bounded)), f"state after step {t}"
        assert within(hiddens[t], oracle.k.to_numpy(expected[0])), f"hidden state of step {t}"
    return states


def check_backward(run: Run, oracle: Run, steps: int, states: Any) -> None:
    arriving = tuple(np.zeros_like(array) for array in run.start)
    sums: dict[str, Any] = {}
    for t in reversed(range(steps)):
        one = slice(t, t + 1)
        expected, of_params = oracle.backward(one, states[t], arriving)
        for name, grad in of_params.items():
            sums[name] = sums[name] + grad if name in sums else grad
        actual, own_params = run.backward(slice(t, steps), states[t])
        arriving = tuple(run.k.to_numpy(array) for array in actual)
        for own, bounded in zip(arriving, expected, strict=True):
            assert within(own, oracle.k.to_numpy(bounded)), f"gradient of the state before step {t}"
    if hasattr(run.params, "read_gradients"):
        read = run.params.read_gradients(own_params)
        bounds = oracle.params.read_gradients(sums)
    else:
        read = {name: run.k.to_numpy(grad) for name, grad in own_params.items()}
        bounds = {name: oracle.k.to_numpy(grad) for name, grad in sums.items()}
    for name, bound in bounds.items():
        assert within(read[name], bound), f"gradient of {name}"


SIZES = [
    pytest.param(SMALL, id="small"),
    pytest.param(DENSE, id="dense"),
    pytest.param(LONG, id="long"),
    pytest.param(BOOK, id="book", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("name", CELLS)
def test_every_step_is_within_one_step_s_bound(
    framework: Backend, name: str, sizes: tuple[Any, ...]
) -> None:
    run, oracle = Run(framework, name, sizes), Run(BoundedBackend(), name, sizes)
    states = check_forward(run, oracle, sizes[0])
    check_backward(run, oracle, sizes[0], states)


@pytest.mark.parametrize("time_step", [0, 3])
def test_an_error_in_one_step_is_found_there(framework: Backend, time_step: int) -> None:
    run, oracle = Run(framework, "rnn tanh", LONG), Run(BoundedBackend(), "rnn tanh", LONG)
    right = run.forward

    def wrong(steps: slice, state: Any) -> tuple[Any, Any]:
        hiddens, last = right(steps, state)
        if steps.stop == time_step + 1:
            last = (last[0] * (1 + 2.0**-16),)
        return hiddens, last

    run.forward = wrong
    with pytest.raises(AssertionError, match=f"state after step {time_step}"):
        check_forward(run, oracle, LONG[0])
