"""A baseline: the scratch RNN trained directly in torch, without the interface."""

from __future__ import annotations

import torch
from torch.nn import functional as F


def epoch(params, batches, zero_state, learning_rate, clip_norm):
    """One epoch of the mathematics of `experiments.rnn` on torch → the loss of every step."""
    losses = []
    for inputs, labels in batches:
        inputs, labels = torch.from_numpy(inputs), torch.from_numpy(labels)
        leaves = [p.detach().requires_grad_() for p in params.values()]
        w_xh, w_hh, b_h, w_hq, b_q = leaves
        h, hiddens = zero_state.detach(), []
        for projected in (F.embedding(inputs, w_xh) + b_h).unbind():
            h = torch.tanh(torch.addmm(projected, h, w_hh))
            hiddens.append(h)
        logits = torch.addmm(b_q, torch.stack(hiddens).reshape(-1, w_hh.shape[0]), w_hq)
        loss = F.cross_entropy(logits, labels, reduction="none").mean()
        grads = torch.autograd.grad(loss, leaves)
        norm = torch.stack([(grad * grad).sum() for grad in grads]).sum().sqrt()
        scale = torch.where(norm > clip_norm, clip_norm / norm, 1.0)
        for p, grad in zip(params.values(), grads, strict=True):
            p.sub_(grad.mul_(scale), alpha=learning_rate)
        losses.append(loss.detach())
    return losses
