"""The registry of rules, and what several of them need."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import libcst as cst

from porting.templates import (
    Bound,
    UnsupportedError,
    atom,
    code,
    fill,
)

if TYPE_CHECKING:
    from porting.rewrite import Rewriter

Rule = Callable[["Rewriter", cst.Call, Bound], cst.BaseExpression]
RULES: dict[str, Rule] = {}
REMOVED = cst.Name("__mx2torch_removed__")
ACTIVATIONS = {
    "relu": ("nn.ReLU()", "torch.relu"),
    "sigmoid": ("nn.Sigmoid()", "torch.sigmoid"),
    "tanh": ("nn.Tanh()", "torch.tanh"),
    "softrelu": ("nn.Softplus()", "F.softplus"),
    "softsign": ("nn.Softsign()", "F.softsign"),
}


def rule(function: Rule) -> Rule:
    RULES[function.__name__.strip("_")] = function
    return function


def parse(text: str) -> cst.BaseExpression:
    return cst.parse_expression(text)


def literal(bound: Bound, name: str) -> object:
    """The Python value of an argument written as a literal, else None."""
    import ast

    try:
        return ast.literal_eval(bound.text(name))
    except (ValueError, SyntaxError):
        return None


def suffixed(node: cst.BaseExpression, suffix: str) -> cst.BaseExpression:
    return parse(code(atom(node)) + suffix)


def plain(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    return fill(bound.row.torch, bound)


for _name in ("call", "attribute", "helper"):
    RULES[_name] = plain


def activation_name(bound: Bound, name: str) -> str:
    wanted = literal(bound, name)
    if wanted not in ACTIVATIONS:
        raise UnsupportedError(f"activation {bound.text(name)}")
    return str(wanted)
