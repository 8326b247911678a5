"""The frameworks' own layers, and networks of them."""

from tests.parity.wrong.cells import cut
from tests.parity.wrong.networks import (
    accepts_missing,
    added,
    adds_up,
    after,
    by_formula,
    completes_the_callers_weights,
    gates_swapped,
    keeps_missing_bias,
    keeps_the_callers,
    loading,
    loads_once,
    misnamed_gates,
    outputs,
    reading,
    reading_gradients,
    reads_the_callers,
    remembers,
    untransposed,
    with_method,
)
from tests.parity.wrong.row import Wrong
from tests.parity.wrong.values import FORMATS, bits, mapped, moved, steeper


def first_state_returned(k, result):
    return result[0], tuple(result[0][0] for _ in result[1])


def state_of_the_step_before(k, result):
    hiddens, state = result
    return hiddens, (hiddens[-2] if len(hiddens) > 1 else state[0], *state[1:])


def with_biases(p, gates, factor):
    return {**p, **{f"b_{gate}": p[f"b_{gate}"] + p[f"b_h{gate}"] * factor for gate in gates}}


def more(params, name, by):
    return {**params, name: params[name] + by}


# fmt: off
FEED_FORWARD = [
    Wrong("dense_layer", "with an activation", outputs(lambda k, y: k.relu(y))),
    Wrong("dense_layer", "halved", outputs(lambda k, y: y / 2)),
    Wrong("dense_layer", "shifted by 1e-5", outputs(lambda k, y: y + 1e-5)),
    Wrong("dense_layer", "output in bfloat16", outputs(lambda k, y: moved(k, y, bits(8)))),
    Wrong("dense_layer", "output in a pair of bfloat16",
          outputs(lambda k, y: moved(k, y, bits(16)))),
    Wrong("dense_layer", "gradient is cut", outputs(cut)),
    Wrong("dense_layer", "gradient of the wrong sign", outputs(lambda k, y: steeper(k, y, -1))),
    Wrong("dense_layer", "gradient 1e-5 too large", outputs(lambda k, y: steeper(k, y, 1 + 1e-5))),
    Wrong("dropout_layer", "drops in evaluation",
          lambda k, right, p: after(k, right(0), lambda x: k.random_dropout(x, p))),
    Wrong("dropout_layer", "never drops", lambda k, right, p: right(0)),
    Wrong("dropout_layer", "keeps p", lambda k, right, p: right(1 - p)),
    Wrong("dropout_layer", "drops half always", lambda k, right, p: right(0.5)),
    Wrong("dropout_layer", "p in tenths", lambda k, right, p: right(int(p * 5) / 5)),
    Wrong("dropout_layer", "no 1 / (1 − p)",
          lambda k, right, p: after(k, right(p), lambda x: x * (1 - p))),
    Wrong("dropout_layer", "output 1e-5 too large", outputs(lambda k, x: x * (1 + 1e-5))),
    Wrong("dropout_layer", "NaN at p = 1", lambda k, right, p: after(
        k, right(p), lambda x: x * float("nan") if p == 1 else x)),
    Wrong("dropout_layer", "gradient is cut", outputs(cut)),
    Wrong("dropout_layer", "any p", lambda k, right, p: right(min(max(p, 0), 1))),
]

RECURRENT = [wrong for layer in ("rnn_layer", "gru_layer", "lstm_layer") for wrong in (
    Wrong(layer, "first state returned", outputs(first_state_returned)),
    Wrong(layer, "state of the step before returned", outputs(state_of_the_step_before)),
    Wrong(layer, "outputs 1e-5 too large",
          outputs(lambda k, result: (result[0] * (1 + 1e-5), result[1]))),
    Wrong(layer, "outputs in bfloat16",
          outputs(lambda k, result: (moved(k, result[0], bits(8)), result[1]))),
    Wrong(layer, "gradient of the outputs is cut",
          outputs(lambda k, result: (cut(k, result[0]), result[1]))),
    Wrong(layer, "gradient 1e-4 too large", outputs(
        lambda k, result: mapped(result, lambda y: steeper(k, y, 1 + 1e-4)))),
    Wrong(layer, "state is cut off", outputs(lambda k, result: (result[0], k.detach(result[1])))),
)]

ONE_GATE = [
    Wrong("rnn_layer", "ReLU by default", lambda k, right, d, h, phi: right(d, h, "relu")),
    Wrong("rnn_layer", "tanh by default", lambda k, right, d, h, phi: right(d, h, "tanh")),
    Wrong("rnn_layer", "second bias ignored",
          by_formula(lambda k, x, state, p, phi: k.rnn(x, state, p, phi))),
    Wrong("rnn_layer", "second bias twice", by_formula(
        lambda k, x, state, p, phi: k.rnn(x, state, with_biases(p, "h", 2), phi))),
    Wrong("rnn_layer", "initial state ignored", by_formula(
        lambda k, x, state, p, phi: k.rnn(x, (state[0] * 0,), added(p, "h"), phi))),
    Wrong("rnn_layer", "gradient of the state is cut", by_formula(
        lambda k, x, state, p, phi: k.rnn(x, k.detach(state), added(p, "h"), phi))),
    Wrong("rnn_layer", "W_hh transposed", by_formula(lambda k, x, state, p, phi: k.rnn(
        x, state, {**added(p, "h"), "W_hh": p["W_hh"].T}, phi))),
    Wrong("rnn_layer", "W_hh in TF32", by_formula(lambda k, x, state, p, phi: k.rnn(
        x, state, {**added(p, "h"), "W_hh": moved(k, p["W_hh"], FORMATS["TF32"])}, phi))),
]

GRU = [
    Wrong("gru_layer", "gates misnamed", misnamed_gates("r", "z")),
    Wrong("gru_layer", "candidate and update gate misnamed", misnamed_gates("z", "h")),
    Wrong("gru_layer", "resets before the product",
          by_formula(lambda k, x, state, p: k.gru(x, state, added(p, "rzh"), "before"))),
    Wrong("gru_layer", "second bias not reset",
          by_formula(lambda k, x, state, p: k.gru(x, state, added(p, "rzh"), "after"))),
    Wrong("gru_layer", "second biases of the gates ignored",
          by_formula(lambda k, x, state, p: k.gru(x, state, p, "after"))),
    Wrong("gru_layer", "second bias of the candidate ignored",
          by_formula(lambda k, x, state, p: k.gru(x, state, added(p, "rz"), "after"))),
    Wrong("gru_layer", "initial state ignored", by_formula(
        lambda k, x, state, p: k.gru(x, (state[0] * 0,), with_biases(p, "rz", 1), "after"))),
    Wrong("gru_layer", "W_hz in TF32", by_formula(lambda k, x, state, p: k.gru(
        x, state, {**with_biases(p, "rz", 1), "W_hz": moved(k, p["W_hz"], FORMATS["TF32"])},
        "after"))),
]

LSTM = [
    Wrong("lstm_layer", "input and forget gate misnamed", misnamed_gates("i", "f")),
    Wrong("lstm_layer", "gates in the book's order", misnamed_gates("c", "o")),
    Wrong("lstm_layer", "cell state first", outputs(
        lambda k, result: (result[0], result[1][::-1]))),
    Wrong("lstm_layer", "forget bias 1 more", by_formula(
        lambda k, x, state, p: k.lstm(x, state, more(added(p, "ifco"), "b_f", 1)))),
    Wrong("lstm_layer", "forget bias 1e-4 more", by_formula(
        lambda k, x, state, p: k.lstm(x, state, more(added(p, "ifco"), "b_f", 1e-4)))),
    Wrong("lstm_layer", "second biases ignored",
          by_formula(lambda k, x, state, p: k.lstm(x, state, p))),
    Wrong("lstm_layer", "second bias of the candidate ignored",
          by_formula(lambda k, x, state, p: k.lstm(x, state, added(p, "ifo")))),
    Wrong("lstm_layer", "initial cell state ignored", by_formula(
        lambda k, x, state, p: k.lstm(x, (state[0], state[1] * 0), added(p, "ifco")))),
    Wrong("lstm_layer", "gradient of the cell state is cut", by_formula(
        lambda k, x, state, p: k.lstm(x, (state[0], cut(k, state[1])), added(p, "ifco")))),
    Wrong("lstm_layer", "W_hf in TF32", by_formula(lambda k, x, state, p: k.lstm(
        x, state, {**added(p, "ifco"), "W_hf": moved(k, p["W_hf"], FORMATS["TF32"])}))),
]

NETWORKS = [
    Wrong("network", "loaded without transposing", loading(untransposed)),
    Wrong("network", "loaded in bfloat16", loading(lambda name, w: bits(8)(w))),
    Wrong("network", "loaded in 23 bits", loading(lambda name, w: bits(23)(w))),
    Wrong("network", "biases not loaded", loading(lambda name, w: w * (w.ndim > 1))),
    Wrong("network", "a missing bias is kept", with_method(load=keeps_missing_bias)),
    Wrong("network", "missing weights accepted", with_method(load=accepts_missing)),
    Wrong("network", "the second load is ignored", with_method(load=loads_once)),
    Wrong("network", "loads add up", with_method(load=adds_up)),
    Wrong("network", "completes the caller's weights",
          with_method(load=completes_the_callers_weights)),
    Wrong("network", "keeps the caller's arrays",
          with_method(load=keeps_the_callers, read=reads_the_callers)),
    Wrong("network", "gates r and z loaded the wrong way round", gates_swapped("r", "z")),
    Wrong("network", "gates i and f loaded the wrong way round", gates_swapped("i", "f")),
    Wrong("network", "read as stored", reading(lambda a: a.T)),
    Wrong("network", "read in TF32", reading(FORMATS["TF32"])),
    Wrong("network", "read once", with_method(read=remembers)),
    Wrong("network", "gradients read as stored", reading_gradients(lambda a: a.T)),
    Wrong("network", "gradients read in bfloat16", reading_gradients(bits(8))),
    Wrong("network", "gradients 1e-5 too large", reading_gradients(lambda a: a * (1 + 1e-5))),
    Wrong("network", "gradients of biases left out", with_method(
        read_gradients=lambda net, right, g: {n: a for n, a in right(g).items() if a.ndim > 1})),
    Wrong("network", "an activation at the end", with_method(
        __call__=lambda net, right, x: net.backend.relu(right(x)))),
    Wrong("network", "inputs halved", with_method(
        __call__=lambda net, right, x: right(x / 2))),
]

LAYERS = [*FEED_FORWARD, *RECURRENT, *ONE_GATE, *GRU, *LSTM, *NETWORKS]
# fmt: on
