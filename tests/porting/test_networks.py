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


def test_cast() -> None:
    body = "net = nn.Dense(2)\nnet.initialize(init.Constant(0.1))\nnet.cast('float64')\nout = net(nd.array(features).astype('float64'))\n"
    assert_same(body, "out")


def test_loss_of_its_own() -> None:
    body = """
class Cubed(gloss.Loss):
    def __init__(self, weight=None, batch_axis=0, **kwargs):
        super().__init__(weight, batch_axis, **kwargs)

    def hybrid_forward(self, F, prediction, label):
        return F.mean(F.abs(prediction - label) ** 3, axis=1)

l = Cubed()(nd.array(features), nd.array(features) * 2)
"""
    assert_same(body, "l")


def test_sample_weights() -> None:
    body = """
weights = nd.array([1, 0, 2, 1, 0, 3])
loss = gloss.SoftmaxCrossEntropyLoss()
l = loss(nd.array(features), nd.array(classes), weights.reshape((-1, 1)))
mask = nd.array(features) > 0
binary = gloss.SigmoidBinaryCrossEntropyLoss()
k = binary(nd.array(features), nd.array(features) > 1, mask)
"""
    assert_same(body, "l", "k")


def test_parameters_that_hybrid_forward_is_given() -> None:
    body = """
class Scaled(nn.HybridBlock):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        with self.name_scope():
            self.scale = self.params.get('scale', shape=(1, 4), init=init.Constant(3))

    def hybrid_forward(self, F, x, scale):
        # by the scale
        return F.broadcast_mul(x, scale)

net = Scaled()
net.initialize()
out = net(nd.array(features))
"""
    ported = assert_same(body, "out")
    assert "def forward(self, x):" in ported.text
    assert "# by the scale" in ported.text


def test_functions_as_a_value() -> None:
    body = "class Net(nn.HybridBlock):\n    def hybrid_forward(self, F, x):\n        print(F)\n        return F.relu(x)\n\nout = Net()(nd.array(features))\n"
    assert_same(body, "out")


def test_parameters_of_a_shared_layer() -> None:
    body = """
net = nn.Sequential()
shared = nn.Dense(4, activation='relu')
net.add(nn.Dense(4, activation='relu'), shared, nn.Dense(4, activation='relu', params=shared.params), nn.Dense(2))
net.initialize(init.Constant(0.3))
out = net(nd.array(features))
one, two = net[1].weight.data(), net[2].weight.data()
same = (net[1].weight.data() == net[2].weight.data()).mean().asscalar()
"""
    assert_same(body, "out", "one", "two", "same")


def test_a_block_imported_by_name() -> None:
    body = """
from mxnet.gluon import Block

class Layer(Block):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.weight = self.params.get('weight', shape=(4, 2))

    def forward(self, x):
        return nd.Dropout(nd.dot(x, self.weight.data()), p=0.5)

layer = Layer()
layer.initialize(init.Constant(0.5))
layer.params
out = layer(nd.array(features))
"""
    ported = assert_same(body, "out")
    assert "training=self.training" in ported.text
    assert "\ndict(layer.named_parameters())" in ported.text


def test_loop_over_layers_that_became_two_is_noted() -> None:
    body = "net = nn.Sequential()\nnet.add(nn.Dense(3{}))\nfor layer in net:\n    print(layer)\n"
    for activation, noted in ((", activation='relu'", True), (", flatten=False", False)):
        ported = port(HEADER + body.format(activation), "x.py")
        assert ("layers-counted" in {f.name for f in ported.findings}) is noted


def test_layer_norm() -> None:
    body = """
X = nd.array(features).reshape((2, 3, 4))
net = nn.Sequential()
net.add(nn.LayerNorm(epsilon=0.1), nn.LayerNorm(in_channels=4))
net.initialize()
with autograd.record():
    out = net(X)
    l = (out * out * nd.array(features).reshape((2, 3, 4))).sum()
l.backward()
scale, shift = net[0].gamma.data(), net[0].beta.grad()
"""
    ported = assert_same(body, "out", "scale", "shift")
    assert "nn.Sequential(runtime.LayerNorm(eps=0.1), nn.LayerNorm(4))" in ported.text
