"""The table: what is compared with the oracle. A new primitive is a new row.

Rows stand from small to large, because tests/parity/wrong is held against them in order.
"Book" rows have the sizes of the book's own models: the RNN on lyrics (vocabulary 1,027,
35 steps, batch 32, 256 hidden units), on the Time Machine (28, 512 hidden) and the
784-256-256-10 perceptron.
"""

from tests.parity.case import Case, dyadic, ids, mask, normal, uniform, values, weights
from tests.parity.layer_cases import LAYER_CASES
from tests.parity.programs import clipped, differentiated_perceptron

TIES = values([1, 3, 3], [2, 2, 0], [-1, -5, -1])
HUGE = values([1e4, -1e4, 0], [-1e4, -1e4, 1e4], [1e4, 1e4, 1e4])
TIMES = ((1, "bound"), (2, "bound"), (5, "bound"), (0, "exact"))
NORMAL = {"a": normal(4, 3), "b": normal(3)}
BOOK_PERCEPTRON = {
    "W1": (784, 256),
    "b1": (256,),
    "W2": (256, 256),
    "b2": (256,),
    "W3": (256, 10),
    "b3": (10,),
}


def pair(of, *shape: int):
    return {"x": of(*shape), "y": of(*shape)}


def recurrent(d: int, h: int, n: int, of=normal, scale: float = 1.0):
    """State and parameters of a scratch RNN; the scale is that of the weights."""
    scaled = {"scale": scale} if of is normal else {}
    return {"h": of(n, h), "W": of(d, h, **scaled), "U": of(h, h, **scaled), "b": of(h)}


def rnn_step(activation: str = "tanh"):
    return lambda k, x, h, W, U, b: k.rnn_step(
        x, (h,), {"W_xh": W, "W_hh": U, "b_h": b}, activation
    )


def rnn(activation: str = "tanh"):
    return lambda k, x, h, W, U, b: k.rnn(x, (h,), {"W_xh": W, "W_hh": U, "b_h": b}, activation)


def gated(gates: str, d: int, h: int, n: int, scale: float = 0.5):
    """State and parameters of a scratch GRU or LSTM; the scale is that of the weights."""
    inputs = {"h": normal(n, h)} | ({"c": normal(n, h)} if "f" in gates else {})
    for gate in gates:
        own = {"W_x": normal(d, h, scale=scale), "W_h": normal(h, h, scale=scale), "b_": normal(h)}
        inputs |= {kind + gate: factory for kind, factory in own.items()}
    return inputs


def gru(primitive: str, *args: str):
    return lambda k, x, h, **params: getattr(k, primitive)(x, (h,), params, *args)


def lstm(primitive: str):
    return lambda k, x, h, c, **params: getattr(k, primitive)(x, (h, c), params)


def clip(max_norm: float | None):
    return lambda k, a, b: clipped(k, {"a": a, "b": b}, max_norm)


def sgd(*args: float):
    return lambda k, W, b, gW, gb: k.sgd({"W": W, "b": b}, {"W": gW, "b": gb}, *args)


def sgd_inputs(of, d: int, q: int):
    return {"W": of(d, q), "b": of(q), "gW": of(d, q), "gb": of(q)}


# fmt: off
CASES = [
    # --- arrays ---
    Case("from_numpy", "floats", "exact", None, {"x": normal(2, 3)}, lambda k, x: x),
    Case("from_numpy", "ids", "exact", None, {"x": ids(9, 4, 2)}, lambda k, x: x),
    Case("from_numpy", "scalar", "exact", None, {"x": normal()}, lambda k, x: x),
    Case("from_numpy", "empty", "exact", None, {"x": normal(0, 3)}, lambda k, x: x),
    Case("to_numpy", "matrix", "exact", None, {"x": normal(2, 3)}),
    Case("to_numpy", "scalar", "exact", None, {"x": normal()}),
    Case("parameters", "two", "exact", None, {"w": weights(W=(3, 2), b=(2,))}),
    Case("detach", "cut", "exact", "exact", {"x": dyadic(4, 3)},
         lambda k, x: k.detach((x * x,))[0] * x),
    Case("detach", "two", "exact", "exact", {"x": normal(4, 3), "y": normal(2)},
         lambda k, x, y: list(k.detach((x, y)))),
    Case("zeros", "matrix", "exact", None, {}, lambda k: k.zeros((2, 3))),
    Case("zeros", "scalar", "exact", None, {}, lambda k: k.zeros(())),
    Case("zeros", "empty", "exact", None, {}, lambda k: k.zeros((0, 3))),
    Case("one_hot", "vector", "exact", None, {"i": ids(5, 7)}, lambda k, i: k.one_hot(i, 5)),
    Case("one_hot", "empty", "exact", None, {"i": ids(5, 0)}, lambda k, i: k.one_hot(i, 5)),
    Case("one_hot", "book", "exact", None, {"i": ids(1027, 35, 32)},
         lambda k, i: k.one_hot(i, 1027)),
    Case("concat", "rows", "exact", "exact", {"x": dyadic(2, 3), "y": dyadic(4, 3)},
         lambda k, x, y: k.concat([x, y], 0)),
    Case("concat", "columns", "exact", "exact", {"x": dyadic(2, 3), "y": dyadic(2, 1)},
         lambda k, x, y: k.concat([x, y], 1)),
    Case("concat", "one", "exact", "exact", {"x": dyadic(2, 3)}, lambda k, x: k.concat([x], 1)),
    Case("take_rows", "repeated", "exact", "exact", {"x": dyadic(3, 4), "i": ids(3, 5, 2)}),
    Case("take_rows", "empty", "exact", "exact", {"x": dyadic(3, 4), "i": ids(3, 0)}),
    Case("take_rows", "book", "exact", "bound", {"x": normal(28, 512), "i": ids(28, 35, 32)}),
    Case("reshape", "matrix", "exact", "exact", {"x": dyadic(4, 6)},
         lambda k, x: k.reshape(x, (3, 8))),
    Case("reshape", "unknown length", "exact", "exact", {"x": dyadic(4, 3, 2)},
         lambda k, x: k.reshape(x, (-1, 6))),
    Case("reshape", "scalar", "exact", "exact", {"x": dyadic()},
         lambda k, x: [k.reshape(x, (1, 1)), k.reshape(k.reshape(x, (1, 1)), ())]),
    Case("reshape", "empty", "exact", None, {"x": dyadic(0, 3)},
         lambda k, x: [k.reshape(x, (3, 0)), k.reshape(x, (-1, 3))]),
    Case("argmax", "first among equals", "exact", None, {"x": TIES},
         lambda k, x: [k.argmax(x, 0), k.argmax(x, 1), k.argmax(x, -1)]),
    Case("argmax", "every axis", "exact", None, {"x": normal(4, 5, 3)},
         lambda k, x: [k.argmax(x, axis) for axis in (0, 1, 2, -1, -2)]),
    Case("argmax", "book", "exact", None, {"x": normal(256, 10)}, lambda k, x: k.argmax(x, 1)),
    Case("sum", "dyadic", "exact", "exact", {"x": dyadic(7, 5)}),
    Case("sum", "small", "bound", "exact", {"x": normal(3, 2)}),
    Case("sum", "NaN", "exact", None, {"x": values(float("nan"), 1)}),
    Case("sum", "scalar", "exact", "exact", {"x": dyadic()}),
    Case("sum", "empty", "exact", "exact", {"x": dyadic(0, 3)}),
    Case("sum", "book", "envelope", "exact", {"x": uniform(32, 1027, low=0, high=1)}),
    Case("mean", "dyadic", "exact", "exact", {"x": dyadic(2, 4)}),
    Case("mean", "small", "bound", "bound", {"x": uniform(3, 7, low=1, high=2)}),
    Case("mean", "one", "exact", "exact", {"x": dyadic(1)}),
    Case("mean", "book", "envelope", "bound", {"x": uniform(35, 32, low=0, high=9)}),
    # --- model ---
    Case("linear", "dyadic", "exact", "exact",
         {"x": dyadic(5, 3), "W": dyadic(3, 4), "b": dyadic(4)}),
    Case("linear", "without bias", "exact", "exact", {"x": dyadic(5, 3), "W": dyadic(3, 3)}),
    Case("linear", "three axes", "bound", "bound",
         {"x": normal(2, 3, 4), "W": normal(4, 5), "b": normal(5)}),
    Case("linear", "one axis", "bound", "bound",
         {"x": normal(4), "W": normal(4, 5), "b": normal(5)}),
    Case("linear", "batch of 1", "envelope", "bound",
         {"x": normal(1, 784), "W": normal(784, 1), "b": normal(1)}),
    Case("linear", "batch of 0", "exact", "exact",
         {"x": normal(0, 3), "W": normal(3, 4), "b": normal(4)}),
    Case("linear", "book dyadic", "exact", "exact",
         {"x": dyadic(32, 1027), "W": dyadic(1027, 256), "b": dyadic(256)}),
    Case("linear", "book", "bound", "bound",
         {"x": normal(32, 1027), "W": normal(1027, 256, scale=0.01), "b": normal(256)}),
    Case("relu", "small and large", "exact", "exact",
         {"x": values(-1e30, -9, -1e-30, 0, 1e-30, 9, 1e30)}),
    Case("relu", "NaN", "exact", None, {"x": values(float("nan"), -1, 1)}),
    Case("relu", "book", "exact", "exact", {"x": normal(256, 256)}),
    Case("tanh", "around 0", "bound", "bound", {"x": uniform(99, low=-0.5, high=0.5)}),
    Case("tanh", "saturated", "bound", "bound",
         {"x": values(-300, -9, -3, 0, 3, 9, 300)}),
    Case("tanh", "book", "bound", "bound", {"x": normal(256, 256)}),
    Case("sigmoid", "around 0", "bound", "bound", {"x": uniform(99, low=-1, high=1)}),
    Case("sigmoid", "saturated", "bound", "bound",
         {"x": values(-1e4, -80, -9, 0, 9, 80, 1e4)}),
    Case("sigmoid", "book", "bound", "bound", {"x": normal(256, 256)}),
    Case("dropout", "half", "exact", "exact", {"x": dyadic(5, 4), "m": mask(5, 4)},
         lambda k, x, m: k.dropout(x, 0.5, m)),
    Case("dropout", "p = 0", "exact", "exact", {"x": normal(5, 4), "m": mask(5, 4)},
         lambda k, x, m: k.dropout(x, 0, m)),
    Case("dropout", "p = 1", "exact", "exact", {"x": normal(5, 4), "m": mask(5, 4)},
         lambda k, x, m: k.dropout(x, 1, m)),
    Case("dropout", "p = 0.3", "bound", "bound", {"x": normal(5, 4), "m": mask(5, 4)},
         lambda k, x, m: k.dropout(x, 0.3, m)),
    Case("dropout", "book", "bound", "bound",
         {"x": normal(256, 256), "m": mask(256, 256)}, lambda k, x, m: k.dropout(x, 0.2, m)),
    Case("random_dropout", "p = 0", "exact", "exact", {"x": normal(5, 4)},
         lambda k, x: k.random_dropout(x, 0)),
    Case("random_dropout", "p = 1", "exact", "exact", {"x": normal(5, 4)},
         lambda k, x: k.random_dropout(x, 1)),
    Case("rnn_step", "tanh", "bound", "bound", {"x": normal(2, 3), **recurrent(3, 4, 2)},
         rnn_step()),
    Case("rnn_step", "relu dyadic", "exact", "exact",
         {"x": dyadic(2, 3), **recurrent(3, 4, 2, dyadic)}, rnn_step("relu")),
    Case("rnn_step", "batch of 1", "bound", "bound",
         {"x": normal(1, 1), **recurrent(1, 1, 1, scale=0.5)}, rnn_step()),
    Case("rnn_step", "ids", "bound", "bound", {"x": ids(5, 3), **recurrent(5, 4, 3)},
         rnn_step()),
    Case("rnn_step", "book", "bound", "bound",
         {"x": ids(1027, 32), **recurrent(1027, 256, 32, scale=0.05)}, rnn_step()),
    Case("rnn", "tanh", "bound", "bound",
         {"x": normal(5, 2, 3), **recurrent(3, 4, 2, scale=0.5)}, rnn()),
    Case("rnn", "relu dyadic", "exact", "exact",
         {"x": dyadic(3, 2, 3), **recurrent(3, 2, 2, dyadic)}, rnn("relu")),
    Case("rnn", "relu ids", "exact", "exact", {"x": ids(3, 3, 2), **recurrent(3, 2, 2, dyadic)},
         rnn("relu")),
    Case("rnn", "T = 0", "exact", "exact", {"x": normal(0, 2, 3), **recurrent(3, 4, 2)}, rnn()),
    Case("rnn", "T = 0 ids", "exact", "exact", {"x": ids(3, 0, 2), **recurrent(3, 4, 2)}, rnn()),
    Case("rnn", "T = 1", "bound", "bound",
         {"x": normal(1, 2, 3), **recurrent(3, 4, 2)}, rnn()),
    Case("rnn", "T = 1 ids", "bound", "bound",
         {"x": ids(3, 1, 2), **recurrent(3, 4, 2)}, rnn()),
    Case("rnn", "T = 2", "bound", "bound",
         {"x": normal(2, 2, 3), **recurrent(3, 4, 2, scale=0.5)}, rnn()),
    Case("rnn", "batch of 1", "envelope", "envelope",
         {"x": ids(28, 35, 1), **recurrent(28, 16, 1, scale=0.5)}, rnn()),
    Case("rnn", "book initial", "bound", "envelope",
         {"x": ids(1027, 35, 32), **recurrent(1027, 256, 32, scale=0.01)}, rnn()),
    Case("rnn", "book", "envelope", "envelope",
         {"x": ids(28, 35, 32), **recurrent(28, 512, 32, scale=0.07)}, rnn()),
    *(Case("gru_step", f"{reset} {kind}", "bound", "bound",
           {"x": x, **gated("rzh", 5, 4, 3)}, gru("gru_step", reset))
      for reset in ("before", "after")
      for kind, x in (("dense", normal(3, 5)), ("ids", ids(5, 3)))),
    Case("gru_step", "second bias", "bound", "bound",
         {"x": normal(3, 5), **gated("rzh", 5, 4, 3), "b_hh": normal(4)}, gru("gru_step", "after")),
    Case("gru_step", "batch of 1", "bound", "bound",
         {"x": normal(1, 1), **gated("rzh", 1, 1, 1)}, gru("gru_step")),
    Case("gru_step", "book", "bound", "bound",
         {"x": ids(1027, 32), **gated("rzh", 1027, 256, 32, 0.05)}, gru("gru_step")),
    *(Case("gru", f"T = {T} {kind}", rests_on, rests_on,
           {"x": x, **gated("rzh", 3, 4, 2)}, gru("gru"))
      for T, rests_on in TIMES for kind, x in (("dense", normal(T, 2, 3)), ("ids", ids(3, T, 2)))),
    Case("gru", "after", "bound", "bound",
         {"x": normal(5, 2, 3), **gated("rzh", 3, 4, 2)}, gru("gru", "after")),
    Case("gru", "after ids, second bias", "bound", "bound",
         {"x": ids(3, 5, 2), **gated("rzh", 3, 4, 2), "b_hh": normal(4)}, gru("gru", "after")),
    Case("gru", "batch of 1", "envelope", "envelope",
         {"x": ids(28, 35, 1), **gated("rzh", 28, 16, 1)}, gru("gru")),
    Case("gru", "book initial", "bound", "envelope",
         {"x": ids(1027, 35, 32), **gated("rzh", 1027, 256, 32, 0.01)}, gru("gru")),
    Case("gru", "book", "envelope", "envelope",
         {"x": ids(28, 35, 32), **gated("rzh", 28, 256, 32, 0.07)}, gru("gru")),
    Case("lstm_step", "dense", "bound", "bound",
         {"x": normal(3, 5), **gated("ifco", 5, 4, 3)}, lstm("lstm_step")),
    Case("lstm_step", "ids", "bound", "bound",
         {"x": ids(5, 3), **gated("ifco", 5, 4, 3)}, lstm("lstm_step")),
    Case("lstm_step", "batch of 1", "bound", "bound",
         {"x": normal(1, 1), **gated("ifco", 1, 1, 1)}, lstm("lstm_step")),
    Case("lstm_step", "book", "bound", "bound",
         {"x": ids(1027, 32), **gated("ifco", 1027, 256, 32, 0.05)}, lstm("lstm_step")),
    *(Case("lstm", f"T = {T} {kind}", rests_on, rests_on,
           {"x": x, **gated("ifco", 3, 4, 2)}, lstm("lstm"))
      for T, rests_on in TIMES for kind, x in (("dense", normal(T, 2, 3)), ("ids", ids(3, T, 2)))),
    Case("lstm", "batch of 1", "envelope", "envelope",
         {"x": ids(28, 35, 1), **gated("ifco", 28, 16, 1)}, lstm("lstm")),
    Case("lstm", "book initial", "bound", "bound",
         {"x": ids(1027, 35, 32), **gated("ifco", 1027, 256, 32, 0.01)}, lstm("lstm")),
    Case("lstm", "book", "envelope", "envelope",
         {"x": ids(28, 35, 32), **gated("ifco", 28, 256, 32, 0.07)}, lstm("lstm")),
    Case("rnn_output", "dyadic", "exact", "exact",
         {"x": dyadic(3, 2, 4), "W": dyadic(4, 5), "b": dyadic(5)},
         lambda k, x, W, b: k.rnn_output(x, {"W_hq": W, "b_q": b})),
    Case("rnn_output", "small", "bound", "bound",
         {"x": normal(3, 2, 4), "W": normal(4, 5), "b": normal(5)},
         lambda k, x, W, b: k.rnn_output(x, {"W_hq": W, "b_q": b})),
    Case("rnn_output", "T = 0", "exact", "exact",
         {"x": dyadic(0, 2, 4), "W": dyadic(4, 5), "b": dyadic(5)},
         lambda k, x, W, b: k.rnn_output(x, {"W_hq": W, "b_q": b})),
    Case("rnn_output", "book", "bound", "bound",
         {"x": normal(35, 32, 256), "W": normal(256, 1027, scale=0.01), "b": normal(1027)},
         lambda k, x, W, b: k.rnn_output(x, {"W_hq": W, "b_q": b})),
    # --- losses ---
    Case("squared_loss", "dyadic", "exact", "exact", pair(dyadic, 5, 3)),
    Case("squared_loss", "vector", "exact", "exact", pair(dyadic, 5)),
    Case("squared_loss", "batch of 1", "bound", "bound", pair(normal, 1, 1)),
    Case("squared_loss", "nearly equal", "bound", "bound",
         {"x": uniform(5, 3, low=1000, high=1001), "y": uniform(5, 3, low=1000, high=1001)}),
    Case("squared_loss", "book", "bound", "bound", pair(normal, 100, 1)),
    Case("softmax_cross_entropy", "small", "bound", "bound",
         {"x": normal(4, 3), "y": ids(3, 4)}),
    Case("softmax_cross_entropy", "batch of 1", "bound", "bound",
         {"x": normal(1, 10), "y": ids(10, 1)}),
    Case("softmax_cross_entropy", "batch of 0", "exact", "exact",
         {"x": normal(0, 10), "y": ids(10, 0)}),
    Case("softmax_cross_entropy", "1e4", "bound", "bound",
         {"x": HUGE, "y": values(1, 2, 0, dtype="int64")}),
    Case("softmax_cross_entropy", "book perceptron", "bound", "bound",
         {"x": normal(256, 10), "y": ids(10, 256)}),
    Case("softmax_cross_entropy", "book lyrics", "bound", "bound",
         {"x": normal(1120, 1027), "y": ids(1027, 1120)}),
    Case("l2_penalty", "dyadic", "exact", "exact", {"x": dyadic(4, 3)}),
    Case("l2_penalty", "small", "bound", "bound", {"x": normal(4, 3)}),
    Case("l2_penalty", "book", "bound", "bound", {"x": normal(200, 1)}),
    Case("perplexity", "one", "bound", "bound", {"x": uniform(1, low=0, high=2)}),
    Case("perplexity", "small", "bound", "bound", {"x": uniform(4, low=0, high=9)}),
    Case("perplexity", "book", "envelope", "envelope", {"x": uniform(1120, low=0, high=14)}),
    # --- optimisation ---
    Case("value_and_grad", "small perceptron", "bound", None,
         {"x": normal(5, 4), "y": ids(3, 5),
          "w": weights(0.5, W1=(4, 6), b1=(6,), W2=(6, 5), b2=(5,), W3=(5, 3), b3=(3,))},
         differentiated_perceptron),
    Case("value_and_grad", "small inputs", "bound", None,
         {"x": normal(5, 4, scale=1e-5), "y": ids(3, 5),
          "w": weights(0.5, W1=(4, 6), b1=(6,), W2=(6, 5), b2=(5,), W3=(5, 3), b3=(3,))},
         differentiated_perceptron),
    Case("value_and_grad", "book perceptron", "envelope", None,
         {"x": uniform(256, 784, low=0, high=1), "y": ids(10, 256),
          "w": weights(0.05, **BOOK_PERCEPTRON)},
         differentiated_perceptron),
    Case("clip_gradients", "above", "bound", None, NORMAL, clip(0.1)),
    Case("clip_gradients", "at the norm", "exact", None,
         {"a": values([3, 0]), "b": values(4)}, clip(5)),
    Case("clip_gradients", "below", "bound", None, NORMAL, clip(1e3)),
    Case("clip_gradients", "off", "bound", None, NORMAL, clip(None)),
    Case("clip_gradients", "zero", "exact", None, {"a": values([0, 0]), "b": values(0)}, clip(1)),
    Case("clip_gradients", "tiny norm", "bound", None,
         {"a": normal(4, 3, scale=1e-5), "b": normal(3, scale=1e-5)}, clip(1e-6)),
    Case("clip_gradients", "NaN", "exact", None,
         {"a": values([1, float("nan")]), "b": values(2)}, clip(1)),
    Case("clip_gradients", "book", "envelope", None,
         {"a": normal(1027, 256), "b": normal(256, 1027)}, clip(0.01)),
    Case("sgd", "dyadic", "exact", None, sgd_inputs(dyadic, 4, 3), sgd(0.5, 8, 2.0)),
    Case("sgd", "defaults", "exact", None, sgd_inputs(dyadic, 4, 3), sgd(0.25)),
    Case("sgd", "small", "bound", None, sgd_inputs(normal, 4, 3), sgd(0.3, 3, 0.7)),
    Case("sgd", "batch of 256", "bound", None, sgd_inputs(normal, 4, 3), sgd(100.0, 256)),
    Case("sgd", "book", "bound", None, sgd_inputs(normal, 200, 1), sgd(0.003, 10, 3.0)),
    Case("sgd", "book lyrics", "bound", None, sgd_inputs(normal, 256, 1027), sgd(1e2, 1)),
    *LAYER_CASES,
]
# fmt: on
