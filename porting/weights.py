"""Turn a Gluon parameter file into a torch state dict, or back.

The state dict is a safetensors file, whose metadata hold the map of names as JSON under "names";
load it with `model.load_state_dict(safetensors.torch.load_file(OUT))`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save
from torch import nn

from backends.errors import InputError
from experiments.commands.results import replacing
from porting.params_file import DTYPES_ALLOWED, HEADER, read_params, write_params
from porting.weights_layers import COUNTER, fits, own_state, torch_layers
from porting.weights_match import match
from porting.weights_model import load_model

State = dict[str, np.ndarray]


def to_torch(path: Path, model: nn.Module, model_name: str) -> tuple[State, dict[str, str]]:
    """State dict of the model from a Gluon file, and {name in the file: name in the state dict}.

    Raises InputError for a file that cannot be read and a model that does not fit it.
    """
    arrays = read_params(path)
    names = match(arrays, model, str(path), model_name)
    state = {ours: arrays[theirs] for theirs, ours in names.items()}
    shared: dict[int, np.ndarray] = {}
    missing: dict[str, int] = {}
    for prefix, module in model.named_modules(remove_duplicate=False):
        for name, value in own_state(module).items():
            ours = f"{prefix}.{name}" if prefix else name
            if name == COUNTER:
                state[ours] = np.array(0, "int64")
            elif ours in state:
                shared[id(value)] = state[ours]
            else:
                missing[ours] = id(value)
    # A state dict has a parameter that two layers share under both names.
    return state | {ours: shared[i] for ours, i in missing.items()}, names


def to_gluon(path: Path, model: nn.Module, model_name: str) -> tuple[State, dict[str, str]]:
    """Gluon's arrays from a state dict of the model, and {name in them: name in the state dict}.

    The names come from the file's metadata; without, they are the model's paths with Gluon's roles.
    Raises InputError for a file that cannot be read and a model that does not fit it.
    """
    state, names = _read_state(path)
    entries = {
        entry.name: entry for roles in torch_layers(model).values() for entry in roles.values()
    }
    for ours, entry in entries.items():
        if ours not in state:
            raise InputError(
                f"{ours!r} of {model_name} is not in {path}: give the model that was saved"
            )
        if not fits(state[ours].shape, entry.shape):
            raise InputError(
                f"{ours!r} of {model_name} is {entry.shape} and in {path} {state[ours].shape}: "
                "give the model that was saved"
            )
    for ours in state:
        if ours not in entries and ours.rpartition(".")[2] != COUNTER:
            raise InputError(
                f"{ours!r} of {path} is not in {model_name}: give the model that was saved"
            )
    if names is None:
        names = {entry.gluon_name: entry.name for entry in entries.values()}
    for ours in names.values():
        if ours not in entries:
            raise InputError(
                f"{ours!r} is in the map of names of {path} and not in {model_name}: "
                "give the model that was converted"
            )
        if state[ours].dtype.name not in DTYPES_ALLOWED or not state[ours].ndim:
            raise InputError(
                f"{ours!r} of {path} is {state[ours].dtype} with {state[ours].ndim} axes: "
                f"only {', '.join(DTYPES_ALLOWED)} with 1 axis or more are weights"
            )
    return {theirs: state[ours] for theirs, ours in names.items()}, names


def _read_state(path: Path) -> tuple[State, dict[str, str] | None]:
    try:
        with safe_open(path, "numpy") as file:
            text = (file.metadata() or {}).get("names")
            return {key: file.get_tensor(key) for key in sorted(file.keys())}, _name_map(text, path)
    except SafetensorError as error:
        raise InputError(
            f"{path} is neither a parameter file of MXNet nor of safetensors ({error}): "
            "give one of them"
        ) from None
    except TypeError as error:
        raise InputError(
            f"{path} holds numbers that NumPy lacks ({error}): save float16, float32 or float64"
        ) from None


def _name_map(text: str | None, path: Path) -> dict[str, str] | None:
    if text is None:
        return None
    try:
        names = json.loads(text)
        if all(isinstance(item, str) for pair in names.items() for item in pair):
            return names
    except (ValueError, AttributeError):
        pass
    raise InputError(f"{path} has a damaged map of names in its metadata: convert it anew")


def convert(source: Path, like: str, out: Path) -> list[str]:
    """Write `out`, which is the other kind of file than `source`; returns lines that tell how.

    Raises InputError for files or a model that do not fit; nothing is written then.
    """
    try:
        with source.open("rb") as file:
            is_gluon = file.read(len(HEADER)) == HEADER
    except OSError as error:
        raise InputError(f"{source} cannot be read ({error.strerror}): name another file") from None
    suffix = ".safetensors" if is_gluon else ".params"
    if out.suffix != suffix:
        raise InputError(f"-o {str(out)!r} does not end in {suffix}: {source} becomes such a file")
    if not out.parent.is_dir():
        raise InputError(f"-o {str(out)!r}: there is no folder {out.parent}: make it")
    model = load_model(like)
    arrays, names = (to_torch if is_gluon else to_gluon)(source, model, like)
    try:
        with replacing(out) as file:
            if is_gluon:
                file.write(save(arrays, {"format": "pt", "names": json.dumps(names)}))
            else:
                write_params(file, arrays)
    except OSError as error:
        raise InputError(
            f"-o {str(out)!r} cannot be written ({error.strerror}): name another"
        ) from None
    return [*_table(names, arrays, is_gluon), f"{out}: {len(names)} arrays"]


def _table(names: Mapping[str, str], arrays: State, is_gluon: bool) -> list[str]:
    width = max(map(len, names), default=0)
    return [
        f"{theirs:{width}}  {ours}  {tuple(array.shape)} {array.dtype}"
        for theirs, ours in names.items()
        for array in [arrays[ours if is_gluon else theirs]]
    ]
