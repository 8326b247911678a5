"""Gluon's recurrent layers."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.lazy import LazyModuleMixin


class _GluonRecurrent(LazyModuleMixin):
    """Lists of states, `begin_state`, and an input size learnt at the first call."""

    cls_to_become = None
    mode: str
    hidden_size: int
    num_layers: int
    bidirectional: bool

    def __init__(self, hidden_size: int, num_layers: int = 1, input_size: int = 0, **options: Any):
        super().__init__(input_size or 1, hidden_size, num_layers, **options)  # type: ignore[misc]
        if not input_size:
            for name in self._input_weights():
                setattr(self, name, nn.UninitializedParameter())

    def _input_weights(self) -> list[str]:
        return ["weight_ih_l0"] + ["weight_ih_l0_reverse"] * self.bidirectional

    def initialize_parameters(self, input: Tensor, *_: Any) -> None:
        """Give the input weights their shape, (gates · hidden, input)."""
        if self.has_uninitialized_params():  # type: ignore[misc]
            gates = {"LSTM": 4, "GRU": 3}.get(self.mode, 1)
            self.input_size = input.shape[-1]
            for name in self._input_weights():
                getattr(self, name).materialize((gates * self.hidden_size, self.input_size))

    def begin_state(self, batch_size: int = 0, device: Any = None, ctx: Any = None) -> list[Tensor]:
        """Zeros of shape (layers · directions, batch, hidden): one array, two for an LSTM."""
        layers = self.num_layers * (2 if self.bidirectional else 1)
        shape = (layers, batch_size, self.hidden_size)
        return [
            torch.zeros(shape, device=device or ctx) for _ in range(2 if self.mode == "LSTM" else 1)
        ]

    def forward(self, inputs: Tensor, states: Any = None) -> Any:
        self.input_size = self.weight_ih_l0.shape[1]  # type: ignore[attr-defined]  # also if loaded
        if states is None:
            return super().forward(inputs)[0]  # type: ignore[misc]
        states = [states] if isinstance(states, Tensor) else list(states)
        states = [state.to(inputs.device) for state in states]
        packed = tuple(states) if self.mode == "LSTM" else states[0]
        output, last = super().forward(inputs, packed)  # type: ignore[misc]
        return output, (list(last) if isinstance(last, tuple) else [last])


class RNN(_GluonRecurrent, nn.RNN):  # type: ignore[misc]
    """`gluon.rnn.RNN`: ReLU unless told otherwise."""

    def __init__(
        self, hidden_size: int, num_layers: int = 1, nonlinearity: str = "relu", **options: Any
    ):
        super().__init__(hidden_size, num_layers, nonlinearity=nonlinearity, **options)


class LSTM(_GluonRecurrent, nn.LSTM):  # type: ignore[misc]
    """`gluon.rnn.LSTM`: gates i, f, g, o in both frameworks."""


class GRU(_GluonRecurrent, nn.GRU):  # type: ignore[misc]
    """`gluon.rnn.GRU`: gates r, z, n, reset after the product, in both frameworks."""
