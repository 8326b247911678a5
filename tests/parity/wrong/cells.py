"""Mistakes in recurrences, written for every backend alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backends.interface import Backend
from tests.parity.wrong.row import Override

Change = Callable[[Backend, Any], Any]


def with_activation(activation: str) -> Override:
    """A recurrent primitive that knows one activation only."""
    return lambda k, right, x, state, params, ignored: right(x, state, params, activation)


def with_reset(reset: str) -> Override:
    return lambda k, right, x, state, params, ignored="": right(x, state, params, reset)


# --- other parameters and states ---


def with_params(**changes: Change) -> Override:
    """On other parameters; the state, if there is one, comes before them."""

    def override(k: Backend, right: Override, x: Any, *args: Any) -> Any:
        *state, params = args[:2] if isinstance(args[0], tuple) else args[:1]
        changed = {name: change(k, params[name]) for name, change in changes.items()}
        return right(x, *state, {**params, **changed}, *args[len(state) + 1 :])

    return override


def with_each_param(start: str, change: Change) -> Override:
    """As `with_params`, for all parameters whose names start so."""

    def override(k: Backend, right: Override, x: Any, *args: Any) -> Any:
        (params,) = (arg for arg in args if isinstance(arg, dict))
        names = [name for name in params if name.startswith(start)]
        return with_params(**dict.fromkeys(names, change))(k, right, x, *args)

    return override


def with_state(position: int, change: Change) -> Override:
    """From another initial state: 0 is H, 1 is C."""

    def override(k: Backend, right: Override, x: Any, state: Any, *args: Any) -> Any:
        changed = [change(k, s) if i == position else s for i, s in enumerate(state)]
        return right(x, tuple(changed), *args)

    return override


def zero(k: Backend, array: Any) -> Any:
    return array * 0


def twice(k: Backend, array: Any) -> Any:
    return array * 2


def transposed(k: Backend, array: Any) -> Any:
    return array.T


def cut(k: Backend, array: Any) -> Any:
    return k.detach((array,))[0]


def negated(*names: str) -> Override:
    """A gate that is shut where it should be open: σ(−x) = 1 − σ(x)."""
    return with_params(**dict.fromkeys(names, lambda k, w: -w))


def open_gate(name: str) -> Override:
    return with_params(**{f"b_{name}": lambda k, b: b + 100})


def swapped_gates(a: str, b: str) -> Override:
    """A recurrent primitive that takes the parameters of one gate for another's."""
    names = {f"{kind}{x}": f"{kind}{y}" for kind in ("W_x", "W_h", "b_") for x, y in (a + b, b + a)}

    def override(k: Backend, right: Override, x: Any, state: Any, params: Any, *args: Any) -> Any:
        return right(x, state, {n: params[names.get(n, n)] for n in params}, *args)

    return override


# --- other sequences of steps ---


def between_steps(change: Callable[[Backend, int, Any], Any]) -> Override:
    """change: (backend, number of the step to come, state) → the state it starts from."""

    def override(k: Backend, right: Override, x: Any, state: Any, *args: Any) -> Any:
        if not len(x):
            return right(x, state, *args)
        hiddens = []
        for t in range(len(x)):
            if t:
                state = change(k, t, state)
            hidden, state = right(x[t : t + 1], state, *args)
            hiddens.append(hidden)
        return k.concat(hiddens, 0), state

    return override


def stale_state(k: Backend, right: Override, x: Any, state: Any, *args: Any) -> Any:
    """Every step starts from the initial state."""
    return between_steps(lambda k, t, ignored: state)(k, right, x, state, *args)


def one_state_late(k: Backend, right: Override, x: Any, state: Any, *args: Any) -> Any:
    """The last state but one is returned."""
    hiddens, last = right(x, state, *args)
    return hiddens, right(x[:-1], state, *args)[1] if len(x) else last


def shifted(k: Backend, right: Override, x: Any, state: Any, *args: Any) -> Any:
    """Hidden states from the initial one on, without the last."""
    hiddens, last = right(x, state, *args)
    first = k.reshape(state[0], (1, *state[0].shape))
    return (k.concat([first, hiddens[:-1]], 0) if len(x) > 1 else hiddens), last


def backwards(k: Backend, right: Override, x: Any, *args: Any) -> Any:
    return right(k.concat([x[t : t + 1] for t in reversed(range(len(x)))], 0), *args)


# --- other formulas ---


def cell(formula: Callable[..., Any]) -> Override:
    """formula: (backend, x, state, params) → state; for a step and for a sequence."""

    def override(k: Backend, right: Override, x: Any, state: Any, params: Any, *args: Any) -> Any:
        if k.to_numpy(x).dtype.kind == "i":
            (size,) = {w.shape[0] for name, w in params.items() if name.startswith("W_x")}
            x = k.one_hot(x, size)
        if x.ndim == 2:
            return formula(k, x, state, params)
        hiddens = []
        for t in range(len(x)):
            state = formula(k, x[t], state, params)
            hiddens.append(k.reshape(state[0], (1, *state[0].shape)))
        return (k.concat(hiddens, 0) if hiddens else k.zeros((0, *state[0].shape))), state

    return override


def gate(k: Backend, x: Any, h: Any, params: Any, name: str) -> Any:
    """X W_x + H W_h + b before the activation."""
    return k.linear(x, params[f"W_x{name}"], params[f"b_{name}"]) + k.linear(
        h, params[f"W_h{name}"]
    )


def hard(k: Backend, x: Any) -> Any:
    """The hard sigmoid max(0, min(1, x / 5 + ½))."""
    line = x / 5 + 0.5
    return k.relu(line) - k.relu(line - 1)


def rnn_cell(formula: Callable[..., Any]) -> Override:
    """formula: (backend, sum before the activation, h, b) → h."""

    def step(k: Backend, x: Any, state: Any, params: Any) -> Any:
        (h,) = state
        return (formula(k, gate(k, x, h, params, "h"), h, params["b_h"]),)

    return cell(step)


def gru_cell(formula: Callable[..., Any]) -> Override:
    """formula: (backend, sums r and z, X W_xh + b_h, h, W_hh) → h."""

    def step(k: Backend, x: Any, state: Any, params: Any) -> Any:
        (h,) = state
        r, z = (gate(k, x, h, params, name) for name in "rz")
        x_h = k.linear(x, params["W_xh"], params["b_h"])
        return (formula(k, r, z, x_h, h, params["W_hh"]),)

    return cell(step)


def lstm_cell(formula: Callable[..., Any]) -> Override:
    """formula: (backend, sums i, f, o and c̃, c) → (h, c)."""

    def step(k: Backend, x: Any, state: Any, params: Any) -> Any:
        h, c = state
        return formula(k, *(gate(k, x, h, params, name) for name in "ifoc"), c)

    return cell(step)


def lstm(k: Backend, i: Any, f: Any, o: Any, candidate: Any, c: Any, of: Any = None) -> Any:
    """The right formula, or one with another function of the gates."""
    of = of or (lambda k, x: k.sigmoid(x))
    c = of(k, f) * c + of(k, i) * k.tanh(candidate)
    return of(k, o) * k.tanh(c), c


def gru(k: Backend, r: Any, z: Any, x_h: Any, h: Any, w_hh: Any, of: Any = None) -> Any:
    of = of or (lambda k, x: k.sigmoid(x))
    z = of(k, z)
    return z * h + (1 - z) * k.tanh(x_h + k.linear(of(k, r) * h, w_hh))
