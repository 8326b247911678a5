"""Bad input, and the checks that every backend makes alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

# Biases that the frameworks' recurrent layers have and a model written out has not.
SECOND_BIASES = ("b_hr", "b_hz", "b_hh", "b_hi", "b_hf", "b_hc", "b_ho")


class InputError(ValueError):
    """One line that names the value, what is allowed and how to fix it."""


def check_choice(what: str, value: str, allowed: Iterable[str]) -> None:
    choices = list(allowed)
    if value not in choices:
        raise InputError(f"{what} {value!r} is unknown: choose {' or '.join(map(repr, choices))}")


def check_device(device: str, present: Iterable[str], hint: str = "") -> None:
    check_choice("device", device, ("cpu", "cuda"))
    if device not in present:
        because = f" ({hint})" if hint else ""
        raise InputError(f"device {device!r} is not usable here{because}: use 'cpu'")


def check_probability(p: float) -> None:
    if not 0 <= p <= 1:
        raise InputError(f"dropout probability {p} is outside [0, 1]: give 0 to keep everything")


def check_max_norm(max_norm: float | None) -> None:
    if max_norm is not None and not max_norm > 0:
        raise InputError(f"clip norm {max_norm} is not above 0: give None to turn clipping off")


def check_ids(lowest: int, highest: int, size: int) -> None:
    if lowest < 0 or highest >= size:
        wrong = lowest if lowest < 0 else highest
        raise InputError(
            f"id {wrong} is outside [0, {size}): build the ids with the same vocabulary"
        )


def check_same_shape(predictions: Any, targets: Any) -> None:
    if tuple(predictions.shape) != tuple(targets.shape):
        raise InputError(
            f"predictions {tuple(predictions.shape)} and targets {tuple(targets.shape)} differ "
            "in shape: reshape one of them, broadcasting would pair every sample with every other"
        )


def check_names(names: Iterable[str]) -> None:
    names = list(names)
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"two layers call a parameter {name!r}: give them different names")


def check_weights(given: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]]) -> None:
    missing = set(shapes) - set(given) - set(SECOND_BIASES)
    unknown = set(given) - set(shapes)
    if missing or unknown:
        wrong = f"missing {sorted(missing)}" if missing else f"unknown {sorted(unknown)}"
        raise InputError(f"weights do not fit: {wrong}; the network has {sorted(shapes)}")
    for name, value in given.items():
        if tuple(value.shape) != tuple(shapes[name]):
            raise InputError(
                f"weight {name} has shape {tuple(value.shape)}: the network needs {shapes[name]}"
            )
