"""Every proven row: the tool writes the port that the row shows, and both sides agree."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from porting.api_map import NOTES, TABLE
from porting.port import port
from porting.rules import RULES
from tests import rounding
from tests.porting import noise
from tests.porting.both_sides import HEADER, NUMPY_HEADER, numbers, run_mxnet, run_torch

SHOWN = [row for row in TABLE.values() if row.example]
NUMPY = ("np.", "npx.", "ndarray.")


@pytest.mark.parametrize("row", SHOWN, ids=lambda row: row.name)
def test_row(row) -> None:
    numpy = row.name.startswith(NUMPY)
    module = "np" if numpy else "nd"
    arrays = "".join(
        f"{name} = {module}.ones({values.shape})\n" for name, values in numbers(row.inputs).items()
    )
    header = NUMPY_HEADER if numpy else HEADER
    ported = port(f"{header}{arrays}out = {row.example}\n", "row.py")
    assert ported.text.splitlines()[-1] == f"out = {row.port}"
    expected, expected_grads = run_mxnet(row.example, row.inputs, numpy)
    values, grads = run_torch(row.port, row.inputs)
    assert len(values) == len(expected)
    for position, (value, other) in enumerate(zip(values, expected, strict=True)):
        if not isinstance(other, np.ndarray):
            continue
        if numpy:
            assert np.shape(value) == other.shape
            assert np.asarray(value).dtype.kind == other.dtype.kind
        # MXNet gives (1,) where PyTorch gives (): the note reduction-shape.
        same = np.shape(value) == other.shape or (other.shape == (1,) and np.shape(value) == ())
        assert same, f"shape {np.shape(value)}, MXNet {other.shape}"
        values[position] = np.reshape(value, other.shape)

    again = noise.again(lambda: run_mxnet(row.example, row.inputs, numpy))
    rounding.assert_same((values, grads), (expected, expected_grads), again)


@pytest.mark.parametrize("row", TABLE.values(), ids=lambda row: row.name)
def test_row_is_complete(row) -> None:
    assert row.rule in RULES
    assert row.notes
    assert all(note in NOTES for note in row.notes)
    if row.shown_by:
        file, _, function = row.shown_by.partition("::")
        file = file.removesuffix(".py").replace("/", ".")
        module = importlib.import_module(f"tests.porting.{file}")
        assert callable(getattr(module, function.partition("[")[0]))


def test_a_wrong_row_is_seen() -> None:
    expected, _ = run_mxnet("nd.concat(a, b)", "a:2x3 b:2x3")
    values, _ = run_torch("torch.cat((a, b))", "a:2x3 b:2x3")
    assert np.shape(values[0]) != expected[0].shape


def test_notes_are_in_both_languages() -> None:
    for english, chinese in NOTES.values():
        assert english.isascii() or "²" in english
        assert any("一" <= c <= "鿿" for c in chinese)
