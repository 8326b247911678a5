"""MXNet 1.9.1 with its ndarray API and Gluon layers: every formula as it is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info

from backends.errors import (
    check_choice,
    check_ids,
    check_max_norm,
    check_names,
    check_probability,
    check_same_shape,
    check_weights,
)
from backends.interface import Backend, Network, State, Trainer
from backends.mxnet_import import import_mxnet
from backends.openblas_kernels import choose_openblas_kernels

choose_openblas_kernels()
mx = import_mxnet()
from mxnet import autograd, gluon, nd  # noqa: E402

from backends.mxnet_devices import context_of, devices  # noqa: E402

# Without this a shape of () or with a 0 in it means "not known yet" to MXNet.
mx.util.set_np_shape(True)

ACTIVATIONS = {"tanh": nd.tanh, "relu": nd.relu}

# The order in which Gluon joins the gates of a recurrent layer in one array.
GATES = {"rnn": "h", "gru": "rzh", "lstm": "ifco"}


def checked_ids(ids: Any, size: int) -> Any:
    # MXNet's own operators clip an id out of range, or return a row of zeros.
    if ids.size:
        values = ids.asnumpy()
        check_ids(int(values.min()), int(values.max()), size)
    return ids


def constant(arg: Any) -> Any:
    """An argument without the graph that it comes from, or belongs to as a parameter."""
    # backward() frees the graph, and then takes a state from it for a constant. Only what was
    # reshaped since, as a layer's state is here, would be refused.
    if isinstance(arg, tuple):
        return tuple(map(constant, arg))
    return arg.detach() if isinstance(arg, nd.NDArray) else arg


@dataclass(frozen=True)
class MxnetBackend(Backend):
    name = "mxnet"

    def __post_init__(self) -> None:
        context_of(self.device)
        check_choice("dtype", self.dtype, ("float32", "float64"))

    @cached_property
    def _context(self) -> Any:
        return context_of(self.device)

    @cached_property
    def _float(self) -> dict[str, Any]:
        return {"dtype": self.dtype, "ctx": self._context}

    @classmethod
    def version(cls):
        return mx.__version__

    @classmethod
    def devices(cls):
        return devices()

    def num_threads(self):
        own = [
            pool["num_threads"]
            for pool in threadpool_info()
            if pool["user_api"] == "openmp" or "/mxnet/" in pool["filepath"]
        ]
        return min(own, default=0)

    def synchronize(self):
        # MXNet computes asynchronously, on the CPU too.
        nd.waitall()

    def seed(self, seed):
        mx.random.seed(seed)

    # --- arrays --------------------------------------------------------------

    def from_numpy(self, array):
        # nd.array makes float32 of Python's numbers and of NumPy's float64 unless told otherwise.
        array = np.asarray(array)
        if array.dtype.kind not in "iu":
            return nd.array(array, dtype=self.dtype, ctx=self._context)
        if array.size and abs(array).max() >= 2**31:  # int32 would cut it off without a word
            check_ids(array.min(), array.max(), 2**31)
        return nd.array(array, dtype="int32", ctx=self._context)

    def to_numpy(self, array):
        return array.asnumpy()

    def parameters(self, weights):
        params = {name: self.from_numpy(weight) for name, weight in weights.items()}
        for param in params.values():
            param.attach_grad()
        return params

    def detach(self, state):
        return tuple(array.detach() for array in state)

    def zeros(self, shape):
        return nd.zeros(tuple(shape), **self._float)

    def one_hot(self, ids, size):
        return nd.one_hot(checked_ids(ids, size), size, dtype=self.dtype)

    def concat(self, arrays, axis):
        return nd.concat(*arrays, dim=axis)

    def take_rows(self, array, ids):
        if not ids.size:  # take's backward pass would leave whatever the gradient's memory holds
            return self.zeros((*ids.shape, array.shape[1]))
        return nd.take(array, checked_ids(ids, array.shape[0]))

    def reshape(self, array, shape):
        # A 0 in the shape would mean "as before" to MXNet; nd.reshape refuses scalars.
        return array.reshape(tuple(shape)) if 0 not in shape else self.zeros(shape)

    def argmax(self, array, axis):
        # MXNet's argmax is a float array, exact for axes of up to 2²⁴ elements.
        return nd.argmax(array, axis=axis).astype("int32")

    def sum(self, array):
        # MXNet's full reductions have shape (1,).
        return nd.sum(array).reshape(())

    def mean(self, array):
        return nd.mean(array).reshape(())

    # --- model ---------------------------------------------------------------

    def linear(self, inputs, weight, bias=None):
        if weight.size:
            product = nd.dot(inputs, weight)
        else:  # sums of nothing would end the process
            product = self.zeros((*inputs.shape[:-1], weight.shape[1]))
        return product if bias is None else self._add_bias(product, bias)

    def _add_bias(self, rows, bias):
        # The gradient of broadcast_add would end the process on an empty batch.
        return nd.broadcast_add(rows, bias) if rows.size else rows

    def relu(self, x):
        return nd.relu(x)

    def tanh(self, x):
        return nd.tanh(x)

    def sigmoid(self, x):
        return nd.sigmoid(x)

    def dropout(self, x, p, mask):
        check_probability(p)
        if p == 0:
            return x
        if p == 1:
            return nd.zeros_like(x.detach())  # without detach the backward pass may end the process
        return mask * x / (1 - p)

    def random_dropout(self, x, p):
        check_probability(p)
        return nd.zeros_like(x.detach()) if p == 1 else nd.Dropout(x, p=p, mode="always")

    def rnn_step(self, inputs, state, params, activation="tanh"):
        check_choice("activation", activation, ACTIVATIONS)
        (h,) = state
        x = self._project(inputs, params, "h")
        return (ACTIVATIONS[activation](x + nd.dot(h, params["W_hh"])),)

    def rnn(self, inputs, state, params, activation="tanh"):
        return self._unroll(self.rnn_step, inputs, state, params, activation)

    def gru_step(self, inputs, state, params, reset="before"):
        check_choice("reset", reset, ("before", "after"))
        (h,) = state
        x_r, x_z, x_h = (self._project(inputs, params, gate) for gate in "rzh")
        r = nd.sigmoid(x_r + nd.dot(h, params["W_hr"]))
        z = nd.sigmoid(x_z + nd.dot(h, params["W_hz"]))
        if reset == "before":
            candidate = nd.tanh(x_h + nd.dot(r * h, params["W_hh"]))
        else:
            hidden = self.linear(h, params["W_hh"], params.get("b_hh"))
            candidate = nd.tanh(x_h + r * hidden)
        return (z * h + (1 - z) * candidate,)

    def gru(self, inputs, state, params, reset="before"):
        return self._unroll(self.gru_step, inputs, state, params, reset)

    def lstm_step(self, inputs, state, params):
        h, c = state
        i, f, o, candidate = (
            self._project(inputs, params, gate) + nd.dot(h, params["W_h" + gate]) for gate in "ifoc"
        )
        c = nd.sigmoid(f) * c + nd.sigmoid(i) * nd.tanh(candidate)
        return nd.sigmoid(o) * nd.tanh(c), c

    def lstm(self, inputs, state, params):
        return self._unroll(self.lstm_step, inputs, state, params)

    def _project(self, inputs, params, gate):
        """X W_x + b of a gate, where ids stand for one-hot rows and pick rows."""
        weight, bias = params["W_x" + gate], params["b_" + gate]
        if inputs.ndim == 1:
            return self._add_bias(self.take_rows(weight, inputs), bias)
        return self.linear(inputs, weight, bias)

    def _unroll(self, step, inputs, state, params, *options):
        if len(inputs) == 0:  # nd.stack refuses an empty list
            return self.zeros((0, *state[0].shape)), state
        hiddens = []
        for x in inputs:
            state = step(x, state, params, *options)
            hiddens.append(state[0])
        return nd.stack(*hiddens, axis=0), state

    def rnn_output(self, hiddens, params):
        rows = self.reshape(hiddens, (-1, params["W_hq"].shape[0]))
        return self.linear(rows, params["W_hq"], params["b_q"])

    # --- losses --------------------------------------------------------------

    def squared_loss(self, predictions, targets):
        check_same_shape(predictions, targets)
        squares = nd.square(predictions - targets) / 2
        if squares.ndim == 1:
            return squares
        if not squares.size:  # which nd.sum refuses
            return self.zeros(squares.shape[:1])
        return nd.sum(squares, axis=0, exclude=True)

    def softmax_cross_entropy(self, logits, labels):
        checked_ids(labels, logits.shape[1])
        if not logits.size:  # nd.max wants a number
            return nd.pick(logits, labels)
        # log_softmax, by MKL-DNN, is wrong by 4e-6, and the gradients of a recurrent model by 7e-5.
        top = nd.BlockGrad(nd.max(logits, axis=-1, keepdims=True))
        below = nd.broadcast_sub(logits, top)
        return nd.log(nd.sum(nd.exp(below), axis=-1)) - nd.pick(below, labels)

    def l2_penalty(self, weight):
        return self.sum(nd.square(weight)) / 2

    def perplexity(self, losses):
        return nd.exp(self.mean(losses))

    # --- optimisation --------------------------------------------------------

    def value_and_grad(self, objective, has_aux=False):
        def evaluate(params, *args):
            is_network = isinstance(params, MxnetNetwork)
            variables = params.arrays() if is_network else params
            args = tuple(map(constant, args))
            for variable in variables.values():
                variable._fresh_grad = False
            with autograd.record(train_mode=is_network):
                result = objective(params, *args)
            loss = result[0] if has_aux else result
            try:
                loss.backward(train_mode=is_network)
            except mx.MXNetError as error:
                # backward() refuses a loss that no variable reaches.
                if "not in a computational graph" not in str(error):
                    raise
            grads = {name: variable.grad for name, variable in variables.items()}
            for name, variable in variables.items():
                # backward() leaves the old gradient of a variable that the loss does not reach.
                if not variable._fresh_grad:
                    grads[name][:] = 0
                    variable._fresh_grad = True
            return result, grads

        return evaluate

    def clip_gradients(self, grads, max_norm):
        check_max_norm(max_norm)
        # gluon.utils.clip_global_norm adds 1e-8 to the norm; multi_sum_sq sums less exactly.
        norm = nd.add_n(*[self.sum(nd.square(grad)) for grad in grads.values()]).sqrt()
        if max_norm is not None:
            scale = nd.where(norm > max_norm, max_norm / norm, nd.ones_like(norm))
            for grad in grads.values():
                nd.broadcast_mul(grad, scale, out=grad)
        return grads, norm

    def sgd(self, params, grads, learning_rate, batch_size=1, weight_decay=0.0):
        for name, w in params.items():
            decay = weight_decay if w.ndim > 1 else 0.0
            nd.sgd_update(w, grads[name], lr=learning_rate / batch_size, wd=decay, out=w)
        return params

    # --- layers --------------------------------------------------------------

    def dense_layer(self, num_inputs, num_outputs, weight="W", bias="b"):
        # Gluon would flatten all axes but the first and wait for data to learn its input size.
        layer = gluon.nn.Dense(num_outputs, in_units=num_inputs, flatten=False, dtype=self.dtype)

        def dense(x: Any) -> Any:
            # Gluon's layer fails on an empty batch, and says so to a later call.
            return layer(x) if x.size else self.zeros((*x.shape[:-1], num_outputs))

        return dense, {weight: layer.weight, bias: layer.bias}

    def dropout_layer(self, p):
        check_probability(p)
        if p == 1:  # Gluon's layer would divide by 1 − p
            return (lambda x: nd.zeros_like(x.detach()) if autograd.is_training() else x), {}
        return gluon.nn.Dropout(p), {}

    def rnn_layer(self, num_inputs, num_hiddens, activation):
        check_choice("activation", activation, ACTIVATIONS)
        layer = gluon.rnn.RNN(num_hiddens, 1, activation, input_size=num_inputs, dtype=self.dtype)
        return recurrent(layer, "rnn")

    def gru_layer(self, num_inputs, num_hiddens):
        return recurrent(gluon.rnn.GRU(num_hiddens, input_size=num_inputs, dtype=self.dtype), "gru")

    def lstm_layer(self, num_inputs, num_hiddens):
        return recurrent(
            gluon.rnn.LSTM(num_hiddens, input_size=num_inputs, dtype=self.dtype), "lstm"
        )

    def network(self, **layers):
        return MxnetNetwork(self, layers)

    def trainer(self, network, learning_rate, weight_decay=0.0, bias_decay=0.0):
        return MxnetTrainer(network, learning_rate, weight_decay, bias_decay)


# --- networks ------------------------------------------------------------------


def recurrent(layer: Any, cell: str) -> tuple[Callable[..., Any], dict[str, Any]]:
    def recur(inputs: Any, state: State) -> tuple[Any, State]:
        if not state[0].size:  # an empty batch would end the process
            empty = (len(inputs), *state[0].shape)
            return nd.zeros(empty, dtype=state[0].dtype, ctx=state[0].context), state
        # Gluon's state is a list of arrays with an axis for stacked layers.
        hiddens, last = layer(inputs, [array.expand_dims(0) for array in state])
        return hiddens, tuple(array.reshape(state[0].shape) for array in last)

    own = (layer.l0_i2h_weight, layer.l0_h2h_weight, layer.l0_i2h_bias, layer.l0_h2h_bias)
    names = [[kind + gate for gate in GATES[cell]] for kind in ("W_x", "W_h", "b_", "b_h")]
    return recur, dict(zip(map(" ".join, names), own, strict=True))


class MxnetNetwork(Network):
    """An array that joins the parameters of several gates has all their names, with spaces."""

    def __init__(self, backend: MxnetBackend, layers: dict[str, Any]) -> None:
        check_names(name for _, own in layers.values() for names in own for name in names.split())
        self.backend = backend
        self.layers = {name: layer for name, (layer, _) in layers.items()}
        self.parameters = {name: p for _, own in layers.values() for name, p in own.items()}
        for parameter in self.parameters.values():
            parameter.initialize(mx.init.Zero(), ctx=backend._context)

    def arrays(self) -> dict[str, Any]:
        """The parameters by canonical name, in Gluon's own shape: dense weights are (q, d)."""
        return {name: p.data() for name, p in self.parameters.items()}

    def __getitem__(self, name):
        return self.layers[name]

    def __call__(self, inputs):
        for layer in self.layers.values():
            inputs = layer(inputs)
        return inputs

    def read(self):
        return self.read_gradients(self.arrays())

    def load(self, weights):
        zeros = {name: np.zeros(array.shape) for name, array in self.read().items()}
        check_weights(weights, {name: array.shape for name, array in zeros.items()})
        given = {**zeros, **weights}
        for names, array in self.arrays().items():
            joined = np.concatenate([given[name] for name in names.split()], axis=-1)
            array[:] = self.backend.from_numpy(joined.T)

    def read_gradients(self, grads):
        canonical: dict[str, np.ndarray] = {}
        for names, grad in grads.items():
            parts = np.split(grad.asnumpy().T.copy(), len(names.split()), axis=-1)
            canonical |= zip(names.split(), parts, strict=True)
        return canonical


class MxnetTrainer(Trainer):
    def __init__(
        self, network: MxnetNetwork, learning_rate: float, weight_decay: float, bias_decay: float
    ) -> None:
        self.parameters = network.parameters
        self.trainers = []
        for axes, decay in ((2, weight_decay), (1, bias_decay)):
            group = {name: p for name, p in self.parameters.items() if len(p.shape) == axes}
            options = {"learning_rate": learning_rate, "wd": decay}
            if group:
                self.trainers.append(gluon.Trainer(group, "sgd", options, kvstore=None))

    def step(self, grads, batch_size):
        for name, parameter in self.parameters.items():
            if grads[name] is not parameter.grad():
                parameter.grad()[:] = grads[name]
        for trainer in self.trainers:
            trainer.step(batch_size)
