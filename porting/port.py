"""Port one document: text in, text and findings out."""

from __future__ import annotations

import re
from dataclasses import dataclass

import libcst as cst

from porting import documents
from porting.findings import Finding
from porting.imports import finish
from porting.rewrite import State, rewrite

OTHER_FRAMEWORK = re.compile(r"#@tab (?!.*\b(mxnet|all)\b)")


@dataclass
class Ported:
    """A ported document: the two texts and what was changed where."""

    name: str
    original: str
    text: str
    findings: list[Finding]
    labels: list[str]

    @property
    def summary(self) -> dict[str, int]:
        """How many names are proven, known without a proof, and unknown."""
        names: dict[str, set[str]] = {"proven": set(), "known": set(), "unknown": set()}
        for finding in self.findings:
            if finding.status in names:
                names[finding.status].add(finding.name)
        names["known"] -= names["unknown"]
        names["proven"] -= names["unknown"]
        return {status: len(found) for status, found in names.items()}


def port(text: str, name: str) -> Ported:
    """Port a document; cells share their names, unchanged cells keep their bytes."""
    if text.startswith(documents.BYTE_ORDER_MARK):
        ported = port(text[1:], name)
        ported.original, ported.text = text, documents.BYTE_ORDER_MARK + ported.text
        return ported
    document = documents.read(text, name)
    state = State()
    state.changes_rate = any("set_learning_rate" in cell.source for cell in document.cells)
    state.read("\n".join(cell.source for cell in document.cells))
    trees: list[cst.Module | None] = []
    for number, cell in enumerate(document.cells):
        trees.append(_tree(state, document, number, cell))
    finished = finish(trees, state)
    sources = []
    for cell, tree in zip(document.cells, finished, strict=True):
        if tree is None:
            sources.append(cell.source)
            continue
        new = (
            tree.code
            if document.kind != "notebook"
            else tree.code.removesuffix("\n" if not cell.source.endswith("\n") else "")
        )
        if cell.source.endswith("\r") and not new.endswith("\r"):
            new += "\r"  # libcst loses a lone one at the end
        sources.append(documents.release_magics(new))
    for finding in state.findings:
        finding.line += document.cells[finding.cell].line - 1
    labels = [cell.label for cell in document.cells]
    findings = sorted(state.findings, key=lambda f: (f.cell, f.line))
    return Ported(name, text, document.replaced(sources), findings, labels)


def _tree(
    state: State, document: documents.Document, number: int, cell: documents.Cell
) -> cst.Module | None:
    if OTHER_FRAMEWORK.match(cell.source.lstrip()):
        return None
    held = cell.source if document.kind == "python" else documents.hold_magics(cell.source)
    try:
        tree, _ = rewrite(held, state, number, interactive=document.kind != "python")
    except cst.ParserSyntaxError as error:
        if document.kind == "python":
            line, column, reason = documents.syntax_error(held, error)
            raise documents.DocumentError(
                f"{document.name!r}, line {line}, column {column}: not Python 3 ({reason}): "
                "fix the syntax first"
            ) from None
        state.findings.append(
            Finding(number, 1, "syntax", cell.source.split("\n")[0], "", "syntax", ("syntax",),
                    "unknown", "", f"not Python: {error.message}")
        )  # fmt: skip
        return None
    return None if tree.code == held else tree
