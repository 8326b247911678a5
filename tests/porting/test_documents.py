"""Files, notebooks and Markdown: what is not MXNet keeps its bytes."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porting.documents import DocumentError, hold_magics, read, release_magics
from porting.not_ported import HELPERS
from porting.port import port

PLAIN = """# 中文注释   \r\nimport numpy as np\r\n\r\n\r\nx = np.ones( (2,3) )   # two  spaces\r\nif x.size>2 :\r\n\tprint("a",\r\n\t      'b')\r\n"""
NOTEBOOK = {
    "cells": [
        {"cell_type": "markdown", "metadata": {}, "source": ["# 标题\n", "text `nd.array`"]},
        {"cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": [], "source": ["%matplotlib inline\n", "from mxnet import nd\n", "x = nd.ones((2, 3))"]},
        {"cell_type": "code", "execution_count": 2, "metadata": {}, "outputs": [{"text": ["<NDArray 2x3 @cpu(0)>"]}], "source": ["y = (x.sum()\n", "     % 2).asscalar()\n", "y"]},
        {"cell_type": "code", "execution_count": None, "metadata": {"tags": ["keep"]}, "outputs": [], "source": ["print(  'unchanged' )  # 不变"]},
    ],
    "metadata": {"kernelspec": {"name": "python3"}},
    "nbformat": 4,
    "nbformat_minor": 2,
}  # fmt: skip


def test_code_without_mxnet_keeps_its_bytes() -> None:
    assert port(PLAIN, "plain.py").text == PLAIN


@given(st.lists(st.sampled_from(["x = 1", "# 注释", "", "def f(a, b=2):  # c\n    return a  +  b", "y = [1,\n     2]", "s = '''a\n  b'''", "size = len('a')", "class A :\n  n=1"]), max_size=8), st.sampled_from(["\n", "\r\n"]))  # fmt: skip
def test_any_layout_keeps_its_bytes(parts: list[str], newline: str) -> None:
    source = newline.join(part.replace("\n", newline) for part in parts)
    assert port(source, "x.py").text == source


def test_only_changed_lines_change() -> None:
    source = "from mxnet import nd\n\n\n# 中文\nx = nd.ones( (2,3) )   # 注\nz  =  {'a' : 1}\n\n\ndef f( a ) :\n    return a\n"
    text = port(source, "x.py").text
    assert text == source.replace("from mxnet import nd", "import torch").replace(
        "nd.ones", "torch.ones"
    )


@pytest.mark.parametrize("indent", [None, 1, 2, 4])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_notebook(indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(NOTEBOOK, indent=indent, ensure_ascii=ascii_only) + "\n"
    ported = port(text, "book.ipynb")
    expected = json.loads(text)
    expected["cells"][1]["source"] = [
        "%matplotlib inline\n",
        "import torch\n",
        "x = torch.ones((2, 3))",
    ]
    expected["cells"][2]["source"] = ["y = (x.sum()\n", "     % 2).item()\n", "y"]
    assert ported.text == json.dumps(expected, indent=indent, ensure_ascii=ascii_only) + "\n"
    assert [f.cell for f in ported.findings] == [0, 1]


def test_notebook_with_sources_as_strings() -> None:
    text = (
        '{"cells":[{"cell_type":"code","source":"from mxnet import nd\\nnd.ones(2)"}],"nbformat":4}'
    )
    assert port(text, "x.ipynb").text == text.replace(
        "from mxnet import nd", "import torch"
    ).replace("nd.ones", "torch.ones")


MARKDOWN = """# 章节

`nd.ones` in prose stays.

```{.python .input  n=3}
%matplotlib inline
from mxnet import nd
x = nd.ones((2, 3))
```

- a list

  ```python
  x.asscalar()
  ```

~~~python
x.size
~~~

```
nd.ones(2)
```

```bash
echo nd.ones
```
"""


def test_markdown() -> None:
    text = port(MARKDOWN, "chapter.md").text
    expected = MARKDOWN
    for old, new in (
        ("from mxnet import nd", "import torch"),
        ("x = nd.ones", "x = torch.ones"),
        ("asscalar()", "item()"),
        ("x.size", "x.numel()"),
    ):
        expected = expected.replace(old, new)
    assert text == expected


def test_lines_are_those_of_the_file() -> None:
    findings = port(MARKDOWN, "chapter.md").findings
    assert [(f.name, f.line) for f in findings] == [
        ("nd.ones", 8),
        ("NDArray.asscalar", 14),
        ("NDArray.size", 18),
    ]


def test_other_frameworks_tab_is_left_alone() -> None:
    text = "```python\n#@tab pytorch\nx.size\n```\n```python\n#@tab mxnet\nfrom mxnet import nd\nnd.ones(2)\n```\n"
    assert "#@tab pytorch\nx.size\n" in port(text, "x.md").text
    assert "torch.ones(2)" in port(text, "x.md").text


@pytest.mark.parametrize(
    "source",
    [
        "%time x = 1\ny = (3\n     % 2)\n",
        "for i in range(2):\n    !ls\n    %time f(i)\n",
        "x = 5 \\\n% 3\n",
        "s = '''\n%not magic\n'''\n",
        "%%bash\nls\n",
        "%%time\nx = 1\n",
        "nd.ones?\n",
    ],
)
def test_magics_come_back(source: str) -> None:
    held = hold_magics(source)
    compile(held, "held", "exec")
    assert release_magics(held) == source


def test_block_that_is_not_python_is_reported() -> None:
    ported = port("```python\n>>> from mxnet import nd\n```\n", "x.md")
    assert ported.text == ported.original
    assert ported.summary["unknown"] == 1


@pytest.mark.parametrize(
    ("statement", "call"),
    [
        ("from mxnet import nd", "nd.ones(2)"),
        ("import mxnet as mx", "mx.nd.ones(2)"),
        ("import mxnet", "mxnet.nd.ones(2)"),
        ("import mxnet.ndarray as nd", "nd.ones(2)"),
        ("from mxnet import ndarray as F", "F.ones(2)"),
        ("from mxnet.ndarray import ones", "ones(2)"),
        ("from mxnet.ndarray import ones as eins", "eins(2)"),
    ],
)
def test_aliases(statement: str, call: str) -> None:
    assert port(f"{statement}\nx = {call}\n", "x.py").text == "import torch\nx = torch.ones(2)\n"


@pytest.mark.parametrize(
    "statement",
    [
        "from mxnet.gluon import loss as gloss",
        "from mxnet import gluon as g",
        "import mxnet.gluon as g",
    ],
)
def test_gluon_aliases(statement: str) -> None:
    name = "gloss" if "gloss" in statement else "g.loss"
    text = port(f"{statement}\nx = {name}.SoftmaxCrossEntropyLoss()\n", "x.py").text
    assert text == "from torch import nn\nx = nn.CrossEntropyLoss(reduction='none')\n"


def test_a_name_of_the_text_hides_an_alias() -> None:
    source = "from mxnet import nd\nfrom mxnet.gluon import rnn\n\ndef rnn(x):\n    return x\n\ny = rnn(nd.ones(2))\n"
    assert "y = rnn(torch.ones(2))" in port(source, "x.py").text


def test_helper_library() -> None:
    text = port(
        "import gluonbook as gb\nfrom mxnet import nd\ngb.sgd([nd.ones(1)], 1, 1)\n", "x.py"
    ).text
    assert text.startswith("import torch\nfrom porting import d2lzh as gb\n")
    unknown = port("import d2lzh as d2l\nd2l.never_there(1)\n", "x.py")
    assert unknown.summary["unknown"] == 1


def test_modules_reached_through_the_helpers() -> None:
    source = (
        "import d2lzh.utils as d2l\nfrom d2lzh import nd, sgd, gloss, plt\n"
        "x = d2l.nd.ones((1, 2))\nloss = gloss.L2Loss()\nd2l.plt.show(x)\n"
        "y = d2l.np.zeros(3)\nz = d2l.np.exp(y).sum(axis=0)\nt = d2l.time.time()\n"
    )
    ported = port(source, "x.py")
    assert ported.text == (
        "import torch\nfrom porting import runtime\n"
        "from porting import d2lzh as d2l\nfrom porting.d2lzh import sgd, plt\n"
        "x = torch.ones((1, 2))\nloss = runtime.L2Loss()\nd2l.plt.show(x)\n"
        "y = d2l.np.zeros(3)\nz = d2l.np.exp(y).sum(axis=0)\nt = d2l.time.time()\n"
    )
    assert ported.summary["unknown"] == 0


@pytest.mark.parametrize("form", ["import d2lzh as d2l\nd2l.", "from d2lzh import {0}, sgd\n"])
@pytest.mark.parametrize("name", ["download_imdb", "load_data_pikachu", "download_voc_pascal"])
def test_a_missing_helper_is_a_stub_with_its_reason(form: str, name: str) -> None:
    ported = port(f"{form.format(name)}{name}(3, root='a')\n", "x.py")
    assert ported.summary["unknown"] == 1
    with pytest.raises(NotImplementedError, match=re.escape(HELPERS[name])):
        exec(ported.text, {})


def test_imports_beside_mxnet_stay() -> None:
    text = port("import os, mxnet as mx  # why\nimport sys\nx = mx.nd.ones(2)\n", "x.py").text
    assert text == "import torch\nimport os  # why\nimport sys\nx = torch.ones(2)\n"


def test_comments_of_what_goes_stay() -> None:
    source = "from mxnet import autograd, nd\nx = nd.ones(2)\n# wait here\nnd.waitall()  # all\nwith autograd.record():  # watched\n    # inside\n    y = x * 2\n    # last\nz = 1\n"
    text = port(source, "x.py").text
    assert (
        text
        == "import torch\nx = torch.ones(2)\n# wait here\n# all\n# watched\n# inside\ny = x * 2\n# last\nz = 1\n"
    )


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("x.txt", "", "does not end in .py"),
        ("x.ipynb", "{", "not a notebook"),
        ("x.ipynb", "[]", "not a notebook"),
        ("x.ipynb", "", "not a notebook"),
        ("x.ipynb", '{"worksheets": []}', "not a notebook of format 4"),
        ("x.py", "x = (1,\n", "line 1, column 5: not Python 3 .* was never closed"),
        ("x.py", "x = 1\0\n", "null bytes"),
        ("x.py", "y = 1\nprint 1\n", "'x.py', line 2, column 1: not Python 3"),
    ],
)
def test_bad_input_is_one_line(name: str, text: str, message: str) -> None:
    with pytest.raises(DocumentError, match=message) as raised:
        port(text, name)
    assert "\n" not in str(raised.value)


def test_cells_of_a_notebook_in_order() -> None:
    assert [cell.label for cell in read(json.dumps(NOTEBOOK), "x.ipynb").cells] == [
        "cell 2",
        "cell 3",
        "cell 4",
    ]
