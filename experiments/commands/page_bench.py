"""A run of `lockstep bench`, as the page of `lockstep report` shows it."""

from __future__ import annotations

import base64
import io
from typing import Any

from benchmarks.pictures import cost, forest, save
from benchmarks.table import facts, tables
from experiments.commands.page_results import Found


def bench_view(identity: str, found: Found) -> dict[str, Any]:
    """Everything that the page says about one bench.json."""
    record = found.content
    drawn = (
        ("Every ratio with its 95 % interval", forest(record)),
        ("Cost against size; the broad pale lines are the limits", cost(record)),
    )
    pictures = []
    for caption, figure in drawn:
        if figure:
            file = io.BytesIO()
            save(figure, file, "svg")
            encoded = base64.b64encode(file.getvalue()).decode()
            pictures.append({"caption": caption, "data": f"data:image/svg+xml;base64,{encoded}"})
    return {
        "id": identity,
        "where": found.where,
        "completed": record["complete"],
        "doubts": record["no_verdicts_because"],
        "facts": facts(record),
        "tables": list(tables(record)),
        "pictures": pictures,
    }
