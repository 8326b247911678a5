"""Chapters that use the book's helpers: the original on MXNet beside the port on `porting.d2lzh`."""

from __future__ import annotations

import sys

import matplotlib as mpl
import pytest

from tests.porting.chapters import assert_same, run_both
from tests.porting.d2lzh.original import figures, lines_without_seconds, original_or_skip, words

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


def test_train_ch3_with_parameters(capsys: pytest.CaptureFixture) -> None:
    body = """
def net(X):
    return nd.softmax(nd.dot(X, W) + b)

def cross_entropy(y_hat, y):
    return -nd.pick(y_hat, y).log()

d2l.train_ch3(net, batches, batches, cross_entropy, 3, 2, [W, b], 0.5)
accuracy = d2l.evaluate_accuracy(batches, net)
"""
    assert_same(BATCHES + body, "W", "b", "accuracy")
    assert_same_output(capsys)


def assert_same_output(capsys: pytest.CaptureFixture) -> None:
    """What MXNet printed first is what the port printed then, but for seconds."""
    lines = lines_without_seconds(capsys.readouterr().out.replace("[cpu(0)]", "cpu"))
    theirs, ours = lines[: len(lines) // 2], lines[len(lines) // 2 :]
    assert words(theirs) == words(ours) != []
    assert figures(ours) == pytest.approx(figures(theirs), rel=1e-4, abs=1.01e-4)


@pytest.mark.parametrize(
    "call",
    [
        "d2l.train_ch3(net, batches, batches, gloss.SoftmaxCrossEntropyLoss(), 3, 3, None, None, trainer)",
        "d2l.train_ch5(net, batches, batches, 3, trainer, mx.cpu(), 3)",
        "d2l.train(batches, batches, net, gloss.SoftmaxCrossEntropyLoss(), trainer, mx.cpu(), 3)",
        "d2l.train(batches, batches, net, gloss.SoftmaxCrossEntropyLoss(), trainer, d2l.try_all_gpus(), 3)",
    ],
)
def test_training_functions(call: str, capsys: pytest.CaptureFixture) -> None:
    """Batch normalisation shows whether the network was in the right mode at every call."""
    body = f"\n{call}\nevaluated = net(X)\nweight = net[2].weight.data()\naccuracy = d2l.evaluate_accuracy(batches, net)\n"
    assert_same(NETWORK + body, "evaluated", "weight", "accuracy")
    assert_same_output(capsys)


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
d2l.train_ch7(sgd_momentum, states, {'lr': 0.1, 'momentum': 0.5}, X, y, 100, 500)
""",
    "train_gluon_ch7": "d2l.train_gluon_ch7('adam', {'learning_rate': 0.05}, X, y, 100, 500)\n",
    "by name": "d2l.train_gluon_ch7('sgd', {'learning_rate': 1.0, 'momentum': 0.5}, X, y, 100, 500)\n",
}


@pytest.mark.parametrize("name", CHAPTER_7)
def test_chapter_7_arrives_at_the_same_loss(name: str, capsys: pytest.CaptureFixture) -> None:
    """Each side draws its own first weights, so it is trained until they no longer count.

    The loss is taken whenever 100 samples have passed, which a batch of 100 does at each step.
    """
    run_both(START + "y = y.reshape((-1,))\n" + CHAPTER_7[name])
    losses = [line for line in capsys.readouterr().out.splitlines() if line.startswith("loss")]
    theirs, ours = (float(line.split()[1].strip(",")) for line in losses)
    assert ours == pytest.approx(theirs, rel=1e-2)


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

d2l.train_and_predict_rnn(rnn_step, lambda: params, init_rnn_state, num_hiddens, size, mx.cpu(), corpus, idx_to_char, char_to_idx, False, 6, 5, 0.5, 0.5, 4, 3, 10, ['the', 'a'])
W, b_q = params[0], params[4]
said = d2l.predict_rnn('the', 12, rnn_step, params, init_rnn_state, num_hiddens, size, mx.cpu(), idx_to_char, char_to_idx)
"""
    expected, values, ported = run_both(RECURRENT + body)
    assert values["said"] == expected["said"]
    assert_same(RECURRENT + body, "W", "b_q")
    assert ported.summary["unknown"] == 0


@pytest.mark.parametrize("layer", ["RNN(num_hiddens)", "GRU(num_hiddens)", "LSTM(num_hiddens, 2)"])
def test_a_recurrent_layer_in_the_books_model(layer: str, capsys: pytest.CaptureFixture) -> None:
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
    # Each side draws its own weights: the first perplexities are near the vocabulary's size.
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("epoch 1,")]
    theirs, ours = (float(line.split("perplexity ")[1].split(",")[0]) for line in lines)
    assert ours == pytest.approx(theirs, rel=0.02)
    assert ported.summary["unknown"] == 0
