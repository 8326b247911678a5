"""What `run` and `compare` write about the epochs of one or more backends."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments.commands.console import console
from experiments.commands.plot import plot_parts
from experiments.commands.results import machine, write_json
from experiments.commands.worker import EpochResult, Worker


def notes_of(module: Any, config: Any) -> tuple[str, ...]:
    """What a reader of the results has to know, in the experiment's own words."""
    return module.notes(config) if hasattr(module, "notes") else ()


def describe_backends(
    workers: Sequence[Worker], epochs: Mapping[str, list[EpochResult]]
) -> dict[str, Any]:
    """The `backends` part of result.json."""
    return {
        worker.label: {
            "version": worker.ready.version,
            "threads": worker.ready.threads,
            "device": worker.ready.device,
            "losses": [sum(result.losses) / len(result.losses) for result in epochs[worker.label]],
            "step_losses": [loss for r in epochs[worker.label] for loss in r.losses],
            "metrics": [result.metrics for result in epochs[worker.label]],
            "seconds": [result.seconds for result in epochs[worker.label]],
            "peak_memory_bytes": epochs[worker.label][-1].peak_memory,
            "texts": {str(r.number): r.texts for r in epochs[worker.label] if r.texts},
        }
        for worker in workers
    }


def write_record(
    folder: Path,
    experiment: str,
    module: Any,
    config: Any,
    data: Any,
    workers: Sequence[Worker],
    epochs: Mapping[str, list[EpochResult]],
    parity: dict[str, Any] | None = None,
) -> None:
    """result.json and curves.png."""
    done = min(epochs.values(), key=len)
    result = {
        "experiment": experiment,
        "style": config.style,
        "config": dataclasses.asdict(config),
        "completed": len(done) == len(module.schedule(config, data)),
        "data": data.source,
        "note": data.note,
        "notes": notes_of(module, config),
        "machine": machine(),
        "x_label": module.X_LABEL,
        "shown": module.SHOWN,
        "plotted": module.PLOTTED,
        "log_scale": module.LOG_SCALE,
        "shared_scale": getattr(module, "SHARED_SCALE", False),
        "parts": [epoch.part for epoch in done],
        "epochs": [epoch.number for epoch in done],
        "backends": describe_backends(workers, epochs),
    }
    write_json(folder / "result.json", result | ({"parity": parity} if parity else {}))
    plot_parts(folder / "curves.png", f"{experiment}, {config.style}", module, epochs)
    console.print(f"written: {folder / 'result.json'}, {folder / 'curves.png'}", markup=False)
