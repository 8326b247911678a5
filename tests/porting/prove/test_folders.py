"""A program of a proof cannot reach the reader's own files."""

from __future__ import annotations

from pathlib import Path

import pytest

from porting.prove import folders
from porting.prove.folders import Mirror


def test_what_a_program_writes_stays_with_it(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "inner").mkdir(parents=True)
    for name in ("mlp.params", "inner/words.txt"):
        (source / name).write_text("mine")
    Mirror().fill(target, source)
    for name in ("mlp.params", "inner/words.txt", "inner/new.txt"):
        (target / name).write_text("the program's")
    assert (source / "mlp.params").read_text() == "mine"
    assert (source / "inner/words.txt").read_text() == "mine"
    assert [path.name for path in (source / "inner").iterdir()] == ["words.txt"]


def test_beyond_the_budget_files_are_linked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "BUDGET", 5)
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    (source / "a.txt").write_text("small")
    (source / "b.txt").write_text("too large by now")
    Mirror().fill(target, source)
    assert not (target / "a.txt").is_symlink()
    assert (target / "b.txt").is_symlink()


def test_hidden_files_and_what_is_there_are_left(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    for folder in (source, target):
        folder.mkdir()
        (folder / "a.txt").write_text(folder.name)
    (source / ".secret").write_text("x")
    Mirror().fill(target, source)
    assert sorted(path.name for path in target.iterdir()) == ["a.txt"]
    assert (target / "a.txt").read_text() == "target"
