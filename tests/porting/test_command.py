"""The command: outputs, exit codes, reports."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from porting.api_map import TABLE
from porting.main import main

SOURCE = "from mxnet import nd\nx = nd.concat(nd.ones((1, 2)), nd.ones((1, 2)))\n"


@pytest.fixture
def chapter(tmp_path: Path) -> Path:
    path = tmp_path / "chapter.py"
    path.write_text(SOURCE)
    return path


def test_port_stands_beside_the_input(chapter: Path, capsys) -> None:
    assert main(["port", str(chapter)]) == 0
    assert chapter.read_text() == SOURCE
    assert (
        "torch.cat((torch.ones((1, 2)), torch.ones((1, 2))), dim=1)"
        in chapter.with_name("chapter_torch.py").read_text()
    )
    out = capsys.readouterr().out
    assert "chapter.py: 2 names proven, 0 known without a proof, 0 unknown" in out
    assert "line 2: [proven] nd.concat (concat)" in out
    assert "proof: tests/porting/test_api_map.py::test_row[nd.concat]" in out


def test_in_place_when_asked(chapter: Path) -> None:
    assert main(["port", "-q", "--in-place", str(chapter)]) == 0
    assert chapter.read_text().startswith("import torch\n")


def test_unknown_name_exits_with_1(chapter: Path, capsys) -> None:
    chapter.write_text(SOURCE + "nd.contrib.MultiBoxPrior(x)\n")
    assert main(["port", "-q", str(chapter)]) == 1
    assert "1 unknown" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["missing.py"],
        ["missing.txt"],
        ["chapter.py", "chapter.py", "-o", "out.py"],
        ["chapter.py", "-o", "chapter.py"],
        ["chapter.py", "-o", "no/folder/x.py"],
        ["chapter.py", "-o", "x.py", "--in-place"],
        ["latin.py"],
    ],
)
def test_bad_input_exits_with_2(arguments: list[str], chapter: Path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(chapter.parent)
    Path("latin.py").write_bytes(b"# caf\xe9\n")
    assert main(["port", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("mx2torch port: error: ")
    assert error.count("\n") == 1
    assert chapter.read_text() == SOURCE


def test_json_report(chapter: Path) -> None:
    main(["port", "-q", "--json", str(chapter)])
    report = json.loads(chapter.with_name("chapter_torch.report.json").read_text())
    assert report["names"] == {"proven": 2, "known": 0, "unknown": 0}
    change = next(c for c in report["changes"] if c["name"] == "nd.concat")
    assert change["line"] == 2
    assert change["old"] == "nd.concat(nd.ones((1, 2)), nd.ones((1, 2)))"
    assert change["new"].startswith("torch.cat(")
    assert "axis 1" in change["why"]["en"]
    assert "维度1" in change["why"]["zh"]
    assert change["proof"]


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_html_report(chapter: Path) -> None:
    chapter.write_text(SOURCE + "y = '<script>' < 'b'\n")
    main(["port", "-q", "--html", str(chapter)])
    page = _Page()
    page.feed(chapter.with_name("chapter_torch.report.html").read_text())
    assert "script" not in page.tags
    assert page.text.count("y = '<script>' < 'b'") == 2
    assert "from mxnet import nd" in page.text
    assert "import torch" in page.text
    assert "沿维度1连结" in page.text


def test_lookup(capsys) -> None:
    assert main(["lookup", "nd.concat", "mx.nd.zeros"]) == 0
    out = capsys.readouterr().out
    assert "torch.cat" in out
    assert "torch.zeros" in out
    assert "proof: tests/" in out
    assert main(["lookup", "nd.conca"]) == 1
    assert "nd.concat" in capsys.readouterr().err
    assert main(["lookup"]) == 0
    proven = sum(row.proven for row in TABLE.values())
    assert (
        f"{len(TABLE)} rows, {proven} proven, {len(TABLE) - proven} without a proof"
        in capsys.readouterr().out
    )
