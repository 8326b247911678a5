"""A baseline: one epoch of the scratch RNN written directly in torch, without the interface."""

from __future__ import annotations

import torch
from torch.nn import functional as F


def epoch(params, batches, zero_state, learning_rate, clip_norm):
    """The same mathematics as `experiments.rnn` on the torch backend → the loss of every step."""
    w_xh, w_hh, b_h, w_hq, b_q = params.values()
    losses = []
    for inputs, labels in batches:
        inputs, labels = torch.tensor(inputs), torch.tensor(labels)
        leaves = [p.detach().requires_grad_() for p in (w_xh, w_hh, b_h, w_hq, b_q)]
        x_w, h_w, h_b, q_w, q_b = leaves
        h, hiddens = zero_state.detach(), []
        for projected in (F.embedding(inputs, x_w) + h_b).unbind():
            h = torch.tanh(torch.addmm(projected, h, h_w))
            hiddens.append(h)
        logits = torch.addmm(q_b, torch.stack(hiddens).reshape(-1, h_w.shape[0]), q_w)
        loss = F.cross_entropy(logits, labels, reduction="none").mean()
        grads = torch.autograd.grad(loss, leaves)
        norm = torch.stack([(grad * grad).sum() for grad in grads]).sum().sqrt()
        scale = torch.where(norm > clip_norm, clip_norm / norm, 1.0)
        for p, grad in zip(params.values(), grads, strict=True):
            p.sub_(grad.mul_(scale), alpha=learning_rate)
        losses.append(loss.detach())
    return [float(loss) for loss in losses]
