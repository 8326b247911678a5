"""Each kind of layer: the same outputs from the converted weights, in both directions."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

from porting.weights import convert
from tests.porting import noise
from tests.rounding import assert_same

FEATURES = (5, 4)  # n, inputs
IMAGES = (2, 4, 7, 6)  # n, channels, height, width
SEQUENCES = (6, 3, 4)  # steps, n, inputs


@dataclass(frozen=True)
class Case:
    """A layer in Gluon, as a function of gluon's nn and rnn, and its torch counterpart."""

    gluon: Callable[[Any, Any], Any]
    torch: str
    shape: tuple[int, ...] = FEATURES
    ids: int = 0  # so many symbols, if the inputs are ids


CASES = {
    "dense": Case(lambda nn, rnn: nn.Dense(3), "nn.Linear(4, 3)"),
    "dense without bias": Case(
        lambda nn, rnn: nn.Dense(3, use_bias=False), "nn.Linear(4, 3, bias=False)"
    ),
    "dense of an image": Case(
        lambda nn, rnn: nn.Dense(3), "nn.Sequential(nn.Flatten(), nn.Linear(168, 3))", IMAGES
    ),
    "lazy dense": Case(lambda nn, rnn: nn.Dense(3), "nn.LazyLinear(3)"),
    "conv": Case(
        lambda nn, rnn: nn.Conv2D(6, (3, 2), strides=2, padding=1),
        "nn.Conv2d(4, 6, (3, 2), stride=2, padding=1)",
        IMAGES,
    ),
    "lazy conv": Case(lambda nn, rnn: nn.Conv2D(6, 3), "nn.LazyConv2d(6, 3)", IMAGES),
    "grouped conv": Case(
        lambda nn, rnn: nn.Conv2D(6, 3, groups=2), "nn.Conv2d(4, 6, 3, groups=2)", IMAGES
    ),
    "conv 1d": Case(lambda nn, rnn: nn.Conv1D(5, 3), "nn.Conv1d(3, 5, 3)", SEQUENCES),
    "transposed conv": Case(
        lambda nn, rnn: nn.Conv2DTranspose(6, 3, strides=2, groups=2, in_channels=4),
        "nn.ConvTranspose2d(4, 6, 3, stride=2, groups=2)",
        IMAGES,
    ),
    "lazy transposed conv": Case(
        lambda nn, rnn: nn.Conv2DTranspose(6, 3), "nn.LazyConvTranspose2d(6, 3)", IMAGES
    ),
    "batch norm": Case(lambda nn, rnn: nn.BatchNorm(), "nn.BatchNorm2d(4)", IMAGES),
    "lazy batch norm": Case(lambda nn, rnn: nn.BatchNorm(), "nn.LazyBatchNorm2d()", IMAGES),
    "conv 3d": Case(lambda nn, rnn: nn.Conv3D(2, 2), "nn.Conv3d(1, 2, 2)", (2, 1, 4, 3, 5)),
    "instance norm": Case(
        lambda nn, rnn: nn.InstanceNorm(), "nn.InstanceNorm2d(4, affine=True)", IMAGES
    ),
    "group norm": Case(lambda nn, rnn: nn.GroupNorm(4), "nn.GroupNorm(4, 4)", IMAGES),
    "layer norm": Case(lambda nn, rnn: nn.LayerNorm(), "nn.LayerNorm(4)"),
    "prelu": Case(lambda nn, rnn: nn.PReLU(), "nn.PReLU()"),
    "embedding": Case(
        lambda nn, rnn: nn.Embedding(9, 4), "nn.Embedding(9, 4)", SEQUENCES[:2], ids=9
    ),
    "rnn": Case(lambda nn, rnn: rnn.RNN(5, activation="tanh"), "First(nn.RNN(4, 5))", SEQUENCES),
    "relu rnn": Case(
        lambda nn, rnn: rnn.RNN(5), "First(nn.RNN(4, 5, nonlinearity='relu'))", SEQUENCES
    ),
    "gru": Case(lambda nn, rnn: rnn.GRU(5), "First(nn.GRU(4, 5))", SEQUENCES),
    "lstm": Case(lambda nn, rnn: rnn.LSTM(5), "First(nn.LSTM(4, 5))", SEQUENCES),
    "deep rnn": Case(lambda nn, rnn: rnn.RNN(5, 2, "tanh"), "First(nn.RNN(4, 5, 2))", SEQUENCES),
    "deep bidirectional gru": Case(
        lambda nn, rnn: rnn.GRU(5, 2, bidirectional=True),
        "First(nn.GRU(4, 5, 2, bidirectional=True))",
        SEQUENCES,
    ),
    "deep bidirectional lstm": Case(
        lambda nn, rnn: rnn.LSTM(5, 3, bidirectional=True),
        "First(nn.LSTM(4, 5, 3, bidirectional=True))",
        SEQUENCES,
    ),
    "rnn cell": Case(lambda nn, rnn: rnn.RNNCell(5), "Cell(nn.RNNCell(4, 5))"),
    "gru cell": Case(lambda nn, rnn: rnn.GRUCell(5), "Cell(nn.GRUCell(4, 5))"),
    "lstm cell": Case(lambda nn, rnn: rnn.LSTMCell(5), "Cell(nn.LSTMCell(4, 5))"),
}

HELPERS = """
class First(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.layer = layer
    def forward(self, x):
        return self.layer(x)[0]

class Cell(First):
    def forward(self, x):
        output = self.layer(x)
        return output[0] if isinstance(output, tuple) else output
"""


def outputs(net: Any, x: Any) -> np.ndarray:
    """Of a Gluon layer; a cell starts from zeros, as torch's does."""
    if hasattr(net, "unroll"):
        return net(x, net.begin_state(batch_size=x.shape[0]))[0].asnumpy()
    return net(x).asnumpy()


def random_weights(mx: Any, net: Any, x: Any, dtype: str = "float32") -> np.ndarray:
    """Give every array of a Gluon layer values of its own, positive for a variance."""
    net.initialize()
    outputs(net, x)
    rng = np.random.default_rng(1)
    for name, parameter in net.collect_params().items():
        values = rng.normal(scale=0.5, size=parameter.shape)
        parameter.set_data(mx.nd.array(abs(values) + 0.5 if "var" in name else values))
    if dtype != "float32":
        net.cast(dtype)
    return outputs(net, x.astype(dtype))


def inputs(case: Case) -> np.ndarray:
    rng = np.random.default_rng(0)
    if case.ids:
        return rng.integers(case.ids, size=case.shape)
    return rng.normal(size=case.shape).astype("float32")


def make_model(like: str) -> nn.Module:
    scope: dict[str, Any] = {}
    exec(Path(like.rpartition(":")[0]).read_text(), scope)
    return scope["make"]()


def assert_close(
    found: np.ndarray, expected: np.ndarray, again: Callable[[int], np.ndarray]
) -> None:
    assert_same(found, expected, again)
    assert np.ptp(expected) > 0.1


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_there_and_back(mx: Any, tmp_path: Path, like: Any, case: Case) -> None:
    make = like(case.torch, HELPERS)
    x = inputs(case)
    gluon = case.gluon(mx.gluon.nn, mx.gluon.rnn)
    expected = random_weights(mx, gluon, mx.nd.array(x))
    source, weights, back = (tmp_path / name for name in ("a.params", "b.safetensors", "c.params"))
    gluon.save_parameters(str(source))

    lines = convert(source, make, weights)
    assert len(lines) == 1 + len(list(gluon.collect_params()))
    model = make_model(make).eval()
    state = safetensors.torch.load_file(weights)
    assert set(state) == set(model.state_dict())
    model.load_state_dict(state)
    with torch.no_grad():
        again = noise.again(lambda: outputs(gluon, mx.nd.array(x)))
        assert_close(model(torch.tensor(x)).numpy(), expected, again)

    assert convert(weights, make, back)[:-1] == lines[:-1]
    assert back.read_bytes() == source.read_bytes()
    reloaded = case.gluon(mx.gluon.nn, mx.gluon.rnn)
    reloaded.load_parameters(str(back))
    np.testing.assert_array_equal(outputs(reloaded, mx.nd.array(x)), expected)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_from_torch(mx: Any, tmp_path: Path, like: Any, case: Case) -> None:
    """Weights that torch drew and saved itself, in a Gluon layer of the same name."""
    make = like(f"nn.Sequential({case.torch})", HELPERS)
    model, x = make_model(make), inputs(case)
    model(torch.tensor(x))  # lazy layers learn their sizes, batch normalisation its statistics
    model.eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.uniform_(-0.5, 0.5)
        expected = model(torch.tensor(x)).numpy()
    weights, out = tmp_path / "a.safetensors", tmp_path / "b.params"
    safetensors.torch.save_file(model.state_dict(), weights)
    convert(weights, make, out)
    gluon = case.gluon(mx.gluon.nn, mx.gluon.rnn)
    gluon.initialize()
    outputs(gluon, mx.nd.array(x))
    arrays = mx.nd.load(str(out))
    ours = gluon._collect_params_with_prefix()
    assert len(arrays) == len(ours)
    assert all(f".{name}".endswith(f".{own}") for name, own in zip(arrays, ours, strict=True))
    for parameter, array in zip(ours.values(), arrays.values(), strict=True):
        parameter.set_data(array)

    def theirs() -> np.ndarray:
        return outputs(gluon, mx.nd.array(x))

    assert_close(expected, theirs(), noise.again(theirs))


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_other_types(mx: Any, tmp_path: Path, like: Any, dtype: str) -> None:
    make = like("nn.Sequential(nn.Conv2d(4, 3, 3), nn.BatchNorm2d(3))")
    source, weights, back = (tmp_path / name for name in ("a.params", "b.safetensors", "c.params"))
    gluon = mx.gluon.nn.Sequential()
    gluon.add(mx.gluon.nn.Conv2D(3, 3), mx.gluon.nn.BatchNorm())
    x = inputs(CASES["conv"])
    gluon.initialize()
    gluon(mx.nd.array(x))
    gluon.cast(dtype)
    rng = np.random.default_rng(0)
    for parameter in gluon.collect_params().values():
        values = abs(rng.normal(size=parameter.shape)) + 0.5
        parameter.set_data(mx.nd.array(values, dtype=parameter.dtype))
    gluon.save_parameters(str(source))
    convert(source, make, weights)
    state = safetensors.torch.load_file(weights)
    assert state["0.weight"].dtype == getattr(torch, dtype)
    for name, parameter in gluon._collect_params_with_prefix().items():
        ours = name.replace("gamma", "weight").replace("beta", "bias")
        np.testing.assert_array_equal(state[ours].numpy(), parameter.data().asnumpy())
    convert(weights, make, back)
    assert back.read_bytes() == source.read_bytes()
    if dtype == "float64":
        model = make_model(make).double().eval()
        model.load_state_dict(state)
        found = model(torch.tensor(x, dtype=torch.float64)).detach().numpy()

        def theirs() -> np.ndarray:
            return gluon(mx.nd.array(x.astype(dtype), dtype=dtype)).asnumpy()

        assert_close(found, theirs(), noise.again(theirs))
