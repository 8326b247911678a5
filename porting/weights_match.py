"""Find out which array of a Gluon file belongs to which parameter of a torch model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import numpy as np
from torch import nn

from backends.errors import InputError
from porting.weights_layers import Entry, fits, gluon_layers, torch_layers

GluonLayers = Mapping[str, Mapping[str, str]]
TorchLayers = Mapping[str, Mapping[str, Entry]]


def match(
    arrays: Mapping[str, np.ndarray], model: nn.Module, file: str, model_name: str
) -> dict[str, str]:
    """{name in the file: name in the model's state dict}, in the order of the file.

    Layers with equal names belong together if all names are equal; otherwise the nth layer of the
    file is the nth of the model. InputError that names the first parameter which does not fit, and
    if the names contradict the order.
    """
    theirs = gluon_layers(arrays)
    # A file has a shared parameter under both names or, saved with deduplicate=True, under one.
    variants = [torch_layers(model, tied) for tied in ("both", "first", "last")]
    ours = next((layers for layers in variants if _roles(layers) == _roles(theirs)), variants[0])
    pairs = list(_pairs(theirs, ours, file, model_name))
    names: dict[str, str] = {}
    for layer, our_layer in pairs:
        roles, entries = theirs[layer], ours[our_layer]
        for role, entry in entries.items():
            if role not in roles:
                raise InputError(
                    f"{entry.name!r} of {model_name} would be {role!r} of layer {layer!r} of "
                    f"{file}, which has {', '.join(roles)}: give the model the layers of the file"
                )
            name = roles[role]
            if not fits(arrays[name].shape, entry.shape):
                raise InputError(
                    f"{entry.name!r} of {model_name} is {_text(entry.shape)} and {name!r} of "
                    f"{file} is {_text(arrays[name].shape)}: give the model the sizes of the file"
                )
            names[name] = entry.name
        for role, name in roles.items():
            if role not in entries:
                raise InputError(
                    f"{name!r} of {file} has no place in layer {our_layer!r} of {model_name}, "
                    f"which has {', '.join(e.name for e in entries.values())}: "
                    "give the model the layers of the file"
                )
    if len(theirs) > len(pairs):
        name = next(iter(list(theirs.values())[len(pairs)].values()))
        raise InputError(
            f"{name!r} of {file} has no place in {model_name}, which has {len(ours)} layers with "
            f"parameters: give the model all {len(theirs)} of the file"
        )
    if len(ours) > len(pairs):
        entry = next(iter(list(ours.values())[len(pairs)].values()))
        raise InputError(
            f"{entry.name!r} of {model_name} is not in {file}, which has {len(theirs)} layers with "
            f"parameters: give the model these alone, not {len(ours)}"
        )
    return {name: names[name] for name in arrays}


def _roles(layers: Mapping[str, Mapping[str, object]]) -> list[set[str]]:
    return [set(roles) for roles in layers.values()]


def _pairs(
    theirs: GluonLayers, ours: TorchLayers, file: str, model_name: str
) -> Iterator[tuple[str, str]]:
    if set(theirs) == set(ours):
        yield from ((layer, layer) for layer in ours)
        return
    _check_order(list(theirs), file)
    for layer, our_layer in zip(theirs, ours, strict=False):
        # Numbers are places in a Sequential, which differ where one side has more activations.
        if layer in ours and layer != our_layer and not layer.rpartition(".")[2].isdigit():
            raise InputError(
                f"{layer!r} of {file} is ambiguous: by its name it is {layer!r} of {model_name}, "
                f"by its place {our_layer!r}: give all layers the names of the file"
            )
        yield layer, our_layer


def _check_order(layers: list[str], file: str) -> None:
    """Numbered layers that go backwards were sorted by name: their order says nothing."""
    last: dict[str, tuple[int, str]] = {}
    for layer in layers:
        for found in re.finditer(r"(?<!\d)\d+(?=\.|_|$)", layer):
            before, number = layer[: found.start()], int(found[0])
            if before in last and number < last[before][0]:
                raise InputError(
                    f"{layer!r} of {file} is ambiguous: it comes after {last[before][1]!r}, so the "
                    "file is not in the order of its layers: give all layers the names of the file"
                )
            last[before] = number, layer


def _text(shape: tuple[int | None, ...] | None) -> str:
    lengths = ["?" if length is None else str(length) for length in shape or ()]
    return f"({', '.join(lengths)}{',' if len(lengths) == 1 else ''})"
