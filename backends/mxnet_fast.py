"""MXNet as fast as it goes: `MxnetBackend` with other formulations of the same numbers.

Three facts are behind them, measured on one core:

- MXNet's own kernels are slow and MKL-DNN's are not: tanh of 1120 × 256 numbers takes 6.0 ms by
  nd.tanh and 0.4 by nd.Activation, 35 products of 32 × 512 by 512 × 512 take 18 ms by nd.dot and 9
  by nd.FullyConnected, which computes X Wᵀ.
- A sum along the rows of 1120 × 1027 takes 16.6 ms by nd.sum and 1.1 as a product with ones.
- Every operation costs some 30 µs of Python, whatever its size.

What has no elements ends the process in most of these operations and is left to `MxnetBackend`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from backends.errors import check_choice, check_max_norm
from backends.mxnet_backend import ACTIVATIONS, MxnetBackend, checked_ids, nd, recurrent
from backends.mxnet_cross_entropy import CrossEntropy
from backends.mxnet_layers import GRU, LSTM, RNN
from backends.mxnet_recurrence import gru_cell, joined, lstm_cell, product, rnn_states
from backends.mxnet_replay import graph_of, key_of
from backends.replay import replaying

# Below this many multiplications or elements of a result, the operations' Python is what takes
# time; a definition has less of it than a fast path.
FEW = 2**14

# As in torch_fast: without it a tenth of a step of the concise RNN on lyrics goes there.
nd.empty(31 * 2**20, dtype="uint8")


@dataclass(frozen=True)
class FastMxnetBackend(MxnetBackend):
    def from_numpy(self, array):
        array = np.asarray(array)
        if array.dtype.kind in "iu" or not array.size:
            return super().from_numpy(array)
        # nd.array assigns to a slice: 0.20 ms for 200 numbers where this takes 0.03.
        placed = nd.empty(array.shape, **self._float)
        placed._sync_copyfrom(array)
        return placed

    def linear(self, inputs, weight, bias=None):
        if inputs.ndim < 2 or inputs.size * weight.shape[1] < FEW:
            return super().linear(inputs, weight, bias)
        return product(inputs, weight.T, bias)

    def _add_bias(self, rows, bias):
        if rows.size < FEW:
            return super()._add_bias(rows, bias)
        # The gradient of broadcast_add is a slow sum, that of a product with ones another product.
        ones = nd.ones((rows.size // bias.size, 1), **self._float)
        return rows + nd.dot(ones, bias.reshape((1, -1))).reshape(rows.shape)

    def tanh(self, x):
        return nd.Activation(x, act_type="tanh") if x.size else super().tanh(x)

    def rnn(self, inputs, state, params, activation="tanh"):
        check_choice("activation", activation, ACTIVATIONS)
        if not inputs.size or not state[0].size:
            return super().rnn(inputs, state, params, activation)
        weight = params["W_xh"]
        is_dense = inputs.ndim > 2
        rows = self.linear(inputs, weight) if is_dense else self.take_rows(weight, inputs)
        hiddens = rnn_states(rows, state[0], params["W_hh"], params["b_h"], activation)
        return hiddens, (hiddens[-1],)

    def gru(self, inputs, state, params, reset="before"):
        check_choice("reset", reset, ("before", "after"))
        if not inputs.size or not state[0].size:
            return super().gru(inputs, state, params, reset)
        return self._unroll_cell(gru_cell(params, reset), inputs, state, params, "rzh")

    def lstm(self, inputs, state, params):
        if not inputs.size or not state[0].size:
            return super().lstm(inputs, state, params)
        return self._unroll_cell(lstm_cell(params), inputs, state, params, "ifco")

    def _unroll_cell(self, cell, inputs, state, params, gates):
        # X W_x + b of all steps and gates at once.
        weight, bias = joined(params, "W_x", gates), joined(params, "b_", gates)
        if inputs.ndim > 2:
            rows = self.linear(inputs, weight, bias)
        else:
            rows = self._add_bias(self.take_rows(weight, inputs), bias)
        steps, hiddens = nd.split(rows, len(inputs), axis=0, squeeze_axis=True), []
        for x in steps if len(inputs) > 1 else [steps]:  # a split into one is no list
            state = cell(x, *state)
            hiddens.append(state[0])
        return nd.stack(*hiddens, axis=0), state

    def softmax_cross_entropy(self, logits, labels):
        if logits.size < FEW:
            return super().softmax_cross_entropy(logits, labels)
        return CrossEntropy(checked_ids(labels, logits.shape[1]))(logits)

    def value_and_grad(self, objective, has_aux=False):
        gradient = super().value_and_grad(objective, has_aux)
        if has_aux:
            return gradient
        return replaying(gradient, partial(graph_of, objective), key_of)

    def clip_gradients(self, grads, max_norm):
        check_max_norm(max_norm)
        norm = nd.add_n(*[self._sum_of_squares(grad) for grad in grads.values()]).sqrt()
        if max_norm is not None and norm.asscalar() > max_norm:
            # A product with a number takes half as long as one with an array of one element.
            scale = (max_norm / norm).asscalar()
            for grad in grads.values():
                grad *= scale
        return grads, norm

    def _sum_of_squares(self, array):
        squares = nd.square(array)
        if array.ndim > 1 and array.size:
            squares = nd.dot(squares, nd.ones(array.shape[-1:], **self._float))
        return self.sum(squares)

    def rnn_layer(self, num_inputs, num_hiddens, activation):
        check_choice("activation", activation, ACTIVATIONS)
        layer = RNN(num_hiddens, 1, activation, input_size=num_inputs, dtype=self.dtype)
        return recurrent(layer, "rnn")

    def gru_layer(self, num_inputs, num_hiddens):
        return recurrent(GRU(num_hiddens, input_size=num_inputs, dtype=self.dtype), "gru")

    def lstm_layer(self, num_inputs, num_hiddens):
        return recurrent(LSTM(num_hiddens, input_size=num_inputs, dtype=self.dtype), "lstm")
