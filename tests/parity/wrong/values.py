"""Mistakes in the values of arrays, in their gradients and in whose memory they are."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np

from backends.interface import Backend
from tests.parity.wrong.row import Override

OnValues = Callable[[np.ndarray], np.ndarray]


# --- fewer bits ---


def bits(number: int) -> OnValues:
    """Rounded to significands of so many bits."""

    def rounded(a: np.ndarray) -> np.ndarray:
        significand, exponent = np.frexp(a)
        return np.ldexp(np.round(significand * 2.0**number) / 2.0**number, exponent)

    return rounded


def tf32(a: np.ndarray) -> np.ndarray:
    """11 bits, the others dropped, as tensor cores read float32."""
    significand, exponent = np.frexp(a)
    return np.ldexp(np.trunc(significand * 2.0**11) / 2.0**11, exponent)


FORMATS: dict[str, OnValues] = {
    "float16": lambda a: a.astype("float16").astype(a.dtype),
    "bfloat16": bits(8),
    "TF32": tf32,
    "a pair of bfloat16": bits(16),
}


def float16_sum(a: np.ndarray) -> np.ndarray:
    """Summed one by one in float16."""
    total = np.float16(0)
    for value in a.astype("float16").ravel():
        total = np.float16(total + value)
    return np.asarray(total)


# --- changed values and gradients ---


def mapped(result: Any, function: Callable[[Any], Any]) -> Any:
    """All arrays of a nested result."""
    if isinstance(result, tuple):
        return tuple(mapped(part, function) for part in result)
    return function(result)


def moved(k: Backend, x: Any, function: OnValues) -> Any:
    """x with its values changed a little and its gradient left as it is."""
    values = k.to_numpy(x)
    with np.errstate(all="ignore"):
        change = function(values) - values
    # What is infinite stays so, and −0 + −0 is −0.
    change = np.where(np.isfinite(change) & (change != 0), change, np.copysign(0, values))
    return x + k.from_numpy(change.astype(values.dtype))


def steeper(k: Backend, x: Any, factor: Any) -> Any:
    """x with its values left as they are and its gradient times a factor."""
    return x + (x - k.detach((x,))[0]) * (factor - 1)


def on_result(function: OnValues) -> Override:
    return lambda k, right, *args: mapped(right(*args), lambda x: moved(k, x, function))


def on_gradient(factor: float) -> Override:
    return lambda k, right, *args: mapped(right(*args), lambda x: steeper(k, x, factor))


def on_argument(position: int, function: Callable[[Backend, Any], Any]) -> Override:
    def override(k: Backend, right: Override, *args: Any) -> Any:
        changed = list(args)
        if position < len(args) and args[position] is not None:
            changed[position] = function(k, args[position])
        return right(*changed)

    return override


def approximately(function: OnValues) -> Override:
    """A function of one array by another formula, its gradient right."""

    def override(k: Backend, right: Override, x: Any) -> Any:
        with np.errstate(all="ignore"):
            new = k.from_numpy(function(k.to_numpy(x)))
        y = right(x)
        return new + (y - k.detach((y,))[0])

    return override


# --- memory ---


def memory(k: Backend) -> dict[Any, Any]:
    """What a wrong backend remembers between calls."""
    memory: dict[Any, Any] = k.__dict__.setdefault("memory", {})
    return memory


def overwrite(k: Backend, x: Any, new: Any) -> None:
    """Change an array in place, as no primitive may do with an argument."""
    if k.name == "torch":
        x.data.copy_(new.detach())
    else:
        x[:] = new.detach()


def in_place(position: int) -> Override:
    """The result stands in the argument's memory too."""

    def override(k: Backend, right: Override, *args: Any) -> Any:
        result = right(*args)
        overwrite(k, args[position], result)
        return result

    return override


def own_memory(k: Backend, right: Override, array: Any) -> Any:
    """to_numpy without a copy."""
    if k.name == "torch":
        return array.detach().numpy()
    if not array.size:
        return right(array)
    from mxnet.base import _LIB, check_call

    array.wait_to_read()
    memory(k).setdefault("in use", []).append(array)
    address = ctypes.c_void_p()
    check_call(_LIB.MXNDArrayGetData(array.handle, ctypes.byref(address)))
    kind = np.ctypeslib.as_ctypes_type(array.dtype)
    return np.ctypeslib.as_array(ctypes.cast(address, ctypes.POINTER(kind)), array.shape)


def given_memory(k: Backend, right: Override, array: Any) -> Any:
    """from_numpy without a copy."""
    if getattr(array, "dtype", None) != k.dtype or not array.flags["C_CONTIGUOUS"]:
        return right(array)
    if k.name == "torch":
        import torch

        return torch.from_numpy(array)
    from mxnet import nd

    shared = nd.from_numpy(array, zero_copy=True)
    array.flags.writeable = True  # MXNet had forbidden it
    return shared
