"""Turn command-line options into an experiment's configuration and data."""

from __future__ import annotations

import dataclasses
from argparse import Namespace
from collections.abc import Sequence
from types import NoneType
from typing import Any, get_args, get_type_hints

from backends.errors import InputError, check_choice
from experiments import load_experiment

YES_AND_NO = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def parse_value(name: str, text: str, kind: Any) -> Any:
    """A configuration value from its text, by the type that the configuration declares."""
    choices = get_args(kind)
    if NoneType in choices:
        if text.lower() in ("none", "off"):
            return None
        (kind,) = (choice for choice in choices if choice is not NoneType)
    elif choices:  # tuple[float, ...]
        return tuple(parse_value(name, item, choices[0]) for item in text.split(","))
    if kind is bool:
        check_choice(name, text.lower(), YES_AND_NO)
        return YES_AND_NO[text.lower()]
    try:
        return kind(text)
    except ValueError:
        wanted = {int: "a whole number", float: "a number"}[kind]
        raise InputError(f"{name} = {text!r} is not allowed: give {wanted}") from None


def parse_settings(config: Any, settings: Sequence[str]) -> dict[str, Any]:
    """`--set name=value` as keyword arguments of the configuration's class."""
    kinds, parsed = get_type_hints(type(config)), {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals:
            raise InputError(f"--set {setting!r} is not allowed: write name=value")
        check_choice("configuration value", name, kinds)
        parsed[name] = parse_value(name, text, kinds[name])
    return parsed


def configure(options: Namespace) -> tuple[Any, Any]:
    """The experiment's module and its configuration: the book's, then --set, then the options."""
    module = load_experiment(options.experiment)
    settings = parse_settings(module.Config(), options.set)
    if options.style is not None:
        settings["style"] = options.style
    config = module.book_config(options.corpus or settings.get("corpus"), settings.get("style"))
    named = {"num_epochs": options.epochs, "seed": options.seed}
    if options.epochs is not None and not hasattr(config, "num_epochs"):
        raise InputError(
            f"--epochs {options.epochs} is not allowed: {options.experiment} has no epochs"
        )
    if options.corpus is not None:
        settings.pop("corpus", None)  # the configuration is that corpus's own already
    changes = {name: value for name, value in named.items() if value is not None}
    return module, dataclasses.replace(config, **{**settings, **changes})
