"""Arrays that one recorded block leaves to the next: each record() of MXNet starts a new graph."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst
import libcst.matchers as m

from porting.templates import code

RECORD = m.With(
    items=[m.WithItem(m.Call(func=m.Attribute(attr=m.Name("record")) | m.Name("record")))]
)
BACKWARD = m.Call(func=m.Attribute(attr=m.Name("backward")))


def carried(module: cst.Module) -> dict[cst.With, list[str]]:
    """For each recorded block in a loop, the names it reads from its last run and writes anew."""
    found: dict[cst.With, list[str]] = {}
    for loop in m.findall(module, m.For() | m.While()):
        assert isinstance(loop, (cst.For, cst.While))
        statements = _statements(loop)
        for position, block in enumerate(statements):
            if not m.matches(block, RECORD) or not m.findall(loop, BACKWARD):
                continue
            assert isinstance(block, cst.With)
            before = {n for s in statements[:position] for n in _assigned(s)}
            names = [n for n in _read_then_written(block) if n not in before]
            found[block] = [n for n in names if not _detached(n, loop)]
    return found


def _statements(node: cst.CSTNode) -> Sequence[cst.CSTNode]:
    block = getattr(node, "body", None)
    return block.body if isinstance(block, cst.IndentedBlock) else []


def _assigned(node: cst.CSTNode) -> list[str]:
    """Names a statement binds, in the order of the text."""
    targets: list[cst.CSTNode] = list(m.findall(node, m.AssignTarget()))
    if isinstance(node, cst.For):
        targets.append(node.target)
    return [
        name.value
        for target in targets
        if not m.findall(target, m.Subscript() | m.Attribute())
        for name in m.findall(target, m.Name())
        if isinstance(name, cst.Name)
    ]


def _read_then_written(block: cst.With) -> list[str]:
    written: set[str] = set()
    read: dict[str, None] = {}
    for statement in _statements(block):
        now = _assigned(statement)
        values: list[cst.CSTNode] = [
            assign.value
            for assign in m.findall(statement, m.Assign())
            if isinstance(assign, cst.Assign)
        ]
        values = values or [statement]
        for value in values:
            for name in m.findall(value, m.Name()):
                if isinstance(name, cst.Name) and name.value not in written:
                    read[name.value] = None
        written |= set(now)
    return [name for name in read if name in written]


def _detached(name: str, loop: cst.CSTNode) -> bool:
    """Whether the loop detaches the name itself, or its parts one by one."""
    for call in m.findall(loop, m.Call()):
        assert isinstance(call, cst.Call)
        text = code(call)
        if text == f"{name}.detach()" or (
            "detach" in code(call.func) and any(code(arg.value) == name for arg in call.args)
        ):
            return True
    return any(
        isinstance(inner, cst.For) and code(inner.iter) == name and ".detach()" in code(inner.body)
        for inner in m.findall(loop, m.For())
    )
