"""A GPU beside the CPU, and TF32 beside float32, with processes that stand for a GPU's."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backends.registry import Choice
from benchmarks import launch
from benchmarks.judge import DEVICES, FORMATS
from benchmarks.table import TITLES, markdown
from experiments.commands import results
from tests.benchmarks.double import CPU, Double
from tests.benchmarks.running import run

GPU, TF32 = Choice("numpy", "cuda"), Choice("numpy", "cuda", "tf32")
ROUNDED = 1 + 2.0**-11


@pytest.fixture
def measure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(launch, "start_process", Double)

    def measure(wrong: Mapping[Choice, float]) -> tuple[dict[str, Any], str]:
        monkeypatch.setattr(Double, "wrong", wrong)
        bench = run(tmp_path, [CPU, GPU, TF32], "right")
        (row,) = bench.rows.values()
        return row, markdown(bench.record())

    yield measure
    gc.unfreeze()


def test_tf32_stands_beside_float32_and_the_gpu_beside_the_cpu(measure):
    row, text = measure({TF32: ROUNDED})
    assert not row["failure"]
    found = {(c["compares"], c["program"], c["baseline"]) for c in row["comparisons"]}
    assert {pair for pair in found if pair[0] in (DEVICES, FORMATS)} == {
        (DEVICES, "numpy:cuda plain", "numpy plain"),
        (FORMATS, "numpy:cuda:tf32 plain", "numpy:cuda plain"),
    }
    assert f"## {TITLES[DEVICES]}" in text
    assert f"## {TITLES[FORMATS]}" in text
    assert "device: cpu, cuda  " in text
    missed = row["programs"]["numpy:cuda:tf32 plain"]["parity"]
    assert missed > 1 >= row["programs"]["numpy:cuda plain"]["parity"]
    assert f"{missed:.2g} (" in text


@pytest.mark.parametrize(
    ("wrong", "named"),
    [({GPU: ROUNDED, TF32: ROUNDED}, GPU), ({TF32: 2.0}, TF32), ({TF32: np.nan}, TF32)],
)
def test_neither_float32_nor_tf32_may_be_just_anything(measure, wrong, named):
    row, _ = measure(wrong)
    assert row["failure"].startswith(f"no parity, no number: {named} plain: product")
    assert not row["programs"]


def named() -> str:
    results.gpus.cache_clear()
    try:
        return results.machine().get("gpu", "")
    finally:
        results.gpus.cache_clear()


def test_a_gpu_is_named_as_its_driver_names_it(tmp_path, monkeypatch):
    driver = tmp_path / "nvidia-smi"
    driver.write_text('#!/bin/sh\n[ "$1" = --query-gpu=name ] && echo "An Abacus 100"\n')
    driver.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert named() == "An Abacus 100"
    driver.write_text("not a program")
    assert named() == ""
    driver.unlink()
    assert named() == ""
