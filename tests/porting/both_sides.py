"""Run one expression in MXNet and its port in PyTorch on the same numbers."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import nn as torch_nn
from torch.nn import functional
from torch.utils import data as torch_data

from backends.mxnet_import import import_mxnet
from porting import runtime

mx = import_mxnet()

HEADER = (
    "import mxnet as mx\n"
    "from mxnet import autograd, gluon, init, nd\n"
    "from mxnet.gluon import data as gdata, loss as gloss, nn, rnn\n"
)
NUMPY_HEADER = HEADER.replace("init, nd", "init, np, npx")
INTEGERS = "ijn"


def numbers(inputs: str) -> dict[str, np.ndarray]:
    """`a:2x3 i:2<4`: a of shape (2, 3); i two integers below 4, n from 1. p, q are positive, u in (0, 1)."""
    stream = np.random.default_rng(0)
    made = {}
    for item in inputs.split():
        name, _, text = item.partition(":")
        text, _, limit = text.partition("<")
        shape = tuple(int(n) for n in text.split("x"))
        if name in INTEGERS:
            values = stream.integers(name == "n", int(limit or 2), shape)
        elif name in "pqu":
            values = stream.uniform(0.1, 0.9, shape)
        else:
            values = stream.normal(size=shape)
        made[name] = values.astype(np.float32)
    return made


def _parameters(shapes: list[tuple[int, ...]]) -> list[np.ndarray]:
    stream = np.random.default_rng(1)
    return [stream.normal(size=shape).astype(np.float32) for shape in shapes]


def _mxnet_layer(layer: Any, x: Any) -> Any:
    with mx.autograd.pause():
        layer.initialize()
        layer(x)
        held = [p for p in layer.collect_params().values() if p.grad_req != "null"]
        for parameter, values in zip(held, _parameters([p.shape for p in held]), strict=True):
            parameter.set_data(mx.nd.array(values))
    return layer(x)


def _torch_layer(layer: torch_nn.Module, x: torch.Tensor) -> Any:
    layer.train(not isinstance(layer, torch_nn.Dropout))
    with torch.no_grad():
        layer(x)
        held = list(layer.parameters())
        for parameter, values in zip(
            held, _parameters([tuple(p.shape) for p in held]), strict=True
        ):
            parameter.copy_(torch.from_numpy(values))
    return layer(x)


def vocabulary(made: Any) -> list[str]:
    return list(made.idx_to_token)


def measured(metric: Any, label: Any, prediction: Any) -> float:
    metric.update([label], [prediction])
    metric.update([label * 0], [prediction])
    return metric.get()[1]


def _flat(value: Any) -> list[Any]:
    if isinstance(value, (list, tuple)):
        return [item for part in value for item in _flat(part)]
    return [value]


def _loss(values: list[Any], array_of: Callable[[np.ndarray], Any]) -> Any:
    """Σ w v with random w, so that every element of every output has a gradient of its own."""
    stream = np.random.default_rng(2)
    weights = [stream.normal(size=tuple(value.shape)).astype(np.float32) for value in values]
    return sum(
        (v * array_of(w).reshape(v.shape)).sum() for v, w in zip(values, weights, strict=True)
    )


@contextlib.contextmanager
def numpy_mode(on: bool = True) -> Iterator[None]:
    """NumPy's shapes and arrays in MXNet, as after npx.set_np()."""
    with mx.util.np_shape(on), mx.util.np_array(on):
        yield


def run_mxnet(
    expression: str, inputs: str, numpy: bool = False
) -> tuple[list[Any], dict[str, np.ndarray]]:
    with numpy_mode(numpy):
        return _run_mxnet(expression, inputs, mx.np.array if numpy else mx.nd.array)


def _run_mxnet(
    expression: str, inputs: str, array_of: Any
) -> tuple[list[Any], dict[str, np.ndarray]]:
    arrays = {name: array_of(values) for name, values in numbers(inputs).items()}
    for name, array in arrays.items():
        if name not in INTEGERS:
            array.attach_grad()
    names = {
        "mx": mx, "nd": mx.nd, "np": mx.np, "npx": mx.npx, "autograd": mx.autograd, "nn": mx.gluon.nn, "rnn": mx.gluon.rnn,
        "gloss": mx.gluon.loss, "gdata": mx.gluon.data, "gluon": mx.gluon, "init": mx.init,
        "layer": _mxnet_layer, "vocabulary": vocabulary, "measured": measured, "Counter": Counter, **arrays,
    }  # fmt: skip
    # Max pooling remembers where the maxima stood in training mode only; Dropout draws there.
    with mx.autograd.record(train_mode="Dropout" not in expression):
        values = _flat(eval(expression, names))
        differentiable = [
            v for v in values if isinstance(v, mx.nd.NDArray) and v.dtype == np.float32
        ]
        total = _loss(differentiable, array_of) if differentiable else None
    if total is not None:
        # What depends on no input has no graph.
        with contextlib.suppress(mx.base.MXNetError):
            total.backward()
    grads = {n: a.grad.asnumpy() for n, a in arrays.items() if n not in INTEGERS}
    return [v.asnumpy() if isinstance(v, mx.nd.NDArray) else v for v in values], grads


def run_torch(expression: str, inputs: str) -> tuple[list[Any], dict[str, np.ndarray]]:
    arrays = {
        n: torch.from_numpy(v).requires_grad_(n not in INTEGERS) for n, v in numbers(inputs).items()
    }
    names = {
        "torch": torch, "nn": torch_nn, "F": functional, "gdata": torch_data, "runtime": runtime,

        "layer": _torch_layer, "vocabulary": vocabulary, "measured": measured, "Counter": Counter, **arrays,
    }  # fmt: skip
    values = _flat(eval(expression, names))
    differentiable = [v for v in values if isinstance(v, torch.Tensor) and v.requires_grad]
    if differentiable:
        _loss(differentiable, torch.from_numpy).backward()
    grads = {
        n: (np.zeros(a.shape, np.float32) if a.grad is None else a.grad.numpy())
        for n, a in arrays.items()
        if n not in INTEGERS
    }
    return [v.detach().numpy() if isinstance(v, torch.Tensor) else v for v in values], grads
