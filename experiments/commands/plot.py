"""The curves of all backends in one picture, a panel for each part of the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments.commands.results import replacing
from experiments.commands.worker import EpochResult

# Okabe and Ito's colours, which colour-blind readers can tell apart; lines differ in style too.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
STYLES = ("-", "--", ":", "-.")
MOST_COLUMNS = 3


def curve(results: Sequence[EpochResult], metric: str) -> list[float]:
    """A metric over the epochs of a part; a profile as it is after the last of them."""
    values = [result.metrics[metric] for result in results if metric in result.metrics]
    last = values[-1] if values else []
    return last if isinstance(last, list) else values  # type: ignore[return-value]


def panels(
    plotted: Sequence[str], epochs: Mapping[str, Sequence[EpochResult]]
) -> dict[str, dict[str, dict[str, list[float]]]]:
    """Part → metric → backend → values, without what a part does not measure."""
    parts = dict.fromkeys(result.part for results in epochs.values() for result in results)
    found: dict[str, dict[str, dict[str, list[float]]]] = {}
    for part in parts:
        for metric in plotted:
            for name, results in epochs.items():
                values = curve([result for result in results if result.part == part], metric)
                if values:
                    found.setdefault(part, {}).setdefault(metric, {})[name] = values
    return found


def plot_parts(
    path: Path, title: str, module: Any, epochs: Mapping[str, Sequence[EpochResult]]
) -> None:
    """Draw every panel: a colour for each metric, a line style for each backend."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    drawn = panels(module.PLOTTED, epochs)
    columns = max(1, min(len(drawn), MOST_COLUMNS))
    rows = max(1, -(-len(drawn) // columns))
    figure, axes = pyplot.subplots(
        rows,
        columns,
        figsize=(5 * columns, 3.6 * rows),
        sharey=getattr(module, "SHARED_SCALE", False),
        squeeze=False,
        layout="constrained",
    )
    for axis in axes.flat[len(drawn) :]:
        axis.axis("off")
    lines = {}
    for axis, (part, metrics) in zip(axes.flat, drawn.items(), strict=False):
        for metric, by_backend in metrics.items():
            for index, (name, values) in enumerate(by_backend.items()):
                colour = module.PLOTTED.index(metric) if len(module.PLOTTED) > 1 else index
                lines[f"{metric}, {name}"] = axis.plot(
                    range(1, len(values) + 1),
                    values,
                    STYLES[index % len(STYLES)],
                    color=COLOURS[colour % len(COLOURS)],
                    # The curves lie on each other: the first is a broad band under the others.
                    linewidth=1.2 if index else 4.5,
                    alpha=1.0 if index else 0.4,
                    marker="o" if len(values) == 1 else None,
                )[0]
        axis.set(xlabel=module.X_LABEL, yscale="log" if module.LOG_SCALE else "linear")
        axis.set(title=part, ylabel=module.PLOTTED[0] if len(module.PLOTTED) == 1 else "")
        axis.grid(alpha=0.3)
    per_row = len(epochs) if columns == 1 else 2 * len(epochs)
    figure.legend(lines.values(), lines, loc="outside lower center", ncols=per_row)
    figure.suptitle(title)
    with replacing(path) as file:
        figure.savefig(file, format="png", dpi=120)
    pyplot.close(figure)
