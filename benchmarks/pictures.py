"""Pictures of a run: every ratio with its interval, and cost against size with the limit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO, NamedTuple

import matplotlib
from matplotlib.figure import Figure

from benchmarks.judge import CONTROL, WIDEST
from benchmarks.table import TITLES
from experiments.commands.plot import COLOURS

matplotlib.use("Agg")

STYLES = {"book": ":", "plain": "--", "fast": "-", "concise": "-.", "manual": (0, (5, 1))}
FEWEST_POINTS, COLUMNS, LINE = 3, 3, 0.19  # inches of a line of the forest plot


def forest(record: Mapping[str, Any]) -> Figure | None:
    """Ratios with intervals, a panel for each question."""
    panels = {
        title: [
            (f"{row['case']}, threads: {row['threads']}, {of['program']} / {of['baseline']}", of)
            for row in record["rows"]
            for of in row["comparisons"]
            if of["compares"] == compares
        ]
        for compares, title in TITLES.items()
    }
    panels = {title: entries for title, entries in panels.items() if entries}
    if not panels:
        return None
    heights = [len(entries) + 4 for entries in panels.values()]
    figure = Figure(figsize=(11, LINE * sum(heights) + 0.6), layout="constrained")
    axes = figure.subplots(len(panels), 1, squeeze=False, height_ratios=heights)[:, 0]
    for axis, (title, entries) in zip(axes, panels.items(), strict=True):
        ratios = [found["ratio"] for _, found in entries]
        low, high = zip(*(found["interval"] for _, found in entries), strict=True)
        errors = [
            [ratio - bound for ratio, bound in zip(ratios, low, strict=True)],
            [bound - ratio for ratio, bound in zip(ratios, high, strict=True)],
        ]
        if title == TITLES[CONTROL]:
            axis.axvspan(1 / (1 + WIDEST), 1 + WIDEST, color="0.9")
        else:
            axis.set_xscale("log")
        axis.axvline(1, color="0.5", linewidth=1)
        axis.errorbar(
            ratios, range(len(entries)), xerr=errors, fmt="o", color=COLOURS[0], markersize=3
        )
        axis.set_yticks(range(len(entries)), [name for name, _ in entries], fontsize=7)
        axis.set(title=title, xlabel="ratio of the seconds, with its 95 % interval")
        axis.xaxis.set_major_formatter("{x:g}")
        axis.margins(y=0.02)
        axis.invert_yaxis()
        axis.grid(axis="x", alpha=0.3)
    return figure


class Sweep(NamedTuple):
    """Cases that differ in one size alone."""

    name: str
    size: str
    others: tuple[tuple[str, int], ...]
    threads: int


def sweeps(rows: Sequence[Mapping[str, Any]]) -> dict[Sweep, dict[int, Mapping[str, Any]]]:
    """By the value of the size, at least three of them."""
    found: dict[Sweep, dict[int, Mapping[str, Any]]] = defaultdict(dict)
    for row in rows:
        if row["comparisons"]:
            for size, value in row["sizes"].items():
                others = tuple(item for item in row["sizes"].items() if item[0] != size)
                found[Sweep(row["name"], size, others, row["threads"])][value] = row
    return {
        sweep: dict(sorted(at.items())) for sweep, at in found.items() if len(at) >= FEWEST_POINTS
    }


def cost(record: Mapping[str, Any]) -> Figure | None:
    """Seconds against size: a colour for each backend, a line style for each kind."""
    found = sweeps(record["rows"])
    if not found:
        return None
    columns = min(COLUMNS, len(found))
    lines = -(-len(found) // columns)
    figure = Figure(figsize=(5 * columns, 3.8 * lines + 0.6), layout="constrained")
    axes = list(figure.subplots(lines, columns, squeeze=False).flat)
    backends: list[str] = []
    drawn = {}
    for axis, (sweep, at) in zip(axes, found.items(), strict=False):
        curves: dict[str, dict[int, Mapping[str, Any]]] = defaultdict(dict)
        for value, row in at.items():
            for label, program in row["programs"].items():
                if not program["again"]:
                    curves[label][value] = program
        for label, points in curves.items():
            program = next(iter(points.values()))
            if program["backend"] not in backends:
                backends.append(program["backend"])
            colour = COLOURS[backends.index(program["backend"]) % len(COLOURS)]
            medians = [point["median"] for point in points.values()]
            style = STYLES[program["kind"]]
            drawn[label] = axis.plot(
                list(points), medians, style, color=colour, marker="o", markersize=3
            )[0]
            limit = f"limit of {program['backend']}"
            least = [point["limit"] for point in points.values()]
            drawn[limit] = axis.plot(list(points), least, color=colour, alpha=0.4, linewidth=4)[0]
        others = " ".join(f"{size}={value}" for size, value in sweep.others)
        axis.set(xscale="log", yscale="log", xlabel=sweep.size, ylabel="seconds")
        axis.set_title(f"{sweep.name} {others}\nthreads: {sweep.threads}", fontsize=9)
        axis.grid(alpha=0.3)
    for axis in axes[len(found) :]:
        axis.axis("off")
    figure.legend(drawn.values(), drawn, loc="outside lower center", ncols=4, fontsize=8)
    return figure


def save(figure: Figure, file: BinaryIO, kind: str) -> None:
    figure.savefig(file, format=kind, dpi=120)
