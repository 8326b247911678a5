"""MXNet 1.9.1 with its ndarray API and Gluon layers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info

from backends.errors import (
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
from backends.mxnet_import import import_mxnet
from backends.openblas_kernels import choose_openblas_kernels

choose_openblas_kernels()
mx = import_mxnet()
from mxnet import autograd, gluon, nd  # noqa: E402

# Without this a shape of () or with a 0 in it means "not known yet" to MXNet.
mx.util.set_np_shape(True)

ACTIVATIONS = {"tanh": nd.tanh, "relu": nd.relu}


def checked_ids(ids: Any, size: int) -> Any:
    # MXNet's own operators clip an id out of range, or return a row of zeros.
    if ids.size:
        values = ids.asnumpy()
        check_ids(int(values.min()), int(values.max()), size)
    return ids


@dataclass(frozen=True)
class MxnetBackend(Backend):
    name = "mxnet"

    def __post_init__(self) -> None:
        hint = "MXNet sees no GPU"
        if mx.context.num_gpus():
            hint = "its CUDA wheels hold code for compute capability 5.0, 6.0, 7.0, 8.0 and 8.6"
        check_device(self.device, self.devices(), hint)
        check_choice("dtype", self.dtype, ("float32", "float64"))

    @cached_property
    def _context(self) -> Any:
        return mx.gpu(0) if self.device == "cuda" else mx.cpu()

    @cached_property
    def _float(self) -> dict[str, Any]:
        return {"dtype": self.dtype, "ctx": self._context}

    @classmethod
    def version(cls):
        return mx.__version__

    @classmethod
    def devices(cls):
        if mx.context.num_gpus() == 0:
            return ("cpu",)
        try:
            (nd.ones((1,), ctx=mx.gpu(0)) + 1).asnumpy()
        except mx.MXNetError:  # a GPU that this wheel holds no code for
            return ("cpu",)
        return ("cpu", "cuda")

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
        product = nd.dot(inputs, weight)
        # The backward pass of broadcast_add would end the process on an empty batch.
        return nd.broadcast_add(product, bias) if bias is not None and product.size else product

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
            return nd.zeros_like(x)
        return mask * x / (1 - p)

    def random_dropout(self, x, p):
        check_probability(p)
        return nd.zeros_like(x) if p == 1 else nd.Dropout(x, p=p, mode="always")

    def _project(self, inputs, dense_ndim, params):
        """X W_xh + b_h, where ids stand for one-hot rows and pick rows of W_xh."""
        if inputs.ndim < dense_ndim:
            return nd.broadcast_add(self.take_rows(params["W_xh"], inputs), params["b_h"])
        return self.linear(inputs, params["W_xh"], params["b_h"])

    def rnn_step(self, inputs, state, params, activation="tanh"):
        check_choice("activation", activation, ACTIVATIONS)
        projected = self._project(inputs, 2, params)
        return (ACTIVATIONS[activation](projected + nd.dot(state[0], params["W_hh"])),)

    def rnn(self, inputs, state, params, activation="tanh"):
        check_choice("activation", activation, ACTIVATIONS)
        phi, w_hh, (h,), num_steps = ACTIVATIONS[activation], params["W_hh"], state, len(inputs)
        if num_steps == 0:
            return self.zeros((0, *h.shape)), state
        # The inputs of all steps are projected by one product outside the loop.
        projected = self._project(inputs, 3, params)
        steps = nd.split(projected, num_steps, axis=0, squeeze_axis=True)
        hiddens = []
        for x in steps if num_steps > 1 else [steps]:  # a split into one is no list
            h = phi(x + nd.dot(h, w_hh))
            hiddens.append(h)
        return nd.stack(*hiddens, axis=0), (h,)

    def rnn_output(self, hiddens, params):
        rows = self.reshape(hiddens, (-1, params["W_hq"].shape[0]))
        return self.linear(rows, params["W_hq"], params["b_q"])

    # --- losses --------------------------------------------------------------

    def squared_loss(self, predictions, targets):
        check_same_shape(predictions, targets)
        squares = nd.square(predictions - targets) / 2
        return squares if squares.ndim == 1 else nd.sum(squares, axis=0, exclude=True)

    def softmax_cross_entropy(self, logits, labels):
        checked_ids(labels, logits.shape[1])
        # log p_y = log p_m + o_y − o_m, where o_m is the largest logit and p_m ≥ 1/q.
        # log_softmax, by MKL-DNN, is wrong by 4e-6, and the gradients of a recurrent model by 7e-5.
        top, p = nd.argmax(logits, axis=-1), nd.softmax(logits, axis=-1)
        return nd.pick(logits, top) - nd.pick(logits, labels) - nd.log(nd.pick(p, top))

    def l2_penalty(self, weight):
        return self.sum(nd.square(weight)) / 2

    def perplexity(self, losses):
        return nd.exp(self.mean(losses))

    # --- optimisation --------------------------------------------------------

    def value_and_grad(self, objective, has_aux=False):
        def evaluate(params, *args):
            is_network = isinstance(params, MxnetNetwork)
            variables = params.arrays() if is_network else params
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
        return layer, {weight: layer.weight, bias: layer.bias}

    def dropout_layer(self, p):
        check_probability(p)
        if p == 1:  # Gluon's layer would divide by 1 − p
            return (lambda x: nd.zeros_like(x) if autograd.is_training() else x), {}
        return gluon.nn.Dropout(p), {}

    def rnn_layer(self, num_inputs, num_hiddens, activation):
        check_choice("activation", activation, ACTIVATIONS)
        layer = gluon.rnn.RNN(num_hiddens, 1, activation, input_size=num_inputs, dtype=self.dtype)

        def recur(inputs: Any, state: Any) -> Any:
            # Gluon's state is a list of arrays with an axis for stacked layers.
            hiddens, (last,) = layer(inputs, [state[0].expand_dims(0)])
            return hiddens, (last.reshape(state[0].shape),)

        own = (layer.l0_i2h_weight, layer.l0_h2h_weight, layer.l0_i2h_bias, layer.l0_h2h_bias)
        return recur, dict(zip(("W_xh", "W_hh", "b_h", "b_hh"), own, strict=True))

    def network(self, **layers):
        return MxnetNetwork(self, layers)

    def trainer(self, network, learning_rate, weight_decay=0.0, bias_decay=0.0):
        return MxnetTrainer(network, learning_rate, weight_decay, bias_decay)


class MxnetNetwork(Network):
    def __init__(self, backend: MxnetBackend, layers: dict[str, Any]) -> None:
        check_names(name for _, own in layers.values() for name in own)
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
        shapes = {name: p.shape[::-1] for name, p in self.parameters.items()}
        check_weights(weights, shapes)
        for name, array in self.arrays().items():
            array[:] = self.backend.from_numpy(weights[name].T) if name in weights else 0

    def read_gradients(self, grads):
        return {name: grad.asnumpy().T.copy() for name, grad in grads.items()}


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
