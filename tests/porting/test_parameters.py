"""Parameters outside and inside blocks."""

from __future__ import annotations

from porting.port import port
from tests.porting.both_sides import HEADER
from tests.porting.chapters import assert_same, run_both

PREFIXED = """
params = gluon.ParameterDict(prefix='first_')
params.get('weight', shape=(2, 2))
params.initialize(init=init.Constant(0.5))
v = params['first_weight'].data()
"""


def test_parameters_without_a_block() -> None:
    body = """
params = gluon.ParameterDict()
params.get('weight', shape=(4, 2))
again = params.get('weight', shape=(4, 2))
params.initialize(init=init.Constant(0.5))
single = gluon.Parameter('single', shape=(2, 3))
single.initialize(init=init.Constant(0.25))
w, s = params['weight'].data(), single.data()
names = [name for name in params]
same = params['weight'] is again
"""
    ported = assert_same(body, "w", "s")
    assert_same(PREFIXED, "v")
    assert "nn.ParameterDict()" in ported.text
    expected, values, _ = run_both(body)
    assert values["names"] == expected["names"]
    assert values["same"]
    assert expected["same"]


def test_gluons_names_of_batch_norm() -> None:
    body = """
net = nn.Sequential()
net.add(nn.BatchNorm())
net.initialize()
net(nd.array(features))
scale, shift = net[0].gamma.data(), net[0].beta.data()
mean, variance = net[0].running_mean.data(), net[0].running_var.data()
"""
    assert_same(body, "scale", "shift", "mean", "variance")


KEPT = """
net = nn.Sequential()
net.add(nn.Dense(3, activation='relu'), nn.Dense(1))
params = net.collect_params()
params.initialize(init.Constant(0.3))
net(nd.array(features))
sizes = [p.shape for p in params.values()]
count = len([name for name in params])
trainer = gluon.Trainer(params, 'sgd', {'learning_rate': 0.1})
with autograd.record():
    l = net(nd.array(features))
l.backward()
trainer.step(1)
out = net(nd.array(features))
total = 0
for param in params.values():
    print(param.name, param.data())
    total += param.data().sum()
names = []
for param in net.collect_params().values():
    names.append(param.name)
"""


def test_parameters_that_are_kept() -> None:
    ported = assert_same(KEPT, "count", "out", "total")
    assert "params = dict(net.named_parameters())" in ported.text
    assert "for name, param in params.items():" in ported.text
    _, values, _ = run_both(KEPT)
    assert values["names"] == ["1.weight", "1.bias", "3.weight", "3.bias"]


def test_parameters_that_are_shown() -> None:
    ported = port(HEADER + "net = nn.Dense(2)\nprint(net.collect_params())\n", "x.py")
    assert "print(dict(net.named_parameters()))" in ported.text


def test_name_of_a_parameter_stops() -> None:
    ported = port(HEADER + "net = nn.Dense(2)\nname = net.weight.name\n", "x.py")
    assert ported.summary["unknown"] == 1


def test_initialisers_by_name() -> None:
    body = """
class Layer(nn.Block):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.shift = self.params.get('shift', shape=(4,), init='ones')

    def forward(self, x):
        return x + self.shift.data()

net = Layer()
net.initialize(init.Constant(5))
out = net(nd.array(features))
"""
    assert_same(body, "out")
