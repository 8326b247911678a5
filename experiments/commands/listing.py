"""`lockstep list`: what there is to run, on what, and with which values."""

from __future__ import annotations

import dataclasses
import inspect
from argparse import Namespace

from rich.table import Table

from backends.registry import available_backends
from experiments import EXPERIMENTS, load_experiment
from experiments.checks import STYLES
from experiments.commands.console import console


def main(options: Namespace) -> int:
    if options.experiment:
        describe(options.experiment)
    else:
        list_all()
    return 0


def describe(name: str) -> None:
    """An experiment's own words, and every value that --set knows with the book's."""
    module = load_experiment(name)
    console.print(inspect.getdoc(module), markup=False)
    values = Table("--set", "the book's value", title=f"values of {name}", title_justify="left")
    config = module.book_config()
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
        values.add_row(field.name, text)
    console.print()
    console.print(values)
    for part in reversed(type(config).__mro__[:-1]):  # what a shared configuration says comes first
        console.print(inspect.getdoc(part), markup=False)


def list_all() -> None:
    experiments = Table("experiment", "what it is", "styles", title="experiments")
    for name, text in EXPERIMENTS.items():
        styles = getattr(load_experiment(name), "STYLES", STYLES)
        experiments.add_row(name, text, ", ".join(styles))
    backends = Table("backend", "version", "devices", title="backends")
    found = available_backends()
    for name, info in found.items():
        backends.add_row(name, info.version or "missing", ", ".join(info.devices))
    console.print(experiments)
    console.print(backends)
    for name, info in found.items():
        if info.problem:
            console.print(f"{name}: {info.problem}", markup=False)
