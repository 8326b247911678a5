"""Language models: printed lines, trained parameters and predictions."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from backends.errors import InputError
from porting import d2lzh as d2l
from porting import runtime
from tests.porting.d2lzh.original import seed
from tests.porting.d2lzh.test_training import assert_same_lines

# The book turns ids of one axis with .T; torch warns once that it may forbid that.
pytestmark = pytest.mark.filterwarnings("ignore:The use of `x.T` on tensors:UserWarning")

TEXT = "the quick brown fox jumps over the lazy dog and runs away from the bear. " * 4
SYMBOLS = sorted(set(TEXT))
ID_OF = {symbol: i for i, symbol in enumerate(SYMBOLS)}
IDS = [ID_OF[symbol] for symbol in TEXT]
SIZE, HIDDENS = len(SYMBOLS), 8
PREFIXES = ["the", "a"]


def weights(scale: float = 0.3) -> list[np.ndarray]:
    shapes = [(SIZE, HIDDENS), (HIDDENS, HIDDENS), (HIDDENS,), (HIDDENS, SIZE), (SIZE,)]
    rng = np.random.default_rng(0)
    return [rng.normal(scale=scale, size=shape).astype("float32") for shape in shapes]


def mx_params(nd: Any) -> list[Any]:
    params = [nd.array(w) for w in weights()]
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


def assert_close(ours: Any, theirs: Any) -> None:
    for tensor, array in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(tensor.detach().numpy(), array.asnumpy(), atol=2e-5)


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


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize("is_random", [True, False])
@pytest.mark.parametrize("theta", [0.2, None])
def test_train_and_predict_rnn(
    original: Any, nd: Any, capsys: pytest.CaptureFixture, is_random: bool, theta: float | None
) -> None:
    theirs, ours = mx_params(nd), torch_params()
    settings = (IDS, SYMBOLS, ID_OF, is_random, 4, 5, 0.3, theta, 4, 2, 10, PREFIXES)

    def run_theirs() -> None:
        seed()
        original.train_and_predict_rnn(
            *(mx_rnn(nd), lambda: theirs, mx_state(nd), HIDDENS, SIZE, original.mx.cpu()),
            *settings,
        )

    def run_ours() -> None:
        seed()
        d2l.train_and_predict_rnn(
            torch_rnn, lambda: ours, torch_state, HIDDENS, SIZE, "cpu", *settings
        )

    assert_same_lines(capsys, run_theirs, run_ours)
    assert_close(ours, theirs)
    assert not np.allclose(ours[0].detach().numpy(), weights()[0], atol=1e-3)


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
    with original.autograd.record():
        mx_output, mx_state = theirs(nd.array(ids), mx_state)
        loss = (mx_output**2).sum()
    loss.backward()
    output, state = ours(torch.tensor(ids), state)
    (output**2).sum().backward()
    assert_close([output, *state], [mx_output, *mx_state])
    gradients = [parameter.grad() for parameter in theirs.collect_params().values()]
    for parameter, gradient in zip(ours.parameters(), gradients, strict=True):
        scale = abs(gradient.asnumpy()).max()
        np.testing.assert_allclose(
            parameter.grad.numpy() / scale, gradient.asnumpy() / scale, atol=1e-4
        )
    text = ["the", 9]
    args = (SIZE, SYMBOLS, ID_OF)
    assert d2l.predict_rnn_gluon(
        *text, ours, args[0], torch.device("cpu"), *args[1:]
    ) == original.predict_rnn_gluon(*text, theirs, args[0], original.mx.cpu(), *args[1:])


class Draws:
    """Gives both frameworks the same normal numbers for the nth array of each shape.

    Gluon draws an array whose shape it has yet to learn after all others.
    """

    def __init__(self) -> None:
        self.count: Counter[tuple[int, ...]] = Counter()

    def __call__(self, shape: tuple[int, ...], std: float) -> np.ndarray:
        self.count[shape] += 1
        rng = np.random.default_rng([*shape, self.count[shape]])
        return (30 * std * rng.normal(size=shape)).astype("float32")


@pytest.mark.parametrize(("kind", "options"), KINDS[:4])
def test_train_and_predict_rnn_gluon(
    original: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
    gluon: bool,
    kind: str,
    options: dict,
) -> None:
    mx_layer, layer = layers(original, kind, gluon, **options)
    theirs, ours = original.RNNModel(mx_layer, SIZE), d2l.RNNModel(layer, SIZE)
    settings = (IDS, SYMBOLS, ID_OF, 4, 5, 1.0, 0.5, 4, 2, 10, PREFIXES)
    mx_draws, draws = Draws(), Draws()

    def mx_normal(init: Any, name: str, array: Any) -> None:
        array[:] = mx_draws(array.shape, init.sigma)

    def torch_normal(tensor: torch.Tensor, mean: float = 0.0, std: float = 1.0) -> None:
        with torch.no_grad():
            tensor.copy_(torch.tensor(draws(tuple(tensor.shape), std)))

    monkeypatch.setattr(original.init.Normal, "_init_weight", mx_normal)
    monkeypatch.setattr(nn.init, "normal_", torch_normal)
    cpu = original.mx.cpu()
    assert_same_lines(
        capsys,
        lambda: original.train_and_predict_rnn_gluon(theirs, HIDDENS, SIZE, cpu, *settings),
        lambda: d2l.train_and_predict_rnn_gluon(ours, HIDDENS, SIZE, "cpu", *settings),
    )
    arrays = [parameter.data() for parameter in theirs.collect_params().values()]
    assert_close(ours.parameters(), arrays)


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
            assert parameter.std().item() == pytest.approx(0.01, rel=0.05)


def test_the_state_of_the_layer_itself_is_taken_too() -> None:
    model = d2l.RNNModel(nn.RNN(SIZE, HIDDENS), SIZE)
    ids = torch.tensor([[1, 2, 3]])
    (state,) = model.begin_state(1)
    assert torch.equal(model(ids, state)[0], model(ids, (state,))[0])


def test_an_input_size_that_is_not_the_vocabulary_is_refused() -> None:
    with pytest.raises(InputError, match="input_size 5: give it vocab_size, which is 7"):
        d2l.RNNModel(nn.RNN(5, HIDDENS), 7)
