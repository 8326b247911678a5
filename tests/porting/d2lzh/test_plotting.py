"""Figures: the same artists with the same numbers."""

import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba

from porting import d2lzh as d2l

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def shown(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[None]]:
    """How often a figure was shown."""
    calls: list[None] = []
    monkeypatch.setattr(plt, "show", lambda: calls.append(None))
    size = plt.rcParams["figure.figsize"]
    yield calls
    plt.close("all")
    plt.rcParams["figure.figsize"] = size


def drawing(axes: Axes) -> dict[str, Any]:
    """All that can be seen in the axes."""
    legend = axes.get_legend()
    return {
        "size": axes.figure.get_size_inches().tolist(),
        "labels": (axes.get_xlabel(), axes.get_ylabel(), axes.get_title()),
        "scales": (axes.get_xscale(), axes.get_yscale()),
        "axis": (axes.xaxis.get_visible(), axes.yaxis.get_visible()),
        "legend": [text.get_text() for text in legend.get_texts()] if legend else None,
        "lines": [
            (line.get_xydata().tolist(), line.get_linestyle(), line.get_marker(), line.get_color())
            for line in axes.lines
        ],
        "images": [np.asarray(image.get_array()).tolist() for image in axes.images],
        "rectangles": [
            (r.get_bbox().bounds, r.get_edgecolor(), r.get_linewidth(), r.get_fill())
            for r in axes.patches
        ],
        "texts": [
            (
                t.get_text(),
                t.get_position(),
                t.get_color(),
                t.get_fontsize(),
                t.get_ha(),
                t.get_va(),
            )
            for t in axes.texts
        ],
        "text boxes": [t.get_bbox_patch().get_facecolor() for t in axes.texts],
        "contours": [
            (
                [path.vertices.tolist() for path in collection.get_paths()],
                collection.get_edgecolor().tolist(),
            )
            for collection in axes.collections
        ],
    }


def assert_same_figure(theirs: Any, ours: Any) -> dict[str, Any]:
    drawn = []
    for draw in (theirs, ours):
        plt.close("all")
        draw()
        drawn.append([drawing(axes) for axes in plt.gcf().axes])
    assert drawn[0] == drawn[1]
    assert drawn[0]
    return drawn[1][0]


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize(
    "more", [[], [[1, 2], [5.0, 6.0], ["train", "test"]], [None, None, None, (2.0, 1.0)]]
)
def test_semilogy(original: Any, more: list, shown: list[None]) -> None:
    args = [[1, 2, 3], [1.0, 10.0, 100.0], "epoch", "loss", *more]
    drawn = assert_same_figure(lambda: original.semilogy(*args), lambda: d2l.semilogy(*args))
    assert drawn["scales"] == ("linear", "log")
    assert len(shown) == 2


@pytest.mark.usefixtures("both")
def test_set_figsize(original: Any) -> None:
    for args in ((), ((5, 4),)):
        original.set_figsize(*args)
        expected = plt.rcParams["figure.figsize"]
        plt.rcParams["figure.figsize"] = (1, 1)
        d2l.set_figsize(*args)
        assert plt.rcParams["figure.figsize"] == expected


@pytest.mark.usefixtures("both")
def test_show_trace_2d(original: Any) -> None:
    def f(x1: Any, x2: Any) -> Any:
        return 0.1 * x1**2 + 2 * x2**2

    points = [(-5, -2), (-3, 1.5), (-1, -4.2)]
    drawn = assert_same_figure(
        lambda: original.show_trace_2d(f, points), lambda: d2l.show_trace_2d(f, points)
    )
    assert drawn["contours"]


@pytest.mark.usefixtures("both")
def test_show_fashion_mnist(original: Any, nd: Any) -> None:
    images, labels = RNG.random((3, 1, 28, 28)).astype("float32"), ["shirt", "bag", "coat"]
    drawn = assert_same_figure(
        lambda: original.show_fashion_mnist(nd.array(images), labels),
        lambda: d2l.show_fashion_mnist(torch.tensor(images), labels),
    )
    assert drawn["images"] == [images[0, 0].tolist()]


@pytest.mark.usefixtures("both")
def test_show_images(original: Any, nd: Any) -> None:
    images = RNG.random((4, 5, 6, 3)).astype("float32")
    drawn = assert_same_figure(
        lambda: original.show_images([nd.array(image) for image in images], 2, 2, 1.5),
        lambda: d2l.show_images([torch.tensor(image) for image in images], 2, 2, 1.5),
    )
    assert drawn["axis"] == (False, False)
    assert d2l.show_images(list(torch.tensor(images)), 2, 2).shape == (2, 2)


BOXES = [[1.0, 2.0, 5.0, 7.0], [0.0, 0.0, 3.0, 4.0], [2.0, 1.0, 9.0, 8.0]]


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize(
    "options", [{}, {"labels": ["dog", "cat"]}, {"labels": "dog", "colors": "w"}]
)
def test_show_bboxes(original: Any, nd: Any, options: dict) -> None:
    drawn = assert_same_figure(
        lambda: original.show_bboxes(plt.gca(), [nd.array(box) for box in BOXES], **options),
        lambda: d2l.show_bboxes(plt.gca(), [torch.tensor(box) for box in BOXES], **options),
    )
    assert len(drawn["rectangles"]) == 3


@pytest.mark.usefixtures("both")
def test_bbox_to_rect(original: Any) -> None:
    theirs, ours = original.bbox_to_rect(BOXES[0], "red"), d2l.bbox_to_rect(BOXES[0], "red")
    for get in ("get_bbox", "get_edgecolor", "get_linewidth", "get_fill"):
        assert str(getattr(ours, get)()) == str(getattr(theirs, get)())
    assert ours.get_edgecolor() == to_rgba("red")


@pytest.mark.parametrize("notebook", [True, False])
def test_use_svg_display(monkeypatch: pytest.MonkeyPatch, notebook: bool) -> None:
    asked: list[str] = []
    backend: Any = ModuleType("matplotlib_inline.backend_inline")
    backend.set_matplotlib_formats = asked.append
    shell = object() if notebook else None
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(sys.modules, "matplotlib_inline", ModuleType("matplotlib_inline"))
    monkeypatch.setitem(sys.modules, backend.__name__, backend)
    d2l.use_svg_display()
    assert asked == (["svg"] if notebook else [])
