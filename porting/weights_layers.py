"""The layers of a Gluon file and of a torch model, each with its parameters by Gluon's names.

No array has to be permuted: both frameworks keep (out, in) in linear layers, (out, in / groups,
…) in convolutions, (in, out / groups, …) in transposed ones, and the gates of recurrent layers in
the order i, f, g, o (LSTM) and r, z, n (GRU).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd
from torch.nn.modules.rnn import RNNCellBase
from torch.nn.parameter import is_lazy

Pattern = tuple[int | None, ...]  # None is any length

ROLE = re.compile(
    r"(?:^|[._])"
    r"((?:[lr]\d+_)?(?:i2h|h2h)_(?:weight|bias)"
    r"|weight|bias|gamma|beta|alpha|(?:running|moving)_(?:mean|var))$"
)
# save_parameters calls l0_i2h_weight of a recurrent layer by a cell that it could be made of.
UNFUSED = re.compile(
    r"(?:^|[.])_unfused[.](?P<layer>\d+)[.](?:(?P<side>[lr])_cell[.])?"
    r"(?P<rest>[ih]2h_(?:weight|bias))$"
)
COUNTER = "num_batches_tracked"  # torch counts the batches of a normalisation, Gluon does not


def split_gluon_name(name: str) -> tuple[str, str]:
    """Layer and role of "0.weight", "lstm0_l0_i2h_bias", "arg:conv0_weight" or "_unfused.0.…".

    A role that no layer of Gluon has is what follows the last point.
    """
    name = re.sub("^(arg|aux):", "", name)
    if found := UNFUSED.search(name):
        return name[: found.start()], f"{found['side'] or 'l'}{found['layer']}_{found['rest']}"
    if found := ROLE.search(name):
        return name[: found.start()], found[1].replace("moving", "running")
    layer, _, role = name.rpartition(".")
    return layer, role


def gluon_layers(names: Iterable[str]) -> dict[str, dict[str, str]]:
    """{layer: {role: name}} in the order of the file."""
    layers: dict[str, dict[str, str]] = {}
    for name in names:
        layer, role = split_gluon_name(name)
        layers.setdefault(layer, {})[role] = name
    return layers


@dataclass(frozen=True)
class Entry:
    """A name of the torch state dict, and what save_parameters calls it in such a model.

    `shape` is None where nothing is known of it yet.
    """

    name: str
    gluon_name: str
    shape: Pattern | None


def torch_layers(model: nn.Module, tied: str = "both") -> dict[str, dict[str, Entry]]:
    """{layer: {role: entry}} in the order of the modules, without those that have no state.

    `tied` tells under which name a parameter stands that two modules share: "first", "last" or
    "both".
    """
    items = [
        (path, module, name, value)
        for path, module in model.named_modules(remove_duplicate=False)
        for name, value in own_state(module).items()
        if name != COUNTER
    ]
    if tied != "both":
        kept: dict[int, int] = {}
        for i, (*_, value) in enumerate(items):
            kept[id(value)] = kept.get(id(value), i) if tied == "first" else i
        items = [items[i] for i in sorted(kept.values())]
    layers: dict[str, dict[str, Entry]] = {}
    for path, module, name, value in items:
        prefix, role = f"{path}." if path else "", _role(module, name)
        gluon_name = prefix + _saved_role(module, role)
        entry = Entry(prefix + name, gluon_name, _shape(module, name, value))
        layers.setdefault(path, {})[role] = entry
    return layers


def own_state(module: nn.Module) -> dict[str, Any]:
    """What the module itself, without its children, puts into a state dict."""
    temporary = module._non_persistent_buffers_set
    own = {**module._parameters, **module._buffers}
    return {k: v for k, v in own.items() if v is not None and k not in temporary}


def _role(module: nn.Module, name: str) -> str:
    """What Gluon calls it: r0_i2h_weight for weight_ih_l0_reverse, beta for a norm's bias."""
    if isinstance(module, (nn.RNNBase, RNNCellBase)):
        found = re.fullmatch(r"(weight|bias)_(ih|hh)(?:_l(\d+)(_reverse)?)?", name)
        if not found:
            return name  # a projection's, which no layer here has
        kind, product, layer, reverse = found.groups()
        place = "" if layer is None else f"{'r' if reverse else 'l'}{layer}_"
        return f"{place}{product[0]}2h_{kind}"
    if isinstance(module, (_NormBase, nn.LayerNorm, nn.GroupNorm)):
        return {"weight": "gamma", "bias": "beta"}.get(name, name)
    if isinstance(module, nn.PReLU):
        return "alpha"
    return name


def _saved_role(module: nn.Module, role: str) -> str:
    found = re.fullmatch(r"([lr])(\d+)_(.*)", role)
    if not found or not isinstance(module, nn.RNNBase):
        return role
    side, layer, rest = found.groups()
    return f"_unfused.{layer}.{f'{side}_cell.' if module.bidirectional else ''}{rest}"


def _shape(module: Any, name: str, value: Any) -> Pattern | None:
    """Of a layer that has yet to learn its input size, what is known without an input."""
    if not is_lazy(value):
        return tuple(value.shape)
    if isinstance(module, nn.Linear):
        return (module.out_features,) if name == "bias" else (module.out_features, None)
    if isinstance(module, _ConvNd):
        if name == "bias":
            return (module.out_channels,)
        if isinstance(module, _ConvTransposeNd):
            return (None, module.out_channels // module.groups, *module.kernel_size)
        return (module.out_channels, None, *module.kernel_size)
    return None


def fits(shape: tuple[int, ...], pattern: Pattern | None) -> bool:
    """Whether an array of this shape can be what the pattern describes."""
    if pattern is None:
        return True
    return len(shape) == len(pattern) and all(
        wanted in (None, length) for length, wanted in zip(shape, pattern, strict=True)
    )
