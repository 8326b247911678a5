"""Curves, images and boxes in the book's style."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from torch import Tensor


def use_svg_display() -> None:
    """Show figures as SVG if this is a notebook."""
    if "IPython" in sys.modules and sys.modules["IPython"].get_ipython() is not None:
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("svg")


def set_figsize(figsize: tuple[float, float] = (3.5, 2.5)) -> None:
    """Set the size of figures, (width, height) in inches."""
    use_svg_display()
    plt.rcParams["figure.figsize"] = figsize


def semilogy(
    x_vals: Sequence[float],
    y_vals: Sequence[float],
    x_label: str,
    y_label: str,
    x2_vals: Sequence[float] | None = None,
    y2_vals: Sequence[float] | None = None,
    legend: Sequence[str] | None = None,
    figsize: tuple[float, float] = (3.5, 2.5),
) -> None:
    """Draw one curve, or a second one dotted, over a logarithmic y axis."""
    set_figsize(figsize)
    plt.xlabel(x_label)
    plt.ylabel(y_label)
    plt.semilogy(x_vals, y_vals)
    if x2_vals and y2_vals:
        plt.semilogy(x2_vals, y2_vals, linestyle=":")
        plt.legend(legend)
    plt.show()


def show_trace_2d(
    f: Callable[[np.ndarray, np.ndarray], Any], res: Sequence[tuple[float, float]]
) -> None:
    """Draw the points of an optimiser over the contours of f(x1, x2)."""
    x1, x2 = zip(*res, strict=True)
    set_figsize()
    plt.plot(x1, x2, "-o", color="#ff7f0e")
    grid1, grid2 = np.meshgrid(
        np.arange(-5.5, 1.0, 0.1),
        np.arange(min(-3.0, min(x2) - 1), max(1.0, max(x2) + 1), 0.1),
    )
    plt.contour(grid1, grid2, f(grid1, grid2), colors="#1f77b4")
    plt.xlabel("x1")
    plt.ylabel("x2")


def _show(axes: Axes, image: Any) -> None:
    axes.imshow(image)
    axes.xaxis.set_visible(False)
    axes.yaxis.set_visible(False)


def show_fashion_mnist(images: Sequence[Tensor], labels: Sequence[str]) -> None:
    """Draw images of 28 × 28 pixels in a row, each under its label."""
    use_svg_display()
    _, figures = plt.subplots(1, len(images), figsize=(12, 12))
    for axes, image, label in zip(figures, images, labels, strict=False):
        _show(axes, image.reshape(28, 28).numpy(force=True))
        axes.set_title(label)


def show_images(imgs: Sequence[Tensor], num_rows: int, num_cols: int, scale: float = 2) -> Any:
    """Draw images (height, width, 3) in a grid, row by row; returns its axes (rows, columns).

    There must be more than one row and more than one column, as in the original.
    """
    _, grid = plt.subplots(num_rows, num_cols, figsize=(num_cols * scale, num_rows * scale))
    for i in range(num_rows):
        for j in range(num_cols):
            _show(grid[i][j], imgs[i * num_cols + j].numpy(force=True))
    return grid


def bbox_to_rect(bbox: Any, color: str) -> Rectangle:
    """The outline of a box (left, top, right, bottom)."""
    left, top, right, bottom = bbox
    return Rectangle((left, top), right - left, bottom - top, fill=False, edgecolor=color, lw=2)


def show_bboxes(
    axes: Axes,
    bboxes: Sequence[Tensor],
    labels: str | Sequence[str] | None = None,
    colors: str | Sequence[str] | None = None,
) -> None:
    """Draw boxes (left, top, right, bottom), colours in turn, each with a label in its corner."""
    texts = _as_list(labels) or []
    cycle = _as_list(colors) or ["b", "g", "r", "m", "k"]
    for i, bbox in enumerate(bboxes):
        color = cycle[i % len(cycle)]
        rect = bbox_to_rect(bbox.numpy(force=True), color)
        axes.add_patch(rect)
        if i < len(texts):
            axes.text(
                rect.get_x(),
                rect.get_y(),
                texts[i],
                va="center",
                ha="center",
                fontsize=9,
                color="k" if color == "w" else "w",
                bbox={"facecolor": color, "lw": 0},
            )


def _as_list(value: Any) -> Any:
    return value if value is None or isinstance(value, (list, tuple)) else [value]
