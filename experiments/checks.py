"""Checks of configuration values; each failure is one line that says what is allowed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from backends.errors import InputError, check_choice

STYLES = ("scratch", "concise")


def numbers(config: Any, *names: str) -> Iterator[tuple[str, Any]]:
    """Every number of these fields with its field's name: one, or each of a tuple."""
    for name in names:
        value = getattr(config, name)
        yield from ((name, each) for each in (value if isinstance(value, tuple) else (value,)))


def check_positive(config: Any, *names: str) -> None:
    for name, value in numbers(config, *names):
        whole = isinstance(value, int)
        if not (value > 0 and (whole or math.isfinite(value))):
            kind = "whole number" if whole else "finite number"
            raise InputError(f"{name} = {value} is not allowed: give a {kind} above 0")


def check_not_negative(config: Any, *names: str) -> None:
    for name, value in numbers(config, *names):
        if not (value >= 0 and (isinstance(value, int) or math.isfinite(value))):
            raise InputError(f"{name} = {value} is not allowed: give 0 or a finite number above it")


def check_different(config: Any, *names: str, may_be_empty: bool = False) -> None:
    """The values of these tuples name parts of a run, where a number is printed with 6 digits."""
    for name in names:
        values = getattr(config, name)
        printed = {f"{value:g}" if isinstance(value, float) else str(value) for value in values}
        if len(printed) < len(values) or not (values or may_be_empty):
            raise InputError(
                f"{name} = {values} is not allowed: give one or more different values, numbers "
                "different in 6 digits"
            )


def check_style(config: Any) -> None:
    check_choice("style", config.style, STYLES)
