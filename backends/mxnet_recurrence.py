"""Recurrent sequences in MXNet: products by MKL-DNN, and a backward pass of its own for `rnn`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backends.interface import Parameters, State
from backends.mxnet_backend import autograd, nd

Cell = Callable[..., State]


def product(inputs: Any, transposed: Any, bias: Any = None) -> Any:
    """X W + b, with W given as Wᵀ."""
    own = [] if bias is None else [bias]
    size = len(transposed)
    return nd.FullyConnected(
        inputs, transposed, *own, num_hidden=size, no_bias=not own, flatten=False
    )


def activate(x: Any, kind: str) -> Any:
    # nd.Activation takes the ReLU of NaN for 0.
    return nd.relu(x) if kind == "relu" else nd.Activation(x, act_type=kind)


def steps_of(rows: Any, num_steps: int) -> list[Any]:
    steps = nd.split(rows, num_steps, axis=0)
    return steps if num_steps > 1 else [steps]  # a split into one is no list


class RnnStates(autograd.Function):
    """H_t = φ(X_t + H_{t−1} W + b) for all t, one below the other.

    Its gradient of W is one product where MXNet's own is a sum of T small ones: with the products
    above, 35 steps of 32 × 512 take 53 ms forward and backward, and 95 as defined.
    The arguments come as the rows of one array, [W; b; H_0; X]: a Function that gets several leaves
    all gradients unwritten that follow an argument without one.
    """

    def __init__(self, num_steps: int, activation: str) -> None:
        super().__init__()
        self.num_steps, self.activation = num_steps, activation

    def forward(self, packed):
        h, n = packed.shape[1], (len(packed) - packed.shape[1] - 1) // (self.num_steps + 1)
        transposed, bias, state = packed[:h].T, packed[h], packed[h + 1 : h + 1 + n]
        before = []
        for x in steps_of(packed[h + 1 + n :], self.num_steps):
            before.append(state)
            state = activate(product(state, transposed, bias) + x, self.activation)
        hiddens = nd.concat(*before[1:], state, dim=0)
        # Its result keeps the function, which must not keep its result: nothing would be freed.
        self.save_for_backward(packed[:h], nd.concat(*before, dim=0), hiddens.detach())
        return hiddens

    def backward(self, grads):
        weight, before, hiddens = self.saved_tensors
        slopes = 1 - hiddens * hiddens if self.activation == "tanh" else hiddens > 0
        rows: list[Any] = []
        from_next: Any = 0
        steps = zip(steps_of(grads, self.num_steps), steps_of(slopes, self.num_steps), strict=True)
        for grad, slope in reversed(list(steps)):
            rows.insert(0, (grad + from_next) * slope)
            from_next = product(rows[0], weight)  # that of W is Wᵀ
        inputs = nd.concat(*rows, dim=0)
        bias = nd.dot(nd.ones_like(inputs[:, :1]), inputs, transpose_a=True)
        return nd.concat(nd.dot(before, inputs, transpose_a=True), bias, from_next, inputs, dim=0)


def rnn_states(rows: Any, h: Any, weight: Any, bias: Any, activation: str) -> Any:
    """The hidden states (T, n, h), from X W_x of every step."""
    packed = nd.concat(weight, bias.reshape((1, -1)), h, rows.reshape((-1, len(weight))), dim=0)
    return RnnStates(len(rows), activation)(packed).reshape(rows.shape)


# --- cells with gates: functions (X W_x + b, *state) → state -------------------


def joined(params: Parameters, kind: str, gates: str) -> Any:
    """The parameters of all gates side by side, so that one product serves them all."""
    own = [params[kind + gate] for gate in gates]
    return nd.concat(*own, dim=own[0].ndim - 1)


def gru_cell(params: Parameters, reset: str) -> Cell:
    w_gates, w_hh, b_hh = joined(params, "W_h", "rz").T, params["W_hh"].T, params.get("b_hh")

    def cell(x: Any, h: Any) -> State:
        cut = len(w_gates)
        x_gates, x_h = x.slice_axis(1, 0, cut), x.slice_axis(1, cut, None)
        r, z = nd.split(activate(x_gates + product(h, w_gates), "sigmoid"), 2, axis=1)
        if reset == "before":
            candidate = activate(x_h + product(r * h, w_hh), "tanh")
        else:
            candidate = activate(x_h + r * product(h, w_hh, b_hh), "tanh")
        return (z * h + (1 - z) * candidate,)

    return cell


def lstm_cell(params: Parameters) -> Cell:
    w_h = joined(params, "W_h", "ifco").T

    def cell(x: Any, h: Any, c: Any) -> State:
        i, f, candidate, o = nd.split(x + product(h, w_h), 4, axis=1)
        i, f, o = (activate(gate, "sigmoid") for gate in (i, f, o))
        c = f * c + i * activate(candidate, "tanh")
        return o * activate(c, "tanh"), c

    return cell
