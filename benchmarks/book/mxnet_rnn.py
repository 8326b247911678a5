"""Character models of the first edition on MXNet.

The package's: `train_and_predict_rnn` and `train_and_predict_rnn_gluon` for an epoch each, with
everything that they call (`data_iter_consecutive`, `to_onehot`, `grad_clipping`, `sgd`), and
`RNNModel`. Glue: the recurrence and the zero state that they are given, and where the weights come
from. The Gluon function initialises the model that it trains and makes a new `Trainer` at every
call, so it gets a model whose `initialize` leaves the weights alone; the `Trainer` is in the time.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmarks.book.packages import d2lzh
from benchmarks.book.updates import updates
from benchmarks.programs import Given, Program, Results

SCRATCH = ("W_xh", "W_hh", "b_h", "W_hq", "b_q")
CONCISE = ("W_xh", "W_hh", "b_h", "b_hh", "W_hq", "b_q")


def context(device: str) -> Any:
    mx = d2lzh().mx
    return mx.gpu(0) if device == "cuda" else mx.cpu()


def tanh_rnn(nd: Any, inputs: Any, state: Any, params: Any) -> Any:
    """Step by step, as the chapter unrolls it."""
    W_xh, W_hh, b_h, W_hq, b_q = params
    (H,), outputs = state, []
    for X in inputs:
        H = nd.tanh(nd.dot(X, W_xh) + nd.dot(H, W_hh) + b_h)
        outputs.append(nd.dot(H, W_hq) + b_q)
    return outputs, (H,)


def scratch(given: Given, device: str, *cut: Any) -> Program:
    """cut: the text, batch size, steps, learning rate and norm to clip to."""
    book, ctx, (ids, n, T, learning_rate, clip_norm) = d2lzh(), context(device), cut
    nd, starts = book.nd, [given["weights"][name] for name in SCRATCH]
    q, h = starts[0].shape
    params = [nd.array(start, ctx=ctx) for start in starts]
    for param in params:
        param.attach_grad()

    def zero_state(batch_size: int, num_hiddens: int, ctx: Any) -> Any:
        return (nd.zeros((batch_size, num_hiddens), ctx=ctx),)

    def run() -> None:
        book.train_and_predict_rnn(
            partial(tanh_rnn, nd), lambda: params, zero_state, h, q, ctx, ids, (), {},
            False, 1, T, learning_rate, clip_norm, n, 2, 0, (),
        )  # fmt: skip

    def results() -> Results:
        for param, start in zip(params, starts, strict=True):
            param[:] = nd.array(start, ctx=ctx)
        run()
        return updates(SCRATCH, starts, [param.asnumpy() for param in params])

    return Program(run, nd.waitall, results)


def concise(given: Given, device: str, activation: str, *cut: Any) -> Program:
    book, ctx, (ids, n, T, learning_rate, clip_norm) = d2lzh(), context(device), cut
    nd, weights = book.nd, given["weights"]
    q, h = weights["W_xh"].shape

    class WithWeights(book.RNNModel):  # type: ignore[name-defined]
        def initialize(self, *args: Any, **kwargs: Any) -> None:
            """Keep those that are given."""

    layer = book.gluon.rnn.RNN(h, activation=activation, input_size=q)
    model = WithWeights(layer, q)
    book.nn.Block.initialize(model, ctx=ctx)
    model(nd.zeros((1, 1), ctx=ctx), model.begin_state(batch_size=1, ctx=ctx))  # makes the weights
    recurrent = (layer.l0_i2h_weight, layer.l0_h2h_weight, layer.l0_i2h_bias, layer.l0_h2h_bias)
    params = [*recurrent, model.dense.weight, model.dense.bias]
    starts = [weights.get(name, np.zeros_like(weights["b_h"])) for name in CONCISE]

    def begin() -> None:
        for param, start in zip(params, starts, strict=True):
            param.set_data(nd.array(start.T, ctx=ctx))

    def run() -> None:
        book.train_and_predict_rnn_gluon(
            model, h, q, ctx, ids, (), {}, 1, T, learning_rate, clip_norm, n, 2, 0, ()
        )

    def results() -> Results:
        begin()
        run()
        return updates(CONCISE, starts, [param.data().asnumpy().T for param in params])

    begin()
    return Program(run, nd.waitall, results)


def program(given: Given, device: str, activation: str | None, *cut: Any) -> Program:
    """activation: of the concise model; None: from scratch."""
    if activation is None:
        return scratch(given, device, *cut)
    return concise(given, device, activation, *cut)


def step(
    given: Given,
    device: str,
    learning_rate: float,
    clip_norm: float,
    activation: str | None = None,
) -> Program:
    """An epoch of a text that is one batch long."""
    n, length = given["rows"].shape
    ids = given["rows"].reshape(-1).tolist()
    return program(given, device, activation, ids, n, length - 1, learning_rate, clip_norm)


def epoch(
    given: Given,
    device: str,
    learning_rate: float,
    clip_norm: float,
    batch_size: int,
    num_steps: int,
    activation: str | None = None,
) -> Program:
    ids = given["ids"].tolist()
    cut = (ids, batch_size, num_steps, learning_rate, clip_norm)
    return program(given, device, activation, *cut)
