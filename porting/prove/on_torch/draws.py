"""PyTorch's random draws, given from `Draws`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from porting.prove.draws import Draws, Shape


def inject(draws: Draws) -> None:
    """Replace every draw of `torch` in this process.

    What a layer draws when it is made comes from a stream of its own: only an initialisation that
    the port writes down is given the numbers of MXNet's.
    """
    own = Draws(draws.seed + 1)
    switch = _Switch(draws, own)
    _inject_in_place(switch)
    _inject_functions(switch)
    _inject_defaults(switch)
    F.dropout = _dropout(draws)
    sampler = torch.utils.data.RandomSampler
    sampler.__iter__ = _shuffled(draws, sampler.__iter__)  # type: ignore[method-assign]
    _load_here(torch.utils.data.DataLoader)


class _Switch:
    """The stream that a draw comes from now."""

    def __init__(self, given: Draws, own: Draws) -> None:
        self.now, self._given, self._own = given, given, own

    @contextmanager
    def to_own(self) -> Iterator[None]:
        before, self.now = self.now, self._own
        try:
            yield
        finally:
            self.now = before


def _inject_in_place(switch: _Switch) -> None:
    def filling(kind: str, **defaults: float) -> Callable[..., Tensor]:
        def fill(self: Tensor, *arguments: Any, **options: Any) -> Tensor:
            given = defaults | dict(zip(defaults, arguments, strict=False)) | options
            parameters = [given[name] for name in defaults]
            if kind == "exponential":
                parameters = [1 / parameters[0]]
            values = switch.now.draw(kind, parameters, tuple(self.shape))
            with torch.no_grad():
                return self.copy_(torch.from_numpy(values))

        return fill

    Tensor.normal_ = filling("normal", mean=0.0, std=1.0)  # type: ignore[method-assign]
    Tensor.uniform_ = filling("uniform", **{"from": 0.0, "to": 1.0})  # type: ignore[method-assign]
    Tensor.exponential_ = filling("exponential", lambd=1.0)  # type: ignore[method-assign]

    def bernoulli_(self: Tensor, p: Any = 0.5, **_: Any) -> Tensor:
        return self.copy_(_bernoulli(switch.now, p, tuple(self.shape)))

    Tensor.bernoulli_ = bernoulli_  # type: ignore[method-assign, assignment]


def _inject_functions(switch: _Switch) -> None:
    def place(values: np.ndarray, options: dict[str, Any]) -> Tensor:
        made = torch.from_numpy(np.asarray(values))
        made = made.to(options.get("dtype") or made.dtype)
        made = made.to(options.get("device") or made.device)
        if options.get("out") is not None:
            return options["out"].copy_(made)
        return made.requires_grad_() if options.get("requires_grad") else made

    def normal(mean: Any = 0.0, std: Any = 1.0, size: Any = None, **options: Any) -> Tensor:
        parameters = [_numpy(mean), _numpy(std)]
        shape = np.broadcast_shapes(*(p.shape for p in parameters)) if size is None else _size(size)
        return place(switch.now.draw("normal", parameters, shape), options)

    def sized(kind: str, *parameters: float) -> Callable[..., Tensor]:
        def draw(*size: Any, **options: Any) -> Tensor:
            shape = _size(options.pop("size", size))
            return place(switch.now.draw(kind, parameters, shape), options)

        return draw

    def like(kind: str, *parameters: float) -> Callable[..., Tensor]:
        def draw(input: Tensor, **options: Any) -> Tensor:
            options = {"dtype": input.dtype, "device": input.device} | options
            return place(switch.now.draw(kind, parameters, tuple(input.shape)), options)

        return draw

    def randint(*arguments: Any, **options: Any) -> Tensor:
        names = ("low", "high", "size") if len(arguments) == 3 else ("high", "size")
        given = options | dict(zip(names, arguments, strict=False))
        values = switch.now.integers(given.get("low", 0), given["high"], _size(given["size"]))
        return place(values, options)

    def randperm(n: int, **options: Any) -> Tensor:
        return place(switch.now.permutation(n), options)

    def bernoulli(input: Tensor, *_: Any, **options: Any) -> Tensor:
        return _bernoulli(switch.now, input, tuple(input.shape))

    def multinomial(
        input: Tensor, num_samples: int, replacement: bool = False, **options: Any
    ) -> Tensor:
        if not replacement and num_samples > 1:
            return original_multinomial(input, num_samples, replacement, **options)
        return torch.from_numpy(switch.now.categories(_numpy(input), num_samples))

    def poisson(input: Tensor, **options: Any) -> Tensor:
        return place(switch.now.draw("poisson", [_numpy(input)], tuple(input.shape)), options)

    original_multinomial = torch.multinomial
    for name, function in {
        "normal": normal,
        "randn": sized("normal", 0.0, 1.0),
        "rand": sized("uniform", 0.0, 1.0),
        "randn_like": like("normal", 0.0, 1.0),
        "rand_like": like("uniform", 0.0, 1.0),
        "randint": randint,
        "randperm": randperm,
        "bernoulli": bernoulli,
        "multinomial": multinomial,
        "poisson": poisson,
    }.items():
        setattr(torch, name, function)
    for name, function in (("bernoulli", bernoulli), ("multinomial", multinomial)):
        setattr(Tensor, name, function)


def _inject_defaults(switch: _Switch) -> None:
    """Layers draw their default weights from the switch's own stream."""

    def apart(reset: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(reset)
        def reset_parameters(self: nn.Module, *arguments: Any, **options: Any) -> None:
            with switch.to_own():
                reset(self, *arguments, **options)

        return reset_parameters

    waiting: list[type] = [nn.Module]
    while waiting:
        cls = waiting.pop()
        waiting.extend(cls.__subclasses__())
        for name in ("reset_parameters", "_reset_parameters"):
            if name in vars(cls) and cls.__module__.startswith("torch.nn"):
                setattr(cls, name, apart(vars(cls)[name]))


def _dropout(draws: Draws) -> Callable[..., Tensor]:
    def dropout(
        input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
    ) -> Tensor:
        if not training:
            return input
        if p == 1:
            return input * 0
        mask = torch.from_numpy(draws.mask(tuple(input.shape), 1 - p) / np.float32(1 - p))
        return input.mul_(mask) if inplace else input * mask

    return dropout


def _shuffled(draws: Draws, iterate: Callable[..., Any]) -> Callable[..., Any]:
    def __iter__(self: Any) -> Iterator[int]:  # noqa: N807
        if self.replacement:
            return iterate(self)
        order = draws.permutation(len(self.data_source))
        return iter(order[: self.num_samples].tolist())

    return __iter__


def _load_here(loader: Any) -> None:
    init = loader.__init__

    def __init__(self: Any, *arguments: Any, **options: Any) -> None:  # noqa: N807
        # The sixth argument is num_workers: worker processes would draw numbers of their own.
        for name in ("prefetch_factor", "persistent_workers"):
            options.pop(name, None)
        init(self, *arguments[:5], **(options | {"num_workers": 0}))

    loader.__init__ = __init__


def _bernoulli(draws: Draws, p: Any, shape: Shape) -> Tensor:
    chances = _numpy(p)
    return torch.from_numpy((draws.draw("uniform", (0.0, 1.0), shape) < chances).astype(np.float32))


def _numpy(value: Any) -> np.ndarray:
    value = value.detach().cpu().numpy() if isinstance(value, Tensor) else value
    return np.asarray(value, np.float32)


def _size(size: Any) -> Shape:
    if isinstance(size, int):
        return (size,)
    if len(size) == 1 and not isinstance(size[0], int):
        size = size[0]
    return tuple(int(n) for n in size)
