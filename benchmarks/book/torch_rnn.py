"""Character models of the second edition on PyTorch.

The package's: `train_epoch_ch8` with everything that it calls (`grad_clipping`, `Accumulator`,
`Timer`, the state's detachment), `RNNModelScratch`, `RNNModel`, `sgd`, `seq_data_iter_sequential`.
Glue: the recurrence that `RNNModelScratch` is given, zero states, and where the weights come from.

`train_epoch_ch8` clips to a norm of 1. To clip to θ it is given the loss / θ, which has the
gradients / θ, and the learning rate η θ: the updates are the same. log q is taken off the loss,
which changes no gradient, since the exponential of it that the epoch returns would overflow.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from itertools import count
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.book.packages import d2l
from benchmarks.book.updates import updates
from benchmarks.programs import Given, Program, Results

SCRATCH = ("W_xh", "W_hh", "b_h", "W_hq", "b_q")
CONCISE = ("W_xh", "W_hh", "b_h", "b_hh", "W_hq", "b_q")


def tanh_rnn(inputs: Any, state: Any, params: Any) -> Any:
    """Step by step, as the chapter unrolls it."""
    W_xh, W_hh, b_h, W_hq, b_q = params
    (H,), outputs = state, []
    for X in inputs:
        H = torch.tanh(torch.mm(X, W_xh) + torch.mm(H, W_hh) + b_h)
        outputs.append(torch.mm(H, W_hq) + b_q)
    return torch.cat(outputs, dim=0), (H,)


def zero_state(batch_size: int, num_hiddens: int, device: Any) -> Any:
    return (torch.zeros((batch_size, num_hiddens), device=device),)


class Sequential:
    """An epoch of a text, as `SeqDataLoader` iterates over the book's."""

    def __init__(self, ids: np.ndarray, batch_size: int, num_steps: int) -> None:
        self.ids, self.batch_size, self.num_steps = ids.tolist(), batch_size, num_steps
        # The iterator starts at a random character; these seeds let it start at the first.
        seeds = (s for s in count() if random.Random(s).randint(0, num_steps) == 0)
        self.seed_of_first = next(seeds)

    def __iter__(self) -> Any:
        return d2l().seq_data_iter_sequential(self.ids, self.batch_size, self.num_steps)


def scratch_net(given: Given, device: str) -> tuple[Any, list[Any]]:
    weights = given["weights"]
    params = [torch.tensor(weights[name], device=device, requires_grad=True) for name in SCRATCH]
    q, h = weights["W_xh"].shape
    net = d2l().RNNModelScratch(q, h, device, lambda *sizes: params, zero_state, tanh_rnn)
    return net, params


def concise_net(given: Given, device: str, activation: str) -> tuple[Any, list[Any]]:
    q, h = given["weights"]["W_xh"].shape
    net = d2l().RNNModel(nn.RNN(q, h, nonlinearity=activation), q).to(device)
    rnn, linear = net.rnn, net.linear
    params = (rnn.weight_ih_l0, rnn.weight_hh_l0, rnn.bias_ih_l0, rnn.bias_hh_l0)
    return net, [*params, linear.weight, linear.bias]


def program(
    given: Given,
    device: str,
    learning_rate: float,
    clip_norm: float,
    batches: Iterable[Any],
    activation: str | None,
) -> Program:
    """activation: of the concise model; None: from scratch."""
    book, weights = d2l(), given["weights"]
    if activation is None:
        net, params = scratch_net(given, device)
    else:
        net, params = concise_net(given, device, activation)
    names: tuple[str, ...] = SCRATCH if activation is None else CONCISE
    starts = [weights.get(name, np.zeros_like(weights["b_h"])) for name in names]
    # Layers hold their weights as (outputs, inputs).
    turn = np.asarray if activation is None else np.transpose
    cross_entropy, log_q = nn.CrossEntropyLoss(), math.log(len(weights["b_q"]))
    rate = learning_rate * clip_norm

    def loss(outputs: Any, labels: Any) -> Any:
        return (cross_entropy(outputs, labels) - log_q) / clip_norm

    updater: Any
    if activation is None:

        def updater(batch_size: int) -> None:
            book.sgd(params, rate, batch_size)
    else:
        updater = torch.optim.SGD(params, rate)

    def run() -> Any:
        return book.train_epoch_ch8(net, batches, loss, updater, device, use_random_iter=False)

    def begin() -> None:
        with torch.no_grad():
            for param, start in zip(params, starts, strict=True):
                param.copy_(torch.tensor(turn(start)))
                param.grad = None

    def results() -> Results:
        begin()
        if isinstance(batches, Sequential):
            random.seed(batches.seed_of_first)
        run()
        after = [turn(param.detach().cpu().numpy()) for param in params]
        return updates(names, starts, after)

    begin()
    return Program(run, synchronizer(device), results)


def synchronizer(device: str) -> Any:
    return torch.cuda.synchronize if device == "cuda" else lambda: None


def step(
    given: Given,
    device: str,
    learning_rate: float,
    clip_norm: float,
    activation: str | None = None,
) -> Program:
    """An epoch of the one given batch."""
    rows = torch.tensor(given["rows"])
    batches = [(rows[:, :-1], rows[:, 1:])]
    return program(given, device, learning_rate, clip_norm, batches, activation)


def epoch(
    given: Given,
    device: str,
    learning_rate: float,
    clip_norm: float,
    batch_size: int,
    num_steps: int,
    activation: str | None = None,
) -> Program:
    batches = Sequential(given["ids"], batch_size, num_steps)
    return program(given, device, learning_rate, clip_norm, batches, activation)
