"""A GPU beside the CPU, and TF32 beside float32, with processes that stand for a GPU's."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backends.numpy_backend import NumpyBackend
from backends.registry import Choice
from benchmarks import launch
from benchmarks.judge import DEVICES, FORMATS
from benchmarks.process import Ready, Session
from benchmarks.run import FILE, Bench, Plan, Setup, chosen_cases
from benchmarks.table import TITLES, markdown
from experiments.commands import results
from tests.benchmarks import cases

CPU, GPU, TF32 = Choice("numpy"), Choice("numpy", "cuda"), Choice("numpy", "cuda", "tf32")


class Double:
    """In the place of a `Process`: the oracle itself, whose products may be rounded more."""

    rounded: tuple[Choice, ...] = ()

    def __init__(self, choice: Choice, role: str, threads: int, source: str) -> None:
        self.choice, self.session = choice, Session(CPU, NumpyBackend(), source)
        name, device, dtype = choice
        self.ready = Ready(name, "1", "1", threads, 1, device, dtype, "an abacus")

    def wait_until_ready(self) -> Ready:
        return self.ready

    def attempt(self, method: str, *arguments: Any) -> Any:
        answer = self.session.attempt(method, *arguments)
        if method == "results" and self.choice in self.rounded:
            return {name: value * (1 + 2.0**-11) for name, value in answer.items()}
        return answer

    def close(self) -> None:
        pass


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(launch, "start_process", Double)

    def run(*rounded: Choice) -> tuple[dict[str, Any], str]:
        monkeypatch.setattr(Double, "rounded", rounded)
        setup = Setup(1, (CPU, GPU, TF32), chosen_cases(["right"], cases.__name__))
        quick = {"cycles": 2, "patience": 1, "launches": 1, "least": 0.005}
        bench = Bench(Plan((setup,), source=cases.__name__, **quick), tmp_path / FILE)
        bench.run()
        (row,) = bench.rows.values()
        return row, markdown(bench.record())

    yield run
    gc.unfreeze()


def test_each_device_and_format_has_a_column_beside_the_other(run):
    row, text = run()
    found = {(c["compares"], c["program"], c["baseline"]) for c in row["comparisons"]}
    assert {pair for pair in found if pair[0] in (DEVICES, FORMATS)} == {
        (DEVICES, "numpy:cuda plain", "numpy plain"),
        (FORMATS, "numpy:cuda:tf32 plain", "numpy:cuda plain"),
    }
    assert set(row["rates"]) == {"numpy", "numpy:cuda", "numpy:cuda:tf32"}
    assert f"## {TITLES[DEVICES]}" in text
    assert f"## {TITLES[FORMATS]}" in text
    assert "device: cpu, cuda  " in text


def test_tf32_is_timed_and_its_row_says_by_how_much_it_misses(run):
    row, text = run(TF32)
    assert not row["failure"]
    missed = row["programs"]["numpy:cuda:tf32 plain"]["parity"]
    assert missed > 1 >= row["programs"]["numpy:cuda plain"]["parity"]
    assert f"{missed:.2g} (" in text


def test_a_gpu_in_float32_is_held_to_the_bounds_of_the_cpu(run):
    row, _ = run(GPU, TF32)
    assert row["failure"].startswith("no parity, no number: numpy:cuda plain: product")
    assert not row["programs"]


def test_a_gpu_is_named_as_its_driver_names_it(tmp_path, monkeypatch):
    driver = tmp_path / "nvidia-smi"
    driver.write_text('#!/bin/sh\n[ "$1" = --query-gpu=name ] && echo "An Abacus 100"\n')
    driver.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    results.gpus.cache_clear()
    assert results.machine()["gpu"] == "An Abacus 100"
    driver.unlink()
    results.gpus.cache_clear()
    assert "gpu" not in results.machine()
