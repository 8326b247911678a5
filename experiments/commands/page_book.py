"""The book's figures beside ours, as the page of `lockstep report` shows them."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from experiments.book import ROWS, Row
from experiments.commands.book_page import inside, spread
from experiments.commands.figure_text import number, range_of
from experiments.commands.page_results import Found

Runs = Sequence[dict[str, Any]]


def by_backend(runs: Runs, labels: Sequence[str]) -> dict[str, Runs]:
    return {label: [run for run in runs if run["backend"] == label] for label in labels}


def book_view(identity: str, found: Found) -> dict[str, Any]:
    """Everything that the page says about one book.json: a group for each training of the book."""
    runs = found.content["runs"]
    labels = list(dict.fromkeys(run["backend"] for run in runs))
    known = {row.id: row for row in ROWS}
    ids = dict.fromkeys(run["row"] for run in runs)
    groups = [
        group_view(identity, known.get(i), [run for run in runs if run["row"] == i], labels)
        for i in ids
    ]
    return {
        "id": identity,
        "where": found.where,
        "labels": labels,
        "groups": groups,
        "versions": {
            label: ", ".join(
                dict.fromkeys(
                    f"{r['version']} ({r['device']}, threads: {r['threads']})" for r in own
                )
            )
            for label, own in by_backend(runs, labels).items()
        },
        "machines": list(
            dict.fromkeys(
                ", ".join(f"{name} {value}" for name, value in run["machine"].items())
                for run in runs
            )
        ),
    }


def group_view(identity: str, row: Row | None, runs: Runs, labels: Sequence[str]) -> dict[str, Any]:
    """One training: a line for each figure; without what the book printed if it is not known."""
    name, own = runs[0]["row"], by_backend(runs, labels)
    notes = list(dict.fromkeys(run["note"] for run in runs if run["note"]))
    printed = {figure.name: figure for figure in row.figures} if row else {}
    figures = []
    for figure in printed or runs[0]["figures"]:
        cells = []
        for of in own.values():
            values = [run["figures"].get(figure) for run in of]
            found = spread(values)
            # Other data than the book's are neither inside nor outside.
            judged = figure in printed and values and not notes
            answer = ("yes" if inside(printed[figure], values) else "no") if judged else "–"
            cells.append(
                {
                    "ours": number(found[1] if found else None) if values else "–",
                    "spread": "–" if len(values) < 2 or not found else range_of(values),
                    "inside": answer,
                }
            )
        book = printed[figure].printed if figure in printed else "–"
        figures.append({"name": figure, "book": book, "cells": cells})
    return {
        "name": name,
        "title": row.title if row else name,
        "seeds": len({run["seed"] for run in runs}),
        "data": "; ".join(dict.fromkeys(run["data"] for run in runs)),
        "notes": notes,
        "figures": figures,
        "seconds": [
            number(median(run["seconds_per_epoch"] for run in of), 3) if of else "–"
            for of in own.values()
        ],
        "texts": [
            {"label": f"{run['backend']}, seed {run['seed']}", "prefix": "", "text": text}
            for run in runs
            for text in run["texts"].values()
        ],
    }
