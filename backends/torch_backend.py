"""PyTorch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

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
from backends.interface import Backend, Network, State, Trainer

ACTIVATIONS = {"tanh": torch.tanh, "relu": torch.relu}
RESETS = ("before", "after")

# The order in which torch joins the gates of a recurrent layer in one tensor.
GATES = {"rnn": "h", "gru": "rzh", "lstm": "ifco"}


def checked_ids(ids: torch.Tensor, size: int) -> torch.Tensor:
    # On a GPU an id out of range would end the process in a device-side assertion.
    if ids.numel():
        lowest, highest = torch.stack(torch.aminmax(ids)).tolist()
        check_ids(lowest, highest, size)
    return ids


def backward(loss: torch.Tensor) -> None:
    # torch.autograd.grad would pass over a graph that leads to none of the parameters given.
    try:
        loss.backward()
    except RuntimeError as error:
        if "backward through the graph a second time" not in str(error):
            raise
        raise InputError(
            "the state still belongs to the graph of the step before, which is freed: detach it"
        ) from None


@dataclass(frozen=True)
class TorchBackend(Backend):
    name = "torch"

    def __post_init__(self) -> None:
        check_device(self.device, self.devices(), "torch sees no CUDA GPU")
        has_tf32 = self.device == "cuda" and torch.cuda.is_tf32_supported()
        own = ("tf32",) if has_tf32 else ()
        check_choice("dtype", self.dtype, ("float32", "float64", *own))
        if self.device == "cuda":
            # For the whole process. cuDNN uses TF32 unless told not to, cuBLAS where the
            # environment says so; the setting above these three would leave such ones alone.
            precision = "tf32" if self.dtype == "tf32" else "ieee"
            libraries: Any = torch.backends
            for part in (libraries.cuda.matmul, libraries.cudnn.conv, libraries.cudnn.rnn):
                part.fp32_precision = precision

    @cached_property
    def _float(self) -> dict[str, Any]:
        dtype = torch.float64 if self.dtype == "float64" else torch.float32
        return {"dtype": dtype, "device": self.device}

    @classmethod
    def version(cls):
        return str(torch.__version__)  # not a class of torch's, for who reads it elsewhere

    @classmethod
    def devices(cls):
        return ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",)

    def num_threads(self):
        return torch.get_num_threads()

    def synchronize(self):
        if self.device == "cuda":
            torch.cuda.synchronize()

    def seed(self, seed):
        torch.manual_seed(seed)

    # --- arrays --------------------------------------------------------------

    def from_numpy(self, array):
        # A copy in NumPy first: torch takes no negative strides, and Python's floats as float32.
        array = torch.from_numpy(np.array(array, order="C"))
        if array.is_floating_point() or array.dtype == torch.bool:
            return array.to(**self._float)
        return array.to(torch.int64).to(self.device)

    def to_numpy(self, array):
        return array.detach().cpu().numpy().copy()

    def parameters(self, weights):
        return {name: self.from_numpy(weight) for name, weight in weights.items()}

    def detach(self, state):
        return tuple(array.detach() for array in state)

    def zeros(self, shape):
        return torch.zeros(tuple(shape), **self._float)

    def one_hot(self, ids, size):
        return F.one_hot(checked_ids(ids, size), size).to(**self._float)

    def concat(self, arrays, axis):
        return torch.cat(list(arrays), dim=axis)

    def take_rows(self, array, ids):
        return F.embedding(checked_ids(ids, array.shape[0]), array)

    def reshape(self, array, shape):
        return torch.reshape(array, tuple(shape))

    def argmax(self, array, axis):
        return torch.argmax(array, dim=axis)

    def sum(self, array):
        return torch.sum(array)

    def mean(self, array):
        return torch.mean(array)

    # --- model ---------------------------------------------------------------

    def linear(self, inputs, weight, bias=None):
        product = torch.matmul(inputs, weight)
        return product if bias is None else product + bias

    def relu(self, x):
        return torch.relu(x)

    def tanh(self, x):
        return torch.tanh(x)

    def sigmoid(self, x):
        return torch.sigmoid(x)

    def dropout(self, x, p, mask):
        check_probability(p)
        if p == 0:
            return x
        if p == 1:
            return torch.zeros_like(x)
        return mask * x / (1 - p)

    def random_dropout(self, x, p):
        check_probability(p)
        # F.dropout would multiply by 0, which keeps a NaN.
        return torch.zeros_like(x) if p == 1 else F.dropout(x, p)

    def rnn_step(self, inputs, state, params, activation="tanh"):
        check_choice("activation", activation, ACTIVATIONS)
        (h,) = state
        return (ACTIVATIONS[activation](self._gate("h", inputs, h, params)),)

    def rnn(self, inputs, state, params, activation="tanh"):
        check_choice("activation", activation, ACTIVATIONS)
        return self._unroll(self.rnn_step, inputs, state, params, activation)

    def gru_step(self, inputs, state, params, reset="before"):
        check_choice("reset", reset, RESETS)
        x, (h,), p = inputs, state, params
        r, z = (torch.sigmoid(self._gate(gate, x, h, p)) for gate in "rz")
        if reset == "before":
            candidate = torch.tanh(self._gate("h", x, r * h, p))
        else:
            hidden = h @ p["W_hh"] + p.get("b_hh", 0)
            candidate = torch.tanh(self._project("h", x, p) + r * hidden)
        return (z * h + (1 - z) * candidate,)

    def gru(self, inputs, state, params, reset="before"):
        check_choice("reset", reset, RESETS)
        return self._unroll(self.gru_step, inputs, state, params, reset)

    def lstm_step(self, inputs, state, params):
        x, (h, c), p = inputs, state, params
        i, f, o = (torch.sigmoid(self._gate(gate, x, h, p)) for gate in "ifo")
        c = f * c + i * torch.tanh(self._gate("c", x, h, p))
        return o * torch.tanh(c), c

    def lstm(self, inputs, state, params):
        return self._unroll(self.lstm_step, inputs, state, params)

    def _project(self, gate, inputs, params):
        """X W_x· + b_·, where ids, with one axis fewer, stand for one-hot rows and pick rows."""
        weight, bias = params[f"W_x{gate}"], params[f"b_{gate}"]
        if inputs.ndim < 2:
            return self.take_rows(weight, inputs) + bias
        return self.linear(inputs, weight, bias)

    def _gate(self, gate, inputs, h, params):
        """X W_x· + b_· + H W_h·."""
        return self._project(gate, inputs, params) + h @ params[f"W_h{gate}"]

    def _unroll(self, step, inputs, state, *args):
        hiddens = []
        for x in inputs.unbind():
            state = step(x, state, *args)
            hiddens.append(state[0])
        return torch.stack(hiddens) if hiddens else self.zeros((0, *state[0].shape)), state

    def rnn_output(self, hiddens, params):
        rows = hiddens.reshape(-1, params["W_hq"].shape[0])
        return self.linear(rows, params["W_hq"], params["b_q"])

    # --- losses --------------------------------------------------------------

    def squared_loss(self, predictions, targets):
        check_same_shape(predictions, targets)
        apart = predictions - targets
        squares = apart * apart / 2
        return squares if squares.ndim == 1 else squares.flatten(1).sum(1)

    def softmax_cross_entropy(self, logits, labels):
        # torch's default is the mean over the batch.
        return F.cross_entropy(logits, checked_ids(labels, logits.shape[1]), reduction="none")

    def l2_penalty(self, weight):
        return (weight * weight).sum() / 2

    def perplexity(self, losses):
        return torch.exp(torch.mean(losses))

    # --- optimisation --------------------------------------------------------

    def value_and_grad(self, objective, has_aux=False):
        def evaluate(params, *args):
            if isinstance(params, TorchNetwork):
                leaves = params.tensors()
                with params.training():
                    result = objective(params, *args)
            else:
                leaves = {name: p.detach().requires_grad_() for name, p in params.items()}
                result = objective(leaves, *args)
            loss = result[0] if has_aux else result
            for leaf in leaves.values():
                leaf.grad = None
            if loss.requires_grad:  # torch refuses a loss that no parameter reaches
                backward(loss)
            grads = {
                name: torch.zeros_like(leaf) if leaf.grad is None else leaf.grad
                for name, leaf in leaves.items()
            }
            loss = loss.detach()
            return ((loss, result[1]) if has_aux else loss), grads

        return evaluate

    def clip_gradients(self, grads, max_norm):
        check_max_norm(max_norm)
        # clip_grad_norm_ adds 1e-6 to the norm and spreads a NaN; vector_norm sums less exactly.
        norm = torch.stack([(grad * grad).sum() for grad in grads.values()]).sum().sqrt()
        if max_norm is not None:
            scale = torch.where(norm > max_norm, max_norm / norm, 1.0)
            for grad in grads.values():
                grad.mul_(scale)
        return grads, norm

    def sgd(self, params, grads, learning_rate, batch_size=1, weight_decay=0.0):
        step = learning_rate / batch_size
        for name, w in params.items():
            if weight_decay and w.ndim > 1:
                w.mul_(1 - step * weight_decay)
            w.sub_(grads[name], alpha=step)
        return params

    # --- layers --------------------------------------------------------------

    def dense_layer(self, num_inputs, num_outputs, weight="W", bias="b"):
        return nn.Linear(num_inputs, num_outputs, **self._float), {"weight": weight, "bias": bias}

    def dropout_layer(self, p):
        check_probability(p)
        return DropAll() if p == 1 else nn.Dropout(p), {}

    def rnn_layer(self, num_inputs, num_hiddens, activation):
        check_choice("activation", activation, ACTIVATIONS)
        layer = nn.RNN(num_inputs, num_hiddens, nonlinearity=activation, **self._float)
        return recurrent(layer, "rnn")

    def gru_layer(self, num_inputs, num_hiddens):
        return recurrent(nn.GRU(num_inputs, num_hiddens, **self._float), "gru")

    def lstm_layer(self, num_inputs, num_hiddens):
        return recurrent(nn.LSTM(num_inputs, num_hiddens, **self._float), "lstm")

    def network(self, **layers):
        return TorchNetwork(self, layers)

    def trainer(self, network, learning_rate, weight_decay=0.0, bias_decay=0.0):
        return TorchTrainer(network, learning_rate, weight_decay, bias_decay)


# --- networks ------------------------------------------------------------------


class DropAll(nn.Module):
    """Dropout with p = 1; nn.Dropout would multiply by 0, which keeps a NaN."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.zeros_like(x) if self.training else x


class Recurrent(nn.Module):
    """A recurrent layer whose state is a tuple of arrays without an axis for stacked layers."""

    def __init__(self, layer: nn.RNNBase) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, inputs: torch.Tensor, state: State) -> tuple[torch.Tensor, State]:
        stacked = tuple(array.unsqueeze(0).contiguous() for array in state)
        if len(stacked) > 1:
            hiddens, last = self.layer(inputs, stacked)
        else:
            hiddens, *last = self.layer(inputs, *stacked)
        return hiddens, tuple(array.squeeze(0) for array in last)

    def train(self, mode: bool = True) -> Recurrent:
        # cuDNN differentiates in training mode only, and nothing in this layer drops.
        return super().train(True)


def recurrent(layer: nn.RNNBase, cell: str) -> tuple[Recurrent, dict[str, str]]:
    module = Recurrent(layer)
    names = [[kind + gate for gate in GATES[cell]] for kind in ("W_x", "W_h", "b_", "b_h")]
    return module, dict(zip(module.state_dict(), map(" ".join, names), strict=True))


class TorchNetwork(Network):
    """A tensor that joins the parameters of several gates has all their names, with spaces."""

    def __init__(self, backend: TorchBackend, layers: dict[str, Any]) -> None:
        check_names(name for _, own in layers.values() for n in own.values() for name in n.split())
        self.backend = backend
        self.modules = nn.ModuleDict({name: module for name, (module, _) in layers.items()}).eval()
        self.canonical = {
            f"{layer}.{own}": name
            for layer, (_, names) in layers.items()
            for own, name in names.items()
        }
        for parameter in self.modules.parameters():
            nn.init.zeros_(parameter)

    @contextmanager
    def training(self) -> Iterator[None]:
        """Dropout layers drop."""
        self.modules.train()
        try:
            yield
        finally:
            self.modules.eval()

    def tensors(self) -> dict[str, torch.Tensor]:
        """The parameters by canonical name, in torch's own shape: dense weights are (q, d)."""
        return {self.canonical[own]: p for own, p in self.modules.named_parameters()}

    def __getitem__(self, name):
        return self.modules[name]

    def __call__(self, inputs):
        for layer in self.modules.values():
            inputs = layer(inputs)
        return inputs

    def read(self):
        return self.read_gradients(self.tensors())

    def load(self, weights):
        zeros = {name: np.zeros(array.shape) for name, array in self.read().items()}
        check_weights(weights, {name: array.shape for name, array in zeros.items()})
        given = {**zeros, **weights}
        with torch.no_grad():
            for names, p in self.tensors().items():
                joined = np.concatenate([given[name] for name in names.split()], axis=-1)
                p.copy_(self.backend.from_numpy(joined).t())

    def read_gradients(self, grads):
        canonical: dict[str, np.ndarray] = {}
        for names, grad in grads.items():
            parts = grad.t().chunk(len(names.split()), dim=-1)
            canonical |= zip(names.split(), map(self.backend.to_numpy, parts), strict=True)
        return canonical


class TorchTrainer(Trainer):
    def __init__(
        self, network: TorchNetwork, learning_rate: float, weight_decay: float, bias_decay: float
    ) -> None:
        self.tensors = network.tensors()
        weights = [p for p in self.tensors.values() if p.ndim > 1]
        biases = [p for p in self.tensors.values() if p.ndim == 1]
        groups = [(weights, weight_decay), (biases, bias_decay)]
        self.optimizer = torch.optim.SGD(
            [{"params": params, "weight_decay": decay} for params, decay in groups if params],
            lr=learning_rate,
        )

    def step(self, grads, batch_size):
        # torch's optimisers do not divide by the batch size.
        for name, p in self.tensors.items():
            p.grad = grads[name] / batch_size if batch_size != 1 else grads[name]
        self.optimizer.step()
