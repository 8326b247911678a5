"""What the command imports: no framework, where none is needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FRAMEWORKS = ("torch", "mxnet", "safetensors", "matplotlib")


def imported_by(code: str, folder: Path) -> set[str]:
    """The frameworks that are there after the code has run."""
    ask = f"import sys; print(*(set({FRAMEWORKS!r}) & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{ask}"],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    return set(done.stdout.splitlines()[-1].split()) if done.stdout.splitlines()[-1:] else set()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["weights", "--help"],
        ["port", "-q", "a.py"],
        ["lookup", "nd.concat", "d2lzh.sgd"],
        ["lookup"],
    ],
)
def test_no_framework_is_imported(arguments: list[str], tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import d2lzh as d2l\nd2l.sgd([], 1, 1)\nd2l.download_imdb()\n")
    code = f"from porting.main import main\ntry:\n    main({arguments!r})\nexcept SystemExit:\n    pass"
    assert imported_by(code, tmp_path) == set()


def test_the_runtime_needs_torch_alone(tmp_path: Path) -> None:
    assert imported_by("from porting import runtime", tmp_path) == {"torch"}
