"""Checks of configuration values; each failure is one line that says what is allowed."""

from __future__ import annotations

import math
from typing import Any

from backends.errors import InputError, check_choice

STYLES = ("scratch", "concise")


def check_positive(config: Any, *names: str) -> None:
    for name in names:
        value = getattr(config, name)
        whole = isinstance(value, int)
        if not (value > 0 and (whole or math.isfinite(value))):
            kind = "whole number" if whole else "finite number"
            raise InputError(f"{name} = {value} is not allowed: give a {kind} above 0")


def check_not_negative(config: Any, *names: str) -> None:
    for name in names:
        value = getattr(config, name)
        if not (value >= 0 and (isinstance(value, int) or math.isfinite(value))):
            raise InputError(f"{name} = {value} is not allowed: give 0 or a finite number above it")


def check_each_not_negative(config: Any, name: str) -> None:
    values = getattr(config, name)
    if not values or len(set(values)) < len(values):
        raise InputError(f"{name} = {values} is not allowed: give one or more different numbers")
    for value in values:
        if not (value >= 0 and math.isfinite(value)):
            raise InputError(f"{name} = {value} is not allowed: give 0 or a finite number above it")


def check_style(config: Any) -> None:
    check_choice("style", config.style, STYLES)
