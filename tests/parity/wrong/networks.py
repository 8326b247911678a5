"""Mistakes in layers and networks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backends.interface import Backend, Network
from tests.parity.wrong.row import Override
from tests.parity.wrong.values import OnValues


def after(k: Backend, layer: Any, function: Callable[[Any], Any]) -> Any:
    """The layer with its output passed through a function."""
    module, names = layer
    if k.name == "torch":
        module.register_forward_hook(lambda module, inputs, output: function(output))
        return layer
    return (lambda *inputs: function(module(*inputs))), names


def outputs(function: Callable[[Backend, Any], Any]) -> Override:
    return lambda k, right, *args: after(k, right(*args), lambda result: function(k, result))


def by_formula(function: Callable[..., Any]) -> Override:
    """A recurrent layer that computes (backend, inputs, state, parameters, *rest) → outputs.

    rest: what the layer was given beyond its sizes.
    """

    def override(k: Backend, right: Override, d: int, h: int, *rest: Any) -> Any:
        module, names = right(d, h, *rest)
        if k.name == "torch":

            def hook(module: Any, inputs: Any, output: Any) -> Any:
                own = dict(module.named_parameters())
                joined = {names[name]: parameter.t() for name, parameter in own.items()}
                return function(k, *inputs, parted(joined, h), *rest)

            module.register_forward_hook(hook)
            return module, names

        def layer(inputs: Any, state: Any) -> Any:
            joined = {name: parameter.data().T for name, parameter in names.items()}
            return function(k, inputs, state, parted(joined, h), *rest)

        return layer, names

    return override


def parted(joined: dict[str, Any], h: int) -> dict[str, Any]:
    """Parameters of several gates, joined along the last axis, each under its own name."""
    return {
        name: array[i * h : (i + 1) * h] if array.ndim == 1 else array[:, i * h : (i + 1) * h]
        for names, array in joined.items()
        for i, name in enumerate(names.split())
    }


def added(params: dict[str, Any], gates: str) -> dict[str, Any]:
    """Both biases of these gates in one, the second left out."""
    sums = {f"b_{gate}": params[f"b_{gate}"] + params[f"b_h{gate}"] for gate in gates}
    return {**{n: p for n, p in params.items() if not n.startswith("b_h") or n == "b_h"}, **sums}


def misnamed_gates(a: str, b: str) -> Override:
    """A layer whose fused gates are taken to stand in another order."""
    other = str.maketrans(a + b, b + a)

    def override(k: Backend, right: Override, *args: Any) -> Any:
        module, names = right(*args)
        if k.name == "torch":
            return module, {own: translated(name, other) for own, name in names.items()}
        return module, {translated(name, other): own for name, own in names.items()}

    return override


def translated(names: str, other: dict[int, int]) -> str:
    """The last letter of every name is that of the gate."""
    return " ".join(name[:-1] + name[-1].translate(other) for name in names.split())


# --- networks ---


def with_method(**methods: Callable[..., Any]) -> Override:
    """A network with other methods: (network, right, *args)."""

    def bind(name: str, method: Callable[..., Any], base: type[Network]) -> Any:
        return lambda self, *args: method(self, lambda *a: getattr(base, name)(self, *a), *args)

    def override(k: Backend, right: Override, **layers: Any) -> Network:
        network = right(**layers)
        base = type(network)
        bound = {name: bind(name, method, base) for name, method in methods.items()}
        network.__class__ = type("WrongNetwork", (base,), bound)
        return network

    return override


def loading(change: Callable[[str, np.ndarray], Any]) -> Override:
    """A network that loads (name, weight) changed."""
    return with_method(
        load=lambda network, right, weights: right({n: change(n, w) for n, w in weights.items()})
    )


def reading(change: OnValues) -> Override:
    return with_method(read=lambda network, right: {n: change(a) for n, a in right().items()})


def reading_gradients(change: OnValues) -> Override:
    return with_method(
        read_gradients=lambda network, right, g: {n: change(a) for n, a in right(g).items()}
    )


def untransposed(name: str, weight: Any) -> Any:
    """Numbers in the order in which the framework stores the transpose."""
    return weight.T.reshape(weight.shape)


def keeps_missing_bias(network: Network, right: Override, weights: Any) -> None:
    kept = network.read().get("b_hh")
    right(weights if kept is None else {"b_hh": kept, **weights})


def completes_the_callers_weights(network: Network, right: Override, weights: Any) -> None:
    right(weights)
    weights.update({name: w for name, w in network.read().items() if name not in weights})


def loads_once(network: Any, right: Override, weights: Any) -> None:
    if not getattr(network, "loaded", False):
        right(weights)
    network.loaded = True


def adds_up(network: Network, right: Override, weights: Any) -> None:
    before = network.read()
    right({name: w + before[name] for name, w in weights.items()})


def accepts_missing(network: Network, right: Override, weights: Any) -> None:
    right({**network.read(), **weights})


def gates_swapped(a: str, b: str) -> Override:
    """A network that loads two gates of every layer the wrong way round."""
    other = str.maketrans(a + b, b + a)

    def load(network: Network, right: Override, weights: Any) -> None:
        swapped = {translated(name, other): w for name, w in weights.items()}
        right(swapped if set(swapped) == set(weights) else weights)

    return with_method(load=load)


def remembers(network: Any, right: Override) -> Any:
    """The arrays of the first reading, again and again."""
    if not hasattr(network, "remembered"):
        network.remembered = right()
    return network.remembered


def keeps_the_callers(network: Any, right: Override, weights: Any) -> None:
    right(weights)
    network.given = weights


def reads_the_callers(network: Any, right: Override) -> Any:
    given = getattr(network, "given", {})
    return {name: np.array(given.get(name, w), w.dtype) for name, w in right().items()}
