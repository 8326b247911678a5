"""The curves of a result as SVG to stand inside a page: it takes its colours from the page.

One picture per part of a run, all of one size, so that the page can wrap them into a grid.
"""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import numpy as np
from markupsafe import Markup

from experiments.commands.figure_text import readable

SVG = "http://www.w3.org/2000/svg"
HREF = "{http://www.w3.org/1999/xlink}href"
ElementTree.register_namespace("", SVG)

SIZE = (5.0, 3.4)  # inches of 72 units; text of 12 units stays legible on a phone
COLOURS = 6  # the page defines --line-0 and on
DASHES: tuple[tuple[float, ...], ...] = ((), (6, 3), (2, 2), (8, 2, 2, 2))
MARKERS = ("o", "s", "^", "D")
FEW_POINTS = 12
# Colours to draw with, each replaced by one that the page defines.
INK, RULE = "#000001", "#000002"
LINES = tuple(f"#0000{10 + index}" for index in range(COLOURS))
THEMED = {INK: "currentColor", RULE: "var(--rule)"} | {
    colour: f"var(--line-{index})" for index, colour in enumerate(LINES)
}

# metric → backend → values; None where a value was no finite number
Curves = Mapping[str, Mapping[str, Sequence[float | None]]]


@dataclass(frozen=True)
class Line:
    """How a backend's curve of a metric looks: another colour for each, a dash for each backend.

    The metrics of one picture differ in their markers too.
    """

    metric: str
    backend: str
    colour: int
    dash: tuple[float, ...]
    width: float
    marker: str


def lines_of(metrics: Sequence[str], backends: Sequence[str]) -> list[Line]:
    """The lines of all pictures of a result; a later backend is thinner, to show the first."""
    return [
        Line(
            metric,
            backend,
            (m * len(backends) + b) % COLOURS,
            DASHES[b % len(DASHES)],
            max(1.6, 4.4 - 2.4 * b),
            MARKERS[m % len(MARKERS)],
        )
        for m, metric in enumerate(metrics)
        for b, backend in enumerate(backends)
    ]


def draw(
    name: str,
    title: str,
    lines: Sequence[Line],
    curves: Curves,
    x_label: str,
    log_scale: bool,
    scale_of: Sequence[float | None],
) -> Markup:
    """One picture. `name` begins all its ids and must be unique in the page.

    The vertical axis spans the values of `scale_of`.
    """
    # Imported here: a reader of --help does not wait for it.
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    settings: Any = {
        "svg.fonttype": "none",  # text stays text
        "svg.hashsalt": name,
        "text.parse_math": False,
        "font.size": 12,
        "lines.scale_dashes": False,
        "text.color": INK,
        "axes.labelcolor": INK,
        "axes.edgecolor": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "grid.color": RULE,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    with rc_context(settings), warnings.catch_warnings():
        # The browser has glyphs that matplotlib's own font lacks.
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        figure = Figure(figsize=SIZE, layout="constrained")
        axis = figure.add_subplot()
        for line in lines:
            values = curves.get(line.metric, {}).get(line.backend)
            if values:
                plot(axis, line, values, len({line.metric for line in lines}) > 1)
        set_scales(axis, scale_of, log_scale)
        axis.set_xlabel(x_label)
        axis.grid(linewidth=0.8)
        axis.set_axisbelow(True)
        file = io.StringIO()
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    return themed(file.getvalue(), name, title, "; ".join(describe(lines, curves, x_label)))


def plot(axis, line: Line, values: Sequence[float | None], several_metrics: bool) -> None:
    numbers = np.array(values, dtype=float)  # None becomes NaN, a gap
    few = len(numbers) <= FEW_POINTS
    marked = few or several_metrics
    every = 1 if few else max(1, len(numbers) // 8)
    axis.plot(
        range(1, len(numbers) + 1),
        numbers,
        color=LINES[line.colour],
        linewidth=line.width,
        dashes=line.dash or (None, None),
        marker=line.marker if marked else None,
        markevery=every,
        markersize=4 + line.width,
    )


def set_scales(axis, values: Sequence[float | None], log_scale: bool) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

    finite = [value for value in values if value is not None and math.isfinite(value)]
    positive = [value for value in finite if value > 0]
    for value in positive if log_scale else finite:
        axis.update_datalim([(1, value)])
    axis.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
    if log_scale and positive:
        axis.set_yscale("log", nonpositive="mask")
        ratio = max(positive) / min(positive)
        steps = LogLocator(subs=(1, 2, 5) if ratio < 100 else (1,))
        axis.yaxis.set_major_locator(MaxNLocator(5) if ratio < 5 else steps)
        axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: readable(f"{value:g}")))
        axis.yaxis.set_minor_locator(NullLocator())
    elif not finite:
        axis.set_yticks([])
        axis.text(0.5, 0.5, "no finite value", ha="center", transform=axis.transAxes)


def describe(lines: Sequence[Line], curves: Curves, x_label: str) -> Iterator[str]:
    """For a reader who sees no picture: where each line begins and ends."""
    for line in lines:
        values = curves.get(line.metric, {}).get(line.backend)
        if values:
            ends = [(1, values[0]), (len(values), values[-1])][: len(values)]
            said = ", ".join(
                f"{'not finite' if value is None else f'{value:.4g}'} at {x_label} {x}"
                for x, value in ends
            )
            yield f"{line.metric}, {line.backend}: {said}"


def themed(text: str, name: str, title: str, description: str) -> Markup:
    """A picture of matplotlib's as part of a page.

    Its colours become the page's, its ids begin with `name`, and what would act on the whole page
    (a style sheet) or say nothing (metadata, ids that nothing refers to) goes.
    """
    root = ElementTree.fromstring(text)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{{{SVG}}}style", f"{{{SVG}}}metadata"):
                parent.remove(child)
    used = set()
    for element in root.iter():
        if reference := element.attrib.pop(HREF, ""):
            used.add(reference.removeprefix("#"))
            element.set("href", reference.replace("#", f"#{name}-"))
        if clip := element.get("clip-path"):
            used.add(clip.removeprefix("url(#").removesuffix(")"))
            element.set("clip-path", clip.replace("#", f"#{name}-"))
    for element in root.iter():
        identity = element.attrib.pop("id", "")
        if identity in used:
            element.set("id", f"{name}-{identity}")
        if style := element.get("style"):
            for colour, variable in THEMED.items():
                style = style.replace(colour, variable)
            kept = (item.strip() for item in style.split(";") if "font-family" not in item)
            element.set("style", "; ".join(kept))
    for attribute in ("width", "height", "version"):
        root.attrib.pop(attribute, None)
    root.set("role", "img")
    root.set("aria-labelledby", f"{name}-title {name}-desc")
    for position, (tag, words) in enumerate((("title", title), ("desc", description))):
        element = ElementTree.Element(f"{{{SVG}}}{tag}", {"id": f"{name}-{tag}"})
        element.text = words
        root.insert(position, element)
    return Markup(ElementTree.tostring(root, encoding="unicode"))
