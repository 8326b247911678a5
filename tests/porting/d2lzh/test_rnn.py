"""Language models: printed lines, trained parameters and predictions."""

from collections import Counter
from functools import cache
from typing import Any
from unittest import mock

import numpy as np
import pytest
import torch
from torch import nn

from backends.errors import InputError
from porting import d2lzh as d2l
from porting import runtime
from tests.porting.d2lzh.original import assert_same_program, original_or_skip, said, seed
from tests.porting.noise import again
from tests.rounding import assert_same, mover
from tests.statistics import assert_standard_deviation

# The book turns ids of one axis with .T; torch warns once that it may forbid that.
pytestmark = pytest.mark.filterwarnings("ignore:The use of `x.T` on tensors:UserWarning")

TEXT = "the quick brown fox jumps over the lazy dog and runs away from the bear. " * 4
SYMBOLS = sorted(set(TEXT))
ID_OF = {symbol: i for i, symbol in enumerate(SYMBOLS)}
IDS = [ID_OF[symbol] for symbol in TEXT]
SIZE, HIDDENS = len(SYMBOLS), 8
UPDATES = 2 * (len(IDS) // 4 // 5)  # in two epochs of batches of 4 × 5 symbols
PREFIXES = ["the", "a"]


def weights(scale: float = 0.3) -> list[np.ndarray]:
    shapes = [(SIZE, HIDDENS), (HIDDENS, HIDDENS), (HIDDENS,), (HIDDENS, SIZE), (SIZE,)]
    rng = np.random.default_rng(0)
    return [rng.normal(scale=scale, size=shape).astype("float32") for shape in shapes]


def mx_params(nd: Any, number: int | None = None) -> list[Any]:
    params = [nd.array(w) for w in map(mover(number), weights())]
    for param in params:
        param.attach_grad()
    return params


def torch_params() -> list[torch.Tensor]:
    return [torch.tensor(w, requires_grad=True) for w in weights()]


def mx_rnn(nd: Any) -> Any:
    def rnn(inputs: list, state: Any, params: list) -> Any:
        W_xh, W_hh, b_h, W_hq, b_q = params
        (H,), outputs = state, []
        for X in inputs:
            H = nd.tanh(nd.dot(X, W_xh) + nd.dot(H, W_hh) + b_h)
            outputs.append(nd.dot(H, W_hq) + b_q)
        return outputs, (H,)

    return rnn


def torch_rnn(inputs: list, state: Any, params: list) -> Any:
    W_xh, W_hh, b_h, W_hq, b_q = params
    (H,), outputs = state, []
    for X in inputs:
        H = torch.tanh(X @ W_xh + H @ W_hh + b_h)
        outputs.append(H @ W_hq + b_q)
    return outputs, (H,)


def mx_state(nd: Any) -> Any:
    return lambda batch_size, num_hiddens, ctx: (nd.zeros((batch_size, num_hiddens), ctx=ctx),)


def torch_state(batch_size: int, num_hiddens: int, device: Any) -> Any:
    return (torch.zeros(batch_size, num_hiddens, device=device),)


@pytest.mark.usefixtures("both")
def test_predict_rnn(original: Any, nd: Any) -> None:
    cpu = original.mx.cpu()
    for prefix in PREFIXES:
        theirs = original.predict_rnn(
            *(prefix, 20, mx_rnn(nd), mx_params(nd), mx_state(nd), HIDDENS, SIZE, cpu),
            *(SYMBOLS, ID_OF),
        )
        ours = d2l.predict_rnn(
            *(prefix, 20, torch_rnn, torch_params(), torch_state, HIDDENS, SIZE, "cpu"),
            *(SYMBOLS, ID_OF),
        )
        assert ours == theirs
        assert ours.startswith(prefix)
        assert len(ours) == len(prefix) + 20


@cache
def their_training(number: int | None, *settings: Any) -> Any:
    """What the original prints, and its parameters."""
    original = original_or_skip()
    nd, params = original.nd, mx_params(original.nd, number)
    seed()
    lines, _ = said(
        lambda: original.train_and_predict_rnn(
            *(mx_rnn(nd), lambda: params, mx_state(nd), HIDDENS, SIZE, original.mx.cpu()),
            *(IDS, SYMBOLS, ID_OF, *settings, PREFIXES),
        )
    )
    return lines, params


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize("is_random", [True, False])
@pytest.mark.parametrize("theta", [0.2, None])
def test_train_and_predict_rnn(is_random: bool, theta: float | None) -> None:
    settings = (is_random, 2, 5, 0.3, theta, 4, 1, 10)

    def ours() -> list[torch.Tensor]:
        seed()
        params = torch_params()
        d2l.train_and_predict_rnn(
            *(torch_rnn, lambda: params, torch_state, HIDDENS, SIZE, "cpu", IDS, SYMBOLS, ID_OF),
            *settings,
            PREFIXES,
        )
        assert (params[0] != torch_params()[0]).any()
        return params

    assert_same_program(ours, lambda number: their_training(number, *settings), UPDATES)


def layers(original: Any, kind: str, gluon: bool, **options: Any) -> tuple[Any, nn.RNNBase]:
    """A recurrent layer of each framework; `gluon`: one that ports have, which learns its size."""
    theirs = getattr(original.gluon.rnn, kind)
    tanh = kind == "RNN"
    mx_layer = theirs(HIDDENS, **({"activation": "tanh"} if tanh else {}), **options)
    if gluon:
        more = {"nonlinearity": "tanh"} if tanh else {}
        return mx_layer, getattr(runtime, kind)(HIDDENS, **more, **options)
    return mx_layer, getattr(nn, kind)(SIZE, HIDDENS, **options)


KINDS = [
    ("RNN", {}),
    ("GRU", {}),
    ("LSTM", {}),
    ("LSTM", {"num_layers": 2}),
    ("GRU", {"num_layers": 2, "bidirectional": True}),
]


@pytest.fixture(params=["torch's layer", "the runtime's layer", "ported"])
def gluon(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the layer is one of the runtime, as the port of the helpers needs."""
    if request.param == "ported":
        monkeypatch.setattr(request.module, "d2l", request.getfixturevalue("ported_utils"))
    return request.param != "torch's layer"


def copy(model: d2l.RNNModel, theirs: Any) -> None:
    arrays = [parameter.data() for parameter in theirs.collect_params().values()]
    with torch.no_grad():
        for tensor, array in zip(model.parameters(), arrays, strict=True):
            tensor.copy_(torch.tensor(array.asnumpy()))


@pytest.mark.parametrize(("kind", "options"), KINDS)
def test_rnn_model(original: Any, nd: Any, gluon: bool, kind: str, options: dict) -> None:
    mx_layer, layer = layers(original, kind, gluon, **options)
    theirs, ours = original.RNNModel(mx_layer, SIZE), d2l.RNNModel(layer, SIZE)
    original.mx.random.seed(0)
    theirs.initialize(original.init.Normal(0.3))
    ids = np.random.default_rng(0).integers(SIZE, size=(3, 7))
    mx_state, state = theirs.begin_state(batch_size=3), ours.begin_state(batch_size=3)
    assert [tuple(s.shape) for s in state] == [s.shape for s in mx_state]
    theirs(nd.array(ids), mx_state)
    ours(torch.tensor(ids), state)
    copy(ours, theirs)
    parameters = theirs.collect_params().values()

    def trained() -> list[Any]:
        with original.autograd.record():
            output, state = theirs(nd.array(ids), theirs.begin_state(batch_size=3))
            loss = (output**2).sum()
        loss.backward()
        return [output, *state, *(parameter.grad().copy() for parameter in parameters)]

    output, state = ours(torch.tensor(ids), ours.begin_state(batch_size=3))
    (output**2).sum().backward()
    found = [output, *state, *(parameter.grad for parameter in ours.parameters())]
    assert_same(found, trained(), again(trained))
    text = ["the", 9]
    args = (SIZE, SYMBOLS, ID_OF)
    assert d2l.predict_rnn_gluon(
        *text, ours, args[0], torch.device("cpu"), *args[1:]
    ) == original.predict_rnn_gluon(*text, theirs, args[0], original.mx.cpu(), *args[1:])


class Draws:
    """Gives both frameworks the same normal numbers for the nth array of each shape.

    Gluon draws an array whose shape it has yet to learn after all others.
    """

    def __init__(self, number: int | None = None) -> None:
        self.count: Counter[tuple[int, ...]] = Counter()
        self.move = mover(number)

    def __call__(self, shape: tuple[int, ...], std: float) -> np.ndarray:
        self.count[shape] += 1
        rng = np.random.default_rng([*shape, self.count[shape]])
        return self.move((30 * std * rng.normal(size=shape)).astype("float32"))


SETTINGS = (IDS, SYMBOLS, ID_OF, 2, 5, 1.0, 0.5, 4, 1, 10, PREFIXES)


@cache
def their_gluon_training(number: int | None, kind: str, num_layers: int) -> Any:
    original, draws = original_or_skip(), Draws(number)

    def normal(init: Any, name: str, array: Any) -> None:
        array[:] = draws(array.shape, init.sigma)

    options = {"num_layers": num_layers} if num_layers > 1 else {}
    model = original.RNNModel(layers(original, kind, False, **options)[0], SIZE)
    with mock.patch.object(original.init.Normal, "_init_weight", normal):
        lines, _ = said(
            lambda: original.train_and_predict_rnn_gluon(
                model, HIDDENS, SIZE, original.mx.cpu(), *SETTINGS
            )
        )
    return lines, [parameter.data() for parameter in model.collect_params().values()]


@pytest.mark.parametrize(("kind", "options"), KINDS[:4])
def test_train_and_predict_rnn_gluon(
    original: Any, monkeypatch: pytest.MonkeyPatch, gluon: bool, kind: str, options: dict
) -> None:
    draws = Draws()

    def normal(tensor: torch.Tensor, mean: float = 0.0, std: float = 1.0) -> None:
        with torch.no_grad():
            tensor.copy_(torch.tensor(draws(tuple(tensor.shape), std)))

    monkeypatch.setattr(nn.init, "normal_", normal)

    def ours() -> list[torch.Tensor]:
        model = d2l.RNNModel(layers(original, kind, gluon, **options)[1], SIZE)
        d2l.train_and_predict_rnn_gluon(model, HIDDENS, SIZE, "cpu", *SETTINGS)
        return list(model.parameters())

    num_layers = options.get("num_layers", 1)
    assert_same_program(
        ours, lambda number: their_gluon_training(number, kind, num_layers), UPDATES
    )


def test_weights_start_small_and_biases_at_zero(capsys: pytest.CaptureFixture) -> None:
    model = d2l.RNNModel(nn.GRU(SIZE, 200), SIZE)
    d2l.train_and_predict_rnn_gluon(
        model, 200, SIZE, "cpu", IDS, SYMBOLS, ID_OF, 1, 5, 0.0, None, 4, 2, 10, PREFIXES
    )
    assert capsys.readouterr().out == ""
    for name, parameter in model.named_parameters():
        if "bias" in name:
            assert not parameter.any()
        else:
            assert_standard_deviation(parameter.detach(), 0.01)


def test_the_state_of_the_layer_itself_is_taken_too() -> None:
    model = d2l.RNNModel(nn.RNN(SIZE, HIDDENS), SIZE)
    ids = torch.tensor([[1, 2, 3]])
    (state,) = model.begin_state(1)
    assert torch.equal(model(ids, state)[0], model(ids, (state,))[0])


def test_an_input_size_that_is_not_the_vocabulary_is_refused() -> None:
    with pytest.raises(InputError, match="input_size 5: give it vocab_size, which is 7"):
        d2l.RNNModel(nn.RNN(5, HIDDENS), 7)
