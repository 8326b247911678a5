"""Functions for torch's graph with a backward of their own; none can be differentiated twice.

The times given are medians on 2 cores of a Xeon at 2.8 GHz, of the book's RNN on lyrics (batch 32,
35 steps, 256 hidden units, vocabulary 1,027) unless another size is named.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch.autograd import Function
from torch.autograd.function import once_differentiable

tanh_backward = torch.ops.aten.tanh_backward.grad_input
threshold_backward = torch.ops.aten.threshold_backward.grad_input


class Recurrence(Function):
    """H_t = φ(X_t + H_{t−1} W_hh) over a sequence, where X_t is projected: (T, n, h) → (T, n, h).

    A node of the graph for each step would make 35 products for the gradient of W_hh.
    """

    @staticmethod
    def forward(
        ctx: Any, projected: torch.Tensor, h: torch.Tensor, w_hh: torch.Tensor, activation: str
    ) -> torch.Tensor:
        hiddens = torch.cat((h.unsqueeze(0), projected))
        steps = hiddens.unbind()
        for before, here in pairwise(steps):
            here.addmm_(before, w_hh)
            if activation == "tanh":
                here.tanh_()
            else:
                here.relu_()
        ctx.save_for_backward(hiddens, w_hh)
        ctx.activation = activation
        return hiddens[1:]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[Any, ...]:
        hiddens, w_hh = ctx.saved_tensors
        # A copy: small products with a transposed factor take twice as long on two threads.
        back = w_hh.t().contiguous()
        slopes = grad.new_empty(grad.shape)
        states, steps, grads = hiddens[1:].unbind(), slopes.unbind(), grad.unbind()
        through = grads[-1]
        for t in reversed(range(len(steps))):
            # by X_t + H_{t−1} W_hh
            if ctx.activation == "tanh":
                tanh_backward(through, states[t], grad_input=steps[t])
            else:
                threshold_backward(through, states[t], 0, grad_input=steps[t])
            if t:
                through = torch.addmm(grads[t - 1], steps[t], back)
        d_h = steps[0] @ back if ctx.needs_input_grad[1] else None
        d_w_hh = None
        if ctx.needs_input_grad[2]:
            d_w_hh = hiddens[:-1].flatten(0, 1).t() @ slopes.flatten(0, 1)
        return slopes, d_h, d_w_hh, None


class CrossEntropy(Function):
    """−log softmax(o)_y of every row; torch's own makes two more matrices of the logits' size."""

    @staticmethod
    def forward(ctx: Any, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        logs, column = torch.log_softmax(logits, 1), labels.unsqueeze(1)
        ctx.save_for_backward(logs, column)
        return -logs.gather(1, column).squeeze(1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor, None]:
        # In place: whoever comes here twice gets torch's error about a changed tensor.
        logs, column = ctx.saved_tensors
        slopes = logs.exp_()
        slopes.scatter_add_(1, column, slopes.new_full((), -1).expand_as(column))
        return slopes.mul_(grad.unsqueeze(1)), None
