"""Helpers of the book's second edition: `d2l.mxnet` becomes `d2l.torch`."""

from __future__ import annotations

import types

import pytest
import torch
from torch import nn

from porting import runtime
from porting.api_map import TABLE
from porting.port import port
from tests.statistics import assert_standard_deviation

HEADER = "from mxnet import autograd, gluon, np, npx\nfrom mxnet.gluon import nn\nfrom d2l import mxnet as d2l\nnpx.set_np()\n"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("from d2l import mxnet as d2l", "from d2l import torch as d2l"),
        ("import d2l.mxnet as d2l", "from d2l import torch as d2l"),
        ("import d2l", "from d2l import torch as d2l"),
        ("from d2l.mxnet import Timer as T", "from d2l.torch import Timer as T"),
    ],
)
def test_import(line: str, expected: str) -> None:
    assert expected in port(f"from mxnet import np\n{line}\nx = np.ones(2)\n", "x.py").text


def test_torch_text_stays() -> None:
    text = "import torch\nfrom d2l import torch as d2l\n\nx = d2l.ones(3)\n"
    assert port(text, "x.py").text == text


def test_names_of_numpy_functions() -> None:
    text = port(
        HEADER + "a = d2l.concat([d2l.ones((2, 3)), d2l.zeros((2, 3))], axis=1)\n", "x.py"
    ).text
    assert "a = torch.cat([torch.ones((2, 3)), torch.zeros((2, 3))], dim=1)" in text


def test_same_helpers_stay() -> None:
    ported = port(HEADER + "timer = d2l.Timer()\nd2l.plot([1], [2])\nprint(timer.sum())\n", "x.py")
    assert ported.summary["unknown"] == 0
    assert "timer = d2l.Timer()\nd2l.plot([1], [2])\nprint(timer.sum())\n" in ported.text


@pytest.mark.parametrize("name", [n for n, row in TABLE.items() if row.rule == "differs"])
def test_helpers_of_another_meaning_stop(name: str) -> None:
    ported = port(HEADER + f"a = {name}(1, b=2)\n", "x.py")
    assert ported.summary["unknown"] == 1
    assert f"runtime.not_ported('{name}'" in ported.text


def test_unknown_helpers_stop() -> None:
    assert port(HEADER + "d2l.train_ranking(1)\n", "x.py").summary["unknown"] == 1


def test_a_class_of_the_helpers_is_a_network() -> None:
    body = (
        "class Coder(d2l.Encoder):\n    def forward(self, X):\n        return npx.dropout(X, 0.5)\n"
    )
    assert "training=self.training" in port(HEADER + body, "x.py").text


def _run(text: str, **helpers) -> dict:
    """Run a port with stand-ins for d2l.torch."""
    held = {"d2l": types.SimpleNamespace(**helpers)}
    exec(text.replace("from d2l import torch as d2l\n", ""), held)
    return held


@pytest.mark.parametrize(
    ("call", "spread"),
    [
        ("d2l.train_ch6(net, None, None, 2, 0.1, None)", (2 / 1000) ** 0.5),
        ("d2l.train_ch8(net, None, None, 1, 2, None)", 0.01),
        ("d2l.train_seq2seq(net, None, 0.1, 2, None, None)", (2 / 1000) ** 0.5),
    ],
)
def test_networks_are_initialised_first(call: str, spread: float) -> None:
    seen = {}

    def train(net: nn.Module, *_: object) -> None:
        net(torch.ones(1, 500))
        seen["weight"], seen["bias"] = net[-1].weight, net[-1].bias

    body = "net = nn.Sequential()\nnet.add(nn.Dense(500))\n" + call + "\n"
    name = call.partition("(")[0].partition(".")[2]
    _run(port(HEADER + body, "x.py").text, **{name: train})
    assert_standard_deviation(seen["weight"].detach(), spread)
    assert not seen["bias"].any()


def test_updates_reset_the_gradients() -> None:
    body = """
def sgd(params, states, hyperparams):
    for p in params:
        p[:] -= hyperparams['lr'] * p.grad

d2l.train_ch11(sgd, None, {'lr': 0.5}, None, 5)
"""
    weight = torch.zeros(1, requires_grad=True)

    def train(update, states, hyperparams, *_: object) -> None:
        for _step in range(3):
            (2 * weight).sum().backward()
            update([weight], states, hyperparams)

    _run(port(HEADER + body, "x.py").text, train_ch11=train)
    assert weight.item() == -3.0


def test_zeroing_returns_what_the_update_returns() -> None:
    assert runtime.zeroing(lambda params, x: x)([], 3) == 3


def test_device_of_a_parameter() -> None:
    text = port(
        HEADER + "device = list(net.collect_params().values())[0].list_ctx()[0]\n", "x.py"
    ).text
    assert "device = list(net.parameters())[0].device\n" in text


def test_networks_are_judged_in_evaluation_mode() -> None:
    body = """
def evaluate_accuracy(net, data_iter):
    metric = d2l.Accumulator(2)
    for X, y in data_iter:
        metric.add(d2l.accuracy(net(X), y), d2l.size(y))
    return metric[0] / metric[1]
"""
    seen = {}

    class Watch(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            seen["training"], seen["records"] = self.training, torch.is_grad_enabled()
            return x

    class Sums(list):
        def add(self, *values: float) -> None:
            self[:] = values

    held = _run(
        port(HEADER + body, "x.py").text,
        Accumulator=lambda n: Sums([0] * n),
        accuracy=lambda *_: 1.0,
        size=torch.numel,
    )
    assert held["evaluate_accuracy"](Watch().train(), [(torch.ones(2), torch.ones(2))]) == 0.5
    assert seen == {"training": False, "records": False}


def test_what_a_helper_holds() -> None:
    body = "_, axes = d2l.plt.subplots(2, 2)\nfor ax in axes.flatten():\n    ax.imshow(1)\n"
    ported = port(HEADER + body, "x.py")
    assert ported.summary["unknown"] == 0
    assert body in ported.text
