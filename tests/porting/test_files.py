"""What `mx2torch port` does to files: nothing is lost, and bad input costs one line."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

import porting.port
from porting.main import main
from tests.porting.chapters import assert_same

SOURCE = "from mxnet import nd\nx = nd.ones((1, 2))\n"
PORT = "import torch\nx = torch.ones((1, 2))\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def port_bytes(name: str, content: bytes) -> bytes:
    Path(name).write_bytes(content)
    assert main(["port", "-q", name]) == 0
    return Path(name.replace(".", "_torch.")).read_bytes()


def error_of(capsys: pytest.CaptureFixture, *arguments: str) -> str:
    """The one line that bad input costs; nothing is written."""
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    assert main(["port", *arguments]) == 2
    after = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    assert before == after
    error = capsys.readouterr().err
    assert error.startswith("mx2torch port: error: ")
    assert error.count("\n") == 1
    return error


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("last", [True, False])
def test_line_ends_and_byte_order_marks_stay(newline: str, mark: str, last: bool) -> None:
    source, ported = (
        (mark + (text if last else text.rstrip()).replace("\n", newline)).encode()
        for text in (SOURCE, PORT)
    )
    assert port_bytes("a.py", source) == ported


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_markdown_with_crlf_keeps_every_other_byte(mark: str) -> None:
    text = (
        f"{mark}# Title\n\n````markdown\n```python\n{SOURCE}```\n````\n\n"
        f"```bash\npip install mxnet\n```\n\n~~~\nnd.ones(1)\n~~~\n\n1. a list\n\n"
        "   ```python\n   from mxnet import nd\n   x = nd.ones((1, 2))\n   ```\n\n"
        "```{.python .input  n=3}\ny = nd.concat(x, x)\n```\n"
    )
    expected = text.replace("   from mxnet import nd\n", "   import torch\n")
    expected = expected.replace("   x = nd.ones", "   x = torch.ones")
    expected = expected.replace("nd.concat(x, x)", "torch.cat((x, x), dim=1)")
    ported = port_bytes("a.md", text.replace("\n", "\r\n").encode())
    assert ported.decode().split("\r\n") == expected.split("\n")


def test_notebook_keeps_magics_outputs_and_other_cells() -> None:
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["```python\n", SOURCE, "```"]},
        {
            "cell_type": "code",
            "execution_count": 1,
            "metadata": {},
            "outputs": [{"output_type": "stream", "name": "stdout", "text": ["1\n"]}],
            "source": ["%matplotlib inline\n", "!pip list\n", *SOURCE.splitlines(True), "x?"],
        },
        {
            "cell_type": "code",
            "execution_count": None,
            "metadata": {},
            "outputs": [],
            "source": "%%bash\npython -c 'from mxnet import nd'",
        },
    ]
    notebook = {"cells": cells, "metadata": {"é": 1}, "nbformat": 4, "nbformat_minor": 2}
    ported = json.loads(port_bytes("a.ipynb", json.dumps(notebook, indent=1).encode()))
    lines = ["%matplotlib inline\n", "!pip list\n", *PORT.splitlines(True), "x?"]
    cells[1]["source"] = lines
    assert ported == notebook


@pytest.mark.parametrize("name", ["empty.py", "empty.md"])
def test_an_empty_file_gives_an_empty_port(name: str) -> None:
    assert port_bytes(name, b"") == b""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["folder.py"], "'folder.py' is a folder: name the files in it"),
        (["missing.py"], "'missing.py' cannot be read (No such file or directory): name another"),
        (["a.txt"], "'a.txt' does not end in .py, .ipynb, .md, .markdown: rename"),
        (["a.py", "-o", "no/b.py"], "--output 'no/b.py': there is no folder no: make it"),
        (["a.py", "-o", "folder.py"], "--output 'folder.py' is a folder: name a file in it"),
        (["a.py", "-o", "./a.py"], "is the input: choose another or say --in-place"),
        (["a.py", "b.py", "-o", "c.py"], "--output 'c.py' takes one file, not 2: leave it out"),
        (["empty.ipynb"], "'empty.ipynb' is not a notebook of format 4"),
        (["latin.py"], "'latin.py' is not UTF-8 at byte 5: convert it"),
        (["folder.py/bad.py"], "'folder.py/bad.py', line 2, column 5: not Python 3 ("),
    ],
)
def test_bad_input(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture, folder: Path
) -> None:
    (folder / "folder.py").mkdir()
    (folder / "folder.py" / "bad.py").write_text("x = 1\ny = (2\n")
    for name in ("a.py", "b.py", "a.txt"):
        (folder / name).write_text(SOURCE)
    (folder / "empty.ipynb").touch()
    (folder / "latin.py").write_bytes(b"# caf\xe9\n")
    assert words in error_of(capsys, *arguments)


def test_one_bad_file_does_not_stop_the_others(capsys: pytest.CaptureFixture, folder: Path) -> None:
    for name in ("a.py", "c.py"):
        (folder / name).write_text(SOURCE)
    (folder / "b.py").write_text("x = (\n")
    assert main(["port", "-q", "a.py", "b.py", "c.py"]) == 2
    captured = capsys.readouterr()
    assert captured.out.count("\n") == 2
    assert "'b.py', line 1" in captured.err
    assert (folder / "a_torch.py").read_text() == (folder / "c_torch.py").read_text() == PORT
    assert not (folder / "b_torch.py").exists()


def test_an_unknown_name_does_not_hide_bad_input(folder: Path) -> None:
    (folder / "a.py").write_text(SOURCE + "nd.contrib.nothing(x)\n")
    assert main(["port", "-q", "a.py"]) == 1
    assert main(["port", "-q", "missing.py", "a.py"]) == 2


def test_ctrl_c_keeps_what_is_finished(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, folder: Path
) -> None:
    (folder / "a.py").write_text(SOURCE)
    (folder / "b.py").write_text(SOURCE)
    real = porting.port.port

    def interrupted(text: str, name: str) -> porting.port.Ported:
        if name == "b.py":
            raise KeyboardInterrupt
        return real(text, name)

    monkeypatch.setattr(porting.port, "port", interrupted)
    assert main(["port", "-q", "a.py", "b.py"]) == 130
    assert sorted(path.name for path in folder.iterdir()) == ["a.py", "a_torch.py", "b.py"]
    assert (folder / "a_torch.py").read_text() == PORT
    assert "interrupted" in capsys.readouterr().err


@pytest.mark.parametrize("stopped", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_write_that_fails_leaves_the_old_file(
    stopped: BaseException,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
    folder: Path,
) -> None:
    (folder / "a.py").write_text(SOURCE)

    def fails(descriptor: int) -> None:
        raise stopped

    monkeypatch.setattr(os, "fsync", fails)
    code = main(["port", "-q", "--in-place", "a.py"])
    assert [path.name for path in folder.iterdir()] == ["a.py"]
    assert (folder / "a.py").read_text() == SOURCE
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    if isinstance(stopped, OSError):
        assert code == 2
        assert "cannot be written (No space left on device): choose another" in error
    else:
        assert code == 130


def test_in_place_keeps_the_mode_and_the_link(folder: Path) -> None:
    (folder / "real.py").write_text(SOURCE)
    (folder / "real.py").chmod(0o750)
    (folder / "link.py").symlink_to("real.py")
    assert main(["port", "-q", "--in-place", "link.py"]) == 0
    assert (folder / "link.py").is_symlink()
    assert (folder / "real.py").read_text() == PORT
    assert stat.S_IMODE((folder / "real.py").stat().st_mode) == 0o750


def test_two_reports_of_one_name_are_refused(capsys: pytest.CaptureFixture, folder: Path) -> None:
    (folder / "a.py").write_text(SOURCE)
    (folder / "a.md").write_text(f"```python\n{SOURCE}```\n")
    assert main(["port", "-q", "--json", "a.py", "a.md"]) == 2
    assert "'a.md' would overwrite the report" in capsys.readouterr().err
    assert json.loads((folder / "a_torch.report.json").read_text())["file"] == "a.py"
    assert main(["port", "-q", "a.py", "a.md"]) == 0


def test_saved_arrays(tmp_path: Path) -> None:
    """What is loaded is a list, also of one array."""
    body = """
nd.save(path, nd.array(features))
one = nd.load(path)
first, count = one[0] + 1, len(one)
nd.save(path, {"a": nd.ones((2,)), "b": nd.zeros((2,))})
b = nd.load(path)["b"]
"""
    assert_same(f"path = {str(tmp_path / 'x')!r}\n{body}", "first", "count", "b")
