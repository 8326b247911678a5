"""Training loops: the port takes the same steps as MXNet, trap by trap."""

from __future__ import annotations

from pathlib import Path

import pytest

from porting.port import port
from tests import rounding
from tests.porting import noise
from tests.porting.both_sides import HEADER
from tests.porting.chapters import assert_same, run, run_both

REGRESSION = """
X, y = nd.array(features), nd.array(targets)
net = nn.Sequential()
net.add(nn.Dense(1))
net.initialize(init.Constant(0.2))
loss = gloss.L2Loss()
batch_size = 6
"""

LOOP = """
for epoch in range(4):
    with autograd.record():
        l = loss(net(X), y)
    l.backward()
    trainer.step(batch_size)
weight, bias = net[0].weight.data(), net[0].bias.data()
"""


def test_gradient_of_leaf() -> None:
    body = "x = nd.arange(4).reshape((4, 1))\nx.attach_grad()\nwith autograd.record():\n    y = 2 * nd.dot(x.T, x)\ny.backward()\ngradient = x.grad\n"
    assert_same(body, "gradient")


def test_backward_overwrites() -> None:
    body = (
        "x = nd.array([1.0, 2.0])\nx.attach_grad()\nfor power in (2, 3):\n"
        "    with autograd.record():\n        y = x ** power\n    y.backward()\ngradient = x.grad\n"
    )
    ported = assert_same(body, "gradient")
    assert "x.grad = None" in ported.text


def test_backward_twice_in_one_document() -> None:
    body = (
        "x = nd.array([1.0, 2.0])\nx.attach_grad()\nwith autograd.record():\n    y = x * 3\ny.backward()\n"
        "with autograd.record():\n    z = x * x\nz.backward()\ngradient = x.grad\n"
    )
    assert_same(body, "gradient")


def test_head_gradient() -> None:
    body = "x = nd.array([1.0, 2.0])\nx.attach_grad()\nwith autograd.record():\n    y = x * x\ny.backward(nd.array([10.0, 0.1]))\ngradient = x.grad\n"
    assert_same(body, "gradient")


@pytest.mark.parametrize(
    "options",
    [
        "'learning_rate': 0.1",
        "'learning_rate': 0.1, 'wd': 0.3",
        "'learning_rate': 0.1, 'wd': 0.3, 'momentum': 0.9",
    ],
)
def test_step_divides_and_weight_decay_does_not(options: str) -> None:
    trainer = f"trainer = gluon.Trainer(net.collect_params(), 'sgd', {{{options}}})\n"
    ported = assert_same(REGRESSION + trainer + LOOP, "l", "weight", "bias")
    assert "(l.sum() / batch_size).backward()" in ported.text


def test_step_of_one_after_a_mean() -> None:
    loop = LOOP.replace("loss(net(X), y)", "loss(net(X), y).mean()").replace(
        "step(batch_size)", "step(1)"
    )
    trainer = "trainer = gluon.Trainer(net.collect_params(), 'sgd', {'learning_rate': 0.1})\n"
    ported = assert_same(REGRESSION + trainer + loop, "l", "weight", "bias")
    assert "l.backward()\n    trainer.step()" in ported.text


def test_gradients_read_before_the_step_are_not_divided() -> None:
    loop = LOOP.replace(
        "    trainer.step", "    norm = net[0].weight.grad().norm().asscalar()\n    trainer.step"
    )
    trainer = (
        "trainer = gluon.Trainer(net.collect_params(), 'sgd', {'learning_rate': 0.1, 'wd': 0.3})\n"
    )
    ported = assert_same(REGRESSION + trainer + loop, "l", "weight", "bias", "norm")
    assert "param.grad /= batch_size" in ported.text


def test_step_in_a_function_of_its_own() -> None:
    body = (
        "trainer = gluon.Trainer(net.collect_params(), 'sgd', {'learning_rate': 0.1})\n"
        "def update(optimiser, n):\n    optimiser.step(n)\n"
        "for epoch in range(3):\n    with autograd.record():\n        l = loss(net(X), y)\n"
        "    net.collect_params().zero_grad()\n    l.backward()\n    update(trainer, batch_size)\n"
        "weight = net[0].weight.data()\n"
    )
    assert_same(REGRESSION + body, "weight")


def test_weight_decay_on_weights_only() -> None:
    trainers = (
        "trainer_w = gluon.Trainer(net.collect_params('.*weight'), 'sgd', {'learning_rate': 0.1, 'wd': 0.5})\n"
        "trainer_b = gluon.Trainer(net.collect_params('.*bias'), 'sgd', {'learning_rate': 0.1})\n"
    )
    loop = LOOP.replace(
        "    trainer.step(batch_size)",
        "    trainer_w.step(batch_size)\n    trainer_b.step(batch_size)",
    )
    assert_same(REGRESSION + trainers + loop, "l", "weight", "bias")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("sgd", "{'learning_rate': 0.05, 'momentum': 0.5, 'wd': 0.1}"),
        ("nag", "{'learning_rate': 0.05, 'momentum': 0.5}"),
        ("adam", "{'learning_rate': 0.05, 'beta1': 0.8}"),
        ("adam", "{}"),
        ("adagrad", "{'learning_rate': 0.1, 'wd': 0.2}"),
        ("rmsprop", "{'learning_rate': 0.05, 'gamma1': 0.8}"),
        ("rmsprop", "{}"),
        ("rmsprop", "{'learning_rate': 0.05, 'centered': True, 'gamma2': 0.5}"),
        ("adadelta", "{'rho': 0.9}"),
        ("adadelta", "{'wd': 0.1}"),
        ("nag", "{'learning_rate': 0.05, 'momentum': 0.5, 'wd': 0.1}"),
        ("nag", "dict(learning_rate=0.05)"),
        ("sgd", "{'momentum': 0.9, 'lr_scheduler': lambda step: 0.1 / step}"),
    ],
)
@pytest.mark.parametrize("when", ["text", "run time"])
def test_optimizer(name: str, options: str, when: str) -> None:
    if when == "text":
        trainer = f"trainer = gluon.Trainer(net.collect_params(), '{name}', {options})\n"
    else:
        trainer = f"chosen, options = '{name}', {options}\ntrainer = gluon.Trainer(net.collect_params(), chosen, options)\n"
    assert_same(REGRESSION + trainer + LOOP, "weight", "bias", "l")


def test_learning_rate_can_be_changed() -> None:
    trainer = "trainer = gluon.Trainer(net.collect_params(), 'sgd', {'learning_rate': 0.1})\ntrainer.set_learning_rate(0.02)\nrate = trainer.learning_rate\n"
    assert_same(REGRESSION + trainer + LOOP, "weight", "rate")


@pytest.mark.parametrize("name", ["sgd", "nag", "adam", "adadelta"])
def test_momentum_of_a_changing_rate(name: str) -> None:
    options = "" if name in ("adam", "adadelta") else ", 'momentum': 0.9"
    body = f"""
net = nn.Sequential()
net.add(nn.Dense(1))
net.initialize(init.Constant(0.1))
loss = gloss.L2Loss()
trainer = gluon.Trainer(net.collect_params(), '{name}', {{'learning_rate': 0.2{options}}})
X, y = nd.array(features), nd.array(targets)
for epoch in range(4):
    with autograd.record():
        l = loss(net(X), y)
    l.backward()
    trainer.step(6)
    trainer.set_learning_rate(trainer.learning_rate * 0.5)
weight = net[0].weight.data()
"""
    ported = assert_same(body, "weight", "l")
    if name == "sgd":
        assert "trainer = runtime.SGD(net.parameters(), lr=0.2, momentum=0.9)" in ported.text
        own = port(HEADER + body.replace("    trainer.set_learning_rate", "    # "), "a.py")
        assert "trainer = torch.optim.SGD(net.parameters(), lr=0.2, momentum=0.9)" in own.text


def test_cross_entropy_takes_float_labels() -> None:
    body = """
X, y = nd.array(features), nd.array(classes)
net = nn.Sequential()
net.add(nn.Dense(5, activation='tanh'), nn.Dense(3))
net.initialize(init.Constant(0.1))
loss = gloss.SoftmaxCrossEntropyLoss()
trainer = gluon.Trainer(net.collect_params(), 'sgd', {'learning_rate': 0.5})
for epoch in range(3):
    with autograd.record():
        y_hat = net(X)
        l = loss(y_hat, y).sum()
    l.backward()
    trainer.step(6)
accuracy = (net(X).argmax(axis=1) == y).mean().asscalar()
total = l.asscalar()
first, second = net[0].weight.data(), net[1].weight.data()
"""
    assert_same(body, "accuracy", "total", "first", "second")


def test_label_is_reshaped_to_the_prediction() -> None:
    body = REGRESSION.replace("nd.array(targets)", "nd.array(targets).reshape((-1,))")
    assert_same(body + "l = loss(net(X), y)\n", "l")


def test_update_by_hand() -> None:
    body = """
w, b = nd.ones((4, 1)) * 0.3, nd.zeros(1)
w.attach_grad()
b.attach_grad()
params = [w, b]

def linreg(X, w, b):
    return nd.dot(X, w) + b

def sgd(params, lr, batch_size):
    for param in params:
        param[:] = param - lr * param.grad / batch_size

for epoch in range(3):
    with autograd.record():
        l = (linreg(nd.array(features), w, b) - nd.array(targets)) ** 2 / 2
    l.backward()
    sgd(params, 0.1, 6)
"""
    ported = assert_same(body, "w", "b", "l")
    assert "with torch.no_grad():\n            param[:]" in ported.text


def test_momentum_by_hand() -> None:
    body = """
w = nd.ones((4, 1)) * 0.3
v = nd.zeros((4, 1))
w.attach_grad()

def sgd_momentum(params, states):
    for p, s in zip(params, states):
        s[:] = 0.5 * s + 0.1 * p.grad
        p[:] -= s

for epoch in range(3):
    with autograd.record():
        l = ((nd.dot(nd.array(features), w) - nd.array(targets)) ** 2).mean()
    l.backward()
    sgd_momentum([w], [v])
"""
    assert_same(body, "w", "v")


def test_optimizer_or_update_by_hand() -> None:
    body = """
w = nd.ones((4, 1)) * 0.3
w.attach_grad()
params = [w]

def sgd(params, lr, batch_size):
    for param in params:
        param[:] = param - lr * param.grad / batch_size

def train(net, loss, params=None, trainer=None):
    for epoch in range(3):
        with autograd.record():
            l = loss(net(nd.array(features)), nd.array(targets)).sum()
        l.backward()
        if trainer is None:
            sgd(params, 0.1, 6)
        else:
            trainer.step(6)
    return l.asscalar()

by_hand = train(lambda X: nd.dot(X, w), lambda a, b: (a - b) ** 2 / 2, params)
net = nn.Sequential()
net.add(nn.Dense(1, use_bias=False))
net.initialize(init.Constant(0.3))
trainer = gluon.Trainer(net.collect_params(), 'sgd', {'learning_rate': 0.1})
by_trainer = train(net, gloss.L2Loss(), trainer=trainer)
"""
    expected, values, _ = run_both(body)
    assert_same(body, "by_hand", "by_trainer")
    again = noise.again(lambda: run(HEADER + body)["by_hand"])
    rounding.assert_same(values["by_trainer"], expected["by_hand"], again)


def test_state_is_detached() -> None:
    body = """
w = nd.ones((4, 4)) * 0.1
w.attach_grad()
state = (nd.zeros((6, 4)),)
for epoch in range(3):
    for s in state:
        s.detach()
    with autograd.record():
        state = (nd.tanh(nd.dot(nd.array(features) + state[0], w)),)
        l = state[0].mean()
    l.backward()
    gradient = w.grad
"""
    ported = assert_same(body, "gradient")
    assert "state = [s.detach() for s in state]" in ported.text


def test_function_follows_the_training_mode() -> None:
    body = """
w = nd.ones((4, 1))
w.attach_grad()
seen = []

def net(X):
    seen.append(autograd.is_training())
    return nd.dot(X, w)

def accuracy(net, X):
    return net(X).mean().asscalar()

with autograd.record():
    l = net(nd.array(features)).sum()
l.backward()
value = accuracy(net, nd.array(features))
"""
    expected, values, _ = run_both(body)
    assert expected["seen"] == values["seen"] == [True, False]


def test_networks_train_inside_record_only() -> None:
    body = """
class Watch(nn.Block):
    def forward(self, x):
        modes.append(autograd.is_training())
        return x

modes = []
net = nn.Sequential()
net.add(nn.Dense(3), nn.Dropout(0.5), Watch())
net.initialize()
X = nd.array(features)
before = net(X).sum().asscalar()
with autograd.record():
    l = net(X).sum()
l.backward()
after = net(X).sum().asscalar()
again = net(X).sum().asscalar()
"""
    _, values, ported = run_both(body)
    assert values["before"] == values["after"] == values["again"]
    lines = ported.text.splitlines()
    assert [line for line in lines if "net.train()" in line or "net.eval()" in line] == [
        "net.eval()",
        "net.train()",
        "net.eval()",
    ]


def test_batch_norm_keeps_biased_statistics() -> None:
    body = """
X = nd.array(features)
net = nn.Sequential()
net.add(nn.Dense(3, flatten=False), nn.BatchNorm(momentum=0.8), nn.Dense(1))
net.initialize(init.Constant(0.3))
trainer = gluon.Trainer(net.collect_params(), 'sgd', {'learning_rate': 0.1})
for epoch in range(3):
    with autograd.record():
        l = ((net(X) - nd.array(targets)) ** 2).mean()
    l.backward()
    trainer.step(1)
evaluated = net(X)
total = l.asscalar()
"""
    assert_same(body, "evaluated", "total")


def test_several_losses_reset_once() -> None:
    body = """
net = nn.Sequential()
net.add(nn.Dense(1))
net.initialize(init.Constant(0.2))
loss = gloss.L2Loss()
trainer = gluon.Trainer(net.collect_params(), 'sgd', {'learning_rate': 0.1})
parts = gluon.utils.split_and_load(nd.array(features), [mx.cpu()])
labels = gluon.utils.split_and_load(nd.array(targets), [mx.cpu()])
for epoch in range(2):
    with autograd.record():
        ls = [loss(net(part), label) for part, label in zip(parts, labels)]
    for l in ls:
        l.backward()
    trainer.step(6)
weight = net[0].weight.data()
"""
    ported = assert_same(body, "weight")
    assert "    trainer.zero_grad()\n    for l in ls:\n" in ported.text


def test_batch_norm_by_hand() -> None:
    body = """
def batch_norm(X, gamma, beta, moving_mean, eps, momentum):
    if not autograd.is_training():
        X_hat = X - moving_mean
    else:
        mean = X.mean(axis=0, keepdims=True)
        X_hat = X - mean
        moving_mean = momentum * moving_mean + (1 - momentum) * mean
    return gamma * X_hat + beta, moving_mean

class Centre(nn.Block):
    def __init__(self, num_features, **kwargs):
        super(Centre, self).__init__(**kwargs)
        self.gamma = self.params.get('gamma', shape=(1, num_features), init=init.One())
        self.beta = self.params.get('beta', shape=(1, num_features), init=init.Zero())
        self.moving_mean = nd.zeros((1, num_features))

    def forward(self, X):
        if self.moving_mean.context != X.context:
            self.moving_mean = self.moving_mean.copyto(X.context)
        Y, self.moving_mean = batch_norm(X, self.gamma.data(), self.beta.data(), self.moving_mean, 1e-5, 0.9)
        return Y

net = nn.Sequential()
net.add(Centre(4), nn.Dense(1))
net.initialize(init.Constant(0.3))
loss = gloss.L2Loss()
trainer = gluon.Trainer(net.collect_params(), 'sgd', {'learning_rate': 0.1})
X, y = nd.array(features) + 1, nd.array(targets)
for epoch in range(2):
    with autograd.record():
        l = loss(net(X), y)
    l.backward()
    trainer.step(6)
value = net(X).sum().asscalar()
moving = net[0].moving_mean
"""
    assert_same(body, "l", "value", "moving")


def test_layer_of_its_own_follows_the_mode() -> None:
    body = """
class Noise(nn.Block):
    def forward(self, x):
        if autograd.is_training():
            return x * 100
        return x

net = nn.Sequential()
net.add(Noise(), nn.Dense(1))
net.initialize(init.Constant(0.3))
X = nd.array(features)
first = net(X).sum().asscalar()
with autograd.record():
    l = net(X).sum()
l.backward()
last = net(X).sum().asscalar()
"""
    ported = assert_same(body, "first", "last", "l")
    assert "if self.training:" in ported.text


UPDATES = {
    "in a loop": "    for param in [w, b]:\n        param[:] = param - 0.1 * param.grad\n",
    "one by one": "    w[:] -= 0.1 * w.grad\n    b -= 0.1 * b.grad\n",
    "a function": "    descend([w, b], 0.1)\n",
    "a function and a list": "    descend(held, 0.1)\n",
}


@pytest.mark.parametrize("update", UPDATES.values(), ids=list(UPDATES))
def test_updates_by_hand_reset_what_they_update(update: str) -> None:
    body = (
        """
def descend(weights, rate):
    for p in weights:
        p -= rate * p.grad

def made():
    w, b = nd.ones((4, 1)), nd.zeros(1)
    for p in (w, b):
        p.attach_grad()
    return w, b

w, b = made()
held = [w, b]
for _ in range(3):
    with autograd.record():
        l = (nd.dot(nd.array(features), w) + b - nd.array(targets)) ** 2
    l.backward()
"""
        + update
    )
    assert_same(body, "w", "b")


def test_updates_of_a_layer_by_hand() -> None:
    body = """
net = nn.Sequential()
net.add(nn.Dense(3, activation='tanh'), nn.Dense(1))
net.initialize(init.Constant(0.2))
for _ in range(3):
    with autograd.record():
        l = (net(nd.array(features)) - nd.array(targets)) ** 2
    l.backward()
    net[1].weight.data()[:] -= 0.01 * net[1].weight.grad()
w, other = net[1].weight.data(), net[1].bias.grad()
for _ in range(3):
    with autograd.record():
        l = (net(nd.array(features)) - nd.array(targets)) ** 2
    l.backward()
    for p in net.collect_params().values():
        p.data()[:] -= 0.01 * p.grad()
v = net[0].weight.data()
"""
    ported = assert_same(body.replace("1].bias.grad()", "1].bias.grad().copy()"), "w", "other", "v")
    assert "net[3].zero_grad()" in ported.text


def test_gradients_read_after_the_step_are_not_divided() -> None:
    ported = assert_same(
        REGRESSION
        + "trainer = gluon.Trainer(net.collect_params(), 'sgd', {'learning_rate': 0.1})"
        + LOOP
        + "grad = net[0].weight.grad()\n",
        "weight",
        "grad",
    )
    assert "runtime.step(trainer, batch_size)" in ported.text


def test_state_that_a_recorded_block_leaves_to_the_next() -> None:
    body = """
def cell(x, h):
    h = nd.tanh(nd.dot(x, w) + h)
    return h * 2, h

w = nd.ones((4, 4)) * 0.1
w.attach_grad()
h = nd.zeros((6, 4))
for _ in range(3):
    with autograd.record():
        out, h = cell(nd.array(features), h)
        l = (out ** 2).mean()
        l.backward()
    w[:] = w - 0.1 * w.grad
states = [nd.zeros((6, 4))]
for _ in range(3):
    with autograd.record():
        out, states[0] = cell(nd.array(features), states[0])
        kept = out
        l = (kept ** 2).mean()
    states = [states[0].detach()]
    l.backward()
    w[:] = w - 0.1 * w.grad
"""
    ported = assert_same(body, "w", "h")
    assert ported.text.count("h = h.detach()") == 1
    assert "kept.detach" not in ported.text
    assert "l.detach" not in ported.text


def test_states_in_a_list_are_detached_too() -> None:
    body = """
layer = rnn.RNN(3)
layer.initialize(init.Constant(0.1))
state = layer.begin_state(batch_size=2)
trainer = gluon.Trainer(layer.collect_params(), 'sgd', {'learning_rate': 0.1})
for _ in range(3):
    with autograd.record():
        out, state = layer(nd.array(features).reshape((3, 2, 4)), state)
        l = (out ** 2).mean()
    l.backward()
    trainer.step(1)
last = state[0]
"""
    assert_same(body, "last", "out")


def test_a_function_that_reads_predictions_evaluates() -> None:
    body = """
def accuracy(net, batches):
    right = 0.
    for x in batches:
        output = net(x)
        right += nd.sum(nd.argmax(output, axis=1) == 1).asscalar()
    return right, output

net = nn.Sequential()
net.add(nn.BatchNorm())
net.initialize()
with autograd.record():
    l = (net(nd.array(features)) ** 3).sum()
l.backward()
right, out = accuracy(net, [nd.array(features)])
"""
    ported = assert_same(body, "right", "out")
    assert "net.eval()" in ported.text


def test_saved_states_of_a_trainer(tmp_path: Path) -> None:
    body = f"""
def trained(load):
    net = nn.Dense(1)
    net.initialize(init.Constant(0.2))
    net(nd.array(features))
    trainer = gluon.Trainer(net.collect_params(), 'sgd', {{'learning_rate': 0.1, 'momentum': 0.9}})
    if load:
        trainer.load_states('{tmp_path}/states')
    for _ in range(2):
        with autograd.record():
            l = (net(nd.array(features)) ** 2).mean()
        l.backward()
        trainer.step(1)
    trainer.save_states('{tmp_path}/states')
    return net.weight.data()

first, second = trained(False), trained(True)
"""
    assert_same(body, "first", "second")


@pytest.mark.parametrize("first", ["function", "loss"])
def test_a_loss_that_a_function_is_given(first: str) -> None:
    made = "chosen = gloss.SoftmaxCrossEntropyLoss()\n"
    function = """
def measured(x, y, loss):
    return loss(x, y).sum().asscalar()
"""
    body = function + made if first == "function" else made + function
    assert_same(body + "l = measured(nd.array(features), nd.array(classes), chosen)\n", "l")


def test_one_of_several_losses_is_given_to_a_function() -> None:
    body = """
square = gloss.L2Loss()

def measured(x, y, loss):
    return loss(x, y).sum().asscalar()

chosen = gloss.SoftmaxCrossEntropyLoss()
l = measured(nd.array(features), nd.array(classes), chosen)
k = measured(nd.array(features), nd.array(features) * 2, square)
"""
    assert_same(body, "l", "k")
