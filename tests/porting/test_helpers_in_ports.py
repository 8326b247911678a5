"""Chapters that use the book's helpers: the original on MXNet beside the port on `porting.d2lzh`."""

from __future__ import annotations

import sys
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest

from tests.porting.both_sides import HEADER
from tests.porting.chapters import DATA, assert_same, run, run_both
from tests.porting.d2lzh.original import original_or_skip
from tests.statistics import assert_same_mean

mpl.use("Agg")

START = """import d2lzh as d2l
import gluonbook as gb
w, b = nd.ones((4, 1)), nd.zeros((1,))
w.attach_grad()
b.attach_grad()
X, y = nd.array(features), nd.array(targets)
lr, num_epochs = 0.1, 3
"""
BATCHES = """import d2lzh as d2l
batches = [(nd.array(features[i:i + 2]), nd.array(classes[i:i + 2])) for i in range(0, 6, 2)]
W = nd.arange(12).reshape((4, 3)) / 10
b = nd.zeros((3,))
W.attach_grad()
b.attach_grad()
"""
NETWORK = """import d2lzh as d2l
batches = [(nd.array(features[i:i + 3]), nd.array(classes[i:i + 3])) for i in range(0, 6, 3)]
net = nn.Sequential()
net.add(nn.Dense(4, activation='tanh'), nn.BatchNorm(), nn.Dense(3))
net.initialize(init.Constant(0.1))
for X, _ in batches:
    net(X)
net[2].weight.set_data(nd.arange(12).reshape((3, 4)) / 10)
trainer = gluon.Trainer(net.collect_params(), 'sgd', {'learning_rate': 0.1, 'wd': 0.1})
"""


@pytest.fixture(autouse=True)
def _book(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("d2lzh", "gluonbook"):  # the name that it had before it was published
        monkeypatch.setitem(sys.modules, name, original_or_skip())


RECORDED = """    with autograd.record():
        l = d2l.squared_loss(d2l.linreg(X, w, b), y)
    l.backward()
"""
LOOPS = {
    "a list": f"for epoch in range(num_epochs):\n{RECORDED}    d2l.sgd([w, b], lr, 6)\n",
    "a name": f"params = [w, b]\nfor epoch in range(num_epochs):\n{RECORDED}    gb.sgd(params, lr, 6)\n",
    "by keyword": f"for epoch in range(num_epochs):\n{RECORDED}    d2l.sgd(lr=lr, params=[w, b], batch_size=6)\n",
    "imported": f"from d2lzh import sgd\nfor epoch in range(num_epochs):\n{RECORDED}    sgd([w, b], lr, 6)\n",
    "under another name": f"step = d2l.sgd\nfor epoch in range(num_epochs):\n{RECORDED}    step([w, b], lr, 6)\n",
    "clipped": f"for epoch in range(num_epochs):\n{RECORDED}    d2l.grad_clipping([w, b], 0.5, X.context)\n    d2l.sgd([w, b], lr, 1)\n",
    "while": f"epoch = 0\nwhile epoch < 3:\n{RECORDED}    d2l.sgd([w, b], lr, 6)\n    epoch += 1\n",
    "only one": f"for epoch in range(num_epochs):\n{RECORDED}    if epoch == 1:\n        d2l.sgd([w], lr, 6)\n    else:\n        d2l.sgd([w, b], lr, 6)\n",
    "parts of a list": f"weights = [w, b]\nfor epoch in range(num_epochs):\n{RECORDED}    d2l.sgd(weights[:1], lr, 6)\n    d2l.sgd(weights[1:], lr, 6)\n",
    "through a function": f"def update(ws):\n    d2l.sgd(ws, lr, 6)\nfor epoch in range(num_epochs):\n{RECORDED}    update([w, b])\n",
    "batches": "for epoch in range(num_epochs):\n    for X_, y_ in d2l.data_iter(6, X, y):\n        with autograd.record():\n            l = d2l.squared_loss(d2l.linreg(X_, w, b), y_).mean()\n        l.backward()\n        d2l.sgd([w, b], lr, 1)\n",
    "a function": "def fit(weights, n):\n    for epoch in range(n):\n        with autograd.record():\n            l = d2l.squared_loss(d2l.linreg(X, *weights), y)\n        l.backward()\n        d2l.sgd(weights, lr, 6)\n    return l\nl = fit([w, b], num_epochs)\n",
    "a class": "class Model:\n    def __init__(self):\n        self.w, self.b = w, b\n    def fit(self):\n        for epoch in range(num_epochs):\n            with autograd.record():\n                l = d2l.squared_loss(d2l.linreg(X, self.w, self.b), y)\n            l.backward()\n            d2l.sgd([self.w, self.b], lr, 6)\n        return l\nl = Model().fit()\n",
}


@pytest.mark.parametrize("form", LOOPS)
def test_gradients_are_cleared_around_sgd(form: str) -> None:
    assert_same(START + LOOPS[form], "w", "b", "l")


def test_a_helper_that_the_chapter_writes_again() -> None:
    body = """
def sgd(params, lr, batch_size):
    for param in params:
        param[:] = param - 2 * lr * param.grad / batch_size

def linreg(X, w, b):
    return 2 * nd.dot(X, w) + b

for epoch in range(num_epochs):
    with autograd.record():
        l = d2l.squared_loss(linreg(X, w, b), y)
    l.backward()
    sgd([w, b], lr, 6)
for epoch in range(num_epochs):
    with autograd.record():
        l = gb.squared_loss(d2l.linreg(X, w, b), y)
    l.backward()
    gb.sgd([w, b], lr, 6)
value = linreg(X, w, b).sum().asscalar()
"""
    assert_same(START + body, "w", "b", "l", "value")


def test_train_ch3_with_parameters() -> None:
    body = """
def net(X):
    return nd.softmax(nd.dot(X, W) + b)

def cross_entropy(y_hat, y):
    return -nd.pick(y_hat, y).log()

d2l.train_ch3(net, batches, batches, cross_entropy, 3, 2, [W, b], 0.5)
accuracy = d2l.evaluate_accuracy(batches, net)
"""
    assert_same(BATCHES + body, "W", "b", "accuracy", "printed")


@pytest.mark.parametrize(
    "call",
    [
        "d2l.train_ch3(net, batches, batches, gloss.SoftmaxCrossEntropyLoss(), 3, 3, None, None, trainer)",
        "d2l.train_ch5(net, batches, batches, 3, trainer, mx.cpu(), 3)",
        "d2l.train(batches, batches, net, gloss.SoftmaxCrossEntropyLoss(), trainer, mx.cpu(), 3)",
        "d2l.train(batches, batches, net, gloss.SoftmaxCrossEntropyLoss(), trainer, d2l.try_all_gpus(), 3)",
    ],
)
def test_training_functions(call: str) -> None:
    """Batch normalisation shows whether the network was in the right mode at every call."""
    body = f"\n{call}\nevaluated = net(X)\nweight = net[2].weight.data()\naccuracy = d2l.evaluate_accuracy(batches, net)\n"
    assert_same(NETWORK + body, "evaluated", "weight", "accuracy", "printed")


def test_functions_and_blocks_know_when_they_train() -> None:
    body = """
seen = []

def net(X):
    seen.append(autograd.is_training())
    return nd.dot(X, W) + b

class Watch(nn.Block):
    def forward(self, X):
        seen.append(autograd.is_training())
        return X

loss = gloss.SoftmaxCrossEntropyLoss()
d2l.train_ch3(net, batches, batches, loss, 2, 2, [W, b], 0.5)
value = net(batches[0][0]).sum().asscalar()
layers = nn.Sequential()
layers.add(Watch(), nn.Dense(3))
layers.initialize(init.Constant(0.1))
trainer = gluon.Trainer(layers.collect_params(), 'sgd', {'learning_rate': 0.1})
d2l.train_ch5(layers, batches, batches, 2, trainer, mx.cpu(), 2)
d2l.evaluate_accuracy(batches, layers)
weight = layers[1].weight.data()
"""
    expected, values, _ = run_both(BATCHES + body)
    assert values["seen"] == expected["seen"]
    assert {True, False} == set(values["seen"])
    assert_same(BATCHES + body, "W", "b", "weight", "value")


CHAPTER_7 = {
    "train_ch7": """
def sgd_momentum(params, states, hyperparams):
    for p, v in zip(params, states):
        v[:] = hyperparams['momentum'] * v + hyperparams['lr'] * p.grad
        p[:] -= v

states = (nd.zeros((4, 1)), nd.zeros(1))
d2l.train_ch7(sgd_momentum, states, {'lr': 0.3, 'momentum': 0.9}, X, y, 100, 500)
""",
    "train_gluon_ch7": "d2l.train_gluon_ch7('adam', {'learning_rate': 0.05}, X, y, 100, 500)\n",
    "by name": "d2l.train_gluon_ch7('sgd', {'learning_rate': 5.0, 'momentum': 0.9}, X, y, 100, 500)\n",
}


@pytest.mark.parametrize("name", CHAPTER_7)
def test_chapter_7_arrives_at_the_smallest_loss(name: str) -> None:
    """Each side draws its own first weights, so it is trained until they no longer count.

    The loss is taken whenever 100 samples have passed, which a batch of 100 does at each step.
    """
    inputs = np.hstack([DATA["features"], np.ones((6, 1))])
    best, *_ = np.linalg.lstsq(inputs, DATA["targets"], rcond=None)
    residuals = DATA["targets"] - inputs @ best
    expected = f"loss: {(residuals**2).mean() / 2:f}, … sec per epoch"
    for names in run_both(START + "y = y.reshape((-1,))\n" + CHAPTER_7[name])[:2]:
        assert names["printed"] == [expected]


RECURRENT = """import d2lzh as d2l
text = 'the quick brown fox jumps over the lazy dog. ' * 4
idx_to_char = sorted(set(text))
char_to_idx = {c: i for i, c in enumerate(idx_to_char)}
corpus = [char_to_idx[c] for c in text]
size, num_hiddens = len(idx_to_char), 6
"""


def test_a_written_out_rnn() -> None:
    body = """
def get_params():
    shapes = [(size, num_hiddens), (num_hiddens, num_hiddens), (num_hiddens,), (num_hiddens, size), (size,)]
    made = []
    for shape in shapes:
        count = 1
        for n in shape:
            count *= n
        made.append(nd.sin(nd.arange(count)).reshape(shape) / 3)
    for param in made:
        param.attach_grad()
    return made

params = get_params()

def init_rnn_state(batch_size, num_hiddens, ctx):
    return (nd.zeros(shape=(batch_size, num_hiddens), ctx=ctx),)

def rnn_step(inputs, state, params):
    W_xh, W_hh, b_h, W_hq, b_q = params
    H, = state
    outputs = []
    for X in inputs:
        H = nd.tanh(nd.dot(X, W_xh) + nd.dot(H, W_hh) + b_h)
        outputs.append(nd.dot(H, W_hq) + b_q)
    return outputs, (H,)

d2l.train_and_predict_rnn(rnn_step, lambda: params, init_rnn_state, num_hiddens, size, mx.cpu(), corpus, idx_to_char, char_to_idx, False, 2, 5, 0.5, 0.5, 4, 1, 10, ['the', 'a'])
W, b_q = params[0], params[4]
said = d2l.predict_rnn('the', 12, rnn_step, params, init_rnn_state, num_hiddens, size, mx.cpu(), idx_to_char, char_to_idx)
"""
    expected, values, ported = run_both(RECURRENT + body)
    assert values["said"] == expected["said"]
    assert_same(RECURRENT + body, "W", "b_q")
    assert ported.summary["unknown"] == 0


@pytest.mark.parametrize("layer", ["RNN(num_hiddens)", "GRU(num_hiddens)", "LSTM(num_hiddens, 2)"])
def test_a_recurrent_layer_in_the_books_model(layer: str) -> None:
    body = f"""
layer = rnn.{layer}
model = d2l.RNNModel(layer, size)
model.initialize(ctx=mx.cpu())
said = d2l.predict_rnn_gluon('the', 10, model, size, mx.cpu(), idx_to_char, char_to_idx)
d2l.train_and_predict_rnn_gluon(model, num_hiddens, size, mx.cpu(), corpus, idx_to_char, char_to_idx, 2, 5, 1.0, 0.1, 4, 1, 10, ['the', 'a'])
state = model.begin_state(batch_size=2)
shapes = [tuple(s.shape) for s in state]
"""
    expected, values, ported = run_both(RECURRENT + body)
    assert values["shapes"] == expected["shapes"]
    assert len(values["said"]) == len(expected["said"]) == 13
    # Each side draws its own weights: perplexities of the first epoch have one distribution.
    theirs, ours = (
        [first_perplexity(run(text)) for _ in range(6)]
        for text in (HEADER + RECURRENT + body, ported.text)
    )
    assert_same_mean(ours, theirs)
    assert ported.summary["unknown"] == 0


def first_perplexity(names: dict[str, Any]) -> float:
    (line,) = (line for line in names["printed"] if line.startswith("epoch 1,"))
    return float(line.split("perplexity ")[1].split(",")[0])
