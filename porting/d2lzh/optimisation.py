"""The linear model, its loss and the update that the book writes out."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor


def linreg(X: Tensor, w: Tensor, b: Tensor) -> Tensor:
    """X w + b for X (n, d), w (d, k) and b (k,) or (1,); shape (n, k)."""
    return X @ w + b


def squared_loss(y_hat: Tensor, y: Tensor) -> Tensor:
    """(ŷ − y)² / 2 elementwise, in the shape of ŷ; y may have another shape of the same size."""
    return (y_hat - y.reshape(y_hat.shape)) ** 2 / 2


@torch.no_grad()
def sgd(params: Iterable[Tensor], lr: float, batch_size: int) -> None:
    """w ← w − η ∇w / |B| in place.

    The gradients stay, as in the original. MXNet's `backward` overwrites them and torch's adds to
    them: clear them before the next `backward`. A parameter without a gradient keeps its value.
    """
    for param in params:
        if param.grad is not None:
            param -= lr * param.grad / batch_size


@torch.no_grad()
def grad_clipping(
    params: Iterable[Tensor], theta: float | None, device: torch.device | str
) -> None:
    """∇ ← ∇ · θ / ‖∇‖ in place if ‖∇‖ > θ, with the norm over all gradients; None does nothing.

    `torch.nn.utils.clip_grad_norm_` adds 1e-6 to the norm and spreads a NaN; this does neither.
    """
    if theta is None:
        return
    grads = [param.grad for param in params if param.grad is not None]
    squares = torch.zeros((), device=device)
    for grad in grads:
        squares += (grad**2).sum().to(device)
    norm = squares.sqrt().item()
    if norm > theta:
        for grad in grads:
            grad *= theta / norm
