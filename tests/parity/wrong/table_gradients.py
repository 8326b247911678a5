"""Right values with wrong gradients, of every primitive that has one."""

from tests.parity.wrong.row import Wrong
from tests.parity.wrong.values import on_gradient

DIFFERENTIABLE = [
    "concat",
    "take_rows",
    "reshape",
    "sum",
    "mean",
    "linear",
    "relu",
    "tanh",
    "sigmoid",
    "dropout",
    "random_dropout",
    "rnn_step",
    "rnn",
    "gru_step",
    "gru",
    "lstm_step",
    "lstm",
    "rnn_output",
    "squared_loss",
    "softmax_cross_entropy",
    "l2_penalty",
    "perplexity",
]

FACTORS = {"of the wrong sign": -1.0, "1e-4 too large": 1 + 1e-4, "1e-5 too large": 1 + 1e-5}

GRADIENTS = [
    Wrong(primitive, f"gradient {what}", on_gradient(factor))
    for primitive in DIFFERENTIABLE
    for what, factor in FACTORS.items()
]
