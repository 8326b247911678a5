"""Rows at the edges: special values, lengths of 0 and 1, sizes around powers of 2, layouts.

NaN, infinities and zeros must stand where the oracle's stand; everything finite must lie within
the bound. What the frameworks do otherwise is in pinned.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backends.interface import Backend, Network
from tests.parity.case import Case, Factory, ids, mask, network, normal, uniform, values
from tests.parity.exact_cases import constant
from tests.parity.programs import clipped, trained, with_gradients

NAN, INF = float("nan"), float("inf")
# Every weight that it meets makes a gate 0 or 1, in float64 too. With 1e4 a small one may leave a
# gate at 1e-43, which the frameworks' layers take for 0, and so change the sign of a zero.
SATURATING = 1e12
LARGEST = float(np.finfo("float32").max)
SMALLEST_NORMAL = float(np.finfo("float32").tiny)
SMALLEST = float(np.finfo("float32").smallest_subnormal)
SUBNORMAL = (SMALLEST, -SMALLEST, 1e-40, -1e-40, SMALLEST_NORMAL, -SMALLEST_NORMAL)
SPECIAL = (NAN, INF, -INF, 0.0, -0.0, 1.0, -1.0, LARGEST, -LARGEST, *SUBNORMAL)

SIZES = (1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 65, 129)
OUT_OF_RANGE = {"−1": lambda size: -1, "size": lambda size: size, "2³¹": lambda size: 2**31}


# --- layouts -------------------------------------------------------------------


def transposed(factory: Factory) -> Factory:
    return lambda rng: factory(rng).T


def column_major(factory: Factory) -> Factory:
    return lambda rng: np.asfortranarray(factory(rng))


def every_other(factory: Factory) -> Factory:
    """Twice as long along every axis, and every other element of it."""

    def make(rng: np.random.Generator) -> np.ndarray:
        array = np.asarray(factory(rng))
        for axis in range(array.ndim):
            array = array.repeat(2, axis)
        return array[(slice(None, None, 2),) * array.ndim]

    return make


def backwards(factory: Factory) -> Factory:
    return lambda rng: np.flip(factory(rng))


def repeated(factory: Factory) -> Factory:
    """One row for all, with a stride of 0; cannot be written to."""

    def make(rng: np.random.Generator) -> np.ndarray:
        array = np.asarray(factory(rng))
        return np.broadcast_to(array[:1], array.shape)

    return make


LAYOUTS = {
    "transposed": transposed,
    "column-major": column_major,
    "every other": every_other,
    "backwards": backwards,
    "repeated": repeated,
}
# --- inputs --------------------------------------------------------------------


def with_special(special: float, *shape: int, of: Callable[..., Factory] = normal) -> Factory:
    """The special value in the first place, and ordinary ones elsewhere."""

    def make(rng: np.random.Generator) -> np.ndarray:
        array = np.array(of(*shape)(rng))
        array.flat[0] = special
        return array

    return make


def pairs(*given: float) -> dict[str, Factory]:
    """Every value beside every other."""
    x, y = np.meshgrid(given, given)
    return {"x": lambda rng: x.ravel(), "y": lambda rng: y.ravel()}


CELLS = {"rnn": "h", "gru": "rzh", "lstm": "ifco"}


def cell(name: str, d: int, h: int, n: int, scale: float = 0.5) -> dict[str, Factory]:
    inputs = {"h": normal(n, h)} | ({"c": normal(n, h)} if name == "lstm" else {})
    for gate in CELLS[name]:
        inputs |= {
            f"W_x{gate}": normal(d, h, scale=scale),
            f"W_h{gate}": normal(h, h, scale=scale),
            f"b_{gate}": normal(h),
        }
    return inputs


def unrolled(primitive: str, *args: str) -> Callable[..., Any]:
    """A recurrent primitive on a state and parameters given by name."""

    def run(k: Backend, x: Any, h: Any, c: Any = None, **params: Any) -> Any:
        state = (h,) if c is None else (h, c)
        return getattr(k, primitive)(x, state, params, *args)

    return run


def layer(name: str, d: int, h: int, *args: str) -> Factory:
    kinds = {"W_x": (d, h), "W_h": (h, h), "b_": (h,), "b_h": (h,)}
    shapes = {kind + gate: shape for kind, shape in kinds.items() for gate in CELLS[name]}
    return network(lambda k: {name: getattr(k, f"{name}_layer")(d, h, *args)}, 0.5, **shapes)


def layer_outputs(name: str) -> Callable[..., Any]:
    return lambda k, x, net, **state: net[name](x, tuple(state.values()))


def layer_parameters(name: str) -> Callable[..., Any]:
    return lambda k, x, net, r, **state: with_gradients(
        k, net, lambda net: net[name](x, tuple(state.values()))[0], r
    )


def states(name: str, n: int, h: int) -> dict[str, Factory]:
    return {"h": normal(n, h)} | ({"c": normal(n, h)} if name == "lstm" else {})


def dense(d: int, q: int) -> Factory:
    return network(lambda k: {"out": k.dense_layer(d, q)}, W=(d, q), b=(q,))


def dense_parameters(k: Backend, x: Any, net: Network, r: Any) -> Any:
    return with_gradients(k, net, lambda net: net["out"](x), r)


def in_training(k: Backend, x: Any, net: Network) -> Any:
    """What a network gives inside `value_and_grad`."""

    def objective(net: Network) -> Any:
        outputs = net(x)
        return k.sum(outputs), outputs

    (_, outputs), _ = k.value_and_grad(objective, has_aux=True)(net)
    return k.detach((outputs,))


def clip(max_norm: float | None) -> Callable[..., Any]:
    return lambda k, a, b: clipped(k, {"a": a, "b": b}, max_norm)


def sgd(*args: float) -> Callable[..., Any]:
    return lambda k, W, b, gW, gb: k.sgd({"W": W, "b": b}, {"W": gW, "b": gb}, *args)


def sgd_inputs(weights: tuple[float, ...], grads: tuple[float, ...]) -> dict[str, Factory]:
    w, g = np.meshgrid(weights, grads)
    arrays = {"W": w, "b": w.ravel(), "gW": g, "gb": g.ravel()}
    return {name: (lambda rng, array=array: array) for name, array in arrays.items()}


def train(batch_size: int, **options: float) -> Callable[..., Any]:
    return lambda k, x, y, net: trained(k, net, x, y, batch_size, **options)


def grad_of(k: Backend, x: Any, w: Any) -> Any:
    """Loss and gradient of Σ relu(x w)."""

    def objective(params: Any) -> Any:
        return k.sum(k.relu(k.linear(x, params["W"])))

    loss, grads = k.value_and_grad(objective)(k.parameters(w))
    return {"loss": loss, "gradients": grads}


SPECIALS = {"NaN": NAN, "inf": INF, "−inf": -INF}
LARGE_LOGITS = values([1e4, -1e4, 0], [-1e4, -1e4, 1e4], [1e4, 1e4, 1e4], [-1e4, -1e4, -1e4])


def copies() -> list[Case]:
    rows = []
    for name, layout in LAYOUTS.items():
        for shape in ((3, 4), (1, 5), (5, 1), (2, 3, 4)):
            x = {"x": layout(normal(*shape))}
            rows.append(Case("from_numpy", f"{name} {shape}", "exact", None, x, lambda k, x: x))
        rows.append(
            Case("from_numpy", f"{name} ids", "exact", None, {"x": layout(ids(9, 4, 3))},
                 lambda k, x: x)
        )  # fmt: skip
    return rows


# fmt: off
EDGE_CASES = [
    # --- arrays ---
    *copies(),
    Case("from_numpy", "special", "exact", None, {"x": values(*SPECIAL)}, lambda k, x: x),
    Case("from_numpy", "above the largest float32", "exact", None,
         {"x": values(1e39, -1e39, 1e-46, -1e-46)}, lambda k, x: x),
    Case("to_numpy", "special", "exact", None, {"x": values(*SPECIAL)}),
    Case("to_numpy", "empty", "exact", None, {"x": normal(0)}),
    Case("to_numpy", "transposed view", "exact", None, {"x": normal(3, 4)},
         lambda k, x: k.to_numpy(x.T)),
    Case("to_numpy", "every other of it", "exact", None, {"x": normal(5, 4)},
         lambda k, x: k.to_numpy(x[::2])),
    Case("parameters", "special", "exact", None, {"w": lambda rng: {"W": np.array([SPECIAL]),
         "b": np.array(SPECIAL), "e": np.zeros((0, 3)), "t": np.ones((2, 3)).T}}),
    Case("detach", "special", "exact", None, {"x": values(*SPECIAL)},
         lambda k, x: k.detach((x, x[::2]))),
    Case("detach", "empty", "exact", None, {"x": normal(0, 3)}, lambda k, x: k.detach((x,))),
    *(Case("zeros", f"{shape}", "exact", None, {}, lambda k, s=shape: k.zeros(s))
      for shape in ((1,), (0,), (1, 0), (0, 0), (1, 1, 1), (17, 1), (65,))),
    Case("one_hot", "first and last id", "exact", None, {"i": values(0, 4, 0, 4, dtype="int64")},
         lambda k, i: k.one_hot(i, 5)),
    Case("one_hot", "one id of one", "exact", None, {"i": values(0, dtype="int64")},
         lambda k, i: k.one_hot(i, 1)),
    Case("one_hot", "scalar", "exact", None, {"i": lambda rng: np.array(2)},
         lambda k, i: k.one_hot(i, 3)),
    *(Case("one_hot", f"size {size}", "exact", None, {"i": ids(size, 2 * size)},
           lambda k, i, size=size: k.one_hot(i, size)) for size in SIZES),
    *(Case("one_hot", name, "exact", None, {"i": layout(ids(5, 3, 4))},
           lambda k, i: k.one_hot(i, 5)) for name, layout in LAYOUTS.items()),
    Case("one_hot", "transposed view", "exact", None, {"i": ids(5, 3, 4)},
         lambda k, i: k.one_hot(i.T, 5)),
    Case("concat", "special", "exact", "exact", {"x": values(*SPECIAL), "y": values(*SPECIAL)},
         lambda k, x, y: k.concat([x, y], 0)),
    Case("concat", "with nothing", "exact", "exact", {"x": normal(3, 2), "y": normal(0, 2)},
         lambda k, x, y: k.concat([x, y, y], 0)),
    Case("concat", "nothing with nothing", "exact", "exact", {"x": normal(0, 2), "y": normal(0, 3)},
         lambda k, x, y: k.concat([x, y], 1)),
    Case("concat", "last axis", "exact", "exact", {"x": normal(3, 2, 1), "y": normal(3, 2, 2)},
         lambda k, x, y: k.concat([x, y], -1)),
    Case("concat", "views", "exact", "exact", {"x": normal(3, 4), "y": normal(5, 3)},
         lambda k, x, y: k.concat([x.T, y[::2].T], 0)),
    *(Case("concat", f"{n} and 1", "exact", "exact", {"x": normal(n), "y": normal(1)},
           lambda k, x, y: k.concat([x, y], 0)) for n in SIZES),
    Case("take_rows", "special", "exact", "exact",
         {"x": values(*([v] for v in SPECIAL)), "i": ids(len(SPECIAL), 30)}),
    Case("take_rows", "first and last id", "exact", "exact",
         {"x": normal(5, 3), "i": values([0, 4], [4, 0], dtype="int64")}),
    Case("take_rows", "one row", "exact", "exact",
         {"x": normal(1, 3), "i": values(0, dtype="int64")}),
    Case("take_rows", "one column", "exact", "exact", {"x": normal(4, 1), "i": ids(4, 6)}),
    Case("take_rows", "no columns", "exact", "exact", {"x": normal(4, 0), "i": ids(4, 6)}),
    Case("take_rows", "scalar id", "exact", "exact",
         {"x": normal(4, 2), "i": lambda rng: np.array(3)}),
    Case("take_rows", "views", "exact", "exact", {"x": normal(3, 4), "i": ids(4, 3, 2)},
         lambda k, x, i: k.take_rows(x.T, i.T)),
    *(Case("take_rows", f"{n} rows of {n}", "exact", "exact",
           {"x": normal(n, n), "i": lambda rng, n=n: rng.permutation(n)}) for n in SIZES),
    Case("reshape", "special", "exact", "exact", {"x": values(*SPECIAL[:12])},
         lambda k, x: k.reshape(x, (3, -1))),
    Case("reshape", "of a view", "exact", "exact", {"x": normal(4, 6)},
         lambda k, x: [k.reshape(x.T, (3, 8)), k.reshape(x[::2], (-1,))]),
    Case("reshape", "nothing", "exact", None, {"x": normal(0, 3)},
         lambda k, x: [k.reshape(x, (0,)), k.reshape(x, (-1, 3)), k.reshape(x, (2, 0, 5))]),
    Case("reshape", "gradient of nothing", "exact", "exact", {"x": normal(0, 3)},
         lambda k, x: k.reshape(x, (3, 0))),
    Case("argmax", "infinities", "exact", None,
         {"x": values([INF, INF, 1], [-INF, -INF, -INF], [-INF, -LARGEST, -INF], [0.0, -0.0, -1])},
         lambda k, x: [k.argmax(x, 0), k.argmax(x, 1)]),
    Case("argmax", "NaN", "exact", None,
         {"x": values([1, NAN, 2], [NAN, NAN, 1], [INF, 0, NAN], [NAN, 5, 5])},
         lambda k, x: [k.argmax(x, 0), k.argmax(x, 1)]),
    Case("argmax", "zeros of both signs", "exact", None, {"x": values([-0.0, 0.0], [0.0, -0.0])},
         lambda k, x: [k.argmax(x, 0), k.argmax(x, 1)]),
    Case("argmax", "subnormal", "exact", None, {"x": values([0, SMALLEST, 0], [-SMALLEST, 0, -1])},
         lambda k, x: k.argmax(x, 1)),
    Case("argmax", "of a view", "exact", None, {"x": normal(5, 4)},
         lambda k, x: [k.argmax(x.T, 0), k.argmax(x.T, 1), k.argmax(x[::2], -1)]),
    Case("argmax", "no rows", "exact", None, {"x": normal(0, 3)}, lambda k, x: k.argmax(x, 1)),
    *(Case("argmax", f"size {n}", "exact", None, {"x": normal(3, n)}, lambda k, x: k.argmax(x, 1))
      for n in SIZES),
    *(Case(name, f"of {values_name}", "bound", "exact" if name == "sum" else "bound",
           {"x": values(*given)})
      for name in ("sum", "mean")
      for values_name, given in {
          "NaN": (1, NAN, 2), "NaN and inf": (INF, NAN), "inf": (1, INF, -LARGEST),
          "−inf": (-INF, 2, 3),
          "both infinities": (INF, 1, -INF), "the largest": (LARGEST, LARGEST / 4),
          "zeros": (0.0, 0.0),
          "negative zeros": (-0.0, -0.0), "zeros of both signs": (-0.0, 0.0),
          "opposite": (1.5, -1.5), "subnormal": (SMALLEST, SMALLEST, 1e-40),
          "subnormal to normal": (SMALLEST_NORMAL / 2, SMALLEST_NORMAL / 2, SMALLEST)}.items()),
    *(Case(name, f"of {n}", "bound", "bound", {"x": normal(n)}) for name in ("sum", "mean")
      for n in SIZES),
    *(Case(name, "of a view", "bound", "bound", {"x": normal(5, 4)},
           lambda k, x, name=name: [getattr(k, name)(x.T), getattr(k, name)(x[::2])])
      for name in ("sum", "mean")),
    Case("sum", "overflow", "bound", "exact", {"x": values(LARGEST, LARGEST)}),
    Case("mean", "empty", "bound", None, {"x": normal(0, 3)}),
    # --- model ---
    *(Case("linear", f"{name} in {where}", "bound", "bound",
           {"x": with_special(s, 3, 4) if where == "x" else normal(3, 4),
            "W": with_special(s, 4, 5) if where == "W" else normal(4, 5),
            "b": with_special(s, 5) if where == "b" else normal(5)})
      for name, s in SPECIALS.items() for where in "xWb"),
    Case("linear", "inf · 0", "bound", "bound",
         {"x": values([INF, 1, 0]), "W": values([0], [1], [INF])}),
    Case("linear", "inf · 0, one weight", "bound", "bound",
         {"x": values([INF], [1]), "W": values([0])}),
    Case("linear", "inf − inf", "bound", "bound",
         {"x": values([INF, INF]), "W": values([1], [-1])}),
    Case("linear", "overflow", "bound", "bound",
         {"x": values([1e20, 1], [-1e20, 1], [1e19, 0]), "W": values([1e20], [1])}),
    Case("linear", "underflow", "bound", "bound",
         {"x": values([1e-20, 1e-25], [-1e-30, 0]), "W": values([1e-20], [1e-25])}),
    Case("linear", "subnormal", "bound", "bound",
         {"x": values([1e-40, 3e-41], [-1e-39, SMALLEST]), "W": values([1, 2], [0.5, -1])}),
    Case("linear", "zeros of both signs", "bound", "bound",
         {"x": values([0.0, -0.0], [-0.0, -0.0], [1, -1]), "W": values([1], [1]), "b": values(0)}),
    Case("linear", "bias of −0", "bound", "bound",
         {"x": values([0.0], [1]), "W": values([1]), "b": values(-0.0)}),
    *(Case("linear", f"{shape} times {(shape[-1], q)}", "bound", "bound",
           {"x": normal(*shape), "W": normal(shape[-1], q), "b": normal(q)})
      for shape, q in (((0, 3), 2), ((0, 2, 3), 4), ((2, 0, 3), 4), ((3, 0), 2), ((3, 2), 0),
                       ((1, 1), 1), ((1, 4), 1), ((1, 1, 3), 2), ((3,), 1), ((1,), 3))),
    *(Case("linear", f"size {n}", "bound", "bound",
           {"x": normal(n, n), "W": normal(n, n), "b": normal(n)})
      for n in SIZES),
    *(Case("linear", f"{name}", "bound", "bound",
           {"x": layout(normal(4, 4)), "W": layout(normal(4, 4)), "b": layout(normal(4))})
      for name, layout in LAYOUTS.items()),
    Case("linear", "views", "bound", "bound", {"x": normal(4, 3), "W": normal(5, 8),
        "b": normal(10)},
         lambda k, x, W, b: k.linear(x.T, W[:, ::2].T, b[::2])),
    Case("linear", "three axes of a view", "bound", "bound",
         {"x": normal(2, 6, 8), "W": normal(4, 5)},
         lambda k, x, W: k.linear(x[:, ::2, ::2], W)),
    *(Case(name, what, "bound", "bound", {"x": values(*given)})
      for name in ("relu", "tanh", "sigmoid")
      for what, given in {
          "infinities": (INF, -INF, 1), "NaN": (NAN, 1, -1), "zero": (0.0,),
          "negative zero": (-0.0,),
          "subnormal": SUBNORMAL, "largest": (LARGEST, -LARGEST), "1e4": (1e4, -1e4),
          "near 0": (1e-5, -1e-5, 1e-20, -1e-20), "before exp overflows": (88, -88),
          "a subnormal sigmoid": (-89,), "far out": (89, 104, -104, -1000),
          }.items()),
    *(Case(name, f"of {n}", "bound", "bound", {"x": normal(n)})
      for name in ("relu", "tanh", "sigmoid")
      for n in SIZES),
    *(Case(name, "empty", "bound", "bound", {"x": normal(0, 3)})
      for name in ("relu", "tanh", "sigmoid")),
    *(Case(name, "of a view", "bound", "bound", {"x": normal(5, 4)},
           lambda k, x, name=name: [getattr(k, name)(x.T), getattr(k, name)(x[::2])])
      for name in ("relu", "tanh", "sigmoid")),
    *(Case("dropout", f"p = {p:g}, special, {kept}", "bound", "bound",
           {"x": values(*SPECIAL), "m": constant(mask_value, len(SPECIAL))},
           lambda k, x, m, p=p: k.dropout(x, p, m))
      for p in (0, 0.5, 1) for kept, mask_value in {"all kept": 1.0, "all dropped": 0.0}.items()),
    *(Case("dropout", f"p = {p:g}, empty", "bound", "bound", {"x": normal(0, 3), "m": mask(0, 3)},
           lambda k, x, m, p=p: k.dropout(x, p, m)) for p in (0, 0.3, 1)),
    *(Case("dropout", f"p = {p:g} of views", "bound", "bound", {"x": normal(5, 4), "m": mask(5, 4)},
           lambda k, x, m, p=p: k.dropout(x.T, p, m.T)) for p in (0, 0.3, 1)),
    *(Case("dropout", f"size {n}", "bound", "bound", {"x": normal(n), "m": mask(n)},
           lambda k, x, m: k.dropout(x, 0.3, m)) for n in SIZES),
    *(Case("random_dropout", f"p = {p}, {what}", "bound", "bound", {"x": x},
           lambda k, x, p=p: k.random_dropout(x, p))
      for p in (0, 1) for what, x in {"special": values(*SPECIAL), "empty": normal(0, 3),
                                      "one": normal(1),
                                      "negative": uniform(9, low=-2, high=-1)}.items()),
    Case("random_dropout", "p = 0.5, empty", "bound", "bound", {"x": normal(0, 3)},
         lambda k, x: k.random_dropout(x, 0.5)),
    *(row for name in CELLS for row in (
        Case(f"{name}_step", "first and last id", "bound", "bound",
             {"x": values(0, 4, 4, dtype="int64"), **cell(name, 5, 4, 3)},
             unrolled(f"{name}_step")),
        Case(name, "first and last id", "bound", "bound",
             {"x": values([0, 4, 4], [4, 0, 0], dtype="int64"), **cell(name, 5, 4, 3)},
             unrolled(name)),
        Case(f"{name}_step", "batch of 0", "bound", "bound",
             {"x": normal(0, 5), **cell(name, 5, 4, 0)}, unrolled(f"{name}_step")),
        Case(f"{name}_step", "batch of 0, ids", "bound", "bound",
             {"x": ids(5, 0), **cell(name, 5, 4, 0)}, unrolled(f"{name}_step")),
        Case(name, "batch of 0", "bound", "bound",
             {"x": normal(3, 0, 5), **cell(name, 5, 4, 0)}, unrolled(name)),
        Case(name, "batch of 0, ids", "bound", "bound",
             {"x": ids(5, 3, 0), **cell(name, 5, 4, 0)}, unrolled(name)),
        Case(name, "T = 0, batch of 0", "bound", "bound",
             {"x": normal(0, 0, 5), **cell(name, 5, 4, 0)}, unrolled(name)),
        Case(name, "one of everything", "bound", "bound",
             {"x": normal(1, 1, 1), **cell(name, 1, 1, 1)}, unrolled(name)),
        Case(name, "vocabulary of 1", "bound", "bound",
             {"x": ids(1, 2, 1), **cell(name, 1, 1, 1)}, unrolled(name)),
        *(Case(f"{name}_step", f"{what} in x", "bound", "bound",
               {"x": with_special(s, 3, 5), **cell(name, 5, 4, 3)}, unrolled(f"{name}_step"))
          for what, s in SPECIALS.items()),
        *(Case(f"{name}_step", f"{what} in h", "bound", "bound",
               {"x": normal(3, 5), **cell(name, 5, 4, 3), "h": with_special(s, 3, 4)},
               unrolled(f"{name}_step")) for what, s in SPECIALS.items()),
        Case(name, "NaN in x", "bound", "bound",
             {"x": with_special(NAN, 2, 3, 5), **cell(name, 5, 4, 3)}, unrolled(name)),
        Case(f"{name}_step", "saturated", "bound", "bound",
             {"x": with_special(SATURATING, 3, 5), **cell(name, 5, 4, 3)},
             unrolled(f"{name}_step")),
        Case(f"{name}_step", "subnormal", "bound", "bound",
             {"x": constant(1e-40, 3, 5), **cell(name, 5, 4, 3), "h": constant(-1e-40, 3, 4)},
             unrolled(f"{name}_step")),
        *(Case(f"{name}_step", f"size {n}", "bound", "bound",
               {"x": normal(n, n), **cell(name, n, n, n, scale=0.1)}, unrolled(f"{name}_step"))
          for n in (15, 16, 17, 33)),
        Case(name, "views", "bound", "bound", {"x": normal(4, 6, 10), **cell(name, 5, 4, 3)},
             lambda k, x, name=name, **rest: unrolled(name)(k, x[:, ::2, ::2], **rest)),
      )),
    Case("rnn_step", "relu NaN in x", "bound", "bound",
         {"x": with_special(NAN, 3, 5), **cell("rnn", 5, 4, 3)}, unrolled("rnn_step", "relu")),
    Case("rnn_step", "NaN in a row that no id picks", "bound", None,
         {"x": values(0, 0, dtype="int64"), **cell("rnn", 2, 3, 2),
          "W_xh": values([1, 2, 3], [NAN, NAN, NAN])}, unrolled("rnn_step")),
    Case("rnn_step", "NaN in h, ids", "bound", "bound",
         {"x": values(0, 2, dtype="int64"), **cell("rnn", 3, 4, 2), "h": with_special(NAN, 2, 4)},
         unrolled("rnn_step")),
    Case("rnn_layer", "relu NaN in x", "bound", None,
         {"x": with_special(NAN, 2, 3, 5), **states("rnn", 3, 4),
          "net": layer("rnn", 5, 4, "relu")},
         layer_outputs("rnn")),
    Case("rnn_step", "relu inf in b", "bound", "bound",
         {"x": normal(3, 5), **cell("rnn", 5, 4, 3), "b_h": values(INF, -INF, 0, 1)},
         unrolled("rnn_step", "relu")),
    *(Case("rnn_output", f"{shape}", "bound", "bound",
           {"x": normal(*shape), "W": normal(shape[-1], 5), "b": normal(5)},
           lambda k, x, W, b: k.rnn_output(x, {"W_hq": W, "b_q": b}))
      for shape in ((1, 1, 1), (0, 2, 4), (2, 0, 4), (17, 1, 15), (1, 16, 16))),
    *(Case("rnn_output", f"{name} in x", "bound", "bound",
           {"x": with_special(s, 2, 3, 4), "W": normal(4, 5), "b": normal(5)},
           lambda k, x, W, b: k.rnn_output(x, {"W_hq": W, "b_q": b}))
           for name, s in SPECIALS.items()),
    Case("rnn_output", "of a view", "bound", "bound",
         {"x": normal(2, 6, 8), "W": normal(5, 4), "b": normal(5)},
         lambda k, x, W, b: k.rnn_output(x[:, ::2, ::2], {"W_hq": W.T, "b_q": b})),
    # --- losses ---
    Case("squared_loss", "special pairs", "bound", "bound",
         pairs(NAN, INF, -INF, 0.0, -0.0, 1.0, 1e38, SMALLEST, 1e-40)),
    Case("squared_loss", "largest", "bound", "bound", pairs(LARGEST, -LARGEST, 1.0)),
    Case("squared_loss", "overflow", "bound", "bound",
         {"x": values([1e20], [-1e20], [1e15]), "y": values([0], [0], [0])}),
    Case("squared_loss", "underflow", "bound", "bound",
         {"x": values([1e-22], [1e-25], [1e-30]), "y": values([0], [0], [-1e-30])}),
    *(Case("squared_loss", f"{shape}", "bound", "bound", {"x": normal(*shape), "y": normal(*shape)})
      for shape in ((0,), (0, 1), (1,), (1, 1), (3, 0), (1, 17), (17, 1), (33, 31))),
    Case("squared_loss", "views", "bound", "bound", {"x": normal(4, 6), "y": normal(6, 4)},
         lambda k, x, y: k.squared_loss(x.T, y)),
    Case("softmax_cross_entropy", "1e4", "bound", "bound",
         {"x": LARGE_LOGITS, "y": values(0, 2, 1, 0, dtype="int64")}),
    Case("softmax_cross_entropy", "1e4 at the wrong label", "bound", "bound",
         {"x": LARGE_LOGITS, "y": values(1, 0, 2, 2, dtype="int64")}),
    Case("softmax_cross_entropy", "first and last label", "bound", "bound",
         {"x": normal(4, 5), "y": values(0, 4, 4, 0, dtype="int64")}),
    Case("softmax_cross_entropy", "NaN", "bound", "bound",
         {"x": values([NAN, 1, 2], [1, NAN, 2], [1, 2, 3], [NAN, NAN, NAN]),
          "y": values(0, 0, 1, 2, dtype="int64")}),
    Case("softmax_cross_entropy", "inf", "bound", "bound",
         {"x": values([INF, 1, 2], [1, INF, 2], [1, 2, 3], [INF, INF, 0]),
          "y": values(0, 0, 1, 2, dtype="int64")}),
    Case("softmax_cross_entropy", "−inf elsewhere", "bound", "bound",
         {"x": values([-INF, 1, 2], [1, -INF, -INF]), "y": values(1, 0, dtype="int64")}),
    Case("softmax_cross_entropy", "−inf at the label", "bound", "bound",
         {"x": values([-INF, 1, 2], [1, 1, -INF]), "y": values(0, 2, dtype="int64")}),
    Case("softmax_cross_entropy", "−inf everywhere", "bound", "bound",
         {"x": values([-INF, -INF], [1, 2]), "y": values(0, 1, dtype="int64")}),
    Case("softmax_cross_entropy", "largest", "bound", "bound",
         {"x": values([LARGEST, 0], [-LARGEST, LARGEST], [LARGEST, LARGEST]),
          "y": values(0, 1, 0, dtype="int64")}),
    Case("softmax_cross_entropy", "zeros and subnormal", "bound", "bound",
         {"x": values([0, -0.0, SMALLEST], [1e-40, -1e-40, 0]), "y": values(0, 1, dtype="int64")}),
    Case("softmax_cross_entropy", "of views", "bound", "bound", {"x": normal(5, 4), "y": ids(5, 8)},
         lambda k, x, y: k.softmax_cross_entropy(x.T, y[::2])),
    *(Case("softmax_cross_entropy", f"{n} × {q}", "bound", "bound",
           {"x": normal(n, q), "y": ids(q, n)})
      for n, q in ((1, 1), (1, 2), (0, 1), (1, 17), (15, 16), (16, 15), (17, 33))),
    Case("l2_penalty", "empty", "bound", "bound", {"x": normal(0, 3)}),
    *(Case("l2_penalty", name, "bound", "bound", {"x": values(*given)})
      for name, given in {"NaN": (NAN, 1), "inf": (INF, 1), "−inf": (-INF, 1), "zeros": (0.0, -0.0),
                          "overflow": (1e20, 1), "underflow": (1e-25, 1e-30),
                          "near underflow": (1e-22,),
                          "subnormal": SUBNORMAL}.items()),
    *(Case("l2_penalty", f"of {n}", "bound", "bound", {"x": normal(n)}) for n in SIZES),
    Case("l2_penalty", "of a view", "bound", "bound", {"x": normal(4, 6)},
         lambda k, x: k.l2_penalty(x.T[::2])),
    *(Case("perplexity", name, "bound", "bound", {"x": values(*given)})
      for name, given in {"NaN": (NAN, 1), "inf": (INF, 1), "overflow": (89.0,),
                          "below overflow": (88.5, 88.5),
                          "zero": (0.0, 0.0), "negative zero": (-0.0,),
                          "subnormal": (1e-40, SMALLEST),
                          "tiny": (1e-9,), "one": (1.0,)}.items()),
    Case("perplexity", "empty", "bound", None, {"x": normal(0)}),
    *(Case("perplexity", f"of {n}", "bound", "bound", {"x": uniform(n, low=0, high=3)})
      for n in SIZES),
    # --- optimisation ---
    *(Case("value_and_grad", what, "bound", None,
           {"x": values([1, 2], [3, -4]), "w": lambda rng, s=s: {"W": np.array([[s], [1.0]])}},
           grad_of)
      for what, s in {**SPECIALS, "zero": 0.0, "subnormal": 1e-40, "overflow": LARGEST}.items()),
    Case("value_and_grad", "batch of 0", "bound", None,
         {"x": normal(0, 2), "w": lambda rng: {"W": np.ones((2, 3))}}, grad_of),
    *(Case("clip_gradients", name, "bound", None, {"a": values(*a), "b": values(*b)}, clip(most))
      for name, a, b, most in (
          ("zero norm", (0.0, -0.0), (0.0,), 1.0),
          ("zero norm, tiny threshold", (0.0,), (0.0,), SMALLEST),
          ("at the threshold", (3, 0), (4,), 5),
          ("one ULP above the threshold", (3, 0), (4,), 5 - 2**-21),
          ("one ULP below the threshold", (3, 0), (4,), 5 + 2**-21),
          ("infinite threshold", (3, 0), (4,), INF), ("NaN", (3, NAN), (-0.0,), 1.0),
          ("inf", (3, INF), (-4, 0), 1.0), ("−inf, off", (-INF, 0), (4,), None),
          ("inf, infinite threshold", (3, INF), (4,), INF),
          ("off", (3, NAN, INF, -0.0), (4,), None),
          ("one element", (7,), (0.0,), 2.0), ("signs of zero above", (-0.0, 0.0, 3), (-4,), 1.0),
          ("1e18", (1e18, -1e18), (3e18,), 1.0), ("1e-17", (1e-17, -1e-17), (3e-17,), 1e-18))),
    *(Case("clip_gradients", f"{scale:g}", "bound", None,
           {"a": normal(4, 3, scale=scale), "b": normal(3, scale=scale)}, clip(1.0))
      for scale in (1e20, 1e25, 1e30, 1e-20, 1e-30, 1e-42)),
    Case("clip_gradients", "1e-20 above the threshold", "bound", None,
         {"a": normal(4, 3, scale=1e-20), "b": normal(3, scale=1e-20)}, clip(1e-21)),
    Case("clip_gradients", "1e-30 above the threshold", "bound", None,
         {"a": normal(4, 3, scale=1e-30), "b": normal(3, scale=1e-30)}, clip(1e-31)),
    Case("clip_gradients", "an empty one", "bound", None, {"a": normal(0, 3), "b": normal(3)},
         clip(0.5)),
    Case("clip_gradients", "only empty", "bound", None, {"a": normal(0, 3), "b": normal(0)},
         clip(0.5)),
    Case("clip_gradients", "scalar", "bound", None, {"a": normal(), "b": normal()}, clip(0.5)),
    *(Case("clip_gradients", f"size {n}", "bound", None, {"a": normal(n, n), "b": normal(n)},
           clip(0.1))
      for n in SIZES),
    *(Case("sgd", name, "bound", None, sgd_inputs(SPECIAL, SPECIAL), sgd(*args))
      for name, args in {"special": (0.5, 1), "special, decay": (0.5, 4, 3.0),
                         "special, λ = 0": (0.5, 4, 0.0),
                         "special, rate 0": (0.0, 1, 1.0),
                         "special, decay to 0": (0.5, 1, 2.0)}.items()),
    Case("sgd", "empty", "bound", None, {"W": normal(0, 3), "b": normal(0), "gW": normal(0, 3),
         "gb": normal(0)}, sgd(0.5, 2, 1.0)),
    *(Case("sgd", f"size {n}", "bound", None, {"W": normal(n, n), "b": normal(n),
        "gW": normal(n, n),
           "gb": normal(n)}, sgd(0.3, 7, 0.1)) for n in SIZES),
    # --- layers ---
    *(Case("dense_layer", f"{shape}", "bound", "bound",
           {"x": normal(*shape), "net": dense(shape[-1], 4)},
           lambda k, x, net: net["out"](x))
      for shape in ((1, 1), (0, 3), (2, 0, 3), (1, 3), (17, 16), (16, 17), (3, 1, 15))),
    Case("dense_layer", "batch of 0, parameters", "bound", None,
         {"x": normal(0, 3), "net": dense(3, 4), "r": normal(0, 4)}, dense_parameters),
    *(Case("dense_layer", f"{name}", "bound", "bound",
           {"x": with_special(s, 3, 2), "net": dense(2, 4)},
           lambda k, x, net: net["out"](x)) for name, s in SPECIALS.items()),
    *(Case("dense_layer", f"{name}, parameters", "bound", None,
           {"x": with_special(s, 3, 2), "net": dense(2, 4), "r": normal(3, 4)}, dense_parameters)
      for name, s in SPECIALS.items()),
    Case("dense_layer", "of a view", "bound", "bound", {"x": normal(3, 5), "net": dense(3, 4)},
         lambda k, x, net: net["out"](x.T)),
    *(Case("dropout_layer", f"p = {p:g}, {what}, evaluation", "bound", "bound",
           {"x": x, "net": network(lambda k, p=p: {"drop": k.dropout_layer(p)})},
           lambda k, x, net: net["drop"](x))
      for p in (0, 0.5, 1) for what, x in {"special": values(*SPECIAL),
          "empty": normal(0, 3)}.items()),
    *(Case("dropout_layer", f"p = {p:g}, {what}, training", "bound", None,
           {"x": x, "net": network(lambda k, p=p: {"drop": k.dropout_layer(p)})}, in_training)
      for p in (0, 1) for what, x in {"special": values(*SPECIAL), "empty": normal(0, 3)}.items()),
    *(row for name in CELLS for args in [("tanh",) if name == "rnn" else ()] for row in (
        Case(f"{name}_layer", "batch of 0", "bound", "bound",
             {"x": normal(2, 0, 3), **states(name, 0, 4), "net": layer(name, 3, 4, *args)},
             layer_outputs(name)),
        Case(f"{name}_layer", "one of everything", "bound", "bound",
             {"x": normal(1, 1, 1), **states(name, 1, 1), "net": layer(name, 1, 1, *args)},
             layer_outputs(name)),
        *(Case(f"{name}_layer", f"size {n}", "bound", "bound",
               {"x": normal(2, n, n), **states(name, n, n), "net": layer(name, n, n, *args)},
               layer_outputs(name)) for n in (15, 16, 17)),
        *(Case(f"{name}_layer", f"{what} in x", "bound", "bound",
               {"x": with_special(s, 2, 3, 5), **states(name, 3, 4),
                "net": layer(name, 5, 4, *args)},
               layer_outputs(name)) for what, s in SPECIALS.items()),
        Case(f"{name}_layer", "NaN in x, parameters", "bound", None,
             {"x": with_special(NAN, 2, 3, 5), **states(name, 3, 4),
              "net": layer(name, 5, 4, *args),
              "r": normal(2, 3, 4)}, layer_parameters(name)),
        Case(f"{name}_layer", "saturated", "bound", "bound",
             {"x": with_special(SATURATING, 2, 3, 5), **states(name, 3, 4),
              "net": layer(name, 5, 4, *args)},
             layer_outputs(name)),
        Case(f"{name}_layer", "of a view", "bound", "bound",
             {"x": normal(2, 6, 10), **states(name, 3, 4), "net": layer(name, 5, 4, *args)},
             lambda k, x, net, name=name, **state: net[name](
                 x[:, ::2, ::2], tuple(state.values()))),
      )),
    Case("network", "special", "exact", None, {"net": lambda rng: lambda k: k.network(
         out=k.dense_layer(1, len(SPECIAL))), "w": lambda rng: {"W": np.array([SPECIAL]),
         "b": np.array(SPECIAL)}}, lambda k, net, w: [net.load(w), net.read()][1]),
    Case("network", "transposed weights", "exact", None, {"net": dense(3, 4),
         "w": lambda rng: {"W": rng.standard_normal((4, 3)).T, "b": rng.standard_normal(8)[::2]}},
         lambda k, net, w: [net.load(w), net.read()][1]),
    *(Case("trainer", name, "bound", None, {"x": with_special(s, 4, 3), "y": normal(4, 1),
           "net": dense(3, 1)}, train(2, learning_rate=0.05, weight_decay=decay))
      for name, s, decay in (("λ = 0", 1.0, 0.0), ("NaN", NAN, 0.5), ("inf", INF, 0.5))),
    Case("trainer", "rate 0", "bound", None, {"x": normal(4, 3), "y": normal(4, 1),
        "net": dense(3, 1)},
         train(2, learning_rate=0.0, weight_decay=0.5)),
    Case("trainer", "batch of 0", "bound", None,
         {"x": normal(0, 3), "y": normal(0, 1), "net": dense(3, 1)},
         train(1, learning_rate=0.5, weight_decay=0.5)),
]
# fmt: on
