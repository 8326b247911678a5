"""Rows whose true result takes no rounding, so that every backend must give the same bits.

Inputs are integers, or integers over a power of 2, and the sum of |a| |b| over every sum of
products stays below 2²⁴ units of the last place: no order of summation then rounds. Rows with
4097 = 2¹² + 1 need 13 bits of a factor, one with 2²⁴ − 1 all 24; a matrix product in TF32,
float16 or bfloat16 keeps 11 or 8.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backends.interface import Backend, Network, Parameters, Weights
from tests.parity.case import Case, Factory, dyadic, ids, mask, normal, values
from tests.parity.programs import clipped, trained, with_gradients


def integers(low: int, high: int, *shape: int) -> Factory:
    """From low to high, both included."""
    return lambda rng: rng.integers(low, high + 1, shape).astype("float64")


def chosen(given: tuple[float, ...], *shape: int) -> Factory:
    return lambda rng: rng.choice(np.array(given, "float64"), shape)


def permutation(size: int) -> Factory:
    """±1 once in every row and column: a product with it makes a state no larger."""
    return lambda rng: np.eye(size)[rng.permutation(size)] * rng.choice([-1.0, 1.0], size)


def constant(value: float, *shape: int) -> Factory:
    return lambda rng: np.full(shape, value)


def loaded(layers: Callable[[Backend], dict[str, Any]], **of: Factory) -> Factory:
    """A network with parameters from these factories."""

    def make(rng: np.random.Generator) -> Callable[[Backend], Network]:
        given = {name: factory(rng) for name, factory in of.items()}

        def load(k: Backend) -> Network:
            network = k.network(**layers(k))
            network.load(given)
            return network

        return load

    return make


def dense(d: int, q: int, of: Callable[..., Factory] = dyadic) -> Factory:
    return loaded(lambda k: {"out": k.dense_layer(d, q)}, W=of(d, q), b=of(q))


def relu_layer(d: int, h: int) -> Factory:
    of = {"W_xh": chosen((-1, 0, 1), d, h), "W_hh": permutation(h), "b_h": chosen((-1, 0, 1), h)}
    return loaded(lambda k: {"rnn": k.rnn_layer(d, h, "relu")}, **of)


def relu_rnn(d: int, h: int, n: int) -> dict[str, Factory]:
    """State and parameters under which a state grows by 2 a step at most."""
    small = (-1.0, 0.0, 1.0)
    return {
        "h": chosen(small, n, h),
        "W_xh": chosen(small, d, h),
        "W_hh": permutation(h),
        "b_h": chosen(small, h),
    }


def relu_recurrence(primitive: str) -> Callable[..., Any]:
    return lambda k, x, h, **params: getattr(k, primitive)(x, (h,), params, "relu")


def gated(cell: str, d: int, h: int, open_gates: str, shut_gates: str) -> dict[str, Factory]:
    """Parameters of a GRU or LSTM whose gates are 0 or 1 and whose candidate is −1 or 1."""
    of: dict[str, Factory] = {}
    for gate in {"gru": "rzh", "lstm": "ifco"}[cell]:
        of |= {f"W_x{gate}": dyadic(d, h), f"W_h{gate}": dyadic(h, h)}
        bias = 1e4 if gate in open_gates else -1e4
        given = (bias,) if gate in open_gates + shut_gates else (-1e4, 1e4)
        of[f"b_{gate}"] = chosen(given, h)
    return of


def gated_cell(primitive: str) -> Callable[..., Any]:
    if primitive.startswith("gru"):
        return lambda k, x, h, **params: getattr(k, primitive)(x, (h,), params)
    return lambda k, x, h, c, **params: getattr(k, primitive)(x, (h, c), params)


def perceptron(k: Backend, x: Any, y: Any, w: Weights) -> Any:
    """Σ squared loss + ½ ‖W1‖² of two layers, and its gradients."""

    def objective(params: Parameters) -> Any:
        hidden = k.relu(k.linear(x, params["W1"], params["b1"]))
        loss = k.squared_loss(k.linear(hidden, params["W2"], params["b2"]), y)
        return k.sum(loss) + k.l2_penalty(params["W1"])

    loss, grads = k.value_and_grad(objective)(k.parameters(w))
    return {"loss": loss, "gradients": grads}


def perceptron_inputs(n: int, d: int, h: int, q: int) -> dict[str, Factory]:
    small = (-1.0, 0.0, 0.0, 0.0, 1.0)
    shapes = {"W1": (d, h), "b1": (h,), "W2": (h, q), "b2": (q,)}
    weights = {name: chosen(small, *shape) for name, shape in shapes.items()}
    return {
        "x": chosen(small, n, d),
        "y": chosen(small, n, q),
        "w": lambda rng: {name: factory(rng) for name, factory in weights.items()},
    }


def sgd(*args: float) -> Callable[..., Any]:
    return lambda k, W, b, gW, gb: k.sgd({"W": W, "b": b}, {"W": gW, "b": gb}, *args)


def sgd_inputs(d: int, q: int) -> dict[str, Factory]:
    return {"W": dyadic(d, q), "b": dyadic(q), "gW": dyadic(d, q), "gb": dyadic(q)}


def unclipped(max_norm: float | None) -> Callable[..., Any]:
    return lambda k, a, b: k.clip_gradients({"a": a, "b": b}, max_norm)[0]


def clip(max_norm: float | None) -> Callable[..., Any]:
    return lambda k, a, b: clipped(k, {"a": a, "b": b}, max_norm)


def gradients_of(layer: str) -> Callable[..., Any]:
    return lambda k, x, net, r: with_gradients(k, net, lambda net: net[layer](x), r)


def gradients_of_rnn(k: Backend, x: Any, h: Any, net: Network, r: Any) -> Any:
    return with_gradients(k, net, lambda net: net["rnn"](x, (h,))[0], r)


def train(batch_size: int, **options: float) -> Callable[..., Any]:
    return lambda k, x, y, net: trained(k, net, x, y, batch_size, **options)


WIDE = (4097.0, -4097.0, 4096.0, 1.0, -1.0, 0.0)
SIGNS = (-1.0, 1.0)
POWERS = (-2.0, -0.5, 0.5, 1.0)
PERMUTED = {"W": permutation(256), "b": chosen((-1.0, 0.0, 1.0), 256)}

# fmt: off
EXACT_CASES = [
    # --- arrays ---
    *(Case("concat", f"exact {n} rows", "exact", "exact",
           {"x": dyadic(n, 5), "y": dyadic(n + 1, 5), "z": dyadic(1, 5)},
           lambda k, x, y, z: k.concat([x, y, z], 0)) for n in (15, 16, 17)),
    Case("concat", "exact book gates", "exact", "exact", {"x": dyadic(256, 256),
         "y": dyadic(256, 256)}, lambda k, x, y: k.concat([x, y], 1)),
    Case("one_hot", "exact three axes", "exact", None, {"i": ids(17, 4, 3, 2)},
         lambda k, i: k.one_hot(i, 17)),
    Case("take_rows", "exact every row", "exact", "exact", {"x": dyadic(17, 5), "i": ids(17, 64)}),
    Case("take_rows", "exact 4097", "exact", "exact",
         {"x": chosen(WIDE, 5, 3), "i": ids(5, 9)}),
    Case("take_rows", "exact book", "exact", "exact", {"x": dyadic(28, 512), "i": ids(28, 35, 32)}),
    Case("take_rows", "exact book lyrics", "exact", "exact",
         {"x": dyadic(1027, 256), "i": ids(1027, 35, 32)}),
    Case("reshape", "exact book", "exact", "exact", {"x": dyadic(35, 32, 256)},
         lambda k, x: k.reshape(x, (-1, 256))),
    *(Case("sum", f"exact {n}", "exact", "exact", {"x": integers(-64, 64, n)})
      for n in (1, 2, 3, 7, 8, 9, 1023, 1024, 1025)),
    Case("sum", "exact up to 2²⁴", "exact", "exact", {"x": integers(0, 15, 1025, 1023)}),
    Case("sum", "exact 4097", "exact", "exact", {"x": chosen(WIDE, 64, 63)}),
    Case("sum", "exact 2²⁴ − 1", "exact", "exact", {"x": values(2**23, 2**22, 2**22 - 1)}),
    *(Case("mean", f"exact {shape}", "exact", "exact", {"x": dyadic(*shape)})
      for shape in ((2,), (1, 16), (4, 8, 32), (32, 256))),
    Case("mean", "exact 4097", "exact", "exact", {"x": chosen(WIDE, 1024)}),
    # --- model ---
    *(Case("linear", f"exact {n} × {d} × {q}", "exact", "exact",
           {"x": dyadic(n, d), "W": dyadic(d, q), "b": dyadic(q)})
      for n, d, q in ((1, 1, 1), (1, 2, 3), (3, 1, 2), (2, 3, 1), (7, 8, 9), (8, 8, 8), (9, 7, 8),
                      (15, 17, 16), (16, 16, 16), (17, 15, 31), (31, 33, 32), (33, 65, 63))),
    Case("linear", "exact one axis", "exact", "exact",
         {"x": dyadic(33), "W": dyadic(33, 17), "b": dyadic(17)}),
    Case("linear", "exact three axes", "exact", "exact",
         {"x": dyadic(3, 5, 17), "W": dyadic(17, 9), "b": dyadic(9)}),
    Case("linear", "exact three axes without bias", "exact", "exact",
         {"x": dyadic(3, 5, 17), "W": dyadic(17, 9)}),
    Case("linear", "exact 4097 inputs", "exact", "exact",
         {"x": chosen(WIDE, 6, 9), "W": dyadic(9, 5), "b": dyadic(5)}),
    Case("linear", "exact 4097 weights", "exact", "exact",
         {"x": dyadic(6, 9), "W": chosen(WIDE, 9, 5), "b": chosen(WIDE, 5)}),
    Case("linear", "exact 4097 three axes", "exact", "exact",
         {"x": chosen(WIDE, 3, 4, 33), "W": chosen(POWERS, 33, 17), "b": dyadic(17)}),
    Case("linear", "exact 4097 book", "exact", "exact",
         {"x": chosen(WIDE, 32, 512), "W": permutation(512), "b": dyadic(512)}),
    Case("linear", "exact 4097 book weights", "exact", "exact",
         {"x": chosen(SIGNS, 32, 1027), "W": chosen(WIDE, 1027, 256), "b": chosen(WIDE, 256)}),
    Case("linear", "exact 2²⁴ − 1", "exact", "exact",
         {"x": chosen((2**24 - 1.0, 1 - 2.0**24), 1, 33), "W": permutation(33)}),
    Case("linear", "exact sum below 2²⁴", "exact", "exact",
         {"x": integers(60, 64, 2, 4095), "W": integers(60, 64, 4095, 3), "b": values(1, 2, 4095)}),
    Case("linear", "exact sum of both signs", "exact", "exact",
         {"x": integers(-63, 63, 2, 4097), "W": integers(-63, 63, 4097, 3)}),
    Case("linear", "exact book perceptron", "exact", "exact",
         {"x": dyadic(256, 784), "W": dyadic(784, 256), "b": dyadic(256)}),
    Case("linear", "exact book three axes", "exact", "exact",
         {"x": dyadic(35, 32, 28), "W": dyadic(28, 256), "b": dyadic(256)}),
    *(Case("relu", f"exact {n}", "exact", "exact", {"x": chosen((*WIDE, -0.25, 0.25), n)})
      for n in (1, 15, 16, 17, 1023, 1024, 1025)),
    Case("tanh", "exact saturated", "exact", None, {"x": values(-300, -64, 0, 64, 300)}),
    Case("tanh", "exact at 0", "exact", "exact", {"x": values(0, 0)}),
    Case("sigmoid", "exact saturated", "exact", None, {"x": values(-1e30, -1e4, 0, 1e4, 1e30)}),
    Case("sigmoid", "exact at 0", "exact", "exact", {"x": values(0, 0)}),
    *(Case("dropout", f"exact half {shape}", "exact", "exact",
           {"x": dyadic(*shape), "m": mask(*shape)}, lambda k, x, m: k.dropout(x, 0.5, m))
      for shape in ((1,), (17,), (3, 5, 7), (256, 256))),
    Case("dropout", "exact quarters", "exact", "exact", {"x": dyadic(5, 4), "m": mask(5, 4)},
         lambda k, x, m: k.dropout(x, 0.75, m)),
    Case("rnn_step", "exact ids", "exact", "exact", {"x": ids(5, 3), **relu_rnn(5, 4, 3)},
         relu_recurrence("rnn_step")),
    Case("rnn_step", "exact book", "exact", "exact",
         {"x": ids(1027, 32), "h": dyadic(32, 256), "W_xh": dyadic(1027, 256),
          "W_hh": dyadic(256, 256), "b_h": dyadic(256)}, relu_recurrence("rnn_step")),
    Case("rnn_step", "exact book dense", "exact", "exact",
         {"x": dyadic(32, 28), "h": dyadic(32, 256), "W_xh": dyadic(28, 256),
          "W_hh": dyadic(256, 256), "b_h": dyadic(256)}, relu_recurrence("rnn_step")),
    *(Case("rnn", f"exact T = {T}, batch of {n}", "exact", "exact",
           {"x": ids(7, T, n), **relu_rnn(7, 9, n)}, relu_recurrence("rnn"))
      for T, n in ((1, 1), (1, 3), (2, 1), (3, 2), (16, 4))),
    Case("rnn", "exact dense", "exact", "exact",
         {"x": chosen((-1.0, 0.0, 1.0), 5, 3, 4), **relu_rnn(4, 8, 3)}, relu_recurrence("rnn")),
    Case("rnn", "exact book", "exact", "exact",
         {"x": ids(28, 35, 32), **relu_rnn(28, 256, 32)}, relu_recurrence("rnn")),
    Case("rnn", "exact book lyrics", "exact", "exact",
         {"x": ids(1027, 35, 32), **relu_rnn(1027, 256, 32)}, relu_recurrence("rnn")),
    *(Case(primitive, f"exact {what}, {kind}", "exact", None,
           {"x": x, "h": dyadic(3, 4), **gated("gru", 5, 4, *gates)}, gated_cell(primitive))
      for what, gates in {"keeps its state": ("z", "r"), "takes the candidate": ("r", "z")}.items()
      for primitive, kind, x in (("gru_step", "dense", dyadic(3, 5)),
                                 ("gru_step", "ids", ids(5, 3)),
                                 ("gru", "dense", dyadic(4, 3, 5)), ("gru", "ids", ids(5, 4, 3)))),
    *(Case(primitive, f"exact {what}, {kind}", "exact", None,
           {"x": x, "h": dyadic(3, 4), "c": chosen((-64.0, 64.0), 3, 4),
            **gated("lstm", 5, 4, *gates)}, gated_cell(primitive))
      for what, gates in {"keeps its cell": ("fo", "i"), "adds the candidate": ("ifo", ""),
                          "shows nothing": ("f", "io")}.items()
      for primitive, kind, x in (("lstm_step", "dense", dyadic(3, 5)),
                                 ("lstm_step", "ids", ids(5, 3)),
                                 ("lstm", "dense", dyadic(4, 3, 5)),
                                 ("lstm", "ids", ids(5, 4, 3)))),
    Case("rnn_output", "exact 4097", "exact", "exact",
         {"x": chosen(WIDE, 3, 2, 9), "W": dyadic(9, 5), "b": dyadic(5)},
         lambda k, x, W, b: k.rnn_output(x, {"W_hq": W, "b_q": b})),
    Case("rnn_output", "exact book", "exact", "exact",
         {"x": dyadic(35, 32, 256), "W": dyadic(256, 28), "b": dyadic(28)},
         lambda k, x, W, b: k.rnn_output(x, {"W_hq": W, "b_q": b})),
    # --- losses ---
    *(Case("squared_loss", f"exact {shape}", "exact", "exact",
           {"x": dyadic(*shape), "y": dyadic(*shape)})
      for shape in ((1,), (1, 1), (17,), (100, 1), (256, 10), (3, 4, 5))),
    Case("squared_loss", "exact 4095", "exact", "exact",
         {"x": chosen((4095.0, -4095.0, 4094.0), 9, 1), "y": chosen(SIGNS, 9, 1)}),
    Case("softmax_cross_entropy", "exact one class", "exact", "exact",
         {"x": normal(5, 1), "y": ids(1, 5)}),
    Case("softmax_cross_entropy", "exact saturated", "exact", "exact",
         {"x": values([1e4, -1e4, 0], [-1e4, 1e4, -1e4], [-1e4, -1e4, 1e4]),
          "y": values(0, 0, 2, dtype="int64")}),
    Case("l2_penalty", "exact 4095", "exact", "exact", {"x": values([4095], [1], [-63])}),
    Case("l2_penalty", "exact book", "exact", "exact", {"x": dyadic(200, 1)}),
    Case("l2_penalty", "exact book perceptron", "exact", "exact", {"x": dyadic(784, 256)}),
    *(Case("perplexity", f"exact zero loss of {n}", "exact", "exact", {"x": constant(0.0, n)})
      for n in (1, 2, 1024)),
    # --- optimisation ---
    Case("value_and_grad", "exact perceptron", "exact", None, perceptron_inputs(4, 5, 6, 3),
         perceptron),
    Case("value_and_grad", "exact larger perceptron", "exact", None,
         perceptron_inputs(16, 33, 17, 9), perceptron),
    Case("clip_gradients", "exact off", "exact", None, {"a": normal(1027, 256), "b": normal(256)},
         unclipped(None)),
    *(Case("clip_gradients", f"exact below {most:g}", "exact", None,
           {"a": normal(63, 65), "b": normal(17)}, unclipped(most)) for most in (1e4, 1e30)),
    Case("clip_gradients", "exact at the norm", "exact", None,
         {"a": values([2, 0], [0, 4]), "b": values(4, 8)}, clip(10)),
    *(Case("clip_gradients", f"exact to {most:g} of 10", "exact", None,
           {"a": values([2, 0], [0, 4]), "b": values(4, 8)}, clip(most)) for most in (5, 0.625)),
    Case("clip_gradients", "exact book", "exact", None,
         {"a": chosen(SIGNS, 256, 256), "b": constant(0.0, 256)}, clip(2**-6)),
    *(Case("sgd", f"exact {name}", "exact", None, inputs, sgd(*args))
      for name, inputs, args in (
          ("batch of 1", sgd_inputs(3, 2), (0.5, 1)), ("rate 1", sgd_inputs(3, 2), (1.0, 1, 0.0)),
          ("one weight", sgd_inputs(1, 1), (2.0**-7, 4, 8.0)),
          ("book", sgd_inputs(784, 256), (0.5, 256, 2.0)),
          ("book lyrics", sgd_inputs(1027, 256), (64.0, 32)))),
    # --- layers ---
    Case("dense_layer", "exact", "exact", "exact", {"x": dyadic(5, 3), "net": dense(3, 4)},
         lambda k, x, net: net["out"](x)),
    Case("dense_layer", "exact 4097", "exact", "exact",
         {"x": chosen(WIDE, 2, 5, 17), "net": dense(17, 9)}, lambda k, x, net: net["out"](x)),
    Case("dense_layer", "exact parameters", "exact", None,
         {"x": chosen(WIDE, 5, 3), "net": dense(3, 4), "r": chosen(POWERS, 5, 4)},
         gradients_of("out")),
    Case("dense_layer", "exact book", "exact", None,
         {"x": dyadic(256, 784), "net": dense(784, 256), "r": chosen(POWERS, 256, 256)},
         gradients_of("out")),
    Case("rnn_layer", "exact", "exact", "exact",
         {"x": chosen((-1.0, 0.0, 1.0), 5, 3, 4), "h": chosen(SIGNS, 3, 8),
          "net": relu_layer(4, 8)}, lambda k, x, h, net: net["rnn"](x, (h,))),
    Case("rnn_layer", "exact parameters", "exact", None,
         {"x": chosen((-1.0, 0.0, 1.0), 5, 3, 4), "h": chosen(SIGNS, 3, 8),
          "net": relu_layer(4, 8), "r": chosen(POWERS, 5, 3, 8)}, gradients_of_rnn),
    Case("rnn_layer", "exact book", "exact", None,
         {"x": chosen((-1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0), 35, 4, 28), "h": chosen(SIGNS, 4, 64),
          "net": relu_layer(28, 64), "r": chosen(SIGNS, 35, 4, 64)}, gradients_of_rnn),
    *(Case("trainer", f"exact {name}", "exact", None,
           {"x": integers(-2, 2, 4, 3), "y": integers(-2, 2, 4, 1),
            "net": dense(3, 1, lambda *shape: integers(-2, 2, *shape))}, train(*args, **options))
      for name, args, options in (
          ("plain", (1,), {"learning_rate": 0.125}),
          ("batch of 4", (4,), {"learning_rate": 0.25}),
          ("weight decay", (4,), {"learning_rate": 0.25, "weight_decay": 0.5}),
          ("two decays", (2,), {"learning_rate": 0.25, "weight_decay": 0.5, "bias_decay": 2.0}))),
]
# fmt: on
