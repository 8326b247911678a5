"""`lockstep bench` as a user runs it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from benchmarks.cases import all_cases
from benchmarks.targets import TARGETS
from tests.conftest import backend_or_skip

CASE = next(iter(all_cases()))


def bench(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "experiments.commands.main", "bench", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_list_names_the_cases():
    assert bench("--list").stdout.splitlines() == list(all_cases())
    assert bench("--list", CASE).stdout.splitlines() == [CASE]
    with_target = bench("--list", "--targets").stdout.splitlines()
    assert sorted(with_target) == sorted({target.case for target in TARGETS})


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["no such case"], "no case is called 'no such case'"),
        ([CASE, "--targets"], "nothing that was asked for has a target"),
        ([CASE, "--threads", "0"], "--threads '0' is not allowed"),
        ([CASE, "--backends", "abacus"], "backend 'abacus' is unknown"),
    ],
)
def test_bad_input_is_one_clear_line(tmp_path, arguments, line):
    done = bench(*arguments, "--out", tmp_path)
    assert done.returncode == 2
    assert line in done.stderr
    assert done.stderr.count("\n") == 1


def test_no_gpu_is_one_clear_line(tmp_path):
    if "cuda" in backend_or_skip("mxnet").devices():
        pytest.skip("there is a GPU")
    device = ["--device", "cuda", "--backends", "mxnet", "--threads", 1]
    with_the_books_program = TARGETS[0].case
    done = bench(with_the_books_program, *device, "--out", tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("lockstep bench: error: device 'cuda' is not usable")
    assert done.stderr.count("\n") == 1


def test_a_run_prints_tables_and_writes_files(tmp_path):
    backend_or_skip("torch")
    file = tmp_path / "own" / "bench.md"
    done = bench(
        CASE, "--quick", "--backends", "numpy,torch", "--out", tmp_path, "--markdown", file
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "A/A" in done.stdout
    written = {path.name for path in tmp_path.iterdir()}
    assert written == {"bench.json", "forest.png", "own"}
    assert f"| {CASE} |" in file.read_text()
    (row,) = json.loads((tmp_path / "bench.json").read_text())["rows"]
    compared = {(c["program"], c["baseline"]) for c in row["comparisons"]}
    assert ("torch plain", "numpy plain") in compared
