"""Replace MXNet's imports, once a whole document says what it needs."""

from __future__ import annotations

import re
from typing import Any

import libcst as cst
from libcst.helpers import get_full_name_for_node

from porting.names import HELPERS, ROOTS, SECOND_EDITION
from porting.not_ported import HELPERS as MISSING
from porting.rewrite import IMPORT, State
from porting.templates import code

LINES = {
    "math": "import math",
    "re": "import re",
    "torch": "import torch",
    "torchvision": "import torchvision",
    "nn": "from torch import nn",
    "F": "from torch.nn import functional as F",
    "data": "from torch.utils import {data}",
    "runtime": "from porting import runtime",
}


def _root(node: cst.BaseExpression | None) -> str:
    return (get_full_name_for_node(node) or "").split(".")[0] if node is not None else ""


def _kept(small: cst.BaseSmallStatement) -> list[str]:
    """What stays of one import: the book's helpers, and modules imported beside MXNet."""
    if isinstance(small, cst.Import):
        lines = []
        for alias in small.names:
            name = get_full_name_for_node(alias.name) or ""
            local = alias.evaluated_alias
            if name in ("d2l", SECOND_EDITION):
                lines.append(f"from d2l import torch as {local or 'd2l'}")
            elif name.removesuffix(".utils") in HELPERS:
                local = local or name.removesuffix(".utils")
                lines.append(
                    "from porting import d2lzh" + (f" as {local}" if local != "d2lzh" else "")
                )
            elif name.split(".")[0] not in ROOTS:
                lines.append("import " + code(alias.with_changes(comma=cst.MaybeSentinel.DEFAULT)))
        return lines
    if isinstance(small, cst.ImportFrom) and _root(small.module) == "d2l":
        return [re.sub(r"\bmxnet\b", "torch", code(small)).strip()]
    if isinstance(small, cst.ImportFrom) and _root(small.module) in HELPERS:
        return _kept_helpers(small)
    if isinstance(small, cst.ImportFrom) and _root(small.module) in ROOTS:
        return []
    return [code(small).strip()]


def _kept_helpers(small: cst.ImportFrom) -> list[str]:
    """`from d2lzh import sgd`, without what has no port and without MXNet's modules."""
    if not isinstance(small.names, cst.ImportStar):
        kept = [a for a in small.names if get_full_name_for_node(a.name) not in (*MISSING, "utils")]
        if not kept:
            return []
        last = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        if len(kept) < len(small.names):
            small = small.with_changes(names=[*kept[:-1], last])
    return [code(small.with_changes(module=cst.parse_expression("porting.d2lzh"))).strip()]


class _Imports(cst.CSTTransformer):
    def __init__(self, state: State, needed: list[str]):
        self.state, self.needed = state, needed
        self.depth = 0
        self.carried: list[cst.EmptyLine] = []

    def visit_IndentedBlock(self, node: cst.IndentedBlock) -> bool:
        self.depth += 1
        return True

    def leave_IndentedBlock(
        self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock
    ) -> Any:
        self.depth -= 1
        return updated_node

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> Any:
        match = re.fullmatch(
            rf"{IMPORT}(\d+)",
            code(
                original_node.with_changes(
                    leading_lines=[], trailing_whitespace=cst.TrailingWhitespace()
                )
            ).strip(),
        )
        if not match:
            if self.carried:
                lines = [*self.carried, *updated_node.leading_lines]
                self.carried = []
                return updated_node.with_changes(leading_lines=lines)
            return updated_node
        kept = [line for small in self.state.import_lines[int(match[1])] for line in _kept(small)]
        if self.depth:
            kept = kept or ["import torch"]
        else:
            kept = [*self.needed, *kept]
            self.needed = []
        if not kept:
            self.carried += updated_node.leading_lines
            return cst.RemoveFromParent()
        made = [
            cst.ensure_type(cst.parse_statement(line + "\n"), cst.SimpleStatementLine)
            for line in dict.fromkeys(kept)
        ]
        made[0] = made[0].with_changes(leading_lines=[*self.carried, *updated_node.leading_lines])
        self.carried = []
        made[-1] = made[-1].with_changes(trailing_whitespace=updated_node.trailing_whitespace)
        return cst.FlattenSentinel(made)


def finish(trees: list[cst.Module | None], state: State) -> list[cst.Module | None]:
    """The first MXNet import of the document becomes all imports; later ones go."""
    alias = state.data_alias
    data = "data" if alias == "data" else f"data as {alias}"
    needed = [LINES[name].format(data=data) for name in LINES if name in state.imports]
    done: list[cst.Module | None] = []
    for tree in trees:
        if tree is None:
            done.append(None)
            continue
        transformer = _Imports(state, needed)
        new = tree.visit(transformer)
        needed = transformer.needed
        if transformer.carried:
            new = new.with_changes(footer=[*transformer.carried, *new.footer])
        done.append(new)
    return done
