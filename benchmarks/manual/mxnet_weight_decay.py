"""Linear regression with weight decay on MXNet, its gradient written out and applied in place."""

from __future__ import annotations

from typing import Any

import numpy as np

from backends.mxnet_backend import mx, nd
from benchmarks.book.updates import updates
from benchmarks.programs import Given, Program, Results


def epoch(
    given: Given, device: str, batch_size: int, learning_rate: float, weight_decay: float
) -> Program:
    ctx = mx.gpu() if device == "cuda" else mx.cpu()
    arrays, starts = (given["features"], given["labels"]), given["weights"].values()
    w, b = params = [nd.array(start, ctx=ctx) for start in starts]
    stream, step = np.random.default_rng(0), learning_rate / batch_size

    def train(order: np.ndarray) -> list[Any]:
        features, labels = (nd.array(array[order], ctx=ctx) for array in arrays)
        losses = []
        for first in range(0, len(order), batch_size):
            rows = slice(first, first + batch_size)
            X, y = features[rows], labels[rows]
            errors = nd.dot(X, w) + b - y
            penalty = weight_decay * nd.square(w).sum()
            losses.append((nd.square(errors).sum() + penalty) / 2)
            slope = nd.dot(X, errors, transpose_a=True)
            nd.sgd_update(w, slope, lr=step, wd=weight_decay, out=w)
            nd.sgd_update(b, errors.sum(axis=0), lr=step, out=b)
        return losses

    def results() -> Results:
        for param, start in zip(params, starts, strict=True):
            param[:] = nd.array(start, ctx=ctx)
        losses = [loss.asscalar() for loss in train(np.arange(len(arrays[0])))]
        after = [param.asnumpy() for param in params]
        return {"losses": np.array(losses), **updates(("w", "b"), [*starts], after)}

    return Program(lambda: train(stream.permutation(len(arrays[0]))), nd.waitall, results)
