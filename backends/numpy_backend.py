"""The oracle: every formula as the book prints it, in float64, gradients by autograd.

`dtype` is the precision that inputs are rounded to; the arithmetic is float64 throughout. The
formulas use the methods of this class and + − · / alone, so that backends/rounding can evaluate
them on numbers that carry what rounding does to them.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import autograd.numpy as np
import numpy
from autograd.core import make_vjp, vspace
from autograd.extend import defvjp, primitive
from autograd.tracer import getval
from threadpoolctl import threadpool_info

from backends.errors import (
    InputError,
    check_choice,
    check_device,
    check_ids,
    check_max_norm,
    check_names,
    check_probability,
    check_same_shape,
    check_weights,
)
from backends.interface import Backend, Network, Trainer


def value_of(array: Any) -> Any:
    """The number behind the boxes that autograd puts around intermediate values."""
    while (inner := getval(array)) is not array:
        array = inner
    return array


def checked_ids(ids: Any, size: int) -> Any:
    if ids.size:
        check_ids(int(ids.min()), int(ids.max()), size)
    return ids


@primitive
def sigmoid(x: Any) -> Any:
    return numpy.exp(-numpy.logaddexp(0.0, -x))


# autograd's own gradient of this formula is NaN at −∞.
defvjp(sigmoid, lambda ans, x: lambda g: g * ans * sigmoid(-x))


@dataclass(frozen=True)
class NumpyBackend(Backend):
    name = "numpy"

    def __post_init__(self) -> None:
        check_device(self.device, self.devices(), "the oracle computes on the CPU")
        check_choice("dtype", self.dtype, ("float32", "float64"))

    @classmethod
    def version(cls):
        return numpy.__version__

    @classmethod
    def devices(cls):
        return ("cpu",)

    def num_threads(self):
        pools = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
        return max(pools, default=0)

    def synchronize(self):
        pass

    def seed(self, seed):
        numpy.random.seed(seed)

    # --- arrays --------------------------------------------------------------

    def from_numpy(self, array):
        array = numpy.asarray(array)
        if array.dtype.kind in "iu":
            return array.astype("int64")
        return array.astype(self.dtype).astype("float64")

    def to_numpy(self, array):
        return numpy.array(value_of(array))

    def parameters(self, weights):
        return {name: self.from_numpy(weight) for name, weight in weights.items()}

    def detach(self, state):
        return tuple(value_of(array) for array in state)

    def zeros(self, shape):
        return np.zeros(tuple(shape))

    def one_hot(self, ids, size):
        return np.eye(size)[checked_ids(ids, size)]

    def concat(self, arrays, axis):
        return np.concatenate(list(arrays), axis=axis)

    def take_rows(self, array, ids):
        return array[checked_ids(ids, array.shape[0])]

    def reshape(self, array, shape):
        return np.reshape(array, tuple(shape))

    def argmax(self, array, axis):
        return np.argmax(value_of(array), axis=axis)

    def sum(self, array):
        return np.sum(array)

    def mean(self, array):
        return np.mean(array)

    # --- model ---------------------------------------------------------------

    def linear(self, inputs, weight, bias=None):
        product = np.matmul(inputs, weight)
        return product if bias is None else product + bias

    def _exp(self, x):
        return np.exp(x)

    def relu(self, x):
        return np.where(x <= 0, 0.0, x)

    def tanh(self, x):
        return np.tanh(x)

    def sigmoid(self, x):
        return sigmoid(x)

    def dropout(self, x, p, mask):
        check_probability(p)
        if p == 0:
            return x
        if p == 1:
            return self.zeros(x.shape)
        return mask * x / (1 - p)

    def random_dropout(self, x, p):
        check_probability(p)
        return self.dropout(x, p, (numpy.random.random(x.shape) >= p).astype("float64"))

    def _stack(self, arrays):
        return np.stack(arrays)

    def _sum_but_first(self, array):
        """Over all axes but the first."""
        return np.sum(array, axis=tuple(range(1, array.ndim)))

    def _project(self, inputs, weight, dense_ndim):
        """X W, where ids, with one axis fewer, stand for one-hot rows."""
        if inputs.ndim < dense_ndim:
            inputs = self.one_hot(inputs, weight.shape[0])
        return self.linear(inputs, weight)

    def _unroll(self, step, inputs, state, *args):
        hiddens = []
        for x in inputs:
            state = step(x, state, *args)
            hiddens.append(state[0])
        return self._stack(hiddens) if hiddens else self.zeros((0, *state[0].shape)), state

    def _gate(self, gate, x, h, p):
        """X W_x· + H W_h· + b_·."""
        return (
            self._project(x, p[f"W_x{gate}"], 2) + self.linear(h, p[f"W_h{gate}"]) + p[f"b_{gate}"]
        )

    def rnn_step(self, inputs, state, params, activation="tanh"):
        check_choice("activation", activation, ("tanh", "relu"))
        phi = {"tanh": self.tanh, "relu": self.relu}[activation]
        return (phi(self._gate("h", inputs, state[0], params)),)

    def rnn(self, inputs, state, params, activation="tanh"):
        check_choice("activation", activation, ("tanh", "relu"))
        return self._unroll(self.rnn_step, inputs, state, params, activation)

    def gru_step(self, inputs, state, params, reset="before"):
        check_choice("reset", reset, ("before", "after"))
        x, (h,), p = inputs, state, params
        r, z = (self.sigmoid(self._gate(gate, x, h, p)) for gate in "rz")
        if reset == "before":
            candidate = self.tanh(self._gate("h", x, r * h, p))
        else:
            hidden = self.linear(h, p["W_hh"]) + p.get("b_hh", 0.0)
            candidate = self.tanh(self._project(x, p["W_xh"], 2) + p["b_h"] + r * hidden)
        return (z * h + (1 - z) * candidate,)

    def gru(self, inputs, state, params, reset="before"):
        check_choice("reset", reset, ("before", "after"))
        return self._unroll(self.gru_step, inputs, state, params, reset)

    def lstm_step(self, inputs, state, params):
        x, (h, c), p = inputs, state, params
        i, f, o = (self.sigmoid(self._gate(gate, x, h, p)) for gate in "ifo")
        c = f * c + i * self.tanh(self._gate("c", x, h, p))
        return o * self.tanh(c), c

    def lstm(self, inputs, state, params):
        return self._unroll(self.lstm_step, inputs, state, params)

    def rnn_output(self, hiddens, params):
        rows = self.reshape(hiddens, (-1, params["W_hq"].shape[0]))
        return self.linear(rows, params["W_hq"], params["b_q"])

    # --- losses --------------------------------------------------------------

    def squared_loss(self, predictions, targets):
        check_same_shape(predictions, targets)
        apart = predictions - targets
        return self._sum_but_first(apart * apart / 2)

    def softmax_cross_entropy(self, logits, labels):
        checked_ids(labels, logits.shape[1])
        # The loss does not change when a constant is taken off every logit.
        shifted = logits - value_of(logits).max(axis=1, keepdims=True)
        chosen = shifted[np.arange(len(labels)), labels]
        return np.log(np.sum(np.exp(shifted), axis=1)) - chosen

    def l2_penalty(self, weight):
        return self.sum(weight * weight) / 2

    def perplexity(self, losses):
        return self._exp(self.mean(losses))

    # --- optimisation --------------------------------------------------------

    def value_and_grad(self, objective, has_aux=False):
        def evaluate(params, *args):
            args = tuple(self.detach(arg) if isinstance(arg, tuple) else arg for arg in args)
            aux = None

            def loss_of(values):
                nonlocal aux
                with_values = params.holding(values) if isinstance(params, NumpyNetwork) else values
                result = objective(with_values, *args)
                loss, aux = result if has_aux else (result, None)
                return loss

            values = params.values if isinstance(params, NumpyNetwork) else params
            with warnings.catch_warnings():
                # A loss that no parameter reaches has gradient zero here, without a warning.
                warnings.filterwarnings("ignore", "Output seems independent of input")
                backward, loss = make_vjp(loss_of, dict(values))
            return ((loss, aux) if has_aux else loss), backward(vspace(loss).ones())

        return evaluate

    def clip_gradients(self, grads, max_norm):
        check_max_norm(max_norm)
        norm = self._norm(grads)
        if max_norm is not None and self.to_numpy(norm) > max_norm:
            grads = {name: grad * (max_norm / norm) for name, grad in grads.items()}
        return grads, norm

    def _norm(self, grads):
        return numpy.sqrt(sum(numpy.sum(grad**2) for grad in grads.values()))

    def sgd(self, params, grads, learning_rate, batch_size=1, weight_decay=0.0):
        step, updated = learning_rate / batch_size, {}
        for name, w in params.items():
            decay = weight_decay if w.ndim > 1 else 0.0
            updated[name] = (1 - step * decay) * w - step * grads[name]
        return updated

    # --- layers, written out since NumPy has none ------------------------------

    def dense_layer(self, num_inputs, num_outputs, weight="W", bias="b"):
        def dense(values: Mapping[str, Any], training: bool, inputs: Any) -> Any:
            return self.linear(inputs, values[weight], values[bias])

        return dense, {weight: (num_inputs, num_outputs), bias: (num_outputs,)}

    def dropout_layer(self, p):
        check_probability(p)

        def drop(values: Mapping[str, Any], training: bool, inputs: Any) -> Any:
            return self.random_dropout(inputs, p) if training else inputs

        return drop, {}

    def rnn_layer(self, num_inputs, num_hiddens, activation):
        check_choice("activation", activation, ("tanh", "relu"))
        return self._recurrent_layer(self.rnn, num_inputs, num_hiddens, "h", "h", activation)

    def gru_layer(self, num_inputs, num_hiddens):
        # b_hh is not added to b_h: it is reset.
        return self._recurrent_layer(self.gru, num_inputs, num_hiddens, "rzh", "rz", "after")

    def lstm_layer(self, num_inputs, num_hiddens):
        return self._recurrent_layer(self.lstm, num_inputs, num_hiddens, "ifco", "ifco")

    def _recurrent_layer(self, unroll, num_inputs, num_hiddens, gates, added, *args):
        """A recurrence with two biases for every gate; those of the gates in `added` are summed."""

        def recur(values: Mapping[str, Any], training: bool, inputs: Any, state: Any) -> Any:
            sums = {f"b_{gate}": values[f"b_{gate}"] + values[f"b_h{gate}"] for gate in added}
            return unroll(inputs, state, {**values, **sums}, *args)

        d, h = num_inputs, num_hiddens
        shapes = {"W_x": (d, h), "W_h": (h, h), "b_": (h,), "b_h": (h,)}
        return recur, {kind + gate: shape for kind, shape in shapes.items() for gate in gates}

    def network(self, **layers):
        check_names(name for _, shapes in layers.values() for name in shapes)
        shapes = {name: shape for _, s in layers.values() for name, shape in s.items()}
        functions = {name: function for name, (function, _) in layers.items()}
        return NumpyNetwork(self, functions, {n: self.zeros(s) for n, s in shapes.items()})

    def trainer(self, network, learning_rate, weight_decay=0.0, bias_decay=0.0):
        return NumpyTrainer(network, learning_rate, weight_decay, bias_decay)


class NumpyNetwork(Network):
    """Functions of (values, training, inputs…) and the values they share."""

    def __init__(
        self,
        backend: NumpyBackend,
        functions: dict[str, Callable[..., Any]],
        values: Mapping[str, Any],
        training: bool = False,
    ) -> None:
        self.backend, self.functions = backend, functions
        self.values, self.training = values, training

    def holding(self, values: Mapping[str, Any]) -> NumpyNetwork:
        """The same network in training, on values that autograd follows."""
        return NumpyNetwork(self.backend, self.functions, values, training=True)

    def __getitem__(self, name):
        function = self.functions[name]
        return lambda *inputs: function(self.values, self.training, *inputs)

    def __call__(self, inputs):
        for name in self.functions:
            inputs = self[name](inputs)
        return inputs

    def read(self):
        return {name: self.backend.to_numpy(value) for name, value in self.values.items()}

    def load(self, weights):
        check_weights(weights, {n: v.shape for n, v in self.values.items()})
        zeros = {name: self.backend.zeros(value.shape) for name, value in self.values.items()}
        self.values = {**zeros, **self.backend.parameters(weights)}

    def read_gradients(self, grads):
        return {name: self.backend.to_numpy(grad) for name, grad in grads.items()}


class NumpyTrainer(Trainer):
    def __init__(
        self, network: Network, learning_rate: float, weight_decay: float, bias_decay: float
    ) -> None:
        if not isinstance(network, NumpyNetwork):
            raise InputError(f"{type(network).__name__} belongs to another backend: make it here")
        self.network, self.learning_rate = network, learning_rate
        self.weight_decay, self.bias_decay = weight_decay, bias_decay

    def step(self, grads, batch_size):
        values = dict(self.network.values)
        for name, w in values.items():
            decay = self.weight_decay if w.ndim > 1 else self.bias_decay
            values[name] = w - self.learning_rate * (grads[name] / batch_size + decay * w)
        self.network.values = values
