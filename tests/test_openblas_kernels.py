from __future__ import annotations

import os
from pathlib import Path

import pytest

from backends.openblas_kernels import NEEDED_FLAGS, choose_openblas_kernels

AVX512 = "avx512f avx512cd avx512bw avx512dq avx512vl"


@pytest.fixture(autouse=True)
def restored_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", os.environ.copy())
    os.environ.pop("OPENBLAS_CORETYPE", None)


def chosen(folder: Path, text: str) -> str | None:
    cpu = folder / "cpuinfo"
    cpu.write_text(text)
    choose_openblas_kernels(cpu)
    return os.environ.get("OPENBLAS_CORETYPE")


@pytest.mark.parametrize(
    ("flags", "kernels"),
    [
        (f"fpu sse2 avx2 fma {AVX512}", "SkylakeX"),
        ("fpu sse2 avx2 fma avx512f", "Haswell"),
        ("fpu sse2 fma avx2", "Haswell"),
        ("fpu sse2 avx2", None),
        ("fpu sse2 avx2x xfma", None),
        ("", None),
    ],
)
def test_kernels_follow_the_flags_of_the_first_processor(
    tmp_path: Path, flags: str, kernels: str | None
) -> None:
    text = f"processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: {flags}\n\n"
    assert chosen(tmp_path, text) == kernels


def test_value_of_the_user_is_kept(tmp_path: Path) -> None:
    os.environ["OPENBLAS_CORETYPE"] = "Zen"
    assert chosen(tmp_path, f"flags : avx2 fma {AVX512}") == "Zen"


@pytest.mark.parametrize("text", ["", "Features\t: fp asimd\n", "no colon\n"])
def test_nothing_is_chosen_for_another_processor(tmp_path: Path, text: str) -> None:
    assert chosen(tmp_path, text) is None


def test_nothing_is_chosen_where_the_file_is_missing(tmp_path: Path) -> None:
    choose_openblas_kernels(tmp_path / "missing")
    choose_openblas_kernels(tmp_path)
    assert "OPENBLAS_CORETYPE" not in os.environ


def test_better_kernels_come_first() -> None:
    assert list(NEEDED_FLAGS) == ["SkylakeX", "Haswell"]
