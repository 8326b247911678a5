"""Linear regression with weight decay on PyTorch, its gradient written out and applied in place."""

from __future__ import annotations

import numpy as np
import torch

from benchmarks.book.updates import updates
from benchmarks.programs import Given, Program, Results


def epoch(
    given: Given, device: str, batch_size: int, learning_rate: float, weight_decay: float
) -> Program:
    arrays, starts = (given["features"], given["labels"]), given["weights"].values()
    w, b = params = [torch.tensor(start, device=device) for start in starts]
    stream, step = np.random.default_rng(0), learning_rate / batch_size

    def train(order: np.ndarray) -> list[torch.Tensor]:
        batches = (torch.tensor(array[order], device=device).split(batch_size) for array in arrays)
        losses = []
        for X, y in zip(*batches, strict=True):
            errors = torch.addmm(b, X, w).sub_(y)
            squares = errors.square().sum()
            losses.append(squares.add_(w.square().sum(), alpha=weight_decay).div_(2))
            w.mul_(1 - step * weight_decay).addmm_(X.t(), errors, alpha=-step)
            b.sub_(errors.sum(0), alpha=step)
        return losses

    def results() -> Results:
        for param, start in zip(params, starts, strict=True):
            param.copy_(torch.tensor(start))
        losses = torch.stack(train(np.arange(len(arrays[0])))).cpu().numpy()
        after = [param.cpu().numpy() for param in params]
        return {"losses": losses, **updates(("w", "b"), [*starts], after)}

    synchronize = torch.cuda.synchronize if device == "cuda" else lambda: None
    return Program(lambda: train(stream.permutation(len(arrays[0]))), synchronize, results)
