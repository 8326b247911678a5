"""A network, its port and its weights: the three commands' results fit together."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from porting.main import main
from porting.weights_model import load_model
from tests.porting import noise
from tests.rounding import assert_same

HEADER = "from mxnet import gluon, init, nd\nfrom mxnet.gluon import nn, rnn\n\n"
NETWORKS = {
    "convolutions": (
        (2, 1, 8, 8),
        """
def make():
    net = nn.Sequential()
    net.add(nn.Conv2D(4, kernel_size=3, activation='relu'), nn.BatchNorm(),
            nn.MaxPool2D(2), nn.Dense(5, activation='tanh'), nn.Dropout(0.5), nn.Dense(3))
    net.initialize(init.Xavier())
    return net
""",
    ),
    "a block": (
        (2, 7),
        """
class Tagger(nn.Block):
    def __init__(self, **kwargs):
        super(Tagger, self).__init__(**kwargs)
        self.embedding = nn.Embedding(10, 4)
        self.encoder = rnn.LSTM(5, num_layers=2, bidirectional=True)
        self.decoder = nn.Dense(3, flatten=False)

    def forward(self, ids):
        return self.decoder(self.encoder(self.embedding(ids)))


def make():
    net = Tagger()
    net.initialize(init.Normal(0.3))
    return net
""",
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_ported_network_takes_the_converted_weights(
    mx: Any, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shape, body = NETWORKS[name]
    (tmp_path / "model.py").write_text(HEADER + body)
    held: dict[str, Any] = {}
    exec(HEADER + body, held)
    theirs = held["make"]()
    X = np.random.default_rng(0).integers(10, size=shape).astype("float32")
    with mx.autograd.record():  # once, so that the statistics move
        loss = theirs(mx.nd.array(X)).sum()
    loss.backward()
    theirs.save_parameters(str(tmp_path / "net.params"))

    monkeypatch.chdir(tmp_path)
    assert main(["port", "-q", "model.py"]) == 0
    like = ("--like", "model_torch.py:make")
    assert main(["weights", "net.params", *like, "-o", "net.safetensors"]) == 0
    assert main(["weights", "net.safetensors", *like, "-o", "back.params"]) == 0
    assert (tmp_path / "back.params").read_bytes() == (tmp_path / "net.params").read_bytes()
    ours = load_model(f"{tmp_path / 'model_torch.py'}:make")
    ours.load_state_dict(safetensors.torch.load_file(tmp_path / "net.safetensors"))
    ours.eval()
    with torch.no_grad():
        found = ours(torch.tensor(X)).numpy()

    def expected() -> np.ndarray:
        return theirs(mx.nd.array(X)).asnumpy()

    assert_same(found, expected(), noise.again(expected))
