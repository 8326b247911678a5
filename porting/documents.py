"""Python files, notebooks and Markdown as cells of code; everything else keeps its bytes."""

from __future__ import annotations

import ast
import json
import re
import warnings
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

import libcst as cst

from backends.errors import InputError

FENCE = re.compile(
    r"^(?P<indent>[ \t]*)(?P<mark>`{3,}|~{3,})[ \t]*(?P<info>[^\r\n`]*)\r?\n", re.MULTILINE
)
PYTHON_INFO = re.compile(r"^(\{\s*\.(python|py)\b.*\}|(python3?|py|\{python\}|ipython3?)\b.*)$")
MAGIC = re.compile(
    r"^(?P<indent>[ \t]*)(?P<text>%%?[A-Za-z].*|![^=].*|\?\S.*|[\w.]+\?{1,2}[ \t]*)$"
)
HELD = "#mx2torch-held:"
BYTE_ORDER_MARK = "\ufeff"
SUFFIXES = (".py", ".ipynb", ".md", ".markdown")


class DocumentError(InputError):
    """The file cannot be read as what its name says; the message is one line."""


@dataclass
class Cell:
    """One piece of code: where it stands, its source, and the line it starts at."""

    start: int
    end: int
    source: str
    line: int
    label: str = ""
    indent: str = ""
    skip: bool = False


@dataclass
class Document:
    """The text of a file and its cells, which share their names."""

    text: str
    cells: list[Cell]
    kind: str
    name: str = ""

    def replaced(self, sources: list[str]) -> str:
        """The text with new cells; cells that did not change keep their bytes."""
        parts: list[str] = []
        position = 0
        for cell, source in zip(self.cells, sources, strict=True):
            parts.append(self.text[position : cell.start])
            old = self.text[cell.start : cell.end]
            parts.append(old if source == cell.source else self._encoded(cell, source, old))
            position = cell.end
        parts.append(self.text[position:])
        return "".join(parts)

    def _encoded(self, cell: Cell, source: str, old: str) -> str:
        if self.kind == "notebook":
            return _json_source(source, old)
        if cell.indent:
            lines = source.splitlines(keepends=True)
            return "".join(cell.indent + line if line.strip() else line for line in lines)
        return source


def read(text: str, name: str) -> Document:
    """Cells of a file, by the ending of its name."""
    if name.endswith(".py"):
        return Document(text, [Cell(0, len(text), text, 1)], "python", name)
    if name.endswith(".ipynb"):
        return _notebook(text, name)
    if name.endswith((".md", ".markdown")):
        return _markdown(text)
    raise DocumentError(
        f"{name!r} does not end in {', '.join(SUFFIXES)}: rename the file or extract its code"
    )


def syntax_error(source: str, error: cst.ParserSyntaxError) -> tuple[int, int, str]:
    """Line and column, from 1, and the reason, by Python itself if it sees one too."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as invalid escapes
            ast.parse(source)
    except SyntaxError as found:
        return found.lineno or 1, found.offset or 1, found.msg
    except ValueError as found:  # a null byte
        return error.editor_line, error.editor_column, str(found)
    return error.editor_line, error.editor_column, "a syntax that this Python knows and libcst not"


def _markdown(text: str) -> Document:
    cells: list[Cell] = []
    position = 0
    while match := FENCE.search(text, position):
        close = re.compile(
            rf"^[ \t]*{re.escape(match['mark'])}{match['mark'][0]}*[ \t]*\r?$", re.MULTILINE
        )
        end = close.search(text, match.end())
        stop = end.start() if end else len(text)
        position = end.end() if end else len(text)
        if PYTHON_INFO.match(match["info"].strip()):
            body, indent = text[match.end() : stop], match["indent"]
            if indent:
                body = "".join(line.removeprefix(indent) for line in body.splitlines(keepends=True))
            line = text.count("\n", 0, match.end()) + 1
            cells.append(Cell(match.end(), stop, body, line, f"block {len(cells) + 1}", indent))
    return Document(text, cells, "markdown")


# ---- notebooks: where each source stands in the JSON text ----


def _space(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\r\n":
        position += 1
    return position


def _spans(
    text: str, position: int, path: tuple[Any, ...], found: dict[tuple[Any, ...], tuple[int, int]]
) -> int:
    """Record the span of every value under ("cells", n, ...); return where the value ends."""
    position = _space(text, position)
    start = position
    if text[position] in "{[":
        is_object = text[position] == "{"
        position = _space(text, position + 1)
        number = 0
        while text[position] not in "}]":
            key: Any = number
            if is_object:
                key, position = scanstring(text, position + 1, True)
                position = _space(text, position) + 1
            position = _space(text, _spans(text, position, (*path, key), found))
            number += 1
            if text[position] == ",":
                position = _space(text, position + 1)
        position += 1
    else:
        _, position = json.JSONDecoder().raw_decode(text, position)
    if len(path) <= 3:
        found[path] = (start, position)
    return position


def _notebook(text: str, name: str) -> Document:
    try:
        data = json.loads(text)
        cells = data["cells"]
    except (ValueError, KeyError, TypeError) as error:
        raise DocumentError(
            f"{name!r} is not a notebook of format 4 ({error}): open and save it in Jupyter"
        ) from None
    spans: dict[tuple[Any, ...], tuple[int, int]] = {}
    _spans(text, 0, (), spans)
    found = []
    for number, cell in enumerate(cells):
        try:
            if cell["cell_type"] != "code":
                continue
            source = cell["source"]
            joined = source if isinstance(source, str) else "".join(source)
        except (KeyError, TypeError) as error:
            raise DocumentError(
                f"{name!r}: cell {number + 1} is none of format 4 ({error}): "
                "open and save it in Jupyter"
            ) from None
        start, end = spans[("cells", number, "source")]
        found.append(Cell(start, end, joined, 1, f"cell {number + 1}"))
    return Document(text, found, "notebook")


def _json_source(source: str, old: str) -> str:
    """The source in the layout of the JSON value it replaces."""
    ascii_only = old.isascii() and "\\u" in old
    if not old.startswith("["):
        return json.dumps(source, ensure_ascii=ascii_only)
    lines = source.splitlines(keepends=True)
    if not lines:
        return "[]"
    dumped = [json.dumps(line, ensure_ascii=ascii_only) for line in lines]
    match = re.match(r"\[(\s*)", old)
    inner = match[1] if match else ""
    tail = re.search(r"(\s*)\]$", old)
    outer = tail[1] if tail else ""
    if "\n" not in inner:
        return "[" + ", ".join(dumped) + "]"
    return "[" + inner + ("," + inner).join(dumped) + outer + "]"


# ---- lines that only IPython reads ----


def hold_magics(source: str) -> str:
    """Lines for IPython, as comments; a continuation line that starts with % is Python."""
    if source.lstrip().startswith("%%"):
        first = source.lstrip().partition("\n")[0]
        if first.split()[0] not in ("%%time", "%%timeit", "%%capture"):
            return "\n".join(HELD + line for line in source.split("\n"))
    lines = source.split("\n")
    held: list[str] = []
    for number, line in enumerate(lines):
        match = MAGIC.match(line)
        if match and _at_statement("\n".join(held[:number])):
            indent = match["indent"]
            held.append(f"{indent}{'pass  ' if indent else ''}{HELD}{match['text']}")
        else:
            held.append(line)
    return "\n".join(held)


def release_magics(source: str) -> str:
    """The inverse of hold_magics."""
    return re.sub(rf"(?m)^([ \t]*)(?:pass  )?{HELD}", r"\1", source)


def _at_statement(before: str) -> bool:
    """Whether a new statement can start after this text."""
    import io
    import tokenize

    if before.endswith("\\"):
        return False
    depth = 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(before + "\n").readline):
            if token.type == tokenize.OP:
                depth += (token.string in "([{") - (token.string in ")]}")
    except tokenize.TokenError:
        return False
    except IndentationError:
        return True
    return depth == 0
