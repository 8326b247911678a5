"""Whole runs on small cases: what a fault does, and what is left of an interrupted run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from backends.registry import Choice
from benchmarks.run import FILE
from benchmarks.table import markdown, tables
from tests.benchmarks.running import run
from tests.conftest import backend_or_skip

NUMPY, MXNET = Choice("numpy"), Choice("mxnet")


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("bench")
    assert run(folder, [NUMPY]).failed
    return json.loads((folder / FILE).read_text())


@pytest.fixture(scope="module")
def rows(everything: dict[str, Any]) -> dict[str, Any]:
    return {row["name"]: row for row in everything["rows"]}


def test_a_right_program_gets_numbers(rows):
    for name in ("by hand", "waits", "last"):
        assert not rows[name]["failure"]
    programs = rows["by hand"]["programs"]
    assert list(programs) == ["numpy book", "numpy plain", "numpy plain again"]
    for program in programs.values():
        low, high = program["interval"]
        assert 0 < low <= program["median"] <= high
        assert program["of_limit"] > 0
        assert program["parity"] <= 1
    compared = {(c["program"], c["baseline"]) for c in rows["by hand"]["comparisons"]}
    assert compared == {("numpy plain", "numpy book"), ("numpy plain again", "numpy plain")}


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("wrong", "no parity, no number: numpy book: product"),
        ("nothing", "no parity, no number: numpy book: computes nothing"),
        ("never waits", "of what the machine can do: the clock stopped too early"),
        ("breaks", "numpy book: ZeroDivisionError: planted"),
        ("ends", "the process of numpy (book) ended with code 7"),
    ],
)
def test_a_fault_is_a_failure_without_a_number(rows, name, why):
    assert why in rows[name]["failure"]
    assert not rows[name]["comparisons"]


def test_what_is_not_installed_is_left_out_and_said(everything, rows):
    row = rows["not installed"]
    assert not row["failure"]
    assert list(row["programs"]) == ["numpy plain", "numpy plain again"]
    assert "numpy book: the book's package is not installed: run something" in markdown(everything)


def test_the_tables_have_no_number_of_a_failure(everything):
    failures, *others = tables(everything)
    assert {line[0].split(" m=")[0] for line in failures.rows} == {
        "wrong", "nothing", "never waits", "breaks", "ends",
    }  # fmt: skip
    shown = {line[0].split(" m=")[0] for table in others for line in table.rows}
    assert shown == {"right", "by hand", "waits", "not waiting", "not installed", "last", "slowed"}


def test_the_file_says_what_it_was_measured_on(everything):
    assert everything["complete"]
    (own, book) = everything["processes"], everything["machine"]
    assert {process["threads"] for process in own} == {1}
    assert book["processor"]


def test_a_framework_nobody_waits_for_is_caught(tmp_path):
    """MXNet computes on after `run` has returned."""
    backend_or_skip("mxnet")
    bench = run(tmp_path, [MXNET], "not waiting", cycles=4)
    (row,) = bench.rows.values()
    assert "not finished when the clock stopped" in row["failure"]
    assert not row["comparisons"]


def test_launches_add_up(tmp_path):
    bench = run(tmp_path, [NUMPY], "right", launches=2)
    (row,) = bench.rows.values()
    assert not row["failure"]
    assert [len(p["seconds"]) for p in row["programs"].values()] == [2] * len(row["programs"])


@pytest.mark.slow
def test_a_slow_down_of_five_per_cent_is_found_on_this_machine(tmp_path):
    settings = {"cycles": 10, "patience": 6, "launches": 5, "least": 0.02}
    bench = run(tmp_path, [NUMPY], "slowed", **settings)
    (row,) = bench.rows.values()
    assert not row["failure"]
    if bench.doubts:
        pytest.skip(f"this machine is too busy: {bench.doubts[0]}")
    (found,) = (c for c in row["comparisons"] if c["compares"] == "book")
    assert found["verdict"] == "faster"


PROGRAM = """
import sys
from pathlib import Path

if __name__ == "__main__":  # its processes import it too, and set their threads first
    from benchmarks.run import Bench, Choice, Plan, Setup, chosen_cases

    source = "tests.benchmarks.cases"
    setup = Setup(1, (Choice("numpy"),), chosen_cases(["t"], source))
    plan = Plan((setup,), cycles=2, launches=50, source=source)
    Bench(plan, Path(sys.argv[1])).run()
"""


def test_a_killed_run_leaves_a_valid_file(tmp_path):
    program, path = tmp_path / "program.py", tmp_path / FILE
    program.write_text(PROGRAM)
    root = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": str(root)}
    with subprocess.Popen([sys.executable, program, path], env=environment) as process:
        while process.poll() is None and not path.exists():
            time.sleep(0.1)
        process.send_signal(signal.SIGKILL)
    record = json.loads(path.read_text())
    assert record["complete"] is False
    assert record["rows"]
    assert "complete: no, interrupted" in markdown(record)
    assert [file for file in tmp_path.iterdir() if file.suffix == ".json"] == [path]
