"""A noted call again, alone, on another backend: readings by the way to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from backends.interface import Backend
from experiments.trace.recorder import GIVEN, Call
from experiments.trace.trees import Path, at, leaves, mapped

Readings = dict[Any, np.ndarray]


def placed(backend: Backend, tree: Any) -> Any:
    return mapped(tree, lambda _, array: backend.from_numpy(array))


def read(backend: Backend, tree: Any) -> Readings:
    return {path: backend.to_numpy(array) for path, array in leaves(tree)}


def network_of(backend: Backend, call: Call) -> Any:
    """The network that was called, with its weights."""
    network = backend.network(**{name: layer.on(backend) for name, layer in call.layers.items()})
    network.load(call.weights)
    return network


def evaluated(backend: Backend, call: Call, arguments: Any, network: Any = None) -> Any:
    """The primitive or the layer on arguments of the backend's own."""
    args, kwargs = arguments
    if call.layers:
        network = network or network_of(backend, call)
        function = network if call.layer is None else network[call.layer]
    else:
        function = getattr(backend, call.primitive)
    return function(*args, **kwargs)


def returned(backend: Backend, call: Call) -> Readings:
    """What the call returns."""
    if call.primitive in ("to_numpy", "value_and_grad"):
        return {(): call.arguments[0][0]}
    if call.primitive == "network" and not call.layers:  # weights that were loaded
        (weights,) = call.arguments[0]
        shapes = {name: np.zeros(np.shape(array)) for name, array in call.result.items()}
        return read(backend, placed(backend, shapes | dict(weights)))
    own = call.arguments if call.primitive in GIVEN else placed(backend, call.arguments)
    return read(backend, evaluated(backend, call, own))


def updated(backend: Backend, call: Call) -> Readings:
    """What a call that updates returns or, of a trainer, leaves in its network."""
    if call.primitive != "trainer":
        return returned(backend, call)
    (args, kwargs), gradients, batch_size = call.arguments[0]
    network = network_of(backend, call)
    backend.trainer(network, *args, **kwargs).step(placed(backend, gradients), batch_size)
    return {(name,): reading for name, reading in network.read().items()}


def sum_of_products(backend: Backend, call: Call, result: Any) -> Any:
    """Σ result · what reached it: its gradients are what the call sends back."""
    total: Any = 0.0
    for path, gradient in call.reached.items():
        total = total + backend.sum(at(result, path) * backend.from_numpy(gradient))
    return total


def sent_back(backend: Backend, call: Call) -> Readings:
    """The gradients by the call's arguments, from what reached its results."""
    names = {path: str(number) for number, path in enumerate(call.float_arguments())}
    network = network_of(backend, call) if call.layers else None

    def objective(params: Any) -> Any:
        def place(path: Path, array: np.ndarray) -> Any:
            return params[names[path]] if path in names else backend.from_numpy(array)

        arguments = mapped(call.arguments, place)
        return sum_of_products(backend, call, evaluated(backend, call, arguments, network))

    weights = {names[path]: array for path, array in call.float_arguments().items()}
    _, grads = backend.value_and_grad(objective)(backend.parameters(weights))
    return {path: backend.to_numpy(grads[name]) for path, name in names.items()}


def sent_to_parameters(backend: Backend, calls: Sequence[Call]) -> Readings:
    """The gradients by a network's parameters, from what reached the results of its layers."""
    arguments = [placed(backend, call.arguments) for call in calls]

    def objective(network: Any) -> Any:
        total: Any = 0.0
        for call, own in zip(calls, arguments, strict=True):
            total = total + sum_of_products(backend, call, evaluated(backend, call, own, network))
        return total

    network = network_of(backend, calls[0])
    _, grads = backend.value_and_grad(objective)(network)
    return dict(network.read_gradients(grads))
