"""Every primitive that computes: forward, forward and backward, or an update, at the book's sizes.

Backward is by `value_and_grad` of the sum of all results; what it costs to add them up is in the
time, and a case of its own says how much that is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backends.interface import Array, Backend, Parameters, State
from benchmarks.cases import work
from benchmarks.cases.recurrent import LYRICS
from benchmarks.programs import Case, Given, Program, Results, Work

N, T, H, Q = 32, 35, 256, LYRICS  # the lyrics' batch, steps, hidden units and symbols
BATCH, PIXELS = 256, 784  # the perceptron's
FEATURES = 200  # the linear regression's

WITHOUT_A_CASE = {
    "version": "computes nothing",
    "devices": "computes nothing",
    "num_threads": "computes nothing",
    "synchronize": "is part of every time",
    "seed": "computes nothing",
    "from_numpy": "copies once per batch or epoch, which these include",
    "to_numpy": "copies, when a result is shown",
    "parameters": "copies once per run",
    "detach": "passes on the same numbers",
    "zeros": "is called once per run",
    "value_and_grad": "is what every forward and backward case calls",
    "network": "holds the layers, whose cases call it",
    "trainer": "is part of every concise step: Gluon's refuses to step twice on the same gradients",
}

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class Primitive:
    """call: (backend, weights, **inputs) → an array, or (an array, a state).

    weights are drawn at random and differentiated; inputs are made by a function of the
    stream, a tuple of them is a `State`. layers: of a network that has these weights (concise).
    flops: of forward and of backward. result: elements of the result.
    """

    name: str
    sizes: Mapping[str, int]
    weights: Shapes
    call: Callable[..., Any]
    result: int
    flops: tuple[float, float] = (0.0, 0.0)
    inputs: Mapping[str, Callable[[np.random.Generator], Any]] = field(default_factory=dict)
    layers: Callable[[Backend], dict[str, Any]] | None = None
    forward: bool = True
    backward: bool = True

    def given(self) -> Given:
        stream = np.random.default_rng(0)
        weights = {
            name: stream.normal(0, 0.05, shape).astype("float32")
            for name, shape in self.weights.items()
        }
        inputs = {name: make(stream) for name, make in self.inputs.items()}
        return {"weights": weights, "inputs": inputs}

    def cases(self) -> Iterator[Case]:
        inputs = sum(
            array.nbytes
            for value in self.given()["inputs"].values()
            for array in (value if isinstance(value, tuple) else (value,))
        )
        weights = work.FLOAT * work.elements(self.weights.values())
        forward = inputs + weights + work.FLOAT * self.result
        style = "concise" if self.layers else "scratch"
        if self.forward:
            cost = Work(self.flops[0], forward)
            program: dict[str, Any] = {style: self.forward_program}
            yield Case(f"{self.name} forward", "primitive", self.sizes, self.given, cost, **program)
        if self.backward:
            # The result is summed up: only the gradients are written.
            cost = Work(sum(self.flops), inputs + 2.0 * weights)
            program = {style: self.backward_program}
            name = f"{self.name} forward and backward"
            yield Case(name, "primitive", self.sizes, self.given, cost, **program)

    def parameters(self, backend: Backend, given: Given) -> Any:
        if self.layers is None:
            return backend.parameters(given["weights"])
        network = backend.network(**self.layers(backend))
        network.load(given["weights"])
        return network

    def forward_program(self, backend: Backend, given: Given) -> Program:
        params = self.parameters(backend, given)
        inputs = on_backend(backend, given["inputs"])

        def run() -> Any:
            return self.call(backend, params, **inputs)

        def results() -> Results:
            return named(backend, run())

        return Program(run, backend.synchronize, results)

    def backward_program(self, backend: Backend, given: Given) -> Program:
        params = self.parameters(backend, given)
        inputs = on_backend(backend, given["inputs"])

        def objective(params: Any, *arrays: Any) -> Array:
            result = self.call(backend, params, **dict(zip(inputs, arrays, strict=True)))
            return backend.sum(result[0] if isinstance(result, tuple) else result)

        gradient = backend.value_and_grad(objective)

        def run() -> tuple[Array, Parameters]:
            return gradient(params, *inputs.values())

        def results() -> Results:
            _, grads = run()
            if self.layers is None:
                found = {name: backend.to_numpy(grad) for name, grad in grads.items()}
            else:
                found = params.read_gradients(grads)
            return {f"gradient of {name}": grad for name, grad in found.items()}

        return Program(run, backend.synchronize, results)


def on_backend(backend: Backend, inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: tuple(map(backend.from_numpy, value))
        if isinstance(value, tuple)
        else backend.from_numpy(value)
        for name, value in inputs.items()
    }


def named(backend: Backend, result: Any) -> Results:
    if not isinstance(result, tuple):
        return {"result": backend.to_numpy(result)}
    array, state = result
    states = {f"state {i}": backend.to_numpy(part) for i, part in enumerate(state)}
    return {"result": backend.to_numpy(array), **states}


# --- inputs --------------------------------------------------------------------


def ids(size: int, *shape: int) -> Callable[[np.random.Generator], Any]:
    return lambda stream: stream.integers(0, size, shape)


def mask(*shape: int) -> Callable[[np.random.Generator], Any]:
    return lambda stream: stream.integers(0, 2, shape).astype("float32")


def state(parts: int, *shape: int) -> Callable[[np.random.Generator], Any]:
    return lambda stream: tuple(
        stream.normal(0, 0.1, shape).astype("float32") for _ in range(parts)
    )


def normal(*shape: int) -> Callable[[np.random.Generator], Any]:
    return lambda stream: stream.normal(0, 0.1, shape).astype("float32")


# --- the table -----------------------------------------------------------------


def elementwise(name: str) -> Primitive:
    def call(backend: Backend, params: Parameters) -> Array:
        return getattr(backend, name)(params["X"])

    return Primitive(name, {"n": BATCH, "h": H}, {"X": (BATCH, H)}, call, BATCH * H)


def reduction(name: str) -> Primitive:
    def call(backend: Backend, params: Parameters) -> Array:
        return getattr(backend, name)(params["X"])

    return Primitive(name, {"n": T * N, "q": Q}, {"X": (T * N, Q)}, call, 1)


def arrays() -> Iterator[Primitive]:
    sizes, matrix = {"n": T * N, "q": Q}, {"X": (T * N, Q)}

    def one_hot(backend: Backend, params: Parameters, ids: Array) -> Array:
        return backend.one_hot(ids, Q)

    inputs = {"ids": ids(Q, T, N)}
    yield Primitive("one_hot", sizes, {}, one_hot, T * N * Q, inputs=inputs, backward=False)

    def concat(backend: Backend, params: Parameters) -> Array:
        return backend.concat([params[f"H{t}"] for t in range(T)], axis=0)

    hiddens = {f"H{t}": (N, H) for t in range(T)}
    yield Primitive("concat", {"T": T, "n": N, "h": H}, hiddens, concat, T * N * H)

    def take_rows(backend: Backend, params: Parameters, ids: Array) -> Array:
        return backend.take_rows(params["W"], ids)

    rows = {"n": T * N, "h": H, "q": Q}
    yield Primitive("take_rows", rows, {"W": (Q, H)}, take_rows, T * N * H, inputs=inputs)

    def reshape(backend: Backend, params: Parameters) -> Array:
        return backend.reshape(params["X"], (T, N, Q))

    yield Primitive("reshape", sizes, matrix, reshape, T * N * Q)

    def argmax(backend: Backend, params: Parameters) -> Array:
        return backend.argmax(params["X"], axis=1)

    yield Primitive("argmax", sizes, matrix, argmax, T * N, backward=False)
    yield reduction("sum")
    yield reduction("mean")
    yield reduction("l2_penalty")


def layers() -> Iterator[Primitive]:
    """Dense layers by formula and by the framework, and what follows them."""
    for n, d, q in ((BATCH, PIXELS, H), (T * N, H, Q)):

        def linear(backend: Backend, params: Parameters, X: Array) -> Array:
            return backend.linear(X, params["W"], params["b"])

        def dense(backend: Backend, network: Any, X: Array) -> Array:
            return network["dense"](X)

        def make(backend: Backend, d: int = d, q: int = q) -> dict[str, Any]:
            return {"dense": backend.dense_layer(d, q)}

        sizes, weights, inputs = {"n": n, "d": d, "q": q}, {"W": (d, q), "b": (q,)}, normal(n, d)
        one = work.product(n, d, q)
        common = (sizes, weights)
        yield Primitive("linear", *common, linear, n * q, (one, one), {"X": inputs})
        yield Primitive("dense_layer", *common, dense, n * q, (one, one), {"X": inputs}, make)

    yield from map(elementwise, ("relu", "tanh", "sigmoid"))
    yield from dropouts()

    def rnn_output(backend: Backend, params: Parameters) -> Array:
        return backend.rnn_output(params["hiddens"], params)

    weights = {"hiddens": (T, N, H), "W_hq": (H, Q), "b_q": (Q,)}
    flops = work.dense(T * N, H, Q)
    yield Primitive(
        "rnn_output", {"n": T * N, "h": H, "q": Q}, weights, rnn_output, T * N * Q, flops
    )


def dropouts() -> Iterator[Primitive]:
    sizes, weights = {"n": BATCH, "h": H}, {"X": (BATCH, H)}

    def given(backend: Backend, params: Parameters, mask: Array) -> Array:
        return backend.dropout(params["X"], 0.5, mask)

    inputs = {"mask": mask(BATCH, H)}
    yield Primitive("dropout", sizes, weights, given, BATCH * H, inputs=inputs)


def cells() -> Iterator[Primitive]:
    """Recurrent steps and sequences by formula, on ids, and by the framework, on one-hot rows."""
    for name, gates, parts in (("rnn", "h", 1), ("gru", "rzh", 1), ("lstm", "ifoc", 2)):

        def step(
            backend: Backend, params: Parameters, state: State, ids: Array, name: str = name
        ) -> Any:
            new = getattr(backend, f"{name}_step")(ids, state, params)
            return new[0], new

        def sequence(
            backend: Backend, params: Parameters, state: State, ids: Array, name: str = name
        ) -> Any:
            return getattr(backend, name)(ids, state, params)

        def layer(backend: Backend, network: Any, state: State, ids: Array) -> Any:
            return network["recurrent"](backend.one_hot(ids, Q), state)

        def make(backend: Backend, name: str = name) -> dict[str, Any]:
            arguments = (Q, H, "tanh") if name == "rnn" else (Q, H)
            return {"recurrent": getattr(backend, f"{name}_layer")(*arguments)}

        weights: dict[str, tuple[int, ...]] = {}
        for gate in gates:
            weights |= {f"W_x{gate}": (Q, H), f"W_h{gate}": (H, H), f"b_{gate}": (H,)}
        sizes = {"n": N, "h": H, "q": Q}
        long = {"n": N, "T": T, "h": H, "q": Q}
        one, all_steps = (work.recurrence(steps, N, H, gates) for steps in (1, T))
        start = state(parts, N, H)
        single, many = {"state": start, "ids": ids(Q, N)}, {"state": start, "ids": ids(Q, T, N)}
        yield Primitive(f"{name}_step", sizes, weights, step, N * H, one, single)
        yield Primitive(name, long, weights, sequence, T * N * H, all_steps, many)
        yield Primitive(f"{name}_layer", long, weights, layer, T * N * H, all_steps, many, make)


def losses() -> Iterator[Primitive]:
    def squared_loss(backend: Backend, params: Parameters, targets: Array) -> Array:
        return backend.squared_loss(params["predictions"], targets)

    weights = {"predictions": (BATCH, 1)}
    inputs = {"targets": normal(BATCH, 1)}
    yield Primitive("squared_loss", {"n": BATCH}, weights, squared_loss, BATCH, inputs=inputs)

    def cross_entropy(backend: Backend, params: Parameters, labels: Array) -> Array:
        return backend.softmax_cross_entropy(params["logits"], labels)

    for n, q in ((BATCH, 10), (T * N, Q)):
        name, sizes, labels = "softmax_cross_entropy", {"n": n, "q": q}, {"labels": ids(q, n)}
        yield Primitive(name, sizes, {"logits": (n, q)}, cross_entropy, n, inputs=labels)

    def perplexity(backend: Backend, params: Parameters) -> Array:
        return backend.perplexity(params["losses"])

    yield Primitive("perplexity", {"n": 8}, {"losses": (8,)}, perplexity, 1)


# --- random masks, and updates ---------------------------------------------------


def share_kept(array: np.ndarray) -> np.ndarray:
    """In sixteenths, which is nearer than chance comes to another one."""
    return np.asarray(np.round(16 * np.mean(array != 0)) / 16)


def random_masks() -> Iterator[Case]:
    """Masks of the framework's own stream, with p = 1/2: what is kept is doubled, and what was
    dropped is taken for kept in the results. Their share is a result, too."""
    shape, sizes = (BATCH, H), {"n": BATCH, "h": H}
    size = float(work.FLOAT * math.prod(shape))

    def given() -> Given:
        return {"X": np.random.default_rng(0).normal(1, 0.1, shape).astype("float32")}

    def forward(backend: Backend, given: Given) -> Program:
        X = backend.from_numpy(given["X"])

        def run() -> Array:
            return backend.random_dropout(X, 0.5)

        def results() -> Results:
            array = backend.to_numpy(run())
            kept = np.where(array == 0, 2 * given["X"].astype("float64"), array)
            return {"kept": kept, "share": share_kept(array)}

        return Program(run, backend.synchronize, results)

    def backward(backend: Backend, given: Given) -> Program:
        params = backend.parameters(given)

        def objective(params: Parameters) -> Array:
            return backend.sum(backend.random_dropout(params["X"], 0.5))

        gradient = backend.value_and_grad(objective)

        def results() -> Results:
            grad = backend.to_numpy(gradient(params)[1]["X"])
            return {"kept": np.where(grad == 0, 2.0, grad), "share": share_kept(grad)}

        return Program(lambda: gradient(params), backend.synchronize, results)

    def layer(backend: Backend, given: Given) -> Program:
        """Behind a dense layer of one input, so that there is something to differentiate."""
        layers = {"dense": backend.dense_layer(1, H), "dropout": backend.dropout_layer(0.5)}
        network = backend.network(**layers)
        network.load({"W": np.ones((1, H)), "b": np.ones(H)})
        ones = backend.from_numpy(np.ones((BATCH, 1), "float32"))

        def objective(network: Any, ones: Array) -> Array:
            return backend.sum(network(ones))

        gradient = backend.value_and_grad(objective)

        def results() -> Results:
            grads = network.read_gradients(gradient(network, ones)[1])
            share = np.round(8 * np.mean(grads["b"]) / BATCH) / 16
            return {"apart": grads["W"][0] - grads["b"], "share": np.asarray(share)}

        return Program(lambda: gradient(network, ones), backend.synchronize, results)

    level, name = "primitive", "forward and backward"
    yield Case("random_dropout forward", level, sizes, given, Work(0.0, 2 * size), forward)
    yield Case(f"random_dropout {name}", level, sizes, given, Work(0.0, 2 * size), backward)
    yield Case(f"dropout_layer {name}", level, sizes, given, Work(0.0, size), concise=layer)


def updates() -> Iterator[Case]:
    """On the parameters of the lyrics' model."""
    shapes = {"W_xh": (Q, H), "W_hh": (H, H), "b_h": (H,), "W_hq": (H, Q), "b_q": (Q,)}
    sizes, size = {"h": H, "q": Q}, work.FLOAT * work.elements(shapes.values())

    def given() -> Given:
        stream = np.random.default_rng(0)
        drawn = [
            {name: stream.normal(0, 0.1, shape).astype("float32") for name, shape in shapes.items()}
            for _ in range(2)
        ]
        return dict(zip(("weights", "grads"), drawn, strict=True))

    def sgd(backend: Backend, given: Given) -> Program:
        grads = backend.parameters(given["grads"])

        def update(params: Parameters) -> Parameters:
            return backend.sgd(params, grads, learning_rate=0.01)

        return in_place(backend, given["weights"], update)

    def clip(backend: Backend, given: Given) -> Program:
        def update(grads: Parameters) -> Parameters:
            return backend.clip_gradients(grads, 0.01)[0]

        return in_place(backend, given["grads"], update)

    yield Case("sgd update", "primitive", sizes, given, Work(0.0, 3.0 * size), sgd)
    yield Case("clip_gradients update", "primitive", sizes, given, Work(0.0, 2.0 * size), clip)


def in_place(
    backend: Backend, weights: Mapping[str, np.ndarray], update: Callable[[Parameters], Parameters]
) -> Program:
    """Updates of arrays that stay updated."""
    arrays = backend.parameters(weights)

    def run() -> None:
        nonlocal arrays
        arrays = update(arrays)

    def results() -> Results:
        updated = update(backend.parameters(weights))
        return {name: backend.to_numpy(array) for name, array in updated.items()}

    return Program(run, backend.synchronize, results)


def cases() -> Iterator[Case]:
    for table in (arrays, layers, cells, losses):
        for primitive in table():
            yield from primitive.cases()
    yield from random_masks()
    yield from updates()
