"""Layout of statements that are made of several."""

from __future__ import annotations

from typing import Any

import libcst as cst

from porting.templates import code


def is_blank(line: cst.EmptyLine) -> bool:
    return line.comment is None


def trailing(statement: Any) -> list[cst.EmptyLine]:
    comment = statement.trailing_whitespace.comment
    return [cst.EmptyLine(comment=comment)] if comment is not None else []


def merge(first: Any, second: Any) -> Any:
    """net = nn.Sequential() and net.extend([...]) as one statement."""
    call = second.body[0].value
    value = call.args[0].value
    assign = first.body[0]
    if isinstance(value, cst.List) and call.func.attr.value == "extend":
        args = [
            cst.Arg(e.value, star="*" if isinstance(e, cst.StarredElement) else "", comma=e.comma)
            for e in value.elements
        ]
        before = value.lbracket.whitespace_after
    else:
        args, before = [cst.Arg(value)], cst.SimpleWhitespace("")
    multiline = any("\n" in code(a) for a in args)
    if multiline:
        args = [hanging(a, last=i == len(args) - 1) for i, a in enumerate(args)]
        before = newline(4)
    new = cst.Call(cst.parse_expression("nn.Sequential"), args, whitespace_before_args=before)
    lines = [*first.leading_lines, *trailing(first), *second.leading_lines]
    return first.with_changes(
        body=[assign.with_changes(value=new)],
        leading_lines=lines,
        trailing_whitespace=second.trailing_whitespace,
    )


def newline(indent: int, comment: cst.Comment | None = None) -> cst.ParenthesizedWhitespace:
    return cst.ParenthesizedWhitespace(
        first_line=cst.TrailingWhitespace(cst.SimpleWhitespace("  " if comment else ""), comment),
        indent=True,
        last_line=cst.SimpleWhitespace(" " * indent),
    )


def hanging(arg: cst.Arg, last: bool) -> cst.Arg:
    """One layer a line, comments kept."""
    comment = None
    if isinstance(arg.comma, cst.Comma) and isinstance(
        arg.comma.whitespace_after, cst.ParenthesizedWhitespace
    ):
        comment = arg.comma.whitespace_after.first_line.comment
    return arg.with_changes(
        comma=cst.Comma(whitespace_after=newline(0 if last else 4, comment)),
        whitespace_after_arg=cst.SimpleWhitespace(""),
    )
