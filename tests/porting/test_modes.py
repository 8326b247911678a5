"""Training and prediction: contexts, functions that ask, and functions with a mode."""

from __future__ import annotations

import numpy as np
import pytest

from porting.port import port
from tests.porting.both_sides import HEADER
from tests.porting.chapters import assert_same, run_both

NETWORK = """
X = nd.array(features)
net = nn.Sequential()
net.add(nn.BatchNorm())
net.initialize()
net(X)
"""


def test_modes() -> None:
    body = (
        NETWORK
        + """
with autograd.train_mode():
    trained = net(X)
with autograd.predict_mode():
    # nothing is learnt
    predicted = net(X)
with autograd.record():
    first = net(X)
    with autograd.predict_mode():
        between = net(X)
    second = net(X)
"""
    )
    ported = assert_same(body, "trained", "first", "second")
    assert "# nothing is learnt" in ported.text
    expected, values, _ = run_both(body)
    for name in ("predicted", "between"):  # MXNet updates its statistics in backward only
        assert np.abs(expected[name] - expected["trained"]).max() > 0.1
        assert np.abs(values[name] - values["trained"]).max() > 0.05


def test_paused() -> None:
    body = """
x = nd.array(features)
x.attach_grad()
with autograd.record():
    y = x * x
    with autograd.pause():
        z = y * 2
    total = (y + z).sum()
total.backward()
gradient = x.grad
"""
    assert_same(body, "gradient")


def test_pausing_switches_the_mode() -> None:
    body = NETWORK + "with autograd.record():\n    with autograd.pause():\n        out = net(X)\n"
    ported = port(HEADER + body, "x.py")
    assert "net.eval()\nwith torch.no_grad():\n    out = net(X)\nnet.train()" in ported.text
    body = body.replace("pause()", "pause(train_mode=True)")
    assert "net.eval()\nwith" not in port(HEADER + body, "x.py").text


@pytest.mark.parametrize("place", ["function", "block"])
def test_dropout_function(place: str) -> None:
    body = (
        {
            "function": """
def net(X):
    return nd.Dropout(X, p=0.5)
""",
            "block": """
class Net(nn.Block):
    def forward(self, X):
        return nd.Dropout(X, p=0.5)
net = Net()
""",
        }[place]
        + """
X = nd.ones((40, 50))
out = net(X)
with autograd.record():
    drawn = net(X)
"""
    )
    expected, values, _ = run_both(body)
    for side in (expected, values):
        np.testing.assert_array_equal(side["out"], np.ones((40, 50)))
        assert set(np.unique(side["drawn"])) == {0.0, 2.0}


@pytest.mark.parametrize("fixed", [True, False])
def test_batch_norm_function(fixed: bool) -> None:
    body = f"""
X = nd.array(features)
gamma, beta, mean, var = nd.ones(4) * 3, nd.ones(4), nd.ones(4) * 0.5, nd.ones(4) * 2
beta.attach_grad()

def normed(X):
    return nd.BatchNorm(X, gamma, beta, mean, var, fix_gamma={fixed}, momentum=0.8)

before = normed(X)
with autograd.record():
    out = normed(X)
    l = (out * out * nd.array(targets)).sum()
l.backward()
moved, spread, slope = mean.copy(), var.copy(), beta.grad.copy()
"""
    assert_same(body, "before", "out", "moved", "spread", "slope")


def test_added_gradients() -> None:
    body = """
x = nd.array([1.0, 2.0])
x.attach_grad(grad_req='add')
for _ in range(3):
    with autograd.record():
        y = (x * x).sum()
    y.backward()
gradient = x.grad
x.grad[:] = 0
with autograd.record():
    y = (x * x).sum()
y.backward()
again = x.grad
"""
    assert_same(body.replace("gradient = x.grad", "gradient = x.grad.copy()"), "gradient", "again")


def test_what_the_text_says_about_the_mode() -> None:
    body = """
X = nd.ones((40, 50))
asked = [autograd.is_training(), autograd.is_recording()]
kept = nd.Dropout(X, p=0.5)
with autograd.record():
    asked += [autograd.is_training(), autograd.is_recording()]
    drawn = nd.Dropout(X, p=0.5)
    with autograd.predict_mode():
        asked += [autograd.is_training(), autograd.is_recording()]
        kept_too = nd.Dropout(X, p=0.5)
with autograd.record(train_mode=False):
    asked += [autograd.is_training(), autograd.is_recording()]
    also_kept = nd.Dropout(X, p=0.5)
with autograd.train_mode():
    asked += [autograd.is_training(), autograd.is_recording()]
    drawn_too = nd.Dropout(X, p=0.5)
"""
    ported = assert_same(body, "asked", "kept", "kept_too", "also_kept")
    _, values, _ = run_both(body)
    for name in ("drawn", "drawn_too"):
        assert set(np.unique(values[name])) == {0.0, 2.0}
    assert "mode-of-functions" not in {f.name for f in ported.findings}


def test_a_function_recorded_without_training_is_noted() -> None:
    body = """
def net(X):
    return nd.Dropout(X, p=0.5)

with autograd.record(train_mode=False):
    out = net(nd.ones((4, 5)))
"""
    assert "mode-of-functions" in {f.name for f in port(HEADER + body, "x.py").findings}
