"""Recurrent cells as Gluon has them: one step at a time, states in lists, an input size learnt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from porting.runtime import recurrent


class _Cell:
    """One step of the layer it is mixed into; arrays are (batch, size)."""

    hidden_size: int

    def __init__(self, hidden_size: int, *options: Any, input_size: int = 0):
        super().__init__(hidden_size, 1, *options, input_size=input_size)  # type: ignore[call-arg]

    def begin_state(self, batch_size: int = 0, **place: Any) -> list[Tensor]:
        """Zeros of shape (batch, hidden): one array, two for an LSTM."""
        states = super().begin_state(batch_size, **place)  # type: ignore[misc]
        return [state.squeeze(0) for state in states]

    def forward(self, inputs: Tensor, states: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        held = [state.unsqueeze(0) for state in states]
        output, last = super().forward(inputs.unsqueeze(0), held)  # type: ignore[misc]
        return output.squeeze(0), [state.squeeze(0) for state in last]

    def unroll(
        self,
        length: int,
        inputs: Tensor | Sequence[Tensor],
        begin_state: Sequence[Tensor] | None = None,
        layout: str = "NTC",
        merge_outputs: bool = False,
    ) -> tuple[Any, list[Tensor]]:
        """The outputs of `length` steps, in a list or merged in `layout`, and the last states."""
        axis = layout.index("T")
        steps = inputs.unbind(axis) if isinstance(inputs, Tensor) else inputs
        states = begin_state or self.begin_state(len(steps[0]), device=steps[0].device)
        outputs = []
        for step in steps[:length]:
            output, states = self.forward(step, states)
            outputs.append(output)
        return (torch.stack(outputs, axis) if merge_outputs else outputs), list(states)


class RNNCell(_Cell, recurrent.RNN):  # type: ignore[misc]
    """`gluon.rnn.RNNCell`: tanh unless told otherwise."""

    def __init__(self, hidden_size: int, nonlinearity: str = "tanh", input_size: int = 0):
        super().__init__(hidden_size, nonlinearity, input_size=input_size)


class LSTMCell(_Cell, recurrent.LSTM):  # type: ignore[misc]
    """`gluon.rnn.LSTMCell`."""


class GRUCell(_Cell, recurrent.GRU):  # type: ignore[misc]
    """`gluon.rnn.GRUCell`."""
