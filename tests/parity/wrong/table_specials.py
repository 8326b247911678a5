"""Right but for special values: NaN, infinities, subnormal numbers and the sign of zero."""

import numpy as np

from tests.parity.wrong.row import Wrong
from tests.parity.wrong.values import mapped

COMPUTED = [
    "sum",
    "mean",
    "linear",
    "relu",
    "tanh",
    "sigmoid",
    "dropout",
    "rnn_step",
    "gru_step",
    "lstm_step",
    "rnn_output",
    "squared_loss",
    "softmax_cross_entropy",
    "l2_penalty",
    "perplexity",
]
# What rounding cannot have made: results that may be subnormal, and zeros with a sign.
SUBNORMAL = [
    "sum",
    "mean",
    "linear",
    "relu",
    "tanh",
    "sigmoid",
    "dropout",
    "squared_loss",
    "l2_penalty",
]
SIGNED = ["tanh", "dropout", "lstm_step"]
COPIED = ["to_numpy", "detach", "concat", "take_rows", "reshape"]


def largest(a):
    """Saturated, as some hardware computes."""
    most = np.finfo(a.dtype).max
    return np.where(np.isinf(a), np.copysign(most, a), a)


def nan_as(value):
    return lambda a: np.where(np.isnan(a), value, a)


def flushed(a):
    return np.where(abs(a) < np.finfo("float32").tiny, 0 * a, a)


def unsigned(a):
    return a + 0.0


BOUNDED = {"tanh", "sigmoid", "gru_step", "lstm_step"}  # of a bounded state

CHANGES = {
    "NaN is 0": (nan_as(0), COMPUTED + COPIED),
    "NaN is infinite": (nan_as(np.inf), COMPUTED + COPIED),
    "infinities are the largest number": (
        largest,
        [primitive for primitive in COMPUTED + COPIED if primitive not in BOUNDED],
    ),
    "subnormal numbers are 0": (flushed, [*SUBNORMAL, *COPIED]),
    "0 has no sign": (unsigned, [*SIGNED, *COPIED]),
}


def on_specials(function):
    """A result that has special values loses them, and with them its gradient."""

    def override(k, right, *args):
        def changed(x):
            values = k.to_numpy(x) if not isinstance(x, np.ndarray) else x
            if values.dtype.kind != "f":
                return x
            with np.errstate(all="ignore"):
                new = function(values).astype(values.dtype)
            if new.tobytes() == values.tobytes():
                return x
            return new if isinstance(x, np.ndarray) else k.from_numpy(new)

        return mapped(right(*args), changed)

    return override


SPECIALS = [
    Wrong(primitive, what, on_specials(function))
    for what, (function, primitives) in CHANGES.items()
    for primitive in primitives
]
