"""Loss curves of all backends in one picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from experiments.commands.results import replacing

# Okabe and Ito's colours, which colour-blind readers can tell apart; lines differ in style too.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
STYLES = ("-", "--", ":", "-.")


def plot_curves(
    path: Path, title: str, curves: Mapping[str, Mapping[str, Sequence[float]]], log_scale: bool
) -> None:
    """Draw metric → backend → value per epoch, one panel per metric."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(
        1, len(curves), figsize=(5.5 * len(curves), 4), squeeze=False, layout="constrained"
    )
    for panel, (metric, by_backend) in zip(panels[0], curves.items(), strict=True):
        for index, (backend, values) in enumerate(by_backend.items()):
            panel.plot(
                range(1, len(values) + 1),
                values,
                STYLES[index % len(STYLES)],
                color=COLOURS[index % len(COLOURS)],
                linewidth=3.5 - index,  # the curves lie on each other: the first shines through
                marker="o" if len(values) == 1 else None,
                label=backend,
            )
        panel.set(xlabel="epoch", ylabel=metric, yscale="log" if log_scale else "linear")
        panel.grid(alpha=0.3)
        panel.legend()
    figure.suptitle(title)
    with replacing(path) as file:
        figure.savefig(file, format="png", dpi=150)
    pyplot.close(figure)
