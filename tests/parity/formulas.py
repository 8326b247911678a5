"""How hypothesis draws inputs for every primitive that has a formula: shapes, values, layouts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from backends.interface import Backend, Network
from tests.parity.case import Case
from tests.parity.programs import clipped, trained

Inputs = dict[str, Any]
Run = Callable[..., Any]

DYADIC = st.integers(-4, 4).map(lambda n: n / 2)
# So small that no sigmoid becomes subnormal, see pinned.py.
ORDINARY = st.floats(-3, 3, width=32, allow_subnormal=False)
SPECIAL = st.sampled_from(
    [float("nan"), float("inf"), -float("inf"), 0.0, -0.0, 1.0, -1.0, 0.5, 1e-40, 3.0]
)


# --- layouts: the same numbers in other memory -----------------------------------


def every_other(array: np.ndarray) -> np.ndarray:
    for axis in range(array.ndim):
        array = array.repeat(2, axis)
    return array[(slice(None, None, 2),) * array.ndim]


def inside(array: np.ndarray) -> np.ndarray:
    return np.pad(array, 1)[(slice(1, -1),) * array.ndim]


LAYOUTS: list[Callable[[np.ndarray], np.ndarray]] = [
    np.asarray,
    np.asfortranarray,
    every_other,
    inside,
    lambda array: np.flip(np.flip(array).copy()),
]


@dataclass
class Draw:
    """Draws of one example."""

    data: st.DataObject
    elements: st.SearchStrategy[float]

    @property
    def special(self) -> bool:
        return self.elements is SPECIAL

    @property
    def activation(self) -> str:
        """Of an RNN: ReLU is exact, but MXNet and a NaN are at odds there, see pinned.py."""
        return "tanh" if self.special else "relu"

    def __call__(self, strategy: st.SearchStrategy[Any]) -> Any:
        return self.data.draw(strategy)

    def size(self, least: int = 1, most: int = 5) -> int:
        return int(self(st.integers(least, most)))

    def power(self) -> int:
        return int(self(st.sampled_from([1, 2, 4, 8])))

    def array(self, *shape: int, elements: st.SearchStrategy[float] | None = None) -> np.ndarray:
        elements = self.elements if elements is None else elements
        array = self(arrays("float64", shape, elements=elements))
        return self(st.sampled_from(LAYOUTS))(array) if array.ndim else array

    def ids(self, size: int, *shape: int) -> np.ndarray:
        return self(arrays("int64", shape, elements=st.integers(0, size - 1)))

    def shape(self, least: int = 0) -> tuple[int, ...]:
        return tuple(self(st.lists(st.integers(least, 4), min_size=1, max_size=3)))


# --- formulas --------------------------------------------------------------------

CELLS = {"rnn": "h", "gru": "rzh", "lstm": "ifco"}


def of_an_array(draw: Draw) -> tuple[Inputs, Run | None]:
    return {"x": draw.array(*draw.shape())}, None


def itself(draw: Draw) -> tuple[Inputs, Run | None]:
    return {"x": draw.array(*draw.shape())}, lambda k, x: x


def parameters(draw: Draw) -> tuple[Inputs, Run | None]:
    return {"w": {"W": draw.array(*draw.shape()), "b": draw.array(draw.size(0))}}, None


def detach(draw: Draw) -> tuple[Inputs, Run | None]:
    return {"x": draw.array(*draw.shape())}, lambda k, x: k.detach((x,))[0] + x


def one_hot(draw: Draw) -> tuple[Inputs, Run | None]:
    size = draw.size()
    return {"i": draw.ids(size, *draw.shape())}, lambda k, i: k.one_hot(i, size)


def concat(draw: Draw) -> tuple[Inputs, Run | None]:
    axis, width = draw(st.integers(0, 1)), draw.size()
    shapes = [(draw.size(0), width) for _ in range(2)]
    inputs = {n: draw.array(*s[:: 1 - 2 * axis]) for n, s in zip("xy", shapes, strict=True)}
    return inputs, lambda k, x, y: k.concat([x, y], axis)


def take_rows(draw: Draw) -> tuple[Inputs, Run | None]:
    size = draw.size()
    return {"x": draw.array(size, draw.size()), "i": draw.ids(size, *draw.shape())}, None


def reshape(draw: Draw) -> tuple[Inputs, Run | None]:
    shape = draw.shape(1)
    return {"x": draw.array(*shape)}, lambda k, x: k.reshape(x, (-1, *shape[:1]))


def argmax(draw: Draw) -> tuple[Inputs, Run | None]:
    axis = draw(st.integers(-2, 1))
    return {"x": draw.array(draw.size(), draw.size())}, lambda k, x: k.argmax(x, axis)


def mean(draw: Draw) -> tuple[Inputs, Run | None]:
    return {"x": draw.array(draw.power(), draw.power())}, None


def linear(draw: Draw) -> tuple[Inputs, Run | None]:
    lead = tuple(draw(st.lists(st.integers(0, 4), max_size=2)))
    d, q = draw.size(), draw.size()
    inputs = {"x": draw.array(*lead, d), "W": draw.array(q, d), "b": draw.array(q)}
    if draw(st.booleans()):
        return inputs, lambda k, x, W, b: k.linear(x, W.T, b)
    return {**inputs, "W": inputs["W"].T}, None


def dropout(draw: Draw) -> tuple[Inputs, Run | None]:
    shape, p = draw.shape(), draw(st.sampled_from([0, 0.5, 0.75, 1]))
    inputs = {"x": draw.array(*shape), "m": draw.array(*shape, elements=st.sampled_from([0.0, 1]))}
    return inputs, lambda k, x, m: k.dropout(x, p, m)


def cell_inputs(draw: Draw, name: str, n: int, d: int, h: int) -> Inputs:
    inputs = {"h": draw.array(n, h)} | ({"c": draw.array(n, h)} if name == "lstm" else {})
    for gate in CELLS[name]:
        inputs |= {f"W_x{gate}": draw.array(d, h), f"W_h{gate}": draw.array(h, h)}
        inputs |= {f"b_{gate}": draw.array(h)}
    return inputs


def cell(name: str, sequence: bool) -> Callable[[Draw], tuple[Inputs, Run | None]]:
    def build(draw: Draw) -> tuple[Inputs, Run | None]:
        n, d, h = draw.size(0, 3), draw.size(1, 3), draw.size(1, 3)
        lead = (draw.size(0, 2), n) if sequence else (n,)
        # A one-hot product spreads NaN, see pinned.py.
        with_ids = not draw.special and draw(st.booleans())
        x = draw.ids(d, *lead) if with_ids else draw.array(*lead, d)
        option = {"rnn": [draw.activation], "gru": ["before", "after"], "lstm": []}[name]
        args = (draw(st.sampled_from(option)),) if option else ()
        primitive = name if sequence else f"{name}_step"

        def run(k: Backend, x: Any, h: Any, c: Any = None, **params: Any) -> Any:
            return getattr(k, primitive)(x, (h,) if c is None else (h, c), params, *args)

        return {"x": x, **cell_inputs(draw, name, n, d, h)}, run

    return build


def rnn_output(draw: Draw) -> tuple[Inputs, Run | None]:
    h, q = draw.size(), draw.size()
    x = draw.array(draw.size(0, 3), draw.size(0, 3), h)
    inputs = {"x": x, "W": draw.array(h, q), "b": draw.array(q)}
    return inputs, lambda k, x, W, b: k.rnn_output(x, {"W_hq": W, "b_q": b})


def squared_loss(draw: Draw) -> tuple[Inputs, Run | None]:
    shape = draw.shape()
    return {"x": draw.array(*shape), "y": draw.array(*shape)}, None


def cross_entropy(draw: Draw) -> tuple[Inputs, Run | None]:
    n, q = draw.size(0), draw.size()
    return {"x": draw.array(n, q), "y": draw.ids(q, n)}, None


def perplexity(draw: Draw) -> tuple[Inputs, Run | None]:
    return {"x": draw.array(draw.size())}, None


def unclipped_gradients(draw: Draw) -> tuple[Inputs, Run | None]:
    inputs = {"a": draw.array(*draw.shape()), "b": draw.array(draw.size())}
    most = draw(st.sampled_from([None, 2.0**20, float("inf")]))
    return inputs, lambda k, a, b: clipped(k, {"a": a, "b": b}, most)["a"]


def clip_gradients(draw: Draw) -> tuple[Inputs, Run | None]:
    inputs = {"a": draw.array(*draw.shape()), "b": draw.array(draw.size())}
    most = draw(st.sampled_from([None, 0.25, 1.0, 3.0, float("inf")]))
    return inputs, lambda k, a, b: clipped(k, {"a": a, "b": b}, most)


def sgd(draw: Draw) -> tuple[Inputs, Run | None]:
    d, q = draw.size(), draw.size()
    rate, batch = draw(st.sampled_from([0.0, 0.25, 1.0])), draw.power()
    decay = draw(st.sampled_from([0.0, 0.5, 2.0]))
    inputs = {"W": draw.array(d, q), "b": draw.array(q)}
    inputs |= {f"g{name}": draw.array(*array.shape) for name, array in inputs.items()}

    def run(k: Backend, W: Any, b: Any, gW: Any, gb: Any) -> Any:
        return k.sgd({"W": W, "b": b}, {"W": gW, "b": gb}, rate, batch, decay)

    return inputs, run


def loaded(draw: Draw, layers: Callable[[Backend], Inputs], **shapes: tuple[int, ...]) -> Any:
    given = {name: draw.array(*shape) for name, shape in shapes.items()}

    def load(k: Backend) -> Network:
        network = k.network(**layers(k))
        network.load(given)
        return network

    return load


def dense_layer(draw: Draw) -> tuple[Inputs, Run | None]:
    d, q, shape = draw.size(), draw.size(), draw.shape()
    net = loaded(draw, lambda k: {"out": k.dense_layer(d, q)}, W=(d, q), b=(q,))
    return {"x": draw.array(*shape[:2], d), "net": net}, lambda k, x, net: net["out"](x)


def layer(name: str) -> Callable[[Draw], tuple[Inputs, Run | None]]:
    def build(draw: Draw) -> tuple[Inputs, Run | None]:
        n, d, h = draw.size(0, 3), draw.size(1, 3), draw.size(1, 3)
        kinds = {"W_x": (d, h), "W_h": (h, h), "b_": (h,), "b_h": (h,)}
        shapes = {kind + gate: shape for kind, shape in kinds.items() for gate in CELLS[name]}
        args = (draw.activation,) if name == "rnn" else ()
        net = loaded(draw, lambda k: {name: getattr(k, f"{name}_layer")(d, h, *args)}, **shapes)
        state = {n_: draw.array(n, h) for n_ in ("hc" if name == "lstm" else "h")}

        def run(k: Backend, x: Any, net: Network, **state: Any) -> Any:
            return net[name](x, tuple(state.values()))

        return {"x": draw.array(draw.size(1, 2), n, d), "net": net, **state}, run

    return build


def trainer(draw: Draw) -> tuple[Inputs, Run | None]:
    n, d = draw.size(0), draw.size()
    net = loaded(draw, lambda k: {"out": k.dense_layer(d, 1)}, W=(d, 1), b=(1,))
    decay, batch = draw(st.sampled_from([0.0, 0.5])), draw.power()

    def run(k: Backend, x: Any, y: Any, net: Network) -> Any:
        return trained(k, net, x, y, batch, learning_rate=0.25, weight_decay=decay)

    return {"x": draw.array(n, d), "y": draw.array(n, 1), "net": net}, run


FORMULAS: dict[str, Callable[[Draw], tuple[Inputs, Run | None]]] = {
    "from_numpy": itself,
    "to_numpy": of_an_array,
    "parameters": parameters,
    "detach": detach,
    "one_hot": one_hot,
    "concat": concat,
    "take_rows": take_rows,
    "reshape": reshape,
    "argmax": argmax,
    "sum": of_an_array,
    "mean": mean,
    "linear": linear,
    "relu": of_an_array,
    "tanh": of_an_array,
    "sigmoid": of_an_array,
    "dropout": dropout,
    "rnn_step": cell("rnn", sequence=False),
    "rnn": cell("rnn", sequence=True),
    "gru_step": cell("gru", sequence=False),
    "gru": cell("gru", sequence=True),
    "lstm_step": cell("lstm", sequence=False),
    "lstm": cell("lstm", sequence=True),
    "rnn_output": rnn_output,
    "squared_loss": squared_loss,
    "softmax_cross_entropy": cross_entropy,
    "l2_penalty": of_an_array,
    "perplexity": perplexity,
    "clip_gradients": clip_gradients,
    "sgd": sgd,
    "dense_layer": dense_layer,
    "rnn_layer": layer("rnn"),
    "gru_layer": layer("gru"),
    "lstm_layer": layer("lstm"),
    "trainer": trainer,
}

WITHOUT_FORMULA = {
    "zeros": "takes no numbers",
    "random_dropout": "draws its own mask",
    "dropout_layer": "draws its own mask",
    "value_and_grad": "differentiates every other formula",
    "network": "calls layers, which are drawn",
}

ROUNDED = ("tanh", "sigmoid", "softmax_cross_entropy", "perplexity", "gru", "lstm")

# Those that need no rounding on dyadic inputs.
EXACT_FORMULAS = {
    **{name: formula for name, formula in FORMULAS.items() if not name.startswith(ROUNDED)},
    "clip_gradients": unclipped_gradients,
}


def drawn(data: st.DataObject, *, elements: st.SearchStrategy[float], primitive: str) -> Case:
    """A row of a table, with inputs that hypothesis draws."""
    name = "drawn special" if elements is SPECIAL else "drawn"
    return as_case(primitive, name, "bound", FORMULAS[primitive](Draw(data, elements)))


def drawn_exact(data: st.DataObject, *, primitive: str) -> Case:
    return as_case(primitive, "drawn exact", "exact", EXACT_FORMULAS[primitive](Draw(data, DYADIC)))


def as_case(primitive: str, name: str, kind: str, built: tuple[Inputs, Run | None]) -> Case:
    inputs, run = built
    made = {name: (lambda rng, value=value: value) for name, value in inputs.items()}
    return Case(primitive, name, kind, kind, made, run)
