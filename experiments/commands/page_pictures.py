"""The pictures of a result, as the page of `lockstep report` shows them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Any

from experiments.commands.figure_text import number
from experiments.commands.figures import draw, lines_of

# part → metric → backend → values
Curves = dict[str, dict[str, dict[str, list[float | None]]]]


def pictures(identity: str, result: dict[str, Any]) -> dict[str, Any]:
    """A picture for each part that measured something to plot, in groups with a key for each."""
    curves, label = curves_of(result), result["x_label"]
    shared = list(chain(*map(values_of, curves.values()))) if result["shared_scale"] else []
    scale = ", log scale" if result["log_scale"] else ""
    groups = []
    for parts in grouped(curves):
        metrics = [name for name in result["plotted"] if any(name in curves[p] for p in parts)]
        lines = lines_of(metrics, list(result["backends"]))
        panels = []
        for part in parts:
            name = f"{identity}-{list(curves).index(part)}"
            title = f"{', '.join(curves[part])} of {result['experiment']}{part and ', ' + part}"
            scale_of = shared or values_of(curves[part])
            picture = draw(name, title, lines, curves[part], label, result["log_scale"], scale_of)
            panels.append({"part": part, "svg": picture})
        groups.append(
            {
                "panels": panels,
                "lines": lines,
                "caption": f"{'; '.join(metrics)} over {label}{scale}",
                "several": len(metrics) > 1,
            }
        )
    return {"groups": groups, "profile": profile_table(curves, result)}


def values_of(curves: dict[str, dict[str, list[float | None]]]) -> list[float | None]:
    """All values of a part."""
    return list(chain(*(values for backends in curves.values() for values in backends.values())))


def curves_of(result: dict[str, Any]) -> Curves:
    """What each part plots: a number for each of its epochs, or the profile of the last one."""
    curves: Curves = {}
    for part in dict.fromkeys(result["parts"]):
        for name in result["plotted"]:
            for label, backend in result["backends"].items():
                measured = [
                    metrics[name]
                    for metrics, of in zip(backend["metrics"], result["parts"], strict=True)
                    if of == part and name in metrics
                ]
                if measured:
                    last = measured[-1]
                    values = last if isinstance(last, list) else measured
                    curves.setdefault(part, {}).setdefault(name, {})[label] = values
    return curves


def grouped(curves: Curves) -> list[list[str]]:
    """The parts, those together that share a metric."""
    order = list(curves)
    groups: list[tuple[set[str], list[str]]] = []
    for part, metrics in curves.items():
        near = [group for group in groups if group[0] & metrics.keys()]
        groups = [group for group in groups if group not in near]
        names = set(metrics).union(*(group[0] for group in near))
        groups.append((names, [p for group in near for p in group[1]] + [part]))
    ordered = [sorted(parts, key=order.index) for _, parts in groups]
    return sorted(ordered, key=lambda parts: order.index(parts[0]))


def profile_table(curves: Curves, result: dict[str, Any]) -> Mapping[str, Any] | None:
    """The numbers behind the pictures of profiles, which the table of epochs cannot hold."""
    profiles = {
        name
        for backend in result["backends"].values()
        for metrics in backend["metrics"]
        for name, value in metrics.items()
        if isinstance(value, list)
    }
    rows = [
        (part, name, label, [number(value) for value in values])
        for part, metrics in curves.items()
        for name, backends in metrics.items()
        for label, values in backends.items()
        if name in profiles
    ]
    if not rows:
        return None
    longest = max(len(row[-1]) for row in rows)
    return {
        "x_label": result["x_label"],
        "columns": range(1, longest + 1),
        "rows": [(*names, values + [""] * (longest - len(values))) for *names, values in rows],
        "has_parts": any(row[0] for row in rows),
    }
