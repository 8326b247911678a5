"""Tolerances that somebody wrote down by hand, found in the source of a test."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from math import frexp

# Where the tolerances stand, if they are given by position; without any, these take those of
# their library, which somebody chose as well.
POSITIONS = {
    "approx": (1, 2),
    "allclose": (2, 3),
    "isclose": (2, 3),
    "assert_allclose": (2, 3),
    "assert_close": (2, 3),
    "assert_almost_equal": (2,),
    "assert_array_almost_equal": (2,),
    "assert_array_almost_equal_nulp": (2,),
    "assert_array_max_ulp": (2,),
    "assert_approx_equal": (2,),
}
KEYWORDS = {
    *("rtol", "atol", "rel", "abs", "rel_tol", "abs_tol", "tol", "tolerance"),
    *("decimal", "significant", "nulp", "maxulp"),
}
OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
TABLE = {"agree", "TOLERANCE"}  # of backends.agreement
RATES = {"FALSE_ALARM", "FALSE_ALARM_RATE"}
SMALL = 0.1
INSTEAD = (
    "compare exactly, with a bound of BoundedBackend, a measured width (tests/rounding.py) "
    "or a standard error (tests/statistics.py)"
)


def literal_tolerances(source: str) -> Iterator[tuple[int, str]]:
    """The line of each hand-set tolerance, and what it is."""
    tree = ast.parse(source)
    constants = _constants(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _of_call(node, constants)
        elif isinstance(node, ast.Compare):
            yield from _of_comparison(node, constants)
        elif isinstance(node, ast.FunctionDef):
            yield from _of_defaults(node, constants)
        elif isinstance(node, ast.ImportFrom) and node.module == "backends.agreement":
            for name in TABLE & {alias.name for alias in node.names}:
                yield node.lineno, f"{name} of a table of tolerances"


def _constants(tree: ast.Module) -> dict[str, float]:
    """Names that stand for one number, but for a stated rate of false alarms."""
    found: dict[str, float] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and (number := _number(node.value, {})) is not None:
            found.update(
                {
                    t.id: number
                    for t in node.targets
                    if isinstance(t, ast.Name) and t.id not in RATES
                }
            )
    return found


def _number(node: ast.AST, constants: Mapping[str, float]) -> float | None:
    """The number that an expression of literals comes to."""
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return float(node.value)
    if isinstance(node, ast.Name):
        return constants.get(node.id)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        number = _number(node.operand, constants)
        return None if number is None else -number
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        left, right = _number(node.left, constants), _number(node.right, constants)
        if left is not None and right is not None:
            try:
                return float(OPERATORS[type(node.op)](left, right))
            except (ArithmeticError, TypeError):
                return None
    return None


def _hand_set(node: ast.AST, constants: Mapping[str, float]) -> bool:
    """A number that is not 0, or something times a small one."""
    number = _number(node, constants)
    return _has_small(node, constants) if number is None else number != 0


def _has_small(node: ast.AST, constants: Mapping[str, float]) -> bool:
    """A number between 0 and SMALL in it; a power of two is a rounding unit."""
    numbers = [
        _number(part, constants)
        for part in ast.walk(node)
        if not (isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mult))
    ]
    return any(
        number is not None and 0 < number < SMALL and frexp(number)[0] != 0.5 for number in numbers
    )


def _name(function: ast.AST) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _of_call(node: ast.Call, constants: Mapping[str, float]) -> Iterator[tuple[int, str]]:
    name = _name(node.func)
    given = [node.args[place] for place in POSITIONS.get(name, ()) if place < len(node.args)]
    keywords = [k for k in node.keywords if k.arg in KEYWORDS]
    for keyword in keywords:
        if _hand_set(keyword.value, constants):
            yield node.lineno, f"{keyword.arg}={ast.unparse(keyword.value)}"
    if name in POSITIONS:
        for argument in given:
            if _hand_set(argument, constants):
                yield node.lineno, f"{name}(… {ast.unparse(argument)})"
        if not given and not keywords:
            yield node.lineno, f"{name} with the tolerances of its library"


def _of_comparison(node: ast.Compare, constants: Mapping[str, float]) -> Iterator[tuple[int, str]]:
    """A difference below something with a small number in it."""
    sides = [node.left, *node.comparators]
    for (left, right), sign in zip(pairwise(sides), node.ops, strict=True):
        small, large = (left, right) if isinstance(sign, ast.Lt | ast.LtE) else (right, left)
        if not isinstance(sign, ast.Lt | ast.LtE | ast.Gt | ast.GtE):
            continue
        if _is_difference(small) and _has_small(large, constants):
            yield node.lineno, ast.unparse(node)
            return


def _is_difference(node: ast.AST) -> bool:
    return any(
        (isinstance(part, ast.Call) and _name(part.func) in ("abs", "absolute", "fabs", "norm"))
        or (isinstance(part, ast.BinOp) and isinstance(part.op, ast.Sub))
        for part in ast.walk(node)
    )


def _of_defaults(
    node: ast.FunctionDef, constants: Mapping[str, float]
) -> Iterator[tuple[int, str]]:
    arguments = [*node.args.posonlyargs, *node.args.args]
    pairs = [*zip(reversed(arguments), reversed(node.args.defaults), strict=False)]
    pairs += [*zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)]
    for argument, default in pairs:
        if argument.arg in KEYWORDS and default is not None and _hand_set(default, constants):
            yield node.lineno, f"{argument.arg} = {ast.unparse(default)}"
