"""PyTorch, where it can be faster than the definitions step by step.

The definitions cost torch time in two ways: many small operations, each with a node of its own in
the graph, and products made T times where one would do.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import torch

from backends.errors import check_choice
from backends.replay import replaying
from backends.torch_backend import ACTIVATIONS, TorchBackend, checked_ids
from backends.torch_functions import CrossEntropy, Recurrence
from backends.torch_gated import GruRecurrence, LstmRecurrence
from backends.torch_replay import key_of, record

# Below so many logits torch's own loss takes less time than a function with a backward of its own.
FEW = 2**14

# glibc keeps freed memory up to twice the largest block that it has seen freed (of 32 MB at most).
# Until it has seen one, a step takes its matrices from the system again, page by page: about a
# tenth of a step of the RNN on lyrics or of the perceptron with dropout. Once a process: another
# such block would lie among what is kept.
torch.empty(31 * 2**20, dtype=torch.uint8)


@dataclass(frozen=True)
class FastTorchBackend(TorchBackend):
    def linear(self, inputs, weight, bias=None):
        # The bias is added within the product: a pass over 1,120 × 1,027 logits is saved.
        if bias is not None and inputs.ndim == 2:
            return torch.addmm(bias, inputs, weight)
        return super().linear(inputs, weight, bias)

    def rnn(self, inputs, state, params, activation="tanh"):
        check_choice("activation", activation, ACTIVATIONS)
        projected = self._project_all("h", inputs, params)
        if not len(projected):
            return projected, state
        hiddens = Recurrence.apply(projected, *state, params["W_hh"], activation)
        return hiddens, (hiddens[-1],)

    def gru(self, inputs, state, params, reset="before"):
        if reset != "before" or not len(inputs):
            return super().gru(inputs, state, params, reset)
        projected, w_gates = self._project_all("rzh", inputs, params), joined(params, "W_h", "rz")
        hiddens = GruRecurrence.apply(projected, *state, w_gates, params["W_hh"])
        return hiddens, (hiddens[-1],)

    def lstm(self, inputs, state, params):
        if not len(inputs):
            return super().lstm(inputs, state, params)
        projected, w_h = self._project_all("ifoc", inputs, params), joined(params, "W_h", "ifoc")
        hiddens, c = LstmRecurrence.apply(projected, *state, w_h)
        return hiddens, (hiddens[-1], c)

    def _project_all(self, gates, inputs, params):
        """X W_x· + b_· of all steps and gates in one product, or one gather of rows."""
        weight, bias = joined(params, "W_x", gates), joined(params, "b_", gates)
        if inputs.ndim < 3:
            return self.take_rows(weight, inputs) + bias
        return self.linear(inputs, weight, bias)

    def softmax_cross_entropy(self, logits, labels):
        if logits.numel() < FEW:
            return super().softmax_cross_entropy(logits, labels)
        return CrossEntropy.apply(logits, checked_ids(labels, logits.shape[1]))

    def value_and_grad(self, objective, has_aux=False):
        gradient = super().value_and_grad(objective, has_aux)
        return gradient if has_aux else replaying(gradient, partial(record, gradient), key_of)


def joined(params, kind, gates):
    """The parameters of all gates side by side, so that one product serves them all."""
    own = [params[kind + gate] for gate in gates]
    return torch.cat(own, dim=-1) if len(own) > 1 else own[0]
