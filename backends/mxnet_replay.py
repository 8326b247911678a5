"""Small objectives in MXNet as one bound graph, where every operation costs some 30 µs of Python.

A step of linear regression with a penalty takes 1.5 ms as operations, and 0.04 as their graph.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Hashable
from typing import Any

from backends.interface import Parameters
from backends.mxnet_backend import autograd, mx, nd
from backends.replay import Gradient

# Binding a graph reports on stderr which library optimises it.
os.environ.setdefault("MXNET_SUBGRAPH_VERBOSE", "0")

# Functions with a backward pass of their own, hybridised layers, what computes otherwise in
# training (graphs with gradients do, dicts of parameters never do), and what has its ids checked.
LEFT_OUT = {"_CustomFunction", "_CachedOp", "BatchNorm", "Dropout", "RNN"}
LEFT_OUT |= {"one_hot", "pick", "take"}
# So many numbers that go in that the operations' Python is no longer what takes time.
MANY = 2**14


def key_of(params: Any, args: tuple[Any, ...]) -> Hashable | None:
    """What a graph depends on; None for what has none: networks, parameters as arguments.

    A graph holds its parameters, so that nothing else gets their ids.
    """
    if type(params) is not dict or not all(map(is_given, args)):
        return None
    return (*params, *map(id, params.values()), *[(arg.shape, arg.dtype) for arg in args])


def is_given(arg: Any) -> bool:
    return isinstance(arg, nd.NDArray) and arg.grad is None


def graph_of(objective: Callable[..., Any], params: Parameters, args: Any) -> Gradient | None:
    """The objective and its gradient for these very parameters, as a graph bound to them.

    None where the objective uses arrays of its own, leaves some out or has what is LEFT_OUT, and
    for MANY numbers.
    """
    if sum(array.size for array in (*params.values(), *args)) > MANY:
        return None
    places = [arg.copy() for arg in args]
    # A variable that asks for no gradient has a name in the graph, as a constant has not.
    autograd.mark_variables(places, [nd.zeros_like(place) for place in places], "null")
    with autograd.record(train_mode=False):
        loss = objective(params, *places)
    try:
        graph = json.loads(autograd.get_symbol(loss).tojson())
    except mx.MXNetError:  # nothing was recorded
        return None
    for node in graph["nodes"]:
        if node["op"] in LEFT_OUT:
            return None
        if node.get("attrs", {}).get("shape") == "[]":  # a scalar's, which Reshape takes for none
            node["op"], node["attrs"] = "_np_reshape", {"newshape": "()"}
    symbol = mx.sym.load_json(json.dumps(graph))
    arrays = {name_of(array): array for array in (*params.values(), *places)}
    if set(symbol.list_arguments()) != set(arrays):
        return None
    grads = {name: param.grad for name, param in params.items()}
    slots = {name_of(param): grads[name] for name, param in params.items()}
    requests = {name: "write" if name in slots else "null" for name in arrays}
    executor = symbol.bind(loss.context, arrays, slots, requests)
    one = [nd.ones_like(executor.outputs[0])]

    def replay(params: Parameters, *args: Any) -> tuple[Any, Parameters]:
        for arg, place in zip(args, places, strict=True):
            arg.copyto(place)
        (value,) = executor.forward(is_train=True)
        executor.backward(one)
        # The next call writes its value over this one.
        return nd.identity(value), {name: grads[name] for name in params}

    return replay


def name_of(variable: Any) -> str:
    return autograd.get_symbol(variable).name
