"""Linear regression with weight decay on PyTorch, its gradient written out and applied in place."""

from __future__ import annotations

import numpy as np
import torch

from benchmarks.book.torch_rnn import synchronizer
from benchmarks.book.updates import updates
from benchmarks.programs import Given, Program, Results


def epoch(
    given: Given, device: str, batch_size: int, learning_rate: float, weight_decay: float
) -> Program:
    arrays, starts = (given["features"], given["labels"][:, 0]), given["weights"].values()
    w, b = params = [torch.tensor(start.ravel(), device=device) for start in starts]
    stream, step = np.random.default_rng(0), learning_rate / batch_size

    def train(order: np.ndarray) -> torch.Tensor:
        batches = (torch.tensor(array[order], device=device).split(batch_size) for array in arrays)
        squares, norms = [], []
        for X, y in zip(*batches, strict=True):
            errors = torch.addmv(b, X, w).sub_(y)
            squares.append(torch.dot(errors, errors))
            norms.append(torch.dot(w, w))
            # By a number mul_ takes twice as long as sub_, which has it as a factor.
            w.sub_(w, alpha=step * weight_decay).addmv_(X.t(), errors, alpha=-step)
            b.sub_(errors.sum(), alpha=step)
        return torch.stack(squares).add_(torch.stack(norms), alpha=weight_decay).div_(2)

    def results() -> Results:
        for param, start in zip(params, starts, strict=True):
            param.copy_(torch.tensor(start.ravel()))
        losses = train(np.arange(len(arrays[0]))).cpu().numpy()
        moved = zip(params, starts, strict=True)
        after = [param.cpu().numpy().reshape(start.shape) for param, start in moved]
        return {"losses": losses, **updates(("w", "b"), [*starts], after)}

    return Program(lambda: train(stream.permutation(len(arrays[0]))), synchronizer(device), results)
