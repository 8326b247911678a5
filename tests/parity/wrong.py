"""Deliberately wrong primitives, each of which the checks in this folder must catch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from backends.interface import Backend
from tests.parity import mistakes
from tests.parity import test_backends as basics
from tests.parity import test_dropout as dropout
from tests.parity import test_input_errors as errors
from tests.parity import test_optimisers as optimisers
from tests.parity import test_value_and_grad as gradients


@dataclass(frozen=True)
class Wrong:
    """override: (backend, right, *args) in place of the primitive; `right` is the original.

    caught_by: the test that must fail, or None where rows of cases.py must.
    """

    primitive: str
    id: str
    override: Callable[..., Any]
    caught_by: Callable[[Backend], None] | None = None

    def __str__(self) -> str:
        return f"{self.primitive}-{self.id}"

    def on(self, backend: Backend) -> Backend:
        """The same backend with this mistake."""
        base, override = type(backend), self.override
        right = getattr(base, self.primitive)

        def method(wrong: Backend, *args: Any, **kwargs: Any) -> Any:
            return override(wrong, partial(right, wrong), *args, **kwargs)

        wrong = type(f"Wrong{base.__name__}", (base,), {self.primitive: method})
        return wrong(backend.device, backend.dtype)


def allowing(primitive: str, wrong_id: int = 3) -> Callable[[Backend], None]:
    return partial(errors.test_id_out_of_range, primitive=primitive, wrong_id=wrong_id)


def zero(array: Any) -> Any:
    return array * 0


# fmt: off
WRONG = [
    # --- the framework ---
    Wrong("version", "made up", lambda k, right: "0.0", basics.test_version_is_the_installed_one),
    Wrong("devices", "unknown device", lambda k, right: ("cpu", "tpu"),
          basics.test_devices_begin_with_the_cpu),
    Wrong("num_threads", "zero", lambda k, right: 0,
          basics.test_num_threads_follows_the_environment),
    Wrong("synchronize", "returns something", lambda k, right: k,
          basics.test_synchronize_waits_and_returns_nothing),
    Wrong("seed", "ignored", lambda k, right, seed: None, dropout.test_seed),
    Wrong("seed", "always the same", lambda k, right, seed: right(0), dropout.test_seed),
    # --- arrays ---
    Wrong("from_numpy", "half precision",
          lambda k, right, a: right(a.astype("float16") if a.dtype.kind == "f" else a)),
    Wrong("from_numpy", "ids as floats", lambda k, right, a: right(a * 1.0)),
    Wrong("to_numpy", "transposed", lambda k, right, a: right(a).T),
    Wrong("to_numpy", "one precision for all", lambda k, right, a: right(a).astype("float64")),
    Wrong("parameters", "zeros", lambda k, right, w: {n: k.zeros(a.shape) for n, a in w.items()}),
    Wrong("parameters", "one is left out", lambda k, right, w: right({"W": w["W"]})),
    Wrong("detach", "does not cut", lambda k, right, state: state),
    Wrong("detach", "other values", lambda k, right, state: tuple(a * 0 for a in right(state))),
    Wrong("zeros", "ones", lambda k, right, shape: right(shape) + 1),
    Wrong("one_hot", "next id", lambda k, right, i, size: right((i + 1) % size, size)),
    Wrong("one_hot", "ids wrap",
          lambda k, right, i, size: right(i % size, size), allowing("one_hot")),
    Wrong("concat", "last first", lambda k, right, arrays, axis: right(arrays[::-1], axis)),
    Wrong("take_rows", "from the end", lambda k, right, x, i: right(x, x.shape[0] - 1 - i)),
    Wrong("take_rows", "gradient is cut", lambda k, right, x, i: right(k.detach((x,))[0], i)),
    Wrong("take_rows", "ids wrap", lambda k, right, x, i: right(x, i % x.shape[0]),
          allowing("take_rows", -1)),
    Wrong("reshape", "column by column", lambda k, right, x, shape: right(x.T, shape)),
    Wrong("argmax", "last among equals", mistakes.last_argmax),
    Wrong("argmax", "smallest", lambda k, right, x, axis: right(-x, axis)),
    Wrong("sum", "mean", lambda k, right, x: k.mean(x)),
    Wrong("mean", "sum", lambda k, right, x: k.sum(x)),
    # --- model ---
    Wrong("linear", "no bias", lambda k, right, x, W, b=None: right(x, W)),
    Wrong("linear", "bias twice",
          lambda k, right, x, W, b=None: right(x, W, None if b is None else b * 2)),
    Wrong("relu", "leaky", lambda k, right, x: right(x) + x / 100),
    Wrong("relu", "cut off at 6", lambda k, right, x: right(x) - right(x - 6)),
    Wrong("relu", "gradient 1 at 0", lambda k, right, x: x * (x >= 0)),
    Wrong("tanh", "relu", lambda k, right, x: k.relu(x)),
    Wrong("tanh", "of twice x", lambda k, right, x: right(2 * x)),
    Wrong("sigmoid", "tanh", lambda k, right, x: k.tanh(x)),
    Wrong("sigmoid", "gradient overflows", lambda k, right, x: 1 / (1 + (-x).exp())),
    Wrong("dropout", "no 1 / (1 − p)", lambda k, right, x, p, m: right(x, p, m) * (1 - p)),
    Wrong("dropout", "1 / p", lambda k, right, x, p, m: m * x / p if 0 < p < 1 else right(x, p, m)),
    Wrong("dropout", "x / 0 at p = 1",
          lambda k, right, x, p, m: m * x / 0.0 if p == 1 else right(x, p, m)),
    Wrong("dropout", "mask at p = 0",
          lambda k, right, x, p, m: m * x if p == 0 else right(x, p, m)),
    Wrong("dropout", "any p", lambda k, right, x, p, m: right(x, min(p, 1), m),
          partial(errors.test_dropout_probability, primitive="dropout", p=1.1)),
    Wrong("random_dropout", "keeps all at p = 1", lambda k, right, x, p: right(x, p % 1)),
    Wrong("random_dropout", "no 1 / (1 − p)", lambda k, right, x, p: right(x, p) * (1 - p),
          partial(dropout.test_random_dropout, p=0.5)),
    Wrong("random_dropout", "keeps p", lambda k, right, x, p: right(x, 1 - p),
          partial(dropout.test_random_dropout, p=0.2)),
    Wrong("random_dropout", "drops 2% too few",
          lambda k, right, x, p: right(x, p - 0.02) * ((1.02 - p) / (1 - p)),
          partial(dropout.test_random_dropout, p=0.5)),
    Wrong("random_dropout", "same mask", lambda k, right, x, p: (k.seed(0), right(x, p))[1],
          dropout.test_masks_differ_from_call_to_call),
    Wrong("rnn_step", "W_hh transposed", mistakes.with_params(W_hh=lambda W: W.T)),
    Wrong("rnn_step", "no bias", mistakes.with_params(b_h=zero)),
    Wrong("rnn_step", "stale state",
          lambda k, right, x, state, *args: right(x, (state[0] * 0,), *args)),
    Wrong("rnn_step", "relu for tanh", mistakes.with_activation("relu")),
    Wrong("rnn_step", "tanh for relu", mistakes.with_activation("tanh")),
    Wrong("rnn_step", "ids wrap",
          lambda k, right, x, *args: right(x % 3, *args), allowing("rnn_step")),
    Wrong("rnn", "one step too few", lambda k, right, x, *args: right(x[:-1], *args)),
    Wrong("rnn", "stale state", mistakes.stale_state),
    Wrong("rnn", "W_hh transposed", mistakes.with_params(W_hh=lambda W: W.T)),
    Wrong("rnn", "no bias", mistakes.with_params(b_h=zero)),
    Wrong("rnn", "relu for tanh", mistakes.with_activation("relu")),
    Wrong("rnn", "initial state returned",
          lambda k, right, x, h, *args: (right(x, h, *args)[0], h)),
    Wrong("rnn", "gradient of the state is cut",
          lambda k, right, x, h, *args: right(x, k.detach(h), *args)),
    Wrong("rnn", "ids wrap", lambda k, right, x, *args: right(x % 3, *args), allowing("rnn", -1)),
    *(wrong for primitive in ("gru_step", "gru") for wrong in (
        Wrong(primitive, "gates swapped", mistakes.swapped_gates("r", "z")),
        Wrong(primitive, "update gate inverted", mistakes.negated("W_xz", "W_hz", "b_z")),
        Wrong(primitive, "never resets", mistakes.open_gate("r")),
        Wrong(primitive, "resets after by default", mistakes.with_reset("after")),
        Wrong(primitive, "resets before always", mistakes.with_reset("before")),
        Wrong(primitive, "no bias of the gates", mistakes.with_params(b_r=zero, b_z=zero)),
        Wrong(primitive, "no bias", mistakes.with_params(b_h=zero)),
        Wrong(primitive, "no second bias", lambda k, right, x, state, params, *args: right(
            x, state, {n: p for n, p in params.items() if n != "b_hh"}, *args)),
        Wrong(primitive, "W_hh transposed", mistakes.with_params(W_hh=lambda W: W.T)),
    )),
    Wrong("gru_step", "ids wrap",
          lambda k, right, x, *args: right(x % 3, *args), allowing("gru_step")),
    Wrong("gru", "ids wrap", lambda k, right, x, *args: right(x % 3, *args), allowing("gru", -1)),
    *(wrong for primitive in ("lstm_step", "lstm") for wrong in (
        Wrong(primitive, "input and forget gate swapped", mistakes.swapped_gates("i", "f")),
        Wrong(primitive, "candidate and output gate swapped", mistakes.swapped_gates("c", "o")),
        Wrong(primitive, "forget gate inverted", mistakes.negated("W_xf", "W_hf", "b_f")),
        Wrong(primitive, "never forgets", mistakes.open_gate("f")),
        Wrong(primitive, "no output gate", mistakes.open_gate("o")),
        Wrong(primitive, "no bias of the candidate", mistakes.with_params(b_c=zero)),
        Wrong(primitive, "no bias of the forget gate", mistakes.with_params(b_f=zero)),
        Wrong(primitive, "stale cell state", lambda k, right, x, state, params: right(
            x, (state[0], state[1] * 0), params)),
        Wrong(primitive, "stale hidden state", lambda k, right, x, state, params: right(
            x, (state[0] * 0, state[1]), params)),
        Wrong(primitive, "gradient of the cell state is cut",
              lambda k, right, x, state, params: right(
                  x, (state[0], k.detach(state[1:])[0]), params)),
    )),
    Wrong("lstm_step", "cell state first",
          lambda k, right, *args: right(*args)[::-1]),
    Wrong("lstm_step", "ids wrap",
          lambda k, right, x, *args: right(x % 3, *args), allowing("lstm_step")),
    Wrong("lstm", "ids wrap",
          lambda k, right, x, *args: right(x % 3, *args), allowing("lstm", -1)),
    *(wrong for primitive in ("gru", "lstm") for wrong in (
        Wrong(primitive, "stale state", mistakes.stale_state),
        Wrong(primitive, "one step too few", lambda k, right, x, *args: right(x[:-1], *args)),
        Wrong(primitive, "initial state returned",
              lambda k, right, x, state, *args: (right(x, state, *args)[0], state)),
        Wrong(primitive, "gradient of the state is cut",
              lambda k, right, x, state, *args: right(x, k.detach(state), *args)),
    )),
    Wrong("rnn_output", "sample by sample",
          lambda k, right, x, params: right(x.swapaxes(0, 1), params)),
    Wrong("rnn_output", "no bias", mistakes.with_params(b_q=zero)),
    # --- losses ---
    Wrong("squared_loss", "no half", lambda k, right, x, y: right(x, y) * 2),
    Wrong("squared_loss", "mean over outputs", lambda k, right, x, y: right(x, y) / x.shape[-1]),
    Wrong("squared_loss", "any shapes",
          lambda k, right, x, y: right(k.reshape(x, (-1,)), k.reshape(y, (-1,))),
          partial(errors.test_squared_loss_of_different_shapes, shapes=((3, 1), (3,)))),
    Wrong("softmax_cross_entropy", "divided by the batch",
          lambda k, right, x, y: right(x, y) / len(y)),
    Wrong("softmax_cross_entropy", "overflows", mistakes.overflowing_cross_entropy,
          basics.test_a_huge_logit_gives_a_finite_loss_and_gradient),
    Wrong("softmax_cross_entropy", "labels wrap", lambda k, right, x, y: right(x, y % 3),
          allowing("softmax_cross_entropy")),
    Wrong("l2_penalty", "no half", lambda k, right, W: right(W) * 2),
    Wrong("perplexity", "base 2", lambda k, right, losses: 2 ** k.mean(losses)),
    Wrong("perplexity", "of the sum", lambda k, right, losses: right(losses * losses.shape[0])),
    # --- optimisation ---
    Wrong("value_and_grad", "half", mistakes.with_gradients(lambda k, grad, before: grad / 2)),
    Wrong("value_and_grad", "gradients add up", mistakes.with_gradients(mistakes.add_up),
          gradients.test_gradients_do_not_accumulate),
    Wrong("value_and_grad", "gradients of a network add up",
          mistakes.with_gradients(mistakes.add_up),
          gradients.test_gradients_of_a_network_do_not_accumulate),
    Wrong("value_and_grad", "stale where unused",
          mistakes.with_gradients(mistakes.keep_where_unused),
          gradients.test_a_parameter_the_loss_does_not_depend_on_has_gradient_zero),
    Wrong("value_and_grad", "stale where a layer is unused",
          mistakes.with_gradients(mistakes.keep_where_unused),
          gradients.test_a_layer_the_loss_does_not_depend_on_has_gradient_zero),
    Wrong("clip_gradients", "< for >",
          mistakes.clip_by(lambda n, most: most / n if n < most else 1)),
    Wrong("clip_gradients", "always", mistakes.clip_by(lambda n, most: most / n if n else 1)),
    Wrong("clip_gradients", "never", mistakes.clip_by(lambda n, most: 1)),
    Wrong("clip_gradients", "torch's epsilon", mistakes.clip_with(1e-6)),
    Wrong("clip_gradients", "Gluon's epsilon", mistakes.clip_with(1e-8)),
    Wrong("clip_gradients", "spreads NaN", mistakes.clip_with(0.0),
          partial(optimisers.test_clipping_leaves_gradients_with_nan_alone, max_norm=1.0)),
    Wrong("clip_gradients", "each alone", mistakes.clip_each_alone),
    Wrong("clip_gradients", "norm after clipping", mistakes.norm_after_clipping),
    Wrong("clip_gradients", "any threshold",
          lambda k, right, g, most: right(g, most if most and most > 0 else None),
          partial(errors.test_clip_norm, max_norm=-1.5)),
    Wrong("sgd", "decays biases", mistakes.decay_biases),
    Wrong("sgd", "no 1 / |B|", lambda k, right, w, g, lr, n=1, wd=0.0: right(w, g, lr, 1, wd)),
    Wrong("sgd", "decay not divided by |B|",
          lambda k, right, w, g, lr, n=1, wd=0.0: right(w, g, lr, n, wd * n)),
    Wrong("sgd", "no decay", lambda k, right, w, g, lr, n=1, wd=0.0: right(w, g, lr, n)),
    Wrong("sgd", "uphill", lambda k, right, w, g, lr, *args: right(w, g, -lr, *args)),
    # --- layers ---
    Wrong("dense_layer", "with an activation",
          lambda k, right, *args: mistakes.after(k, right(*args), k.relu)),
    Wrong("dropout_layer", "drops in evaluation",
          lambda k, right, p: mistakes.after(k, right(0), lambda x: k.random_dropout(x, p))),
    Wrong("dropout_layer", "never drops", lambda k, right, p: right(0),
          partial(dropout.test_layer_drops_in_training, p=0.5)),
    Wrong("dropout_layer", "NaN at p = 1",
          lambda k, right, p: mistakes.after(k, right(p), lambda x: x / (1 - p)),
          partial(dropout.test_layer_that_drops_nothing_or_everything, p=1, value=0)),
    Wrong("rnn_layer", "ReLU by default", lambda k, right, d, h, phi: right(d, h, "relu")),
    Wrong("rnn_layer", "tanh by default", lambda k, right, d, h, phi: right(d, h, "tanh")),
    Wrong("rnn_layer", "first state returned", lambda k, right, *args: mistakes.after(
        k, right(*args), lambda result: (result[0], (result[0][0],)))),
    Wrong("gru_layer", "gates misnamed", mistakes.misnamed_gates("r", "z")),
    Wrong("gru_layer", "first state returned", lambda k, right, *args: mistakes.after(
        k, right(*args), lambda result: (result[0], (result[0][0],)))),
    Wrong("lstm_layer", "input and forget gate misnamed", mistakes.misnamed_gates("i", "f")),
    Wrong("lstm_layer", "gates in the book's order", mistakes.misnamed_gates("c", "o")),
    Wrong("lstm_layer", "cell state first", lambda k, right, *args: mistakes.after(
        k, right(*args), lambda result: (result[0], result[1][::-1]))),
    Wrong("network", "loaded without transposing",
          mistakes.with_method(load=mistakes.untransposed)),
    Wrong("network", "a missing bias is kept",
          mistakes.with_method(load=mistakes.keeps_missing_bias)),
    Wrong("network", "read as stored",
          mistakes.with_method(read=lambda net, right: {n: a.T for n, a in right().items()})),
    Wrong("network", "gradients read as stored", mistakes.with_method(
        read_gradients=lambda net, right, g: {n: a.T for n, a in right(g).items()})),
    Wrong("trainer", "no 1 / |B|", mistakes.without_rescaling),
    Wrong("trainer", "decays biases", mistakes.with_decays(lambda weight, bias: (weight, weight))),
    Wrong("trainer", "no bias decay", mistakes.with_decays(lambda weight, bias: (weight, 0.0))),
    Wrong("trainer", "decay divided by |B|",
          mistakes.with_decays(lambda weight, bias: (weight / 4, bias / 4))),
]
# fmt: on
