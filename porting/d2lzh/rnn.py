"""Train a character RNN and let it write: written out, and with torch's own layers."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.lazy import LazyModuleMixin

from backends.errors import InputError
from porting.d2lzh.optimisation import grad_clipping, sgd
from porting.d2lzh.sequences import (
    data_iter_consecutive,
    data_iter_random,
    one_hot,
    to_onehot,
)
from porting.d2lzh.training import evaluating
from porting.runtime.initialisation import initialize

Device = torch.device | str
State = tuple[Tensor, ...]
Recurrence = Callable[[list[Tensor], Any, Any], tuple[list[Tensor], Any]]


class RNNModel(nn.Module):
    """One-hot ids → a recurrent layer of torch → a linear layer with an output per symbol.

    `rnn_layer` is an `nn.RNN`, `nn.GRU` or `nn.LSTM` with input_size = vocab_size, time first, or
    one of `porting.runtime`, which learns its input size. InputError for another input size.
    Gluon's `rnn.RNN` and `runtime.RNN` are ReLU by default and torch's is tanh.
    """

    def __init__(self, rnn_layer: nn.RNNBase, vocab_size: int) -> None:
        super().__init__()
        learns = isinstance(rnn_layer, LazyModuleMixin) and rnn_layer.has_uninitialized_params()
        if not learns and rnn_layer.input_size != vocab_size:
            raise InputError(
                f"rnn_layer has input_size {rnn_layer.input_size}: "
                f"give it vocab_size, which is {vocab_size}"
            )
        self.rnn = rnn_layer
        self.vocab_size = vocab_size
        self.num_directions = 2 if rnn_layer.bidirectional else 1
        self.dense = nn.Linear(rnn_layer.hidden_size * self.num_directions, vocab_size)

    def forward(self, inputs: Tensor, state: Any) -> tuple[Tensor, State]:
        """Ids (n, T) and a state → outputs (T n, vocab_size), time first, and the next state."""
        X = one_hot(inputs.T, self.vocab_size)
        # Gluon's state is a list; torch wants (h, c) for an LSTM and h alone for the others.
        alone = not isinstance(self.rnn, nn.LSTM) and not isinstance(state, Tensor)
        Y, state = self.rnn(X, state[0] if alone else state)
        output = self.dense(Y.reshape(-1, Y.shape[-1]))
        return output, (state,) if isinstance(state, Tensor) else state

    def begin_state(self, batch_size: int = 0, device: Device | None = None) -> State:
        """Zeros (layers · directions, batch_size, hidden): one tensor, two for an LSTM."""
        shape = (self.rnn.num_layers * self.num_directions, batch_size, self.rnn.hidden_size)
        count = 2 if isinstance(self.rnn, nn.LSTM) else 1
        return tuple(torch.zeros(shape, device=device) for _ in range(count))


def predict_rnn(
    prefix: str,
    num_chars: int,
    rnn: Recurrence,
    params: Sequence[Tensor],
    init_rnn_state: Callable[[int, int, Any], Any],
    num_hiddens: int,
    vocab_size: int,
    device: Device,
    idx_to_char: Sequence[str],
    char_to_idx: dict[str, int],
) -> str:
    """The prefix and the `num_chars` characters that a written-out RNN finds likeliest after it."""
    state = init_rnn_state(1, num_hiddens, device)
    output = [char_to_idx[prefix[0]]]
    with torch.no_grad():
        for t in range(num_chars + len(prefix) - 1):
            X = to_onehot(torch.tensor([output[-1]], device=device), vocab_size)
            Y, state = rnn(X, state, params)
            following = prefix[t + 1 : t + 2]
            output.append(char_to_idx[following] if following else int(Y[0].argmax(dim=1).item()))
    return "".join(idx_to_char[i] for i in output)


def predict_rnn_gluon(
    prefix: str,
    num_chars: int,
    model: RNNModel,
    vocab_size: int,
    device: Device,
    idx_to_char: Sequence[str],
    char_to_idx: dict[str, int],
) -> str:
    """The prefix and the `num_chars` characters that a model finds likeliest after it."""
    state = model.begin_state(batch_size=1, device=device)
    output = [char_to_idx[prefix[0]]]
    with evaluating(model):
        for t in range(num_chars + len(prefix) - 1):
            Y, state = model(torch.tensor([[output[-1]]], device=device), state)
            following = prefix[t + 1 : t + 2]
            output.append(char_to_idx[following] if following else int(Y.argmax(dim=1).item()))
    return "".join(idx_to_char[i] for i in output)


def train_and_predict_rnn(
    rnn: Recurrence,
    get_params: Callable[[], Sequence[Tensor]],
    init_rnn_state: Callable[[int, int, Any], Any],
    num_hiddens: int,
    vocab_size: int,
    device: Device,
    corpus_indices: Sequence[int],
    idx_to_char: Sequence[str],
    char_to_idx: dict[str, int],
    is_random_iter: bool,
    num_epochs: int,
    num_steps: int,
    lr: float,
    clipping_theta: float | None,
    batch_size: int,
    pred_period: int,
    pred_len: int,
    prefixes: Sequence[str],
) -> None:
    """Train a written-out RNN by `sgd`; print perplexity and texts every `pred_period` epochs.

    Consecutive batches carry the state on, detached; random ones start from a new state.
    """
    data_iter_fn = data_iter_random if is_random_iter else data_iter_consecutive
    params = get_params()
    for epoch in range(num_epochs):
        state: Any = None if is_random_iter else init_rnn_state(batch_size, num_hiddens, device)
        loss_sum, n, start = 0.0, 0, time.time()
        for X, Y in data_iter_fn(corpus_indices, batch_size, num_steps, device):
            if is_random_iter:
                state = init_rnn_state(batch_size, num_hiddens, device)
            else:
                state = tuple(s.detach() for s in state)
            outputs, state = rnn(to_onehot(X, vocab_size), state, params)
            y = Y.T.reshape(-1)
            loss = F.cross_entropy(torch.cat(outputs, dim=0), y.long())
            for param in params:
                param.grad = None
            loss.backward()
            grad_clipping(params, clipping_theta, device)
            sgd(params, lr, 1)
            loss_sum += loss.item() * y.numel()
            n += y.numel()
        if (epoch + 1) % pred_period == 0:
            _report(epoch, loss_sum / n, time.time() - start)
            for prefix in prefixes:
                print(
                    " -",
                    predict_rnn(
                        prefix,
                        pred_len,
                        rnn,
                        params,
                        init_rnn_state,
                        num_hiddens,
                        vocab_size,
                        device,
                        idx_to_char,
                        char_to_idx,
                    ),
                )


def train_and_predict_rnn_gluon(
    model: RNNModel,
    num_hiddens: int,
    vocab_size: int,
    device: Device,
    corpus_indices: Sequence[int],
    idx_to_char: Sequence[str],
    char_to_idx: dict[str, int],
    num_epochs: int,
    num_steps: int,
    lr: float,
    clipping_theta: float | None,
    batch_size: int,
    pred_period: int,
    pred_len: int,
    prefixes: Sequence[str],
) -> None:
    """Train a model from new weights by SGD on consecutive batches, whose state is carried on.

    Weights are drawn from N(0, 0.01²) and biases are zero. Perplexity and texts are printed every
    `pred_period` epochs.
    """
    model.to(device)
    initialize(model, lambda w: nn.init.normal_(w, std=0.01), force_reinit=True)
    trainer = torch.optim.SGD(model.parameters(), lr=lr)
    for epoch in range(num_epochs):
        loss_sum, n, start = 0.0, 0, time.time()
        state = model.begin_state(batch_size=batch_size, device=device)
        model.train()
        for X, Y in data_iter_consecutive(corpus_indices, batch_size, num_steps, device):
            output, state = model(X, tuple(s.detach() for s in state))
            y = Y.T.reshape(-1)
            loss = F.cross_entropy(output, y.long())
            trainer.zero_grad()
            loss.backward()
            grad_clipping(model.parameters(), clipping_theta, device)
            trainer.step()
            loss_sum += loss.item() * y.numel()
            n += y.numel()
        if (epoch + 1) % pred_period == 0:
            _report(epoch, loss_sum / n, time.time() - start)
            for prefix in prefixes:
                text = predict_rnn_gluon(
                    prefix, pred_len, model, vocab_size, device, idx_to_char, char_to_idx
                )
                print(" -", text)


def _report(epoch: int, mean_loss: float, seconds: float) -> None:
    perplexity = math.exp(mean_loss)
    print(f"epoch {epoch + 1}, perplexity {perplexity:f}, time {seconds:.2f} sec")
