"""Parameters and their first values, as Gluon draws them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.lazy import LazyModuleMixin
from torch.nn.parameter import is_lazy

Draw = Callable[[Tensor], Any]


def parameter(shape: int | tuple[int, ...], init: Draw) -> nn.Parameter:
    """A parameter that `initialize` draws by an initialiser of its own."""
    made = nn.Parameter(torch.empty(shape))
    made._draw = init  # type: ignore[attr-defined]
    return made


class Initializer:
    """Base of initialisers written as in MXNet: `_init_weight(name, data)` fills `data`."""

    def _init_weight(self, name: str, data: Tensor) -> None:
        raise NotImplementedError(f"{type(self).__name__} has no _init_weight")

    def __call__(self, weight: Tensor) -> None:
        self._init_weight("weight", weight)


def uniform(weight: Tensor) -> None:
    """MXNet's default: U(-0.07, 0.07)."""
    nn.init.uniform_(weight, -0.07, 0.07)


def _fill(module: nn.Module, draw: Draw, later: Collection[str] | None = None) -> None:
    """Draw the parameters of one module; PyTorch's own layers have zero biases and unit scales.

    Those without a shape wait; `later` names those that waited.
    """
    if isinstance(module, (_BatchNorm, nn.LayerNorm)):
        return
    own = type(module).__module__.startswith(("torch.nn", "porting.runtime"))
    with torch.no_grad():
        for name, parameter in module.named_parameters(recurse=False):
            if is_lazy(parameter) or (later is not None and name not in later):
                continue
            if own and name.startswith("bias"):
                parameter.zero_()
            else:
                getattr(parameter, "_draw", draw)(parameter.data)


def initialize(
    net: nn.Module | nn.Parameter,
    init: Draw = uniform,
    device: torch.device | None = None,
    force_reinit: bool = False,
) -> None:
    """Initialise as `Block.initialize`: once, unless forced; lazy layers at their first call."""
    if isinstance(net, nn.Parameter):
        draw = getattr(net, "_draw", init) if init is uniform else init
        with torch.no_grad():
            draw(net.data)
        return
    if device is not None:
        net.to(device)
    for module in net.modules():
        if getattr(module, "_drawn", False) and not force_reinit:
            continue
        module._drawn = True  # type: ignore[assignment]
        if isinstance(module, LazyModuleMixin) and module.has_uninitialized_params():
            _fill_later(module, init)
        else:
            _fill(module, init)


def _fill_later(module: Any, draw: Draw) -> None:
    """Draw at the first call, unless the parameters have been loaded by then."""
    for earlier in getattr(module, "_fill_handles", ()):
        earlier.remove()
    # What has a shape is drawn now, as in Gluon: the order of the draws is the same.
    _fill(module, draw)
    waiting = [n for n, p in module.named_parameters(recurse=False) if is_lazy(p)]
    unknown = True

    def look(module: Any, *_: Any) -> None:
        nonlocal unknown
        unknown = module.has_uninitialized_params()

    def fill(module: nn.Module, *_: Any) -> None:
        if unknown:
            _fill(module, draw, waiting)
        for handle in handles:
            handle.remove()

    # One runs before the hook of LazyModuleMixin, which was registered first, the other after it.
    handles = (
        module.register_forward_pre_hook(look, prepend=True),
        module.register_forward_pre_hook(fill),
    )
    module._fill_handles = handles
