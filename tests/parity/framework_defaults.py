"""Differences of the frameworks' own functions, which backends/ hides from experiments.

Keywords of `pinned.Pinned`; each measures MXNet and torch directly.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backends.interface import Backend

NAN, INF = float("nan"), float("inf")


def by_name(**measures: Callable[[], Any]) -> Callable[[Backend], Any]:
    return lambda k: np.asarray(measures[k.name]())


def mxnet() -> Any:
    from backends import mxnet_backend

    return mxnet_backend.mx


def clipped_by_gluon(grads: list[float], max_norm: float) -> Any:
    mx = mxnet()
    array = mx.nd.array(grads)
    mx.gluon.utils.clip_global_norm([array], max_norm, check_isfinite=False)
    return array.asnumpy()


def clipped_by_torch(grads: list[float], max_norm: float) -> Any:
    import torch

    parameter = torch.zeros(len(grads))
    parameter.grad = torch.tensor(grads)
    torch.nn.utils.clip_grad_norm_([parameter], max_norm)
    return parameter.grad.numpy()


def gluon_loss(name: str, *arrays: Any) -> Any:
    mx = mxnet()
    return getattr(mx.gluon.loss, name)()(*(mx.nd.array(a) for a in arrays)).asnumpy()


def torch_loss(name: str, *arrays: Any) -> Any:
    import torch

    return getattr(torch.nn, name)()(*map(torch.tensor, arrays)).numpy()


def gluon_step() -> Any:
    """A weight and a bias of 1 with gradient 4, after a step of rate ¼ with wd 1 and |B| = 2."""
    mx = mxnet()
    layer = mx.gluon.nn.Dense(1, in_units=1)
    layer.initialize(mx.init.One())
    layer.bias.set_data(mx.nd.ones((1,)))
    trainer = mx.gluon.Trainer(layer.collect_params(), "sgd", {"learning_rate": 0.25, "wd": 1.0})
    with mx.autograd.record():
        loss = 4 * layer(mx.nd.ones((1, 1)))
    loss.backward()
    trainer.step(2)
    return [layer.weight.data().asnumpy().item(), layer.bias.data().asnumpy().item()]


def torch_step() -> Any:
    import torch

    layer = torch.nn.Linear(1, 1)
    for parameter in layer.parameters():
        torch.nn.init.ones_(parameter)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.25, weight_decay=1.0)
    (4 * layer(torch.ones(1, 1))).sum().backward()
    optimizer.step()
    return [layer.weight.item(), layer.bias.item()]


def gluon_rnn() -> Any:
    mx = mxnet()
    layer = mx.gluon.rnn.RNN(1, input_size=1)
    layer.initialize(mx.init.One())
    return layer(mx.nd.array([[[64.0]]])).asnumpy().ravel()


def torch_rnn() -> Any:
    import torch

    layer = torch.nn.RNN(1, 1)
    for parameter in layer.parameters():
        torch.nn.init.ones_(parameter)
    return layer(torch.tensor([[[64.0]]]))[0].detach().numpy().ravel()


def gluon_embedding() -> Any:
    nd = mxnet().nd
    table, ids = nd.array([[1.0], [2.0], [3.0]]), nd.array([-1, 1, 7])
    return nd.Embedding(ids, table, 3, 1).asnumpy().ravel()


def torch_embedding() -> Any:
    import torch

    try:
        return torch.nn.functional.embedding(torch.tensor([7]), torch.ones(3, 1))
    except IndexError:
        return NAN


def gluon_one_hot() -> Any:
    nd = mxnet().nd
    return nd.one_hot(nd.array([7]), 3).asnumpy().ravel()


def torch_one_hot() -> Any:
    import torch

    try:
        return torch.nn.functional.one_hot(torch.tensor([7]), 3)
    except RuntimeError:
        return NAN


def gluon_dropout() -> Any:
    mx = mxnet()
    with mx.autograd.record():
        return mx.gluon.nn.Dropout(1)(mx.nd.array([1.0, 2.0])).asnumpy()


def torch_dropout() -> Any:
    import torch

    return torch.nn.Dropout(1)(torch.tensor([1.0, -2.0])).numpy()


TINY = [3 * 2.0**-24, 4 * 2.0**-24]
NORM = 5 * 2.0**-24
UNLIKELY = [[1e4, -1e4], [1e4, -1e4]], [1, 1]
APART = [[4.0, 2.0]], [[0.0, 0.0]]


def clipped_tiny(epsilon: float) -> list[float]:
    scale = float(np.float32(NORM / 2 / (NORM + epsilon)))
    return [grad * scale for grad in TINY]


DEFAULTS: list[dict[str, Any]] = [
    {
        "name": "an epsilon in the norm",
        "primitive": "clip_gradients",
        "measure": by_name(
            mxnet=lambda: clipped_by_gluon(TINY, NORM / 2),
            torch=lambda: clipped_by_torch(TINY, NORM / 2),
        ),
        "behaviours": {"mxnet": clipped_tiny(1e-8), "torch": clipped_tiny(1e-6)},
        "cause": "Gluon divides by the norm + 1e-8, torch by the norm + 1e-6; the book's rule, and "
        "every backend here, by the norm.",
        "source": "mxnet.gluon.utils.clip_global_norm; torch.nn.utils.clip_grad_norm_; book 6.4",
    },
    {
        "name": "clipping spreads a NaN",
        "primitive": "clip_gradients",
        "measure": by_name(
            mxnet=lambda: clipped_by_gluon([NAN, 4.0], 1.0),
            torch=lambda: clipped_by_torch([NAN, 4.0], 1.0),
        ),
        "behaviours": {"mxnet": [NAN, NAN], "torch": [NAN, NAN]},
        "cause": "Both multiply by θ / NaN; the book's `if norm > theta` is false for a NaN, and "
        "leaves the other gradients alone, as every backend here does.",
        "source": "mxnet.gluon.utils.clip_global_norm; torch.nn.utils.clip_grad_norm_; book 6.4",
    },
    {
        "name": "cross-entropy: a number or one per sample",
        "primitive": "softmax_cross_entropy",
        "measure": by_name(
            mxnet=lambda: gluon_loss("SoftmaxCrossEntropyLoss", *UNLIKELY),
            torch=lambda: torch_loss("CrossEntropyLoss", *UNLIKELY),
        ),
        "behaviours": {"mxnet": [2e4, 2e4], "torch": 2e4},
        "cause": "Gluon's losses keep the batch axis; torch's default reduction is the mean.",
        "source": "mxnet.gluon.loss.SoftmaxCrossEntropyLoss; torch.nn.CrossEntropyLoss, reduction",
    },
    {
        "name": "squared loss: with ½ or without",
        "primitive": "squared_loss",
        "measure": by_name(
            mxnet=lambda: gluon_loss("L2Loss", *APART), torch=lambda: torch_loss("MSELoss", *APART)
        ),
        "behaviours": {"mxnet": [5.0], "torch": 10.0},
        "cause": "Gluon's L2Loss is half the mean square of each sample, torch's MSELoss the mean "
        "square of all elements.",
        "source": "mxnet.gluon.loss.L2Loss; torch.nn.MSELoss",
    },
    {
        "name": "weight decay decays biases, and is not divided by the batch size",
        "primitive": "trainer",
        "measure": by_name(mxnet=gluon_step, torch=torch_step),
        "behaviours": {"mxnet": [0.25, 0.25], "torch": [-0.25, -0.25]},
        "cause": "w = b = 1, gradient 4, η = ¼, λ = 1. Gluon: 1 − ¼ (4 / 2 + 1 · 1), of the bias "
        "too, where only the gradient is divided by |B| = 2. torch: 1 − ¼ (4 + 1 · 1), and no |B|. "
        "The book's formula divides λ as well and spares biases.",
        "source": "mxnet.gluon.Trainer.step, rescale_grad; torch.optim.SGD; book 3.12",
    },
    {
        "name": "the activation of an RNN layer",
        "primitive": "rnn_layer",
        "measure": by_name(mxnet=gluon_rnn, torch=torch_rnn),
        "behaviours": {"mxnet": [64.0], "torch": [1.0]},
        "cause": "Gluon's default is ReLU, torch's tanh; `rnn_layer` has none.",
        "source": "mxnet.gluon.rnn.RNN(activation='relu'); torch.nn.RNN(nonlinearity='tanh')",
    },
    {
        "name": "rows of ids out of range",
        "primitive": "take_rows",
        "measure": by_name(mxnet=gluon_embedding, torch=torch_embedding),
        "behaviours": {"mxnet": [1.0, 2.0, 3.0], "torch": NAN},
        "cause": "MXNet takes the nearest row for −1 and 7 of 3; torch raises IndexError (NaN "
        "here). Every backend raises InputError.",
        "source": "mxnet.nd.Embedding, mode='clip' of take; torch.nn.functional.embedding",
    },
    {
        "name": "one-hot of an id out of range",
        "primitive": "one_hot",
        "measure": by_name(mxnet=gluon_one_hot, torch=torch_one_hot),
        "behaviours": {"mxnet": [0.0, 0.0, 0.0], "torch": NAN},
        "cause": "MXNet gives a row of zeros; torch raises RuntimeError (NaN here). Every backend "
        "raises InputError.",
        "source": "mxnet.nd.one_hot; torch.nn.functional.one_hot",
    },
    {
        "name": "dropout with p = 1",
        "primitive": "dropout_layer",
        "measure": by_name(mxnet=gluon_dropout, torch=torch_dropout),
        "behaviours": {"mxnet": [NAN, NAN], "torch": [0.0, -0.0]},
        "cause": "Gluon divides by 1 − p = 0; torch multiplies 1 and −2 by 0, which would keep a "
        "NaN too. The book, and every backend here, returns zeros.",
        "source": "mxnet: src/operator/nn/dropout-inl.h, mask · 1 / pkeep; torch: "
        "aten/src/ATen/native/Dropout.cpp, p == 1 → input · 0; book 3.13",
    },
]
