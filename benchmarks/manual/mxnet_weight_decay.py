"""Linear regression with weight decay on MXNet, its gradient written out and applied in place."""

from __future__ import annotations

from typing import Any

import numpy as np

from backends.mxnet_backend import nd
from backends.mxnet_devices import context_of
from benchmarks.book.updates import updates
from benchmarks.programs import Given, Program, Results


def epoch(
    given: Given, device: str, batch_size: int, learning_rate: float, weight_decay: float
) -> Program:
    ctx = context_of(device)
    arrays, starts = (given["features"], given["labels"][:, 0]), given["weights"].values()
    w, b = params = [nd.array(start.ravel(), ctx=ctx) for start in starts]
    stream, step = np.random.default_rng(0), learning_rate / batch_size
    rates = {"lrs": (step, step), "wds": (weight_decay, 0.0)}

    def train(order: np.ndarray) -> Any:
        features, labels = (nd.array(array[order], ctx=ctx) for array in arrays)
        squares, norms = [], []
        for first in range(0, len(order), batch_size):
            rows = slice(first, first + batch_size)
            X, y = features[rows], labels[rows]
            errors = nd.dot(X, w) + b - y
            squares.append(nd.dot(errors, errors))
            norms.append(nd.dot(w, w))
            slopes = nd.dot(errors, X), errors.sum(axis=0, keepdims=True)
            nd.multi_sgd_update(w, slopes[0], b, slopes[1], num_weights=2, out=params, **rates)
        return (nd.concat(*squares, dim=0) + weight_decay * nd.concat(*norms, dim=0)) / 2

    def results() -> Results:
        for param, start in zip(params, starts, strict=True):
            param[:] = nd.array(start.ravel(), ctx=ctx)
        losses = train(np.arange(len(arrays[0]))).asnumpy()
        moved = zip(params, starts, strict=True)
        after = [param.asnumpy().reshape(start.shape) for param, start in moved]
        return {"losses": losses, **updates(("w", "b"), [*starts], after)}

    return Program(lambda: train(stream.permutation(len(arrays[0]))), nd.waitall, results)
