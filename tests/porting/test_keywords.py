"""MXNet's own keyword names: a port without them, or a stub, never a call PyTorch refuses."""

from __future__ import annotations

import ast
import re

import numpy as np
import pytest

from porting.api_map import TABLE, Row
from porting.port import Ported, port
from porting.templates import parse_signature
from tests.porting.both_sides import HEADER, NUMPY_HEADER, numbers, run_torch

NUMPY = ("np.", "npx.")


def named(row: Row) -> str:
    """The example of a row with every argument under MXNet's name; nothing if it has none to name."""
    if not row.example or not row.name.startswith(("nd.", *NUMPY)):
        return ""
    call = ast.parse(row.example, mode="eval").body
    if not isinstance(call, ast.Call) or ast.unparse(call.func) != row.name:
        return ""
    parameters = parse_signature(row.signature)
    if any(p.variadic for p in parameters) or any(isinstance(a, ast.Starred) for a in call.args):
        return ""
    keywords = [
        ast.keyword(parameter.name, value)
        for parameter, value in zip(parameters, call.args, strict=False)
    ]
    if not keywords:
        return ""
    return ast.unparse(ast.Call(call.func, [], [*keywords, *call.keywords]))


CASES = {row.name: text for row in TABLE.values() if (text := named(row))}


def ported(expression: str, inputs: str, numpy: bool = False) -> Ported:
    module = "np" if numpy else "nd"
    arrays = "".join(f"{n} = {module}.ones({v.shape})\n" for n, v in numbers(inputs).items())
    header = NUMPY_HEADER if numpy else HEADER
    return port(f"{header}{arrays}out = {expression}\n", "keywords.py")


def stubbed(result: Ported) -> bool:
    return any(finding.status == "unknown" for finding in result.findings)


def written(result: Ported) -> str:
    last = ast.parse(result.text).body[-1]
    assert isinstance(last, ast.Assign)
    return ast.unparse(last.value)


def agree(first: str, second: str, inputs: str) -> None:
    values, expected = run_torch(first, inputs)[0], run_torch(second, inputs)[0]
    assert len(values) == len(expected)
    for value, other in zip(values, expected, strict=True):
        if isinstance(other, np.ndarray):
            assert value.dtype == other.dtype
            np.testing.assert_array_equal(value, other)
        else:
            assert value == other


@pytest.mark.parametrize("name", CASES)
def test_keywords_of_mxnet(name: str) -> None:
    row = TABLE[name]
    result = ported(CASES[name], row.inputs, name.startswith(NUMPY))
    if stubbed(result):
        return
    text = written(result)
    if re.search(r"rand|uniform|normal|Dropout|dropout|multinomial|gamma|exponential", text):
        run_torch(text, row.inputs)
        return
    agree(text, row.port, row.inputs)


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("nd.split(a, num_outputs=2, axis=1)", "torch.chunk(a, 2, dim=1)"),
        ("nd.split(data=a, num_outputs=2, axis=0)", "torch.chunk(a, 2, dim=0)"),
        ("nd.split(axis=0, num_outputs=2, data=a)", "torch.chunk(a, 2, dim=0)"),
        ("a.split(num_outputs=2, axis=1)", "a.chunk(2, dim=1)"),
        ("nd.clip(data=a, a_min=0, a_max=1)", "torch.clamp(a, min=0, max=1)"),
        ("a.clip(a_min=0, a_max=1)", "a.clamp(min=0, max=1)"),
        ("nd.swapaxes(data=a, dim1=0, dim2=1)", "torch.transpose(a, 0, 1)"),
        ("nd.swapaxes(a, dim2=1, dim1=0)", "torch.transpose(a, 0, 1)"),
        ("a.swapaxes(dim1=0, dim2=1)", "a.transpose(0, 1)"),
        ("nd.tile(data=a, reps=(2, 1))", "torch.tile(a, (2, 1))"),
        ("a.tile(reps=(2, 1))", "a.tile((2, 1))"),
        ("nd.array(source_array=[1, 2])", "torch.tensor([1, 2], dtype=torch.float32)"),
        ("nd.sum(data=a, axis=1)", "torch.sum(a, dim=1)"),
        ("nd.topk(data=a, k=2)", "torch.topk(a, dim=-1, k=2).indices.float()"),
        ("nd.topk(a, -1, 2)", "torch.topk(a, dim=-1, k=2).indices.float()"),
    ],
)
def test_keywords_are_written_by_position(expression: str, wanted: str) -> None:
    result = ported(expression, "a:2x4")
    assert not stubbed(result)
    assert written(result) == wanted
    run_torch(wanted, "a:2x4")


@pytest.mark.parametrize(
    "expression",
    ["nd.split(a, 2, squeeze_axis=True)", "nd.swapaxes(a, dim2=1)", "nd.power(base=a, exp=a)"],
)
def test_keywords_without_a_place_are_stubs(expression: str) -> None:
    assert stubbed(ported(expression, "a:2x4"))


def test_most_rows_are_asked() -> None:
    assert len(CASES) > 150
