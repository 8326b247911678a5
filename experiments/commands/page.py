"""What the page of `lockstep report` says; page.html.j2 says it in HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from experiments import EXPERIMENTS
from experiments.commands.console import shows
from experiments.commands.figure_text import metric, number
from experiments.commands.page_bench import bench_view
from experiments.commands.page_book import book_view
from experiments.commands.page_pictures import pictures
from experiments.commands.page_results import BENCH, BOOK, RESULT, Found
from experiments.commands.tables import edges_of_parts

Table = dict[str, Any]


def verdict(labels: Sequence[str], parity: dict[str, Any] | None) -> dict[str, Any]:
    """The kind of verdict ("same", "differ" or "none"), its sentence and what to show below it."""
    if not parity:
        alone = "only one backend took part" if len(labels) == 1 else "none was asked for"
        return {"kind": "none", "word": "no verdict", "sentence": f"No verdict: {alone}."}
    steps, allowed = len(parity["resynced_steps"]), number(parity["tolerance"], 1)
    view: dict[str, Any] = {"steps": parity["resynced_steps"], "allowed": allowed}
    sentence = " ".join(f"{text[0].upper()}{text[1:]}." for text in parity["sentences"])
    if at := parity["first_divergence"]:
        return view | {
            "kind": "differ",
            "word": f"differs at step {at['step']}",
            "sentence": sentence,
            "divergence": {
                "step": at["step"],
                "tensor": at["tensor"],
                "backends": " and ".join(at["backends"]),
                "difference": number(at["difference"], 2),
                "allowed": allowed,
            },
        }
    same = parity["passed"] and steps
    kind, word = ("same", "same") if same else ("none", "no verdict")
    return view | {"kind": kind, "word": word, "sentence": sentence}


def after_first(values: Sequence[float]) -> float:
    """The median without the first epoch, which pays for what a framework sets up once."""
    return median(values[1:] or values)


def timing(backends: Mapping[str, dict[str, Any]]) -> list[dict[str, str]]:
    """A row for each backend; the ratio is the median over pairs of epochs, as compare prints."""
    (reference, base), *_ = backends.items()
    rows = []
    for label, backend in backends.items():
        pairs = zip(backend["seconds"], base["seconds"], strict=False)
        ratios = [a / b for a, b in pairs if b > 0]
        rows.append(
            {
                "label": label,
                "version": backend["version"],
                "device": backend["device"],
                "threads": str(backend["threads"]),
                "seconds": number(after_first(backend["seconds"]), 3),
                "total": number(sum(backend["seconds"]), 3),
                "ratio": f"{after_first(ratios):.2f}" if ratios and label != reference else "",
            }
        )
    return rows


def shown_rows(result: dict[str, Any]) -> list[int]:
    """The epochs of the table, as compare shows them."""
    edges, total = edges_of_parts(result["parts"]), len(result["epochs"])
    every = result["config"].get("report_every")
    return [i for i in range(total) if i in edges or shows(every, i + 1, total)]


def epoch_table(result: dict[str, Any]) -> Table:
    """Per epoch: the shown metrics of every backend, drift of the losses so far, seconds."""
    backends, parts = result["backends"], result["parts"]
    shown = [
        name
        for name in result["shown"]
        if any(name in metrics for b in backends.values() for metrics in b["metrics"])
    ]
    drifts = (result.get("parity") or {}).get("free_running_diff", [])
    rows = []
    for i in shown_rows(result):
        cells = [
            metric(b["metrics"][i][name]) if name in b["metrics"][i] else ""
            for name in shown
            for b in backends.values()
        ]
        if drifts:
            cells.append(number(drifts[i], 2) if i < len(drifts) else "")
        cells += [f"{b['seconds'][i]:.3f}" for b in backends.values()]
        rows.append({"part": parts[i], "epoch": result["epochs"][i], "cells": cells})
    return {
        "metrics": shown,
        "labels": list(backends),
        "has_parts": any(parts),
        "has_drift": bool(drifts),
        "rows": rows,
        "total": len(parts),
    }


def texts(backends: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """The generated texts per epoch: each once where all backends agree, else once for each."""
    epochs = list(dict.fromkeys(epoch for b in backends.values() for epoch in b["texts"]))
    found = []
    for epoch in epochs:
        written = {label: b["texts"].get(epoch, {}) for label, b in backends.items()}
        lines = []
        for prefix in dict.fromkeys(prefix for texts in written.values() for prefix in texts):
            versions = {label: texts[prefix] for label, texts in written.items() if prefix in texts}
            if len(versions) > 1 and len(set(versions.values())) == 1:
                versions = {"all backends": next(iter(versions.values()))}
            lines += [
                # The prefix was given, what follows was generated.
                {"label": label, "prefix": prefix, "text": text.removeprefix(prefix)}
                if text.startswith(prefix)
                else {"label": label, "prefix": "", "text": text}
                for label, text in versions.items()
            ]
        if lines:
            found.append({"epoch": epoch, "lines": lines})
    return found


def view(identity: str, found: Found) -> dict[str, Any]:
    """Everything that the page says about one result."""
    result = found.content
    count, backends = len(result["epochs"]), result["backends"]
    for backend in backends.values():  # an interrupted run may hold an epoch of some backends only
        for name in ("losses", "metrics", "seconds"):
            backend[name] = backend[name][:count]
    drifts = (result.get("parity") or {}).get("free_running_diff", [])
    seed = result["config"].get("seed")
    return {
        "id": identity,
        "where": found.where,
        "experiment": result["experiment"],
        "name": f"{result['experiment']}, {result['style']}",
        "style": result["style"],
        "seed": "" if seed is None else str(seed),
        "completed": result["completed"],
        "count": count,
        "data": result["data"],
        "notes": [note for note in (result["note"], *result["notes"]) if note],
        "labels": list(backends),
        "verdict": verdict(list(backends), result.get("parity")),
        "pictures": pictures(identity, result),
        "table": epoch_table(result),
        # It begins anew with each part.
        "drift": number(None if None in drifts else max(drifts), 2) if drifts else "",
        "texts": texts(backends),
        "timing": timing(backends),
        "machine": result["machine"],
        "config": result["config"],
    }


def render(found: Mapping[str, Sequence[Found]]) -> str:
    """The page."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    views = [view(f"result-{index}", one) for index, one in enumerate(found[RESULT], start=1)]
    for item in views:  # before any name is changed, all of them are counted
        item["repeated"] = [other["name"] for other in views].count(item["name"]) > 1
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    experiments: dict[str, list[dict[str, Any]]] = {}
    for item in views:
        experiments.setdefault(item["experiment"], []).append(item)
    return environment.get_template("page.html.j2").render(
        experiments=experiments,
        descriptions=EXPERIMENTS,
        books=[book_view(f"book-{index}", one) for index, one in enumerate(found[BOOK], start=1)],
        benches=[bench_view(f"bench-{i}", one) for i, one in enumerate(found[BENCH], start=1)],
    )
