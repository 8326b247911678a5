"""A run of `lockstep bench` in pictures and on the page of `lockstep report`."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from backends import InputError
from benchmarks.pictures import cost, forest, sweeps
from experiments.commands.report import main
from experiments.commands.results import write_json

KINDS = {"book": 2.0, "plain": 1.5, "fast": 1.0}


def program(kind: str, size: int, again: bool = False) -> dict[str, Any]:
    median = KINDS[kind] * size / 1000
    return {
        "backend": "left",
        "kind": kind,
        "again": again,
        "parity": 0.25,
        "median": median,
        "interval": [0.9 * median, 1.1 * median],
        "limit": median / 2,
        "of_limit": 0.5,
    }


def comparison(compares: str, label: str, baseline: str, ratio: float) -> dict[str, Any]:
    return {
        "compares": compares,
        "program": f"left {label}",
        "baseline": f"left {baseline}",
        "ratio": ratio,
        "interval": [0.99 * ratio, 1.01 * ratio],
        "smallest_effect": 0.01,
        "verdict": None if compares == "A/A" else "faster",
    }


def row(size: int, **changes: Any) -> dict[str, Any]:
    programs = {f"left {kind}": program(kind, size) for kind in KINDS}
    return {
        "case": f"case n={size} h=2",
        "name": "case",
        "sizes": {"n": size, "h": 2},
        "threads": 1,
        "failure": "",
        "missing": {},
        "parity": {"runs": 16, "seconds": 1.0},
        "programs": programs | {"left fast again": program("fast", size, again=True)},
        "comparisons": [
            comparison("book", "fast", "book", 0.5),
            comparison("implementations", "fast", "plain", 0.67),
            comparison("A/A", "fast again", "fast", 1.0),
        ],
    } | changes


FAILED = row(9, failure="no <parity>, no number", programs={}, comparisons=[], parity=None)


def record(*rows: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "complete": True,
        "command": "lockstep bench",
        "date": "2026-01-02T03:04:05+00:00",
        "machine": {"processor": "abacus", "cpus": 2, "system": "Linux", "python": "3.11"},
        "processes": [
            {
                "framework": "left",
                "version": "1",
                "device": "cpu",
                "dtype": "float32",
                "threads": 1,
                "busy": 1,
            }
        ],
        "cycles": 10,
        "launches": 5,
        "least_seconds": 0.02,
        "no_verdicts_because": [],
        "rows": list(rows),
    } | changes


def page(folder: Path, content: dict[str, Any]) -> str:
    write_json(folder / "bench.json", content)
    main(Namespace(folders=[folder], out=None))
    return (folder / "report.html").read_text()


def test_the_page_holds_tables_pictures_and_failures(tmp_path):
    html = page(tmp_path, record(row(1), row(2), row(4), FAILED))
    assert "<title>Lockstep report: benchmarks</title>" in html
    assert html.count("data:image/svg+xml;base64,") == 2
    assert "no &lt;parity&gt;, no number" in html
    for shown in ("case n=2 h=2", "0.500", "0.495 … 0.505", "faster", "±1.0%", "abacus"):
        assert shown in html


def test_an_interrupted_run_says_so_and_a_run_without_verdicts_why(tmp_path):
    html = page(tmp_path, record(row(1), complete=False, no_verdicts_because=["A/A is <wide>"]))
    assert "Interrupted." in html
    assert "A/A is &lt;wide&gt;" in html


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: content.pop("date"),
        lambda content: content["rows"][0].pop("threads"),
        lambda content: content["rows"][0]["programs"]["left fast"].pop("median"),
        lambda content: content["rows"][0]["programs"].pop("left fast"),
        lambda content: content["rows"][0].update(parity=None),
    ],
)
def test_another_file_of_that_name_is_one_clear_line(tmp_path, spoil):
    content = json.loads(json.dumps(record(row(1))))
    spoil(content)
    with pytest.raises(InputError, match="is no bench of Lockstep"):
        page(tmp_path, content)


def test_cost_is_drawn_where_one_size_alone_changes():
    found = sweeps([row(4), row(1), row(2), FAILED])
    assert [(sweep.size, list(at)) for sweep, at in found.items()] == [("n", [1, 2, 4])]
    assert cost(record(row(1), row(2))) is None
    figure = cost(record(row(4), row(1), row(2)))
    assert figure is not None
    (axes,) = (axes for axes in figure.axes if axes.lines)
    drawn = {tuple(map(float, line.get_ydata())) for line in axes.lines}
    assert (0.001, 0.002, 0.004) in drawn  # fast
    assert (0.0005, 0.001, 0.002) in drawn  # its limit


def test_every_ratio_is_drawn_with_its_interval():
    figure = forest(record(row(1), row(2)))
    assert figure is not None
    assert sum(len(axes.get_yticks()) for axes in figure.axes) == 6
    assert forest(record(FAILED)) is None
