"""linear, activations and dropout."""

import numpy as np

from tests.parity.wrong.cells import cut, hard
from tests.parity.wrong.row import Wrong
from tests.parity.wrong.values import (
    approximately,
    in_place,
    on_argument,
    overwrite,
    steeper,
)

with np.errstate(all="ignore"):
    GRID = np.linspace(-9, 9, 2001)


def rational_tanh(a):
    """The continued fraction of tanh, cut off; 2e-5 wrong at 2."""
    x = a.clip(-4.97, 4.97)
    s = x * x
    return x * (10395 + s * (1260 + s * 21)) / (10395 + s * (4725 + s * (210 + s)))


def table_of(function):
    """Linear interpolation in a table of 2,001 values."""
    return lambda a: np.interp(a, GRID, function(GRID))


def logistic(a):
    return 1 / (1 + np.exp(-a))


def biased_mask(k, right, x, p):
    """A mask that keeps whole pairs of neighbours."""
    dropped = right(x, p)
    if p in (0, 1) or dropped.ndim < 2 or dropped.shape[1] % 2:
        return dropped
    first = k.to_numpy(right(x.detach() * 0 + 1, p))
    first[:, 1::2] = first[:, ::2]
    return x * k.from_numpy(first)


def one_row_for_all(k, right, x, p):
    if p in (0, 1) or x.ndim < 2:
        return right(x, p)
    row = k.to_numpy(right(x.detach()[:1] * 0 + 1, p))
    return x * k.from_numpy(np.repeat(row, x.shape[0], 0))


def another_mask(k, right, x, p):
    if p in (0, 1):
        return right(x, p)
    y = right(x, p)
    return y + k.detach((right(x, p) - y,))[0]


def with_bias_in_place(k, right, x, W, b=None):
    y = right(x, W, b)
    if b is not None:
        overwrite(k, b, b * 2)
    return y


# fmt: off
FUNCTIONS = [
    Wrong("linear", "no bias", lambda k, right, x, W, b=None: right(x, W)),
    Wrong("linear", "bias twice",
          lambda k, right, x, W, b=None: right(x, W, None if b is None else b * 2)),
    Wrong("linear", "square weight transposed", lambda k, right, x, W, b=None: right(
        x, W.T if W.shape[0] == W.shape[1] else W, b)),
    Wrong("linear", "gradient of the bias is a mean", lambda k, right, x, W, b=None: right(
        x, W, None if b is None else steeper(k, b, 1 / max(x.shape[0], 1)))),
    Wrong("linear", "gradient of the bias is cut", on_argument(2, cut)),
    Wrong("linear", "gradient of the inputs is cut", on_argument(0, cut)),
    Wrong("linear", "gradient of the weight is 1e-4 too large",
          on_argument(1, lambda k, W: steeper(k, W, 1 + 1e-4))),
    Wrong("linear", "the last input is left out",
          lambda k, right, x, W, b=None: right(x[..., :-1], W[:-1], b)),
    Wrong("linear", "changes the bias", with_bias_in_place),
    Wrong("relu", "leaky", lambda k, right, x: right(x) + x / 100),
    Wrong("relu", "leaky by 1e-5", lambda k, right, x: right(x) + x * 1e-5),
    Wrong("relu", "cut off at 6", lambda k, right, x: right(x) - right(x - 6)),
    Wrong("relu", "gradient 1 at 0", lambda k, right, x: x * (x >= 0)),
    Wrong("relu", "gradient ½ at 0", lambda k, right, x: (x + abs(x)) / 2),
    Wrong("relu", "shifted by 1e-6", lambda k, right, x: right(x - 1e-6)),
    Wrong("relu", "soft", lambda k, right, x: right(x) + (1 + (-abs(x)).exp()).log()),
    Wrong("relu", "changes its argument", in_place(0)),
    Wrong("tanh", "relu", lambda k, right, x: k.relu(x)),
    Wrong("tanh", "of twice x", lambda k, right, x: right(2 * x)),
    Wrong("tanh", "a rational function", approximately(rational_tanh)),
    Wrong("tanh", "from a table", approximately(table_of(np.tanh))),
    Wrong("tanh", "as the book prints it",
          approximately(lambda a: (1 - np.exp(-2 * a)) / (1 + np.exp(-2 * a)))),
    Wrong("tanh", "cut off at 3", approximately(lambda a: np.tanh(a.clip(-3, 3)))),
    Wrong("tanh", "cut off at 6", approximately(lambda a: np.tanh(a.clip(-6, 6)))),
    Wrong("tanh", "hard", lambda k, right, x: k.relu(x + 1) - k.relu(x - 1) - 1),
    Wrong("tanh", "LeCun's", lambda k, right, x: right(x * (2 / 3)) * 1.7159),
    Wrong("tanh", "gradient of the identity", lambda k, right, x: x + k.detach((right(x) - x,))[0]),
    Wrong("tanh", "gradient 1 − y", lambda k, right, x: steeper(
        k, right(x), 1 / (1 + k.detach((right(x),))[0] + 1e-30))),
    Wrong("tanh", "changes its argument", in_place(0)),
    Wrong("sigmoid", "tanh", lambda k, right, x: k.tanh(x)),
    Wrong("sigmoid", "gradient overflows", lambda k, right, x: 1 / (1 + (-x).exp())),
    Wrong("sigmoid", "hard", lambda k, right, x: hard(k, x)),
    Wrong("sigmoid", "from a table", approximately(table_of(logistic))),
    Wrong("sigmoid", "by tanh", lambda k, right, x: (k.tanh(x / 2) + 1) / 2),
    Wrong("sigmoid", "1.702 for GELU", lambda k, right, x: right(1.702 * x)),
    Wrong("sigmoid", "e^x over 1 + e^x", approximately(lambda a: np.exp(a) / (1 + np.exp(a)))),
    Wrong("sigmoid", "1 − σ(−x)", approximately(lambda a: (1 - logistic(-a)).astype(a.dtype))),
    Wrong("sigmoid", "at least 1e-7", approximately(lambda a: logistic(a).clip(1e-7, 1))),
    Wrong("sigmoid", "gradient at most ¼ − 1e-5", on_argument(
        0, lambda k, x: steeper(k, x, 1 - 4e-5))),
    Wrong("sigmoid", "changes its argument", in_place(0)),
    Wrong("dropout", "no 1 / (1 − p)", lambda k, right, x, p, m: right(x, p, m) * (1 - p)),
    Wrong("dropout", "1 / p", lambda k, right, x, p, m: m * x / p if 0 < p < 1 else right(x, p, m)),
    Wrong("dropout", "mask inverted", lambda k, right, x, p, m: right(x, p, 1 - m)),
    Wrong("dropout", "1 / (1 − p) in float16", lambda k, right, x, p, m: (
        m * x * float(np.float16(1 / (1 - p))) if 0 < p < 1 else right(x, p, m))),
    Wrong("dropout", "1 − p in bfloat16", lambda k, right, x, p, m: (
        m * x / (np.round((1 - p) * 256) / 256) if 0 < p < 1 else right(x, p, m))),
    Wrong("dropout", "1 − p + 1e-6", lambda k, right, x, p, m: (
        m * x / (1 - p + 1e-6) if 0 < p < 1 else right(x, p, m))),
    Wrong("dropout", "gradient not rescaled", lambda k, right, x, p, m: steeper(
        k, right(x, p, m), 1 - p)),
    Wrong("dropout", "gradient passes where it dropped", lambda k, right, x, p, m: (
        x + k.detach((right(x, p, m) - x,))[0])),
    Wrong("dropout", "x / 0 at p = 1",
          lambda k, right, x, p, m: m * x / 0.0 if p == 1 else right(x, p, m)),
    Wrong("dropout", "mask at p = 0",
          lambda k, right, x, p, m: m * x if p == 0 else right(x, p, m)),
    Wrong("dropout", "any p", lambda k, right, x, p, m: right(x, min(p, 1), m)),
    Wrong("dropout", "NaN for p", lambda k, right, x, p, m: right(x, p if p == p else 0, m)),
    Wrong("dropout", "changes its argument", in_place(0)),
    Wrong("random_dropout", "keeps all at p = 1", lambda k, right, x, p: right(x, p % 1)),
    Wrong("random_dropout", "no 1 / (1 − p)", lambda k, right, x, p: right(x, p) * (1 - p)),
    Wrong("random_dropout", "keeps p", lambda k, right, x, p: right(x, 1 - p)),
    Wrong("random_dropout", "drops 2% too few",
          lambda k, right, x, p: (
              right(x, p - 0.02) * ((1.02 - p) / (1 - p)) if 0 < p < 1 else right(x, p))),
    Wrong("random_dropout", "same mask", lambda k, right, x, p: (k.seed(0), right(x, p))[1]),
    Wrong("random_dropout", "one mask for all rows", one_row_for_all),
    Wrong("random_dropout", "neighbours share their mask", biased_mask),
    Wrong("random_dropout", "1 / (1 − p) 1e-5 too large", lambda k, right, x, p: (
        right(x, p) * (1 + 1e-5) if p else right(x, p))),
    Wrong("random_dropout", "gradient with another mask", another_mask),
    Wrong("random_dropout", "any p", lambda k, right, x, p: right(x, min(max(p, 0), 1))),
]
# fmt: on
