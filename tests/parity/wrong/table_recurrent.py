"""Recurrences: one step, a sequence, and the output of every step."""

from tests.parity.wrong.cells import (
    backwards,
    between_steps,
    cut,
    gru,
    gru_cell,
    hard,
    lstm,
    lstm_cell,
    negated,
    one_state_late,
    open_gate,
    rnn_cell,
    shifted,
    stale_state,
    swapped_gates,
    transposed,
    twice,
    with_activation,
    with_each_param,
    with_params,
    with_reset,
    with_state,
    zero,
)
from tests.parity.wrong.row import Wrong
from tests.parity.wrong.values import bits, moved, overwrite, steeper


def ids_wrap(k, right, x, *args):
    return right(x % 3, *args)


def one_step_too_few(k, right, x, *args):
    return right(x[:-1], *args)


def initial_state_returned(k, right, x, state, *args):
    return right(x, state, *args)[0], state


def changes_the_state(k, right, x, state, *args):
    result = right(x, state, *args)
    new = result[1] if isinstance(result[-1], tuple) else result
    overwrite(k, state[0], new[0])
    return result


def of_the_state(function):
    return lambda k, t, state: tuple(function(k, array) for array in state)


def scaled(factor):
    return lambda k, array: steeper(k, array, factor)


# fmt: off
RNN = [wrong for primitive in ("rnn_step", "rnn") for wrong in (
    Wrong(primitive, "W_hh transposed", with_params(W_hh=transposed)),
    Wrong(primitive, "no bias", with_params(b_h=zero)),
    Wrong(primitive, "bias twice", with_params(b_h=twice)),
    Wrong(primitive, "initial state ignored", with_state(0, zero)),
    Wrong(primitive, "relu for tanh", with_activation("relu")),
    Wrong(primitive, "tanh for relu", with_activation("tanh")),
    Wrong(primitive, "activation before the bias",
          rnn_cell(lambda k, s, h, b: k.tanh(s - b) + b)),
    Wrong(primitive, "state added", rnn_cell(lambda k, s, h, b: k.tanh(s) + h)),
    Wrong(primitive, "leaky state", rnn_cell(lambda k, s, h, b: k.tanh(s) * 0.9 + h * 0.1)),
    Wrong(primitive, "gradient of W_hh is cut", with_params(W_hh=cut)),
    Wrong(primitive, "gradient of W_hh is 1e-4 too large", with_params(W_hh=scaled(1 + 1e-4))),
    Wrong(primitive, "gradient of the bias is halved", with_params(b_h=scaled(0.5))),
    Wrong(primitive, "ids wrap", ids_wrap),
    Wrong(primitive, "changes the state", changes_the_state),
)]

GRU = [wrong for primitive in ("gru_step", "gru") for wrong in (
    Wrong(primitive, "gates swapped", swapped_gates("r", "z")),
    Wrong(primitive, "reset gate and candidate swapped", swapped_gates("r", "h")),
    Wrong(primitive, "update gate inverted", negated("W_xz", "W_hz", "b_z")),
    Wrong(primitive, "reset gate inverted", negated("W_xr", "W_hr", "b_r")),
    Wrong(primitive, "never resets", open_gate("r")),
    Wrong(primitive, "resets after by default", with_reset("after")),
    Wrong(primitive, "resets before always", with_reset("before")),
    Wrong(primitive, "no bias of the gates", with_params(b_r=zero, b_z=zero)),
    Wrong(primitive, "no bias", with_params(b_h=zero)),
    Wrong(primitive, "biases twice", with_each_param("b_", twice)),
    Wrong(primitive, "no second bias", lambda k, right, x, state, params, *args: right(
        x, state, {n: p for n, p in params.items() if n != "b_hh"}, *args)),
    Wrong(primitive, "W_hh transposed", with_params(W_hh=transposed)),
    Wrong(primitive, "W_hr transposed", with_params(W_hr=transposed)),
    Wrong(primitive, "W_hz transposed", with_params(W_hz=transposed)),
    Wrong(primitive, "initial state ignored", with_state(0, zero)),
    Wrong(primitive, "one gate for both", gru_cell(
        lambda k, r, z, x, h, W: gru(k, z, z, x, h, W))),
    Wrong(primitive, "hard gates", gru_cell(
        lambda k, r, z, x, h, W: gru(k, r, z, x, h, W, hard))),
    Wrong(primitive, "relu candidate", gru_cell(
        lambda k, r, z, x, h, W: k.sigmoid(z) * h + (1 - k.sigmoid(z)) * k.relu(
            x + k.linear(k.sigmoid(r) * h, W)))),
    Wrong(primitive, "candidate added whole", gru_cell(
        lambda k, r, z, x, h, W: k.sigmoid(z) * h + k.tanh(x + k.linear(k.sigmoid(r) * h, W)))),
    Wrong(primitive, "old state left out", gru_cell(
        lambda k, r, z, x, h, W: gru(k, r, z, x, h, W) - k.sigmoid(z) * h)),
    Wrong(primitive, "resets the inputs too", gru_cell(
        lambda k, r, z, x, h, W: gru(k, r, z, k.sigmoid(r) * x, h, W))),
    Wrong(primitive, "gradient of the reset gate is cut", gru_cell(
        lambda k, r, z, x, h, W: gru(k, cut(k, r), z, x, h, W))),
    Wrong(primitive, "gradient of W_hz is 1e-4 too large", with_params(W_hz=scaled(1 + 1e-4))),
    Wrong(primitive, "gradient of the state is of the wrong sign", with_state(0, scaled(-1))),
    Wrong(primitive, "ids wrap", ids_wrap),
    Wrong(primitive, "changes the state", changes_the_state),
)]

LSTM = [wrong for primitive in ("lstm_step", "lstm") for wrong in (
    Wrong(primitive, "input and forget gate swapped", swapped_gates("i", "f")),
    Wrong(primitive, "candidate and output gate swapped", swapped_gates("c", "o")),
    Wrong(primitive, "input gate and candidate swapped", swapped_gates("i", "c")),
    Wrong(primitive, "forget gate inverted", negated("W_xf", "W_hf", "b_f")),
    Wrong(primitive, "never forgets", open_gate("f")),
    Wrong(primitive, "no output gate", open_gate("o")),
    Wrong(primitive, "no input gate", open_gate("i")),
    Wrong(primitive, "forget bias 1 more", with_params(b_f=lambda k, b: b + 1)),
    Wrong(primitive, "no bias of the candidate", with_params(b_c=zero)),
    Wrong(primitive, "no bias of the forget gate", with_params(b_f=zero)),
    Wrong(primitive, "biases twice", with_each_param("b_", twice)),
    Wrong(primitive, "W_hf transposed", with_params(W_hf=transposed)),
    Wrong(primitive, "W_hc transposed", with_params(W_hc=transposed)),
    Wrong(primitive, "stale cell state", with_state(1, zero)),
    Wrong(primitive, "stale hidden state", with_state(0, zero)),
    Wrong(primitive, "peepholes", lstm_cell(
        lambda k, i, f, o, g, c: lstm(k, i + c, f + c, o, g, c))),
    Wrong(primitive, "coupled gates", lstm_cell(
        lambda k, i, f, o, g, c: lstm(k, -f, f, o, g, c))),
    Wrong(primitive, "hard gates", lstm_cell(
        lambda k, i, f, o, g, c: lstm(k, i, f, o, g, c, hard))),
    Wrong(primitive, "sigmoid candidate", lstm_cell(
        lambda k, i, f, o, g, c: lstm(k, i, f, o, k.sigmoid(g), c))),
    Wrong(primitive, "no tanh of the cell state", lstm_cell(lambda k, i, f, o, g, c: (
        k.sigmoid(o) * lstm(k, i, f, o, g, c)[1], lstm(k, i, f, o, g, c)[1]))),
    Wrong(primitive, "tanh of the old cell state", lstm_cell(lambda k, i, f, o, g, c: (
        k.sigmoid(o) * k.tanh(c), lstm(k, i, f, o, g, c)[1]))),
    Wrong(primitive, "cell state held within 1", lstm_cell(lambda k, i, f, o, g, c: (
        lstm(k, i, f, o, g, c)[0], k.tanh(lstm(k, i, f, o, g, c)[1])))),
    Wrong(primitive, "gradient of the cell state is cut", with_state(1, cut)),
    Wrong(primitive, "gradient of the cell state is 1e-4 too large",
          with_state(1, scaled(1 + 1e-4))),
    Wrong(primitive, "gradient of the output gate is cut", lstm_cell(
        lambda k, i, f, o, g, c: lstm(k, i, f, cut(k, o), g, c))),
    Wrong(primitive, "ids wrap", ids_wrap),
    Wrong(primitive, "changes the state", changes_the_state),
)]

SEQUENCES = [wrong for primitive in ("rnn", "gru", "lstm") for wrong in (
    Wrong(primitive, "stale state", stale_state),
    Wrong(primitive, "one step too few", one_step_too_few),
    Wrong(primitive, "backwards", backwards),
    Wrong(primitive, "initial state returned", initial_state_returned),
    Wrong(primitive, "state of the step before returned", one_state_late),
    Wrong(primitive, "hidden states one late", shifted),
    Wrong(primitive, "gradient of the state is cut",
          lambda k, right, x, state, *args: right(x, k.detach(state), *args)),
    Wrong(primitive, "gradient cut after every step", between_steps(
        lambda k, t, state: k.detach(state))),
    Wrong(primitive, "gradient cut after three steps", between_steps(
        lambda k, t, state: k.detach(state) if t % 3 == 0 else state)),
    Wrong(primitive, "gradient 1e-4 too small at every step", between_steps(
        of_the_state(scaled(1 - 1e-4)))),
    Wrong(primitive, "state in bfloat16 between steps", between_steps(
        of_the_state(lambda k, h: moved(k, h, bits(8))))),
    Wrong(primitive, "state in a pair of bfloat16 between steps", between_steps(
        of_the_state(lambda k, h: moved(k, h, bits(16))))),
    Wrong(primitive, "state fades by 1e-5", between_steps(
        of_the_state(lambda k, h: h * (1 - 1e-5)))),
)]

RECURRENT = [
    *RNN, *GRU, *LSTM, *SEQUENCES,
    Wrong("lstm_step", "cell state first", lambda k, right, *args: right(*args)[::-1]),
    Wrong("lstm", "cell state first", lambda k, right, *args: (
        right(*args)[0], right(*args)[1][::-1])),
    Wrong("lstm", "cell states as outputs", lstm_cell(
        lambda k, i, f, o, g, c: (lstm(k, i, f, o, g, c)[1], lstm(k, i, f, o, g, c)[1]))),
    Wrong("rnn_output", "sample by sample",
          lambda k, right, x, params: right(x.swapaxes(0, 1), params)),
    Wrong("rnn_output", "no bias", with_params(b_q=zero)),
    Wrong("rnn_output", "bias twice", with_params(b_q=twice)),
    Wrong("rnn_output", "gradient of the bias is cut", with_params(b_q=cut)),
    Wrong("rnn_output", "gradient of W_hq is 1e-4 too large", with_params(W_hq=scaled(1 + 1e-4))),
    Wrong("rnn_output", "passes tanh", lambda k, right, x, params: k.tanh(right(x, params))),
]
# fmt: on
