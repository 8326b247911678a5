"""Rows for the frameworks' own layers: forward, gradients of inputs and of parameters."""

from __future__ import annotations

from typing import Any

from backends.interface import Backend, Network
from tests.parity.case import Case, Factory, network, normal, uniform, weights
from tests.parity.programs import trained, with_gradients


def dense(d: int, q: int, scale: float = 1.0) -> Factory:
    return network(lambda k: {"out": k.dense_layer(d, q, "V", "c")}, scale, V=(d, q), c=(q,))


def dropout(p: float) -> Factory:
    return network(lambda k: {"drop": k.dropout_layer(p)})


def recurrent(
    layer: str, gates: str, d: int, h: int, *args: str, scale: float = 0.5, second: bool = True
) -> Factory:
    kinds = {"W_x": (d, h), "W_h": (h, h), "b_": (h,)} | ({"b_h": (h,)} if second else {})
    shapes = {kind + gate: shape for kind, shape in kinds.items() for gate in gates}
    return network(lambda k: {layer: getattr(k, f"{layer}_layer")(d, h, *args)}, scale, **shapes)


def rnn(activation: str, d: int, h: int, scale: float = 0.5) -> Factory:
    return recurrent("rnn", "h", d, h, activation, scale=scale)


def layer_cases(layer: str, gates: str) -> list[Case]:
    """Rows of a recurrent layer of several gates."""

    def outputs(k: Backend, x: Any, net: Network, **state: Any) -> Any:
        return net[layer](x, tuple(state.values()))

    def parameters(k: Backend, x: Any, net: Network, r: Any, **state: Any) -> Any:
        return with_gradients(k, net, lambda net: net[layer](x, tuple(state.values()))[0], r)

    def state(n: int, h: int) -> dict[str, Factory]:
        return {"h": normal(n, h)} | ({"c": normal(n, h)} if layer == "lstm" else {})

    def inputs(num_steps: int, n: int, d: int, h: int, **options: Any) -> dict[str, Factory]:
        net = recurrent(layer, gates, d, h, **options)
        return {"x": normal(num_steps, n, d), **state(n, h), "net": net}

    r, name = {"r": normal(5, 2, 4)}, f"{layer}_layer"
    book = {**inputs(35, 32, 28, 256, scale=0.07), "r": normal(35, 32, 256)}
    # fmt: off
    return [
        Case(name, "outputs", "bound", "bound", inputs(5, 2, 3, 4), outputs),
        Case(name, "T = 1, batch of 1", "bound", "bound", inputs(1, 1, 3, 4), outputs),
        Case(name, "parameters", "bound", None, {**inputs(5, 2, 3, 4), **r}, parameters),
        Case(name, "one bias", "bound", None,
             {**inputs(5, 2, 3, 4, second=False), **r}, parameters),
        Case(name, "read after load", "exact", None,
             {"net": recurrent(layer, gates, 3, 4)}, lambda k, net: net.read()),
        Case(name, "book", "envelope", None, book, parameters),
    ]
    # fmt: on


def layers(k: Backend, d: int, h: int, q: int) -> dict[str, Any]:
    hidden, output = k.dense_layer(d, h, "W1", "b1"), k.dense_layer(h, q, "W2", "b2")
    return {"hidden": hidden, "drop": k.dropout_layer(0), "output": output}


def perceptron(d: int, h: int, q: int, scale: float = 1.0) -> Factory:
    shapes = {"W1": (d, h), "b1": (h,), "W2": (h, q), "b2": (q,)}
    return network(lambda k: layers(k, d, h, q), scale, **shapes)


def all_layers(k: Backend, x: Any, net: Network, r: Any) -> Any:
    return with_gradients(k, net, lambda net: net(x), r)


def layers_by_name(k: Backend, x: Any, net: Network, r: Any) -> Any:
    return with_gradients(k, net, lambda net: net["output"](k.relu(net["hidden"](x))), r)


def rnn_parameters(k: Backend, x: Any, h: Any, net: Network, r: Any) -> Any:
    return with_gradients(k, net, lambda net: net["rnn"](x, (h,))[0], r)


def reloaded(k: Backend, net: Network, w: Any) -> Any:
    net.load(w)
    return net.read()


def train(batch_size: int, **options: float) -> Any:
    return lambda k, x, y, net: trained(k, net, x, y, batch_size, **options)


TRAINED = {"x": normal(4, 3), "y": normal(4, 1), "net": perceptron(3, 4, 1)}
SEQUENCE = {"x": normal(5, 2, 3), "h": normal(2, 4)}
FACTORS = {"r": normal(5, 2, 4)}

# fmt: off
LAYER_CASES = [
    Case("dense_layer", "small", "bound", "bound", {"x": normal(5, 3), "net": dense(3, 4)},
         lambda k, x, net: net["out"](x)),
    Case("dense_layer", "three axes", "bound", "bound",
         {"x": normal(2, 5, 3), "net": dense(3, 4)}, lambda k, x, net: net["out"](x)),
    Case("dense_layer", "parameters", "bound", None,
         {"x": normal(5, 2, 3), "net": dense(3, 4), **FACTORS}, all_layers),
    Case("dense_layer", "book", "bound", None,
         {"x": uniform(256, 784, low=0, high=1), "net": dense(784, 256, 0.05),
          "r": normal(256, 256)}, all_layers),
    Case("dropout_layer", "evaluation", "exact", "exact", {"x": normal(5, 4), "net": dropout(0.5)},
         lambda k, x, net: net["drop"](x)),
    Case("rnn_layer", "tanh", "bound", "bound", {**SEQUENCE, "net": rnn("tanh", 3, 4)},
         lambda k, x, h, net: net["rnn"](x, (h,))),
    Case("rnn_layer", "relu", "bound", "bound", {**SEQUENCE, "net": rnn("relu", 3, 4)},
         lambda k, x, h, net: net["rnn"](x, (h,))),
    Case("rnn_layer", "T = 1, batch of 1", "bound", "bound",
         {"x": normal(1, 1, 3), "h": normal(1, 4), "net": rnn("tanh", 3, 4)},
         lambda k, x, h, net: net["rnn"](x, (h,))),
    Case("rnn_layer", "tanh parameters", "bound", None,
         {**SEQUENCE, "net": rnn("tanh", 3, 4), **FACTORS}, rnn_parameters),
    Case("rnn_layer", "relu parameters", "bound", None,
         {**SEQUENCE, "net": rnn("relu", 3, 4), **FACTORS}, rnn_parameters),
    Case("rnn_layer", "book", "envelope", None,
         {"x": normal(35, 32, 28), "h": normal(32, 512), "net": rnn("tanh", 28, 512, 0.05),
          "r": normal(35, 32, 512)}, rnn_parameters),
    *layer_cases("gru", "rzh"),
    *layer_cases("lstm", "ifco"),
    Case("network", "zero until loaded", "exact", None, {},
         lambda k: k.network(rnn=k.rnn_layer(2, 3, "tanh"), out=k.dense_layer(3, 2)).read()),
    Case("network", "read after load", "exact", None, {"net": perceptron(3, 4, 2)},
         lambda k, net: net.read()),
    Case("network", "second load", "exact", None,
         {"net": rnn("tanh", 2, 3), "w": weights(W_xh=(2, 3), W_hh=(3, 3), b_h=(3,))}, reloaded),
    Case("network", "all layers", "bound", None,
         {"x": normal(5, 3), "net": perceptron(3, 4, 2), "r": normal(5, 2)}, all_layers),
    Case("network", "layers by name", "bound", None,
         {"x": normal(5, 3), "net": perceptron(3, 4, 2), "r": normal(5, 2)}, layers_by_name),
    Case("network", "book perceptron", "bound", None,
         {"x": uniform(256, 784, low=0, high=1), "net": perceptron(784, 256, 10, 0.05),
          "r": normal(256, 10)}, layers_by_name),
    Case("trainer", "plain", "bound", None, TRAINED, train(1, learning_rate=0.01)),
    Case("trainer", "weight decay", "bound", None, TRAINED,
         train(4, learning_rate=0.05, weight_decay=3.0)),
    Case("trainer", "two decays", "bound", None, TRAINED,
         train(4, learning_rate=0.05, weight_decay=0.5, bias_decay=2.0)),
]
# fmt: on
