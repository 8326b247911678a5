"""Reduced precision: products of rounded operands, and rounded results."""

from tests.parity.wrong.cells import with_params
from tests.parity.wrong.row import Wrong
from tests.parity.wrong.values import FORMATS, moved, on_result

# Primitives with a product: the parameters that are rounded with the inputs.
WEIGHTS = {
    "rnn_step": ["W_xh", "W_hh"],
    "rnn": ["W_xh", "W_hh"],
    "gru_step": ["W_hr", "W_hz", "W_hh"],
    "gru": ["W_hr", "W_hz", "W_hh"],
    "lstm_step": ["W_hi", "W_hf", "W_ho", "W_hc"],
    "lstm": ["W_hi", "W_hf", "W_ho", "W_hc"],
    "rnn_output": ["W_hq"],
}

# Results that the primitive computes, not copies.
RESULTS = [
    "tanh",
    "sigmoid",
    "dropout",
    "sum",
    "mean",
    "linear",
    "relu",
    "squared_loss",
    "softmax_cross_entropy",
    "l2_penalty",
    "perplexity",
    "rnn_step",
    "gru_step",
    "lstm_step",
    "rnn_output",
]


def product(form):
    """linear with both factors rounded."""
    return lambda k, right, x, W, b=None: right(moved(k, x, form), moved(k, W, form), b)


def single(a):
    """As Gluon's RNN does with ReLU."""
    return a.astype("float32").astype(a.dtype)


def on_weights(names, form):
    return with_params(**dict.fromkeys(names, lambda k, W: moved(k, W, form)))


PRECISION = [
    *(Wrong("linear", f"product in {name}", product(form)) for name, form in FORMATS.items()),
    *(
        Wrong(primitive, f"weights in {name}", on_weights(names, form))
        for primitive, names in WEIGHTS.items()
        for name, form in FORMATS.items()
    ),
    *(
        Wrong(primitive, f"result in {name}", on_result(form))
        for primitive in RESULTS
        for name, form in FORMATS.items()
        if name != "TF32"
    ),
    *(Wrong(primitive, "float32 inside float64", on_result(single)) for primitive in RESULTS),
]
