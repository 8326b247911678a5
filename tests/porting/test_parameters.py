"""Parameters outside and inside blocks."""

from __future__ import annotations

from tests.porting.chapters import assert_same, run_both


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
