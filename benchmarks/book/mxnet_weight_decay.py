"""Linear regression with weight decay of the first edition on MXNet.

The package's: `data_iter`, `linreg`, `squared_loss` and `sgd`. Glue: the loop over them with the
penalty, which its chapter writes out. The chapter reads by Gluon's `DataLoader`; `data_iter`, of
the chapter on linear regression, is the package's own.
"""

from __future__ import annotations

import random

import numpy as np

from benchmarks.book.mxnet_rnn import context
from benchmarks.book.packages import d2lzh
from benchmarks.book.updates import updates
from benchmarks.programs import Given, Program, Results

NAMES = ("w", "b")
SEED = 0


def epoch(
    given: Given, device: str, batch_size: int, learning_rate: float, weight_decay: float
) -> Program:
    book, ctx = d2lzh(), context(device)
    nd, starts = book.nd, [given["weights"][name] for name in NAMES]
    # Placed so that the iterator's shuffle by this seed brings them into the order of the case.
    shuffled = list(range(len(given["features"])))
    random.Random(SEED).shuffle(shuffled)
    places = np.argsort(shuffled)
    X_all, y_all = (nd.array(given[name][places], ctx=ctx) for name in ("features", "labels"))
    w, b = params = [nd.array(start, ctx=ctx) for start in starts]
    for param in params:
        param.attach_grad()

    def run() -> None:
        for X, y in book.data_iter(batch_size, X_all, y_all):
            with book.autograd.record():
                losses = book.squared_loss(book.linreg(X, w, b), y)
                losses = losses + weight_decay * ((w**2).sum() / 2)
            losses.backward()
            book.sgd(params, learning_rate, batch_size)

    def results() -> Results:
        for param, start in zip(params, starts, strict=True):
            param[:] = nd.array(start, ctx=ctx)
        random.seed(SEED)
        run()
        return updates(NAMES, starts, [param.asnumpy() for param in params])

    return Program(run, nd.waitall, results)
