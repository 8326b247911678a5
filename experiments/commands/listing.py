"""`lockstep list`: what there is to run, and on what."""

from __future__ import annotations

from argparse import Namespace

from rich.table import Table

from backends.registry import available_backends
from experiments import EXPERIMENTS, load_experiment
from experiments.checks import STYLES
from experiments.commands.console import console


def main(options: Namespace) -> int:
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
    return 0
