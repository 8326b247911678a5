"""Networks and their layers by name, index and mode."""

from __future__ import annotations

from porting.port import port
from tests.porting.both_sides import HEADER
from tests.porting.chapters import assert_same, run_both


def test_name_of_a_layer() -> None:
    body = "net = nn.Sequential()\nnet.add(nn.Conv2D(2, kernel_size=2), nn.Flatten())\nnames = [layer.name for layer in net]\nfor layer in net:\n    last = layer.name\n"
    _, values, _ = run_both(body)
    assert values["names"][1] == values["last"] == "Flatten"


def test_name_of_anything_else_stays() -> None:
    ported = port(HEADER + "import re\nname = thing.name\n", "x.py")
    assert "name = thing.name" in ported.text


def test_own_parameters_by_name() -> None:
    body = """
net = nn.Sequential()
net.add(nn.Dense(3, activation='relu'), nn.Dense(2, prefix='last_'))
net.initialize(init.Constant(0.5))
net(nd.array(features))
weight, bias = net[1].params['last_weight'].data(), net[1].params['last_bias'].data()
"""
    assert_same(body, "weight", "bias")


def test_a_name_that_is_no_own_parameter_stops() -> None:
    ported = port(HEADER + "net = nn.Dense(2)\nw = net.params['something']\n", "x.py")
    assert ported.summary["unknown"] == 1


def test_plots_go_through_the_helpers() -> None:
    text = "import d2lzh as d2l\nfrom mxnet import nd\n_, axes = d2l.plt.subplots(1, 2)\nd2l.plt.plot([1], [2])\n"
    ported = port(text, "x.py")
    assert ported.summary["unknown"] == 0
    assert "d2l.plt.plot([1], [2])" in ported.text


def test_a_new_network_is_evaluated_too() -> None:
    body = """
X = nd.array(features)
net = nn.Sequential()
net.add(nn.BatchNorm())
net.initialize()
first = net(X)
net = nn.Sequential()
net.add(nn.BatchNorm())
net.initialize()
second = net(X)
"""
    ported = assert_same(body, "first", "second")
    assert ported.text.count("net.eval()") == 2


def test_evaluated_again_after_a_function_had_the_network() -> None:
    body = """
def train(model):
    with autograd.record():
        model(nd.array(features))

net = nn.Sequential()
net.add(nn.BatchNorm())
net.initialize()
first = net(nd.array(features))
train(net)
second = net(nd.array(features))
"""
    ported = assert_same(body, "first")
    assert ported.text.count("\nnet.eval()") == 2
