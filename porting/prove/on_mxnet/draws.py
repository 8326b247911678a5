"""MXNet's random draws, given from `Draws`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from porting.prove.draws import Draws, Shape
from porting.prove.recorder import Recorder

# The parameters of each distribution in the old and in the NumPy interface, with their defaults.
ND_PARAMETERS = {
    "normal": {"loc": 0.0, "scale": 1.0},
    "uniform": {"low": 0.0, "high": 1.0},
    "exponential": {"scale": 1.0},
    "gamma": {"alpha": 1.0, "beta": 1.0},
    "poisson": {"lam": 1.0},
}
NP_PARAMETERS = {
    "normal": {"loc": 0.0, "scale": 1.0},
    "uniform": {"low": 0.0, "high": 1.0},
    "exponential": {"scale": 1.0},
    "gamma": {"shape": 1.0, "scale": 1.0},
}
OLD_NAMES = {"mu": "loc", "sigma": "scale", "a": "low", "b": "high"}


def inject(mx: Any, draws: Draws, recorder: Recorder) -> None:
    """Replace every draw of `mx` in this process."""
    _inject_nd(mx, draws)
    _inject_np(mx, draws)
    mx.nd.Dropout = _dropout(mx, draws)
    mx.npx.dropout = _dropout(mx, draws)
    mx.gluon.data.RandomSampler.__iter__ = lambda sampler: iter(draws.permutation(len(sampler)))
    _load_here(mx.gluon.data.DataLoader)
    mx.nd.array = _perturbed(mx.nd.array, draws)
    mx.np.array = _perturbed(mx.np.array, draws)
    _perturb_first_values(mx, draws)
    for module in (mx.nd, mx.np):
        for name in ("arange", "linspace"):
            setattr(module, name, _perturbed_range(getattr(module, name), draws))

    def hybridize(block: Any, *_: Any, **__: Any) -> None:
        recorder.note("hybridize() is passed over: a compiled graph would draw masks of its own")

    mx.gluon.HybridBlock.hybridize = hybridize


# ---- mx.nd ----


def _inject_nd(mx: Any, draws: Draws) -> None:
    functions = {kind: _nd_draw(mx, draws, kind) for kind in ND_PARAMETERS}
    normal = functions["normal"]

    def randn(*shape: int, loc: Any = 0.0, scale: Any = 1.0, **options: Any) -> Any:
        return normal(loc, scale, shape=shape or (1,), **options)

    def randint(
        low: int, high: int, shape: Any = None, dtype: Any = None, ctx: Any = None,
        out: Any = None, **_: Any,
    ) -> Any:  # fmt: skip
        size = out.shape if out is not None else _shape(shape) or (1,)
        values = draws.integers(int(low), int(high), size)
        return _into(mx, values, out, _dtype(dtype) or "int32", ctx)

    def multinomial(
        data: Any, shape: Any = None, get_prob: bool = False, dtype: Any = "int32", **_: Any
    ) -> Any:
        size = _shape(shape)
        picked = draws.categories(data.asnumpy(), int(np.prod(size)) if size else 1)
        picked = picked.reshape(data.shape[:-1] + (size or (() if data.ndim > 1 else (1,))))
        result = mx.nd.array(picked, ctx=data.context, dtype=dtype)
        return (result, mx.nd.log(mx.nd.pick(data, result))) if get_prob else result

    def shuffle(data: Any, **_: Any) -> Any:
        return mx.nd.take(data, mx.nd.array(draws.permutation(len(data)), dtype="int64"))

    functions |= {"randint": randint}
    for name, function in functions.items():
        for alias in (name, f"random_{name}", f"sample_{name}"):
            if hasattr(mx.nd, alias):
                setattr(mx.nd, alias, function)
    mx.nd.sample_multinomial, mx.nd.shuffle = multinomial, shuffle
    functions |= {"randn": randn, "multinomial": multinomial, "shuffle": shuffle}
    for module in (mx.nd.random, mx.random):
        for name, function in functions.items():
            setattr(module, name, function)


def _nd_draw(mx: Any, draws: Draws, kind: str) -> Callable[..., Any]:
    defaults = ND_PARAMETERS[kind]
    order = (*defaults, "shape", "dtype", "ctx", "out")

    def draw(*arguments: Any, **options: Any) -> Any:
        options = {OLD_NAMES.get(name, name): value for name, value in options.items()}
        given = defaults | dict(zip(order, arguments, strict=False)) | options
        out, shape = given.get("out"), _shape(given.get("shape"))
        parameters = [_numpy(given[name]) for name in defaults]
        size: Shape = out.shape if out is not None else shape or (1,)
        if parameters[0].ndim:  # arrays of parameters: each has draws of the asked shape
            size = parameters[0].shape + (shape or ())
            parameters = [p.reshape(p.shape + (1,) * len(shape or ())) for p in parameters]
        values = draws.draw(kind, parameters, size)
        return _into(mx, values, out, _dtype(given.get("dtype")) or "float32", given.get("ctx"))

    return draw


def _into(mx: Any, values: np.ndarray, out: Any, dtype: Any, ctx: Any) -> Any:
    if out is None:
        return mx.nd.array(values, ctx=ctx, dtype=dtype)
    out[:] = mx.nd.array(values, dtype=out.dtype)
    return out


# ---- mx.np ----


def _inject_np(mx: Any, draws: Draws) -> None:
    functions = {kind: _np_draw(mx, draws, kind) for kind in NP_PARAMETERS}
    normal, uniform = functions["normal"], functions["uniform"]

    def randint(
        low: int, high: int | None = None, size: Any = None, dtype: Any = None, **_: Any
    ) -> Any:
        low, high = (0, low) if high is None else (low, high)
        values = draws.integers(int(low), int(high), _shape(size) or ())
        return mx.np.array(values, dtype=dtype or "int64")

    def shuffle(x: Any) -> None:
        x[:] = mx.np.array(x.asnumpy()[draws.permutation(len(x))], dtype=x.dtype)

    functions |= {
        "randn": lambda *size, **options: normal(size=size, **options),
        "rand": lambda *size, **options: uniform(size=size, **options),
        "randint": randint,
        "shuffle": shuffle,
    }
    for name, function in functions.items():
        setattr(mx.np.random, name, function)


def _np_draw(mx: Any, draws: Draws, kind: str) -> Callable[..., Any]:
    defaults = NP_PARAMETERS[kind]
    order = (*defaults, "size", "dtype", "ctx", "out")

    def draw(*arguments: Any, **options: Any) -> Any:
        given = defaults | dict(zip(order, arguments, strict=False)) | options
        parameters = [_numpy(given[name]) for name in defaults]
        out, size = given.get("out"), _shape(given.get("size"))
        if out is not None:
            size = out.shape
        if size is None:
            size = np.broadcast_shapes(*(parameter.shape for parameter in parameters))
        values = draws.draw(kind, parameters, size)
        if out is None:
            ctx = given.get("ctx") or given.get("device")
            return mx.np.array(values, dtype=given.get("dtype") or "float32", ctx=ctx)
        out[()] = mx.np.array(values, dtype=out.dtype)
        return out

    return draw


# ---- layers and loaders ----


def _dropout(mx: Any, draws: Draws) -> Callable[..., Any]:
    def dropout(data: Any, p: float = 0.5, mode: str = "training", axes: Any = (), **_: Any) -> Any:
        if mode != "always" and not mx.autograd.is_training():
            return data * 1
        if p == 1:
            return data * 0
        shape = tuple(1 if axis in axes else size for axis, size in enumerate(data.shape))
        scaled = np.broadcast_to(draws.mask(shape, 1 - p) / np.float32(1 - p), data.shape)
        make = mx.np.array if isinstance(data, mx.np.ndarray) else mx.nd.array
        return data * make(scaled, ctx=data.ctx, dtype=data.dtype)

    return dropout


def _load_here(loader: Any) -> None:
    init = loader.__init__

    def __init__(self: Any, *arguments: Any, **options: Any) -> None:  # noqa: N807
        # The eighth argument is num_workers: worker processes would draw numbers of their own.
        init(self, *arguments[:7], **(options | {"num_workers": 0}))

    loader.__init__ = __init__


def _perturbed(make: Callable[..., Any], draws: Draws) -> Callable[..., Any]:
    def array(source: Any, *arguments: Any, **options: Any) -> Any:
        if isinstance(source, np.ndarray) and source.dtype.kind == "f":
            source = draws.perturbed(source)
        return make(source, *arguments, **options)

    return array


def _perturb_first_values(mx: Any, draws: Draws) -> None:
    """First values of parameters, drawn or constant."""
    begin = mx.gluon.Parameter._init_impl

    def _init_impl(parameter: Any, data: Any, ctx_list: Any) -> None:
        values = data.asnumpy()
        noisy = draws.perturbed(values)
        if noisy is not values:
            data[:] = noisy
        begin(parameter, data, ctx_list)

    mx.gluon.Parameter._init_impl = _init_impl


def _perturbed_range(make: Callable[..., Any], draws: Draws) -> Callable[..., Any]:
    """Numbers at equal distances, which frameworks round by the size of the largest."""

    def numbers(*arguments: Any, **options: Any) -> Any:
        made = make(*arguments, **options)
        values = made.asnumpy()
        noisy = draws.perturbed(values, scale=abs(values).max(initial=0))
        if noisy is not values:
            made[:] = noisy
        return made

    return numbers


def _numpy(value: Any) -> np.ndarray:
    return np.asarray(value.asnumpy() if hasattr(value, "asnumpy") else value, np.float32)


def _shape(shape: Any) -> Shape | None:
    if shape is None or type(shape).__name__ == "_NullType":
        return None
    return (int(shape),) if isinstance(shape, (int, np.integer)) else tuple(int(n) for n in shape)


def _dtype(dtype: Any) -> Any:
    return None if type(dtype).__name__ == "_NullType" or dtype == "None" else dtype
