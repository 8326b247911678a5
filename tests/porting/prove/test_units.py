"""Parts of documents, and which parts of a port stand for them."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porting.documents import DocumentError
from porting.port import port
from porting.prove.units import Part, aligned, is_import, parts

SOURCE = '''"""A chapter."""
from mxnet import autograd, gluon, init, nd
from mxnet.gluon import loss as gloss, nn

x = nd.arange(4)
x.attach_grad()
with autograd.record():
    y = x * x
y.backward()
net = nn.Sequential()
net.add(nn.Dense(2))
net.initialize()
loss = gloss.L2Loss()
trainer = gluon.Trainer(net.collect_params(), 'sgd')
def f(x):
    return x
for step in range(2):
    with autograd.record():
        l = loss(net(x), y)
    l.backward()
    trainer.step(4)
f(x)
'''


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


def titles(found: list[Part]) -> list[str]:
    return [part.title for part in found]


def notebook(*cells: str) -> str:
    made = [
        {
            "cell_type": "code",
            "metadata": {},
            "outputs": [],
            "execution_count": None,
            "source": cell,
        }
        for cell in cells
    ]
    made.insert(1, {"cell_type": "markdown", "metadata": {}, "source": "x = 1"})
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 2})


def groups(original: list[Part], ported: list[Part]) -> list[tuple[list[str], list[str]]]:
    return [(titles(group.original), titles(group.port)) for group in aligned(original, ported)]


def test_statements_of_a_file(tmp_path: Path) -> None:
    found = parts(write(tmp_path, "a.py", SOURCE))
    assert [part.number for part in found] == list(range(len(found)))
    assert titles(found)[3:6] == ["x = nd.arange(4)", "x.attach_grad()", "with autograd.record():"]
    assert [part.line for part in found][3:7] == [5, 6, 7, 9]
    assert [is_import(part) for part in found] == [True] * 3 + [False] * (len(found) - 3)
    assert [part.defines for part in found if part.defines and not is_import(part)] == [["f"]]


def test_long_statements_have_short_titles(tmp_path: Path) -> None:
    [part] = parts(write(tmp_path, "a.py", f"x = [{'1, ' * 50}\n  2]\n"))
    assert len(part.title) == 60
    assert part.title.endswith("…")


def test_cells_of_a_notebook(tmp_path: Path) -> None:
    text = notebook(
        "%matplotlib inline\nimport os\nx = 1\n", "!ls\ny = x\ny", "", "z = (x +", "# a remark"
    )
    found = parts(write(tmp_path, "a.ipynb", text))
    assert [len(part.statements) for part in found] == [2, 2, 0]
    wrong = [part for part in found if part.error]
    assert len(wrong) == 1
    assert wrong[0].error.startswith("not Python: ")
    assert not is_import(wrong[0])
    assert [part.number for part in found] == list(range(len(found)))
    assert "y" in found[1].signature


def test_fences_of_markdown(tmp_path: Path) -> None:
    text = (
        "# Title\n\n```python\nx = 1\ny = 2\n```\n\n```bash\nls\n```\n\n"
        "```{.python .input}\nz = x + y\n```\n"
    )
    found = parts(write(tmp_path, "a.md", text))
    assert [len(part.statements) for part in found] == [2, 1]
    assert found[0].statements[0].lineno == 4
    assert found[0].statements[1].lineno == 5


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.py", "x = (\n", "line 1: "),
        ("a.ipynb", "{", "a.ipynb"),
        ("a.txt", "x = 1", "a.txt"),
        ("missing.py", None, "No such file"),
    ],
)
def test_what_is_no_document(tmp_path: Path, name: str, text: str | None, message: str) -> None:
    path = tmp_path / name if text is None else write(tmp_path, name, text)
    with pytest.raises(DocumentError, match=message):
        parts(path)


def test_other_encodings_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"# caf\xe9\n")
    with pytest.raises(DocumentError, match="not UTF-8 at byte 5"):
        parts(path)
    path.write_bytes("\ufeffx = 1\r\ny = 2\r\n".encode())
    assert titles(parts(path)) == ["x = 1", "y = 2"]


def test_the_tools_port_is_aligned(tmp_path: Path) -> None:
    original = parts(write(tmp_path, "a.py", SOURCE))
    ported = parts(write(tmp_path, "b.py", port(SOURCE, "a.py").text))
    found = groups(original, ported)
    by_first = {ours[0]: theirs for ours, theirs in found if ours}
    assert by_first["x = nd.arange(4)"] == ["x = torch.arange(4, dtype=torch.float32)"]
    assert by_first["with autograd.record():"][0] == "y = x * x"
    assert by_first["y.backward()"][-1] == "y.sum().backward()"
    assert by_first["loss = gloss.L2Loss()"] == ["loss = runtime.L2Loss()"]
    assert by_first["for step in range(2):"] == ["for step in range(2):"]
    assert by_first["f(x)"] == ["f(x)"]
    net = next(pair for pair in found if "net = nn.Sequential()" in pair[0])
    assert net[1][0].startswith("net = nn.Sequential(nn.Flatten(), nn.LazyLinear(2))")
    assert [title for ours, _ in found for title in ours] == titles(original)[3:]
    assert [t for _, theirs in found for t in theirs] == [
        t.title for t in ported if not is_import(t)
    ]


def test_a_part_that_is_missing_belongs_to_the_one_before(tmp_path: Path) -> None:
    original = parts(write(tmp_path, "a.py", "a = 1\nb = 2\nc = 3\nd = 4\n"))
    ported = parts(write(tmp_path, "b.py", "a = 1\nd = 4\n"))
    assert groups(original, ported) == [
        (["a = 1", "b = 2", "c = 3"], ["a = 1"]),
        (["d = 4"], ["d = 4"]),
    ]
    assert groups(ported, original) == [
        (["a = 1"], ["a = 1", "b = 2", "c = 3"]),
        (["d = 4"], ["d = 4"]),
    ]


def test_parts_before_the_first_that_both_have(tmp_path: Path) -> None:
    original = parts(write(tmp_path, "a.py", "a = 1\nb = 2\n"))
    ported = parts(write(tmp_path, "b.py", "b = 2\n"))
    assert groups(original, ported) == [(["a = 1"], []), (["b = 2"], ["b = 2"])]


def test_cells_stand_for_each_other_by_number(tmp_path: Path) -> None:
    original = parts(write(tmp_path, "a.ipynb", notebook("x = 1", "y = 2", "y")))
    ported = parts(write(tmp_path, "b.ipynb", notebook("z = 1", "w = 2\nq = 3", "x")))
    assert [len(group.port) for group in aligned(original, ported)] == [1, 1, 1]
    turned = parts(write(tmp_path, "d.ipynb", notebook("y = 2", "x = 1", "y")))
    numbers = [
        [(a.number, b.number) for a in g.original for b in g.port]
        for g in aligned(original, turned)
    ]
    assert numbers == [[(0, 0)], [(1, 1)], [(2, 2)]]
    fewer = parts(write(tmp_path, "c.ipynb", notebook("x = 1", "y")))
    found = aligned(original, fewer)
    assert sum(len(group.original) for group in found) == 3
    assert found[-1].port == [fewer[-1]]


def test_a_context_that_the_port_does_without(tmp_path: Path) -> None:
    original = parts(write(tmp_path, "a.py", "with autograd.record():\n    y = x\nz = 1\n"))
    ported = parts(write(tmp_path, "b.py", "q = 0\ny = x\nz = 1\n"))
    assert groups(original, ported)[1:] == [
        (["with autograd.record():"], ["y = x"]),
        (["z = 1"], ["z = 1"]),
    ]


@given(st.lists(st.sampled_from(["a = 1", "b = a", "print(a)", "f(b)", "for i in a: pass", "a += 1"])), st.data())  # fmt: skip
def test_every_part_is_in_one_group(lines: list[str], data: st.DataObject) -> None:
    kept = data.draw(st.lists(st.booleans(), min_size=len(lines), max_size=len(lines)))

    def made(source: list[str]) -> list[Part]:
        return [Part(n, n + 1, text, ast.parse(text).body) for n, text in enumerate(source)]

    original, ported = (
        made(lines),
        made([line for line, keep in zip(lines, kept, strict=True) if keep]),
    )
    found = aligned(original, ported)
    assert [part for group in found for part in group.original] == original
    assert [part for group in found for part in group.port] == ported
