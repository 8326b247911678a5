"""Traps of training loops: losses, steps, optimizers, gradients."""

from __future__ import annotations

from tests.porting.prove.sections import Section, Trap


def _loop(net: str, units: int, trainer: str, step: str = "", given: str = "") -> str:
    """A network of one layer, trained for three steps on `features`."""
    return (
        f"{net} = nn.Sequential()\n"
        f"{net}.add(nn.Dense({units}{given}))\n"
        f"{net}.initialize(init.Normal(sigma=0.1))\n"
        f"trainer = gluon.Trainer({net}.collect_params(), {trainer})\n"
        "for epoch in range(3):\n"
        "    with autograd.record():\n"
        f"        l = gloss.L2Loss()({net}(features), targets)\n"
        "    l.backward()\n"
        f"    trainer.step(20)\n{step}"
    ).replace("targets", "labels" if units == 1 else f"labels.tile((1, {units}))")


TRAINING = [
    Section(
        "linear",
        """
net = nn.Sequential()
net.add(nn.Dense(1))
net.initialize(init.Normal(sigma=0.01))
loss = gloss.L2Loss()
trainer = gluon.Trainer(net.collect_params(), 'sgd', {'learning_rate': 0.03, 'wd': 0.1})
for epoch in range(2):
    for X, y in gdata.DataLoader(gdata.ArrayDataset(features, labels), 5, shuffle=True):
        with autograd.record():
            l = loss(net(X), y)
        l.backward()
        trainer.step(5)
    print('epoch %d, loss %f' % (epoch + 1, loss(net(features), labels).mean().asscalar()))
""",
        [
            Trap("1", "the step does not divide", "(l.sum() / 5)", "l.sum()", "for epoch", r"backward pass 2: net\.1\."),
            Trap("1", "divided twice", "l.sum() / 5", "l.mean() / 5", "for epoch", r"backward pass 2: net\.1\."),
            Trap("3", "weight decay without biases", "net.parameters(), lr=0.03, weight_decay=0.1", "[{'params': net[1].weight, 'weight_decay': 0.1}, {'params': net[1].bias}], lr=0.03", "for epoch", r"backward pass \d: net\.1\.bias"),
            Trap("3", "weight decay divided as well", "lr=0.03, weight_decay=0.1", "lr=0.03, weight_decay=0.1 / 5", "for epoch", r"backward pass 2: net\.1\."),
            Trap("4", "no half", "loss = runtime.L2Loss()", "loss = nn.MSELoss(reduction='none')", "for epoch", r"backward pass 1: the loss|backward pass 2: net\.1\."),
            Trap("2", "the mean of all", "loss = runtime.L2Loss()", "loss = lambda a, b: runtime.L2Loss()(a, b).mean()", "for epoch", r"backward pass 2: net\.1\."),
            Trap("16", "gradients add up", "        trainer.zero_grad()\n", "", "for epoch", r"backward pass 2: gradient of net\.1\."),
        ],
    ),
    Section(
        "decay",
        """
decayed = nn.Sequential()
decayed.add(nn.Dense(1))
decayed.initialize(init.Normal(sigma=1))
trainer_w = gluon.Trainer(decayed.collect_params('.*weight'), 'sgd', {'learning_rate': 0.1, 'wd': 0.5})
trainer_b = gluon.Trainer(decayed.collect_params('.*bias'), 'sgd', {'learning_rate': 0.1})
for epoch in range(3):
    with autograd.record():
        l = gloss.L2Loss()(decayed(features), labels)
    l.backward()
    trainer_w.step(20)
    trainer_b.step(20)
""",
        [
            Trap("3", "biases decay, too", "if 'bias' in name], lr=0.1", "if 'bias' in name], lr=0.1, weight_decay=0.5", "for epoch", r"backward pass 3: decayed\.1\.bias"),
            Trap("3", "weights do not decay", "weight_decay=0.5", "weight_decay=0", "for epoch", r"backward pass 2: decayed\.1\.weight"),
        ],
    ),
    Section(
        "scratch",
        """
w = nd.random.normal(scale=0.3, shape=(2, 1))
b = nd.zeros(shape=(1,))
w.attach_grad()
b.attach_grad()
def squared(y_hat, y):
    return (y_hat - y.reshape(y_hat.shape)) ** 2 / 2
def sgd(params, lr, batch_size):
    for param in params:
        param[:] = param - lr * param.grad / batch_size
def clip(params, theta):
    norm = nd.array([0.0])
    for param in params:
        norm += (param.grad ** 2).sum()
    norm = norm.sqrt().asscalar()
    if norm > theta:
        for param in params:
            param.grad[:] *= theta / norm
flat = labels.reshape((-1,))
for epoch in range(3):
    with autograd.record():
        l = squared(nd.dot(features, w) + b, flat)
    l.backward()
    clip([w, b], 30)
    sgd([w, b], 0.5, 4)
""",
        [
            Trap("11", "(N, 1) against (N,)", "y.reshape(y_hat.shape)", "y", "for epoch", r"backward pass 1: (the loss|gradient of [wb])"),
            Trap("clip", "the norm of one gradient", "norm += (param.grad ** 2).sum()", "norm = (param.grad ** 2).sum()", "for epoch", r"backward pass [23]: [wb]:"),
            Trap("clip", "clipped after dividing", "l.sum().backward()", "(l.sum() / 4).backward()", "for epoch", r"backward pass [23]: [wb]:"),
            Trap("26", "in place without no_grad", "with torch.no_grad():", "if True:", "for epoch", r"the port raises line \d+: RuntimeError: a leaf Variable"),
            Trap("16", "gradients add up", "    for param in (w, b):\n        param.grad = None\n", "", "for epoch", r"backward pass 2: gradient of [wb]:"),
            Trap("21", "backward of many numbers", "l.sum().backward()", "l.backward()", "for epoch", r"RuntimeError: grad can be implicitly created only for scalar"),
        ],
    ),
    Section(
        "softmax",
        """
softmax = nn.Sequential()
softmax.add(nn.Dense(8, activation='relu'), nn.Dense(3))
softmax.initialize(init.Normal(sigma=0.3))
cross_entropy = gloss.SoftmaxCrossEntropyLoss()
trainer = gluon.Trainer(softmax.collect_params(), 'sgd', {'learning_rate': 0.5})
kinds = nd.array([0, 2, 1, 1, 0])
for epoch in range(3):
    with autograd.record():
        l = cross_entropy(softmax(features[:5]), kinds).sum()
    l.backward()
    trainer.step(5)
    acc = (softmax(features[:5]).argmax(axis=1) == kinds).mean().asscalar()
""",
        [
            Trap("2", "a mean that is divided again", "nn.CrossEntropyLoss(reduction='none')", "nn.CrossEntropyLoss()", "for epoch", r"backward pass 2: softmax\."),
            Trap("19", "the mean of truth values", "== kinds).float().mean()", "== kinds).mean()", "for epoch", r"the port raises line \d+: RuntimeError: mean\(\)"),
        ],
    ),
    Section(
        "classes",
        """
scores = nd.random.normal(shape=(2, 3, 3))
classes = nd.array([[0, 2, 1], [1, 1, 0]])
scores.attach_grad()
with autograd.record():
    l = gloss.SoftmaxCrossEntropyLoss()(scores, classes)
l.backward()
""",
        [
            Trap("12", "classes along axis 1", "scores.transpose(1, 2)", "scores", "with autograd.record", r"l: .* in the original, .* in the port"),
            Trap("12", "no mean over time", ".long()).mean(1)", ".long())", "with autograd.record", r"l: the original has shape \(2,\), the port \(2, 3\)"),
        ],
        [("(scores, classes.long())", "(scores.transpose(1, 2), classes.long()).mean(1)")],
    ),
    Section(
        "momentum",
        _loop("heavy", 2, "'sgd', {'learning_rate': 0.02, 'momentum': 0.5}", "    if epoch == 0:\n        trainer.set_learning_rate(trainer.learning_rate * 0.1)\n"),
        [
            Trap("13", "momentum scaled by the new rate", "runtime.SGD(", "torch.optim.SGD(", "for epoch", r"backward pass 3: heavy\.1\."),
            Trap("13", "no momentum", ", momentum=0.5", "", "for epoch", r"backward pass 3: heavy\.1\."),
        ],
    ),
    Section(
        "adam",
        _loop("adaptive", 3, "'adam', {'learning_rate': 0.1, 'epsilon': 0.1}"),
        [
            Trap("13", "epsilon beside the corrected root", "runtime.Adam(", "torch.optim.Adam(", "for epoch", r"backward pass 2: adaptive\.1\."),
            Trap("13", "another second moment", "eps=0.1", "eps=0.1, betas=(0.8, 0.999)", "for epoch", r"backward pass \d: adaptive\.1\.|the last update: adaptive\.1\."),
        ],
    ),
    Section(
        "rmsprop",
        _loop("scaled", 4, "'rmsprop', {'learning_rate': 0.01, 'epsilon': 0.01}"),
        [
            Trap("13", "another decay", "runtime.RMSprop(scaled.parameters(), lr=0.01", "runtime.RMSprop(scaled.parameters(), alpha=0.99, lr=0.01", "for epoch", r"backward pass 2: scaled\.1\."),
            Trap("13", "epsilon beside the root", "runtime.RMSprop(scaled.parameters(), ", "torch.optim.RMSprop(scaled.parameters(), alpha=0.9, ", "for epoch", r"backward pass 2: scaled\.1\."),
        ],
    ),
    Section(
        "adagrad",
        _loop("summed", 5, "'adagrad', {'learning_rate': 0.1, 'eps': 0.001}", given=", in_units=2"),
        [
            Trap("13", "epsilon beside the root", "runtime.Adagrad(", "torch.optim.Adagrad(", "for epoch", r"backward pass 2: summed\.1\."),
            Trap("13", "another epsilon", "eps=0.001", "eps=0.1", "for epoch", r"backward pass 2: summed\.1\."),
        ],
    ),
    Section(
        "adadelta",
        _loop("delta", 6, "'adadelta', {'rho': 0.9}", given=", in_units=2"),
        [Trap("13", "torch's own epsilon", "runtime.Adadelta(delta.parameters(), rho=0.9)", "torch.optim.Adadelta(delta.parameters(), lr=1.0, rho=0.9)", "for epoch", r"backward pass 2: delta\.1\.")],
    ),
    Section(
        "stale",
        """
used, spare = nn.Dense(7), nn.Dense(1, in_units=7)
used.initialize(init.Normal(sigma=0.5))
spare.initialize(init.Normal(sigma=0.5))
both = nn.Sequential()
both.add(used, spare)
trainer = gluon.Trainer(both.collect_params(), 'sgd', {'learning_rate': 0.1, 'wd': 0.5})
with autograd.record():
    l = used(features).sum(axis=1)
l.backward()
trainer.step(20, ignore_stale_grad=True)
""",
        [Trap("23", "what has no gradient decays", "trainer.step()", "[p.grad.add_(0) if p.grad is not None else setattr(p, 'grad', torch.zeros_like(p)) for p in both.parameters()]\ntrainer.step()", "trainer.step", r"both\.1\.1\.weight|spare\.1\.weight")],
    ),
    Section(
        "accumulate",
        """
x = nd.array([1.0, 2.0, 3.0])
x.attach_grad()
for power in (2, 3):
    with autograd.record():
        y = (x ** power).sum()
    y.backward()
    slope = x.grad.sum().asscalar()
""",
        [Trap("16", "gradients add up", "    x.grad = None\n", "", "for power", r"backward pass 2: gradient of x")],
    ),
    Section(
        "heads",
        """
x = nd.array([1.5, 2.0, 3.0])
x.attach_grad()
with autograd.record():
    y = x * x
y.backward()
slope = x.grad
""",
        [
            Trap("21", "backward of many numbers", "y.sum().backward()", "y.backward()", "y.backward()", r"the port raises line \d+: RuntimeError: grad can be implicitly"),
            Trap("21", "the mean of the heads", "y.sum().backward()", "y.mean().backward()", "slope = x.grad", r"slope: 6 in the original, 2 in the port at \[2\]"),
        ],
    ),
    Section(
        "state",
        """
weight = nd.ones((2, 2)) * 0.1
weight.attach_grad()
state = (nd.zeros((20, 2)),)
for epoch in range(3):
    for s in state:
        s.detach()
    with autograd.record():
        state = (nd.tanh(nd.dot(features + state[0], weight)),)
        l = state[0].mean()
    l.backward()
    slope = weight.grad.sum().asscalar()
""",
        [
            Trap("22", "what detach returns is thrown away", "    state = [s.detach() for s in state]\n", "    for s in state:\n        s.detach()\n", "for epoch", r"the port raises line \d+: RuntimeError: Trying to backward through the graph a second time"),
            Trap("15", "through all steps", "state = [s.detach() for s in state]", "state = [s for s in state]", "for epoch", r"the port raises line \d+: RuntimeError: Trying to backward"),
        ],
    ),
    Section(
        "constant",
        """
x = nd.array([1.0, 2.5, 3.0])
x.attach_grad()
with autograd.record():
    y = (x * (x * 2).detach()).sum()
y.backward()
""",
        [Trap("15", "no detach", "(x * 2).detach()", "(x * 2)", "y.backward()", r"gradient of x: [\d.]+ in the original, [\d.]+ in the port at \[\d\]")],
    ),
]  # fmt: skip
