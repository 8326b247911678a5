"""The parts of a program that are compared: its top-level statements, or its cells."""

from __future__ import annotations

import ast
import difflib
from dataclasses import dataclass, field
from pathlib import Path

from porting import documents
from porting.documents import DocumentError
from porting.port import OTHER_FRAMEWORK


@dataclass
class Part:
    """A statement of a file, or a cell of a notebook or of Markdown."""

    number: int
    line: int
    title: str
    statements: list[ast.stmt] = field(default_factory=list)
    error: str = ""

    @property
    def signature(self) -> str:
        """What a port keeps of it: the names it binds and calls."""
        return "; ".join(_signature(statement) for statement in self.statements)

    @property
    def defines(self) -> list[str]:
        """The functions and classes, if it does nothing but define them."""
        if all(isinstance(s, _DEFINITIONS) for s in self.statements):
            return [s.name for s in self.statements if isinstance(s, _DEFINITIONS)]
        return []


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_IMPORTS = (ast.Import, ast.ImportFrom)


def parts(path: Path) -> list[Part]:
    """The parts of a document. Raises DocumentError for a file that is none, or not Python."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DocumentError(f"{path}: {error.strerror}; give a file that can be read") from None
    except UnicodeDecodeError as error:
        raise DocumentError(f"{path}: not UTF-8 at byte {error.start}; convert it first") from None
    document = documents.read(text, path.name)
    found: list[Part] = []
    for cell in document.cells:
        if OTHER_FRAMEWORK.match(cell.source.lstrip()):
            continue
        try:
            body = ast.parse(documents.hold_magics(cell.source)).body
        except SyntaxError as error:
            if document.kind == "python":
                raise DocumentError(
                    f"{path}: line {error.lineno}: {error.msg}; fix the syntax first"
                ) from None
            found.append(Part(len(found), cell.line, cell.label, [], f"not Python: {error.msg}"))
            continue
        if document.kind == "python":
            for statement in body:
                title = _title(cell.source, statement)
                found.append(Part(len(found), statement.lineno, title, [statement]))
        elif body:
            for statement in body:
                ast.increment_lineno(statement, cell.line - 1)
            found.append(Part(len(found), cell.line, cell.label, body))
    return found


def is_import(part: Part) -> bool:
    """Whether it only brings in modules, or is a docstring."""
    return not part.error and all(
        isinstance(s, _IMPORTS) or (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))
        for s in part.statements
    )


@dataclass
class Group:
    """Parts of the original and the parts of the port that stand for them, often one of each."""

    original: list[Part]
    port: list[Part]

    @property
    def bound(self) -> set[str]:
        """The names that its statements bind, at top level or below."""
        return {
            name
            for part in self.original + self.port
            for statement in part.statements
            for name in _stores(statement)
        }


def aligned(original: list[Part], port: list[Part]) -> list[Group]:
    """All parts but imports, in groups that bind the same names.

    Cells of a document stand for each other by their number. Statements are matched by what they
    bind and call; what only one program has belongs to the group before it.
    """
    left = [part for part in original if not is_import(part)]
    right = [part for part in port if not is_import(part)]
    cells = all(part.title.startswith(("cell", "block")) for part in left + right)
    if cells and len(left) == len(right):
        return [Group([a], [b]) for a, b in zip(left, right, strict=True)]
    matcher = difflib.SequenceMatcher(
        None, [p.signature for p in left], [p.signature for p in right], autojunk=False
    )
    groups: list[Group] = []
    for tag, start, stop, other_start, other_stop in matcher.get_opcodes():
        ours, theirs = left[start:stop], right[other_start:other_stop]
        if tag == "equal" or len(ours) == len(theirs):
            groups += [Group([a], [b]) for a, b in zip(ours, theirs, strict=True)]
        elif (ours and theirs) or not groups:
            groups.append(Group(ours, theirs))
        else:
            groups[-1].original += ours
            groups[-1].port += theirs
    return groups


def _title(source: str, statement: ast.stmt) -> str:
    first = (ast.get_source_segment(source, statement) or "").split("\n")[0]
    return first if len(first) <= 60 else first[:59] + "…"


def _signature(statement: ast.stmt) -> str:
    if isinstance(statement, _DEFINITIONS):
        return f"def {statement.name}"
    if isinstance(statement, ast.Expr):
        called = statement.value.func if isinstance(statement.value, ast.Call) else None
        method = f"{called.attr} " if isinstance(called, ast.Attribute) else ""
        return method + _called(statement.value)
    if isinstance(statement, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        return " = ".join(_stored(target) for target in targets)
    if isinstance(statement, ast.With) and len(statement.body) == 1:
        return _signature(statement.body[0])  # `with autograd.record():` has no counterpart
    return type(statement).__name__ + " " + " ".join(sorted(_stores(statement)))


def _stored(target: ast.expr) -> str:
    if isinstance(target, (ast.Tuple, ast.List)):
        return ", ".join(_stored(item) for item in target.elts)
    if isinstance(target, ast.Name):
        return target.id
    return _called(target)


def _called(expression: ast.expr) -> str:
    """The first name in an expression: what it is about, whichever framework computes it."""
    names = [node.id for node in ast.walk(expression) if isinstance(node, ast.Name)]
    own = [name for name in names if name not in FRAMEWORK_NAMES]
    return f"of {' '.join(sorted(set(own)))}"


# Not what a statement is about.
FRAMEWORK_NAMES = frozenset(
    (
        *("mx", "nd", "np", "npx", "autograd", "gluon", "init", "gloss", "gdata", "torch", "nn"),
        *("F", "optim", "data", "math", "runtime", "print", "len", "list", "float", "int"),
    )
)


def _stores(statement: ast.stmt) -> set[str]:
    return {
        node.id
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
