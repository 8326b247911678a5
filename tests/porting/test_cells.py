"""Recurrent cells, step by step and unrolled."""

from __future__ import annotations

import pytest

from tests.porting.chapters import assert_same


@pytest.mark.parametrize("cell", ["RNNCell(3)", "LSTMCell(3)", "GRUCell(3)", "RNNCell(3, 'relu')"])
def test_cell(cell: str) -> None:
    body = f"""
cell = rnn.{cell}
cell.initialize(init.Constant(0.2))
x = nd.array(features)
states = cell.begin_state(batch_size=6)
first, states = cell(x, states)
second, states = cell(x * 2, states)
last = states[-1]
steps = nd.array(features).reshape((2, 3, 4))
outputs, ends = cell.unroll(3, steps, layout='NTC', merge_outputs=True)
listed, _ = cell.unroll(2, steps, cell.begin_state(batch_size=3), layout='TNC')
end, step = ends[0], listed[1]
"""
    assert_same(body, "first", "second", "last", "outputs", "end", "step")
