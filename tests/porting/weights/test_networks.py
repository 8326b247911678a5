"""Whole networks: names, order, shared and own parameters."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from safetensors import safe_open

from porting import d2lzh, weights
from porting.main import main
from porting.weights import convert
from tests.porting import noise
from tests.porting.d2lzh.original import original_or_skip
from tests.porting.weights.test_layers import assert_close, make_model, random_weights

X = np.random.default_rng(0).normal(size=(3, 2, 12, 12)).astype("float32")
IDS = np.random.default_rng(0).integers(7, size=(5, 3))


def lenet(mx: Any) -> Any:
    """Its activations are no layers of their own, as those of the torch model are."""
    nn = mx.gluon.nn
    net = nn.HybridSequential()
    net.add(nn.Conv2D(4, 3, activation="relu"), nn.BatchNorm(), nn.MaxPool2D(2))
    net.add(nn.Dense(8, activation="tanh"), nn.Dropout(0.5), nn.Dense(8), nn.Dense(5))
    return net


LENET = (
    "nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU(), nn.BatchNorm2d(4), nn.MaxPool2d(2), nn.Flatten(),"
    "nn.Linear(100, 8), nn.Tanh(), nn.Dropout(0.5), nn.Linear(8, 8), nn.Linear(8, 5))"
)


def assert_converted(
    source: Path, make: str, theirs: Callable[[], np.ndarray], x: np.ndarray
) -> torch.nn.Module:
    """The model made from the file gives on x what MXNet gives."""
    converted = source.with_suffix(".safetensors")
    convert(source, make, converted)
    model = make_model(make).eval()
    model.load_state_dict(safetensors.torch.load_file(converted))
    with torch.no_grad():
        assert_close(model(torch.tensor(x)).numpy(), theirs(), noise.again(theirs))
    return model


@pytest.mark.parametrize("saved", ["structure", "full names", "exported"])
def test_by_order(mx: Any, tmp_path: Path, like: Any, saved: str) -> None:
    net = lenet(mx)
    net.hybridize()
    random_weights(mx, net, mx.nd.array(X))
    path = tmp_path / "net.params"
    if saved == "structure":
        net.save_parameters(str(path))
    elif saved == "full names":
        net.collect_params().save(str(path))
    else:
        net(mx.nd.array(X))
        net.export(str(tmp_path / "net"))
        path = tmp_path / "net-0000.params"
        assert any(name.startswith("aux:") for name in mx.nd.load(str(path)))
    make = like(LENET)
    assert_converted(path, make, lambda: net(mx.nd.array(X)).asnumpy(), X)
    back = tmp_path / "back.params"
    convert(path.with_suffix(".safetensors"), make, back)
    assert back.read_bytes() == path.read_bytes()


def test_the_map_of_names_is_saved(mx: Any, tmp_path: Path, like: Any) -> None:
    net = lenet(mx)
    random_weights(mx, net, mx.nd.array(X))
    net.save_parameters(str(tmp_path / "net.params"))
    lines = convert(tmp_path / "net.params", like(LENET), tmp_path / "net.safetensors")
    with safe_open(tmp_path / "net.safetensors", "pt") as file:
        metadata = file.metadata()
    assert metadata["format"] == "pt"
    assert '"1.running_var": "2.running_var", "3.weight": "5.weight"' in metadata["names"]
    assert lines[0].split() == ["0.weight", "0.weight", "(4,", "2,", "3,", "3)", "float32"]
    assert lines[6].split()[:2] == ["3.weight", "5.weight"]
    assert lines[-1].endswith("net.safetensors: 12 arrays")


def test_the_page(
    mx: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """The example of weights.md prints what the page says."""
    page = Path(weights.__file__).with_suffix(".md").read_text().split("```")
    commands, source, printed = page[1].strip(), page[3].removeprefix("python\n"), page[5].strip()
    nn = mx.gluon.nn
    net = nn.Sequential()
    net.add(nn.Conv2D(6, 5, activation="sigmoid"), nn.MaxPool2D(2), nn.Dense(10))
    net.initialize()
    net(mx.nd.zeros((1, 1, 28, 28)))
    monkeypatch.chdir(tmp_path)
    net.save_parameters("net.params")
    before = Path("net.params").read_bytes()
    Path("model.py").write_text(source)
    for command, kind in zip(commands.splitlines(), (".safetensors", ".params"), strict=True):
        assert main(command.removeprefix("mx2torch ").split()) == 0
        output = capsys.readouterr().out.strip()
        assert output == printed.replace("net.safetensors", f"net{kind}")
    assert Path("net.params").read_bytes() == before


def test_by_names_in_another_order(mx: Any, tmp_path: Path, like: Any) -> None:
    nn = mx.gluon.nn

    class Net(nn.Block):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Dense(4), nn.Dense(4)

        def forward(self, x: Any) -> Any:
            return self.second(self.first(x))

    net, x = Net(), X[0, 0, :, :4]
    random_weights(mx, net, mx.nd.array(x))
    net.save_parameters(str(tmp_path / "net.params"))
    more = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.second, self.first = nn.Linear(4, 4), nn.Linear(4, 4)
    def forward(self, x):
        return self.second(self.first(x))
"""
    assert_converted(
        tmp_path / "net.params", like("Net()", more), lambda: net(mx.nd.array(x)).asnumpy(), x
    )


@pytest.mark.parametrize("once", [True, False])
def test_own_and_shared_parameters(mx: Any, tmp_path: Path, like: Any, once: bool) -> None:
    """Gluon may store a shared weight once, a torch state dict has it under both names."""
    nn = mx.gluon.nn

    class Net(nn.Block):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(7, 4)
            self.output = nn.Dense(7, flatten=False, in_units=4, params=self.embedding.params)
            self.scale = self.params.get("scale", shape=(4,))

        def forward(self, x: Any) -> Any:
            return self.output(self.embedding(x) * self.scale.data())

    net = Net()
    random_weights(mx, net, mx.nd.array(IDS))
    net.save_parameters(str(tmp_path / "net.params"), deduplicate=once)
    assert ("embedding.weight" in mx.nd.load(str(tmp_path / "net.params"))) != once
    more = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(4))
        self.embedding, self.output = nn.Embedding(7, 4), nn.Linear(4, 7)
        self.output.weight = self.embedding.weight
        self.register_buffer("scratch", torch.ones(3), persistent=False)
    def forward(self, x):
        return self.output(self.embedding(x) * self.scale)
"""
    make = like("Net()", more)
    model = assert_converted(
        tmp_path / "net.params", make, lambda: net(mx.nd.array(IDS)).asnumpy(), IDS
    )
    assert torch.equal(model.state_dict()["output.weight"], model.state_dict()["embedding.weight"])
    convert(tmp_path / "net.safetensors", make, tmp_path / "back.params")
    assert (tmp_path / "back.params").read_bytes() == (tmp_path / "net.params").read_bytes()


def save(net: Any, path: Path, saved: str) -> None:
    if saved == "structure":
        net.save_parameters(str(path))
    else:
        net.collect_params().save(str(path))


@pytest.mark.parametrize("saved", ["structure", "full names"])
def test_resnet18(mx: Any, tmp_path: Path, like: Any, saved: str) -> None:
    """The book's network, into the helper's, whose layers learn their sizes."""
    net = original_or_skip().resnet18(5)
    net.initialize(mx.init.Xavier())
    x = mx.nd.array(X)
    with mx.autograd.record():
        net(x)
    save(net, tmp_path / "net.params", saved)
    make = like("d2l.resnet18(5)", "from porting import d2lzh as d2l")
    model = assert_converted(
        tmp_path / "net.params", make, lambda: net(mx.nd.array(X)).asnumpy(), X
    )
    assert isinstance(model[3][0], d2lzh.Residual)


@pytest.mark.parametrize("saved", ["structure", "full names"])
def test_language_model(mx: Any, tmp_path: Path, like: Any, saved: str) -> None:
    """The book's model with a deep LSTM, there and back."""
    original = original_or_skip()

    def make_gluon() -> Any:
        layer = mx.gluon.rnn.LSTM(6, 2, prefix="lstm_")
        return original.RNNModel(layer, 7, prefix="model_")

    net = make_gluon()
    net.initialize(mx.init.Normal(0.5))
    ids = mx.nd.array(IDS)

    def outputs(net: Any) -> np.ndarray:
        return net(ids, net.begin_state(batch_size=len(IDS)))[0].asnumpy()

    expected = outputs(net)
    source, converted, back = (
        tmp_path / name for name in ("a.params", "b.safetensors", "c.params")
    )
    save(net, source, saved)
    make = like("d2l.RNNModel(nn.LSTM(7, 6, 2), 7)", "from porting import d2lzh as d2l")
    convert(source, make, converted)
    model = make_model(make)
    model.load_state_dict(safetensors.torch.load_file(converted))
    output, _ = model(torch.tensor(IDS), model.begin_state(len(IDS)))
    assert_close(output.detach().numpy(), expected, noise.again(lambda: outputs(net)))

    safetensors.torch.save_file(model.state_dict(), converted)  # without the map of names
    convert(converted, make, back)
    again = make_gluon()
    again.load_parameters(str(back))
    np.testing.assert_array_equal(outputs(again), expected)
