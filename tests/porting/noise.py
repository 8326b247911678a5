"""MXNet with its numbers moved by single roundings, to see what rounding does to a program."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import io
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import numpy as np

from backends.mxnet_import import import_mxnet


@contextlib.contextmanager
def own_log_softmax() -> Iterator[None]:
    """MXNet's own kernel in place of MKL-DNN's, which is wrong by 4e-6; a temperature selects it."""
    mx = import_mxnet()
    handle, register = ctypes.c_void_p(), mx.ndarray.register
    name = mx.base.c_str("log_softmax")
    mx.base.check_call(mx.base._LIB.NNGetOpHandle(name, ctypes.byref(handle)))
    invoke = register._imperative_invoke

    def call(operation: int, arrays: Any, keys: list, values: list, *rest: Any) -> Any:
        if operation == handle.value and "temperature" not in keys:
            keys, values = [*keys, "temperature"], [*values, 1.0]
        return invoke(operation, arrays, keys, values, *rest)

    with mock.patch.object(register, "_imperative_invoke", call):
        yield


@contextlib.contextmanager
def rounding(seed: int) -> Iterator[None]:
    """Each real number that an operation or `array` makes goes one rounding unit up or down.

    Gradients are moved with what they flow through. Whole numbers stay: they count or name things.
    What the program prints is not shown.
    """
    mx, stream = import_mxnet(), np.random.default_rng(seed)
    busy = False

    def factors(array: Any) -> Any:
        values = array.asnumpy()
        signs = 2 * stream.integers(0, 2, values.shape, np.int8) - 1
        sizes = np.finfo(values.dtype).eps * (values != np.rint(values))
        moved = 1 + sizes * signs
        make = mx.np.array if isinstance(array, mx.np.ndarray) else mx.nd.array
        return make(moved, dtype=values.dtype)

    def moved(result: Any) -> Any:
        if isinstance(result, (list, tuple)):
            # In place: a state that nobody detached is a constant only as the operation's own.
            with mx.autograd.pause():
                for array in result:
                    if np.dtype(array.dtype).kind == "f":
                        array *= factors(array)
            return result
        if not isinstance(result, mx.nd.NDArray) or np.dtype(result.dtype).kind != "f":
            return result
        return result * factors(result)

    def noisy(operation: Callable[..., Any], place: int | None = None) -> Callable[..., Any]:
        """`place`: where among the arguments stands an array to write into."""

        def call(*arguments: Any, **options: Any) -> Any:
            nonlocal busy
            result = operation(*arguments, **options)
            if busy:
                return result
            busy = True
            try:
                out = options.get("out") if place is None else arguments[place]
                if out is None:
                    return moved(result)
                if not mx.autograd.is_recording():
                    for array in out if isinstance(out, (list, tuple)) else [out]:
                        if np.dtype(array.dtype).kind == "f":
                            array *= factors(array)
                return result
            finally:
                busy = False

        return call

    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
        register, api = mx.ndarray.register, mx.ndarray.numpy._api_internal
        for module, name, place in [
            (register, "_imperative_invoke", 4),
            (mx.nd, "array", None),
            (mx.np, "array", None),
            *(
                (api, name, None)
                for name, item in vars(api).items()
                if callable(item) and name != "_init_api"
            ),
        ]:
            stack.enter_context(
                mock.patch.object(module, name, noisy(getattr(module, name), place))
            )
        yield


def again(program: Callable[[], Any]) -> Callable[[int], Any]:
    """The program with its numbers moved, as a function of the seed; each seed runs it once."""

    @functools.cache
    def moved(seed: int) -> Any:
        with rounding(seed):
            return program()

    return moved
