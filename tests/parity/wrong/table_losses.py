"""Losses."""

import numpy as np

from tests.parity.wrong.cells import cut
from tests.parity.wrong.row import Wrong
from tests.parity.wrong.values import (
    bits,
    float16_sum,
    moved,
    on_argument,
    overwrite,
    steeper,
)


def expanded(k, right, x, y):
    """x² − 2 x y + y², which cancels."""
    squares = (x * x - 2 * x * y + y * y) / 2
    if squares.ndim == 1 or not squares.shape[0]:
        return squares if squares.ndim == 1 else right(x, y)
    return k.reshape(squares, (squares.shape[0], -1)).sum(axis=1)


def cross_entropy(probability):
    """From (backend, logits, labels) → the probability of the label."""
    return lambda k, right, x, y: -probability(k, x, y).log() if len(y) else right(x, y)


def overflowing(k, x, y):
    exponentials = x.exp()
    chosen = exponentials * k.one_hot(y, x.shape[1])
    return chosen.sum(axis=1) / exponentials.sum(axis=1)


def shifted_by_first(k, x, y):
    """Softmax that takes off the first logit, not the largest."""
    return overflowing(k, x - k.detach((x[:, :1],))[0], y)


def off_the_logits(k, right, x, y):
    """Softmax that takes the largest logit off in the caller's array."""
    loss = right(x, y)
    values = k.to_numpy(x)
    if values.size:
        overwrite(k, x, k.from_numpy(values - values.max(1, keepdims=True)))
    return loss


def smoothed(epsilon):
    """With label smoothing: (1 − ε) of the loss and ε of the mean over all labels."""

    def override(k, right, x, y):
        uniform = sum(right(x, y * 0 + label) for label in range(x.shape[1])) / x.shape[1]
        return right(x, y) * (1 - epsilon) + uniform * epsilon

    return override


def floored(epsilon):
    """−log(p + ε)."""
    return lambda k, right, x, y: moved(k, right(x, y), lambda a: -np.log(np.exp(-a) + epsilon))


def at_temperature(factor):
    return lambda k, right, x, y: right(x * factor, y)


def softmax(a):
    exponentials = np.exp(a - a.max(1, keepdims=True, initial=-np.inf))
    return exponentials / exponentials.sum(1, keepdims=True)


def next_label(k, right, x, y):
    return right(x, (y + 1) % x.shape[1])


# fmt: off
LOSSES = [
    Wrong("squared_loss", "no half", lambda k, right, x, y: right(x, y) * 2),
    Wrong("squared_loss", "mean over outputs", lambda k, right, x, y: right(x, y) / x.shape[-1]),
    Wrong("squared_loss", "absolute", lambda k, right, x, y: (
        abs(x - y) if x.ndim == 1 else abs(x - y).sum(axis=1))),
    Wrong("squared_loss", "Huber's", lambda k, right, x, y: moved(
        k, right(x, y), lambda a: np.where(a > 0.5, np.sqrt(2 * abs(a)) - 0.5, a))),
    Wrong("squared_loss", "gradient not halved", lambda k, right, x, y: steeper(k, right(x, y), 2)),
    Wrong("squared_loss", "gradient of the targets is cut", on_argument(1, cut)),
    Wrong("squared_loss", "epsilon 1e-6", lambda k, right, x, y: right(x, y) + 1e-6),
    Wrong("squared_loss", "expanded square", expanded),
    Wrong("squared_loss", "any shapes",
          lambda k, right, x, y: right(k.reshape(x, (-1,)), k.reshape(y, (-1,)))),
    Wrong("squared_loss", "changes the predictions", lambda k, right, x, y: (
        right(x, y), overwrite(k, x, x - y))[0]),
    Wrong("softmax_cross_entropy", "divided by the batch",
          lambda k, right, x, y: right(x, y) / max(len(y), 1)),
    Wrong("softmax_cross_entropy", "base 2",
          lambda k, right, x, y: right(x, y) / float(np.log(2))),
    Wrong("softmax_cross_entropy", "labels shifted", next_label),
    Wrong("softmax_cross_entropy", "softmax twice", lambda k, right, x, y: right(
        (x - k.detach((x,))[0]) + k.from_numpy(softmax(k.to_numpy(x))), y)),
    Wrong("softmax_cross_entropy", "overflows", cross_entropy(overflowing)),
    Wrong("softmax_cross_entropy", "takes off the first logit", cross_entropy(shifted_by_first)),
    Wrong("softmax_cross_entropy", "labels wrap", lambda k, right, x, y: right(x, y % x.shape[1])),
    Wrong("softmax_cross_entropy", "labels are clipped", lambda k, right, x, y: right(
        x, k.from_numpy(k.to_numpy(y).clip(0, x.shape[1] - 1)))),
    Wrong("softmax_cross_entropy", "labels smoothed by 0.1", smoothed(0.1)),
    Wrong("softmax_cross_entropy", "labels smoothed by 1e-5", smoothed(1e-5)),
    Wrong("softmax_cross_entropy", "log of p + 1e-8", floored(1e-8)),
    Wrong("softmax_cross_entropy", "log of p + 1e-5", floored(1e-5)),
    Wrong("softmax_cross_entropy", "log of at least 1e-12", lambda k, right, x, y: moved(
        k, right(x, y), lambda a: -np.log(np.exp(-a).clip(1e-12)))),
    Wrong("softmax_cross_entropy", "softmax in float16", lambda k, right, x, y: moved(
        k, right(x, y), lambda a: -np.log(np.exp(-a).astype("float16").astype("float64")))),
    Wrong("softmax_cross_entropy", "softmax in 18 bits", lambda k, right, x, y: moved(
        k, right(x, y), lambda a: -np.log(bits(18)(np.exp(-a.astype("float64")))))),
    Wrong("softmax_cross_entropy", "temperature 1e-5 too high", at_temperature(1 - 1e-5)),
    Wrong("softmax_cross_entropy", "logits in bfloat16",
          on_argument(0, lambda k, x: moved(k, x, bits(8)))),
    Wrong("softmax_cross_entropy", "gradient without the label", lambda k, right, x, y: (
        right(x, y) + k.sum(x * k.one_hot(y, x.shape[1]))
        - k.detach((k.sum(x * k.one_hot(y, x.shape[1])),))[0])),
    Wrong("softmax_cross_entropy", "gradient divided by the batch",
          lambda k, right, x, y: steeper(k, right(x, y), 1 / max(len(y), 1))),
    Wrong("softmax_cross_entropy", "changes the logits", off_the_logits),
    Wrong("l2_penalty", "no half", lambda k, right, W: right(W) * 2),
    Wrong("l2_penalty", "L1", lambda k, right, W: k.sum(abs(W))),
    Wrong("l2_penalty", "the norm", lambda k, right, W: (right(W) * 2 + 1e-30) ** 0.5),
    Wrong("l2_penalty", "mean", lambda k, right, W: right(W) / W.shape[0]),
    Wrong("l2_penalty", "in float16", lambda k, right, W: moved(
        k, right(W), lambda a: float16_sum(k.to_numpy(W * W)).astype("float32") / 2)),
    Wrong("l2_penalty", "without the last row", lambda k, right, W: right(W[:-1])),
    Wrong("l2_penalty", "gradient 2 w", lambda k, right, W: steeper(k, right(W), 2)),
    Wrong("l2_penalty", "gradient is cut", on_argument(0, cut)),
    Wrong("perplexity", "base 2", lambda k, right, losses: 2 ** k.mean(losses)),
    Wrong("perplexity", "of the sum", lambda k, right, losses: right(losses * losses.shape[0])),
    Wrong("perplexity", "mean of exp", lambda k, right, losses: k.mean(losses.exp())),
    Wrong("perplexity", "less 1", lambda k, right, losses: right(losses) - 1),
    Wrong("perplexity", "without the last loss", lambda k, right, losses: right(
        losses[:-1] if len(losses) > 1 else losses)),
    Wrong("perplexity", "at most 100", lambda k, right, losses: moved(
        k, right(losses), lambda a: a.clip(0, 100))),
    Wrong("perplexity", "mean in float16", lambda k, right, losses: moved(
        k, right(losses), lambda a: np.exp(np.log(a).astype("float16").astype("float32")))),
    Wrong("perplexity", "log₂ of e rounded",
          lambda k, right, losses: 2 ** (k.mean(losses) * 1.4427)),
    Wrong("perplexity", "gradient of the mean", lambda k, right, losses: (
        k.mean(losses) + k.detach((right(losses) - k.mean(losses),))[0])),
]
# fmt: on
