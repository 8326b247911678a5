"""Linear regression with weight decay of the second edition on PyTorch.

The package's: `load_array`, `linreg`, `squared_loss` and `sgd`. Glue: the loop over them with the
penalty, which its chapter writes out.
"""

from __future__ import annotations

from typing import Any

import torch

from benchmarks.book.packages import d2l
from benchmarks.book.torch_rnn import synchronizer
from benchmarks.book.updates import updates
from benchmarks.programs import Given, Program, Results

NAMES = ("w", "b")


def epoch(
    given: Given, device: str, batch_size: int, learning_rate: float, weight_decay: float
) -> Program:
    book, starts = d2l(), [given["weights"][name] for name in NAMES]
    # In the order of the first epoch, for the one whose results are compared.
    arrays = [torch.tensor(given[name]).to(device) for name in ("features", "labels")]
    shuffled = book.load_array(arrays, batch_size)
    in_order = book.load_array(arrays, batch_size, is_train=False)
    w, b = params = [torch.tensor(start, device=device, requires_grad=True) for start in starts]

    def train(batches: Any) -> None:
        for X, y in batches:
            losses = book.squared_loss(book.linreg(X, w, b), y)
            losses = losses + weight_decay * (torch.sum(w.pow(2)) / 2)
            losses.sum().backward()
            book.sgd(params, learning_rate, batch_size)

    def results() -> Results:
        with torch.no_grad():
            for param, start in zip(params, starts, strict=True):
                param.copy_(torch.tensor(start))
        train(in_order)
        return updates(NAMES, starts, [param.detach().cpu().numpy() for param in params])

    return Program(lambda: train(shuffled), synchronizer(device), results)
