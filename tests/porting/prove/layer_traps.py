"""Traps of layers: initialisers, recurrent layers, statistics, modes, pooling."""

from __future__ import annotations

from tests.porting.prove.sections import Section, Trap

OWN_DROPOUT = "type('Thin', (nn.Module,), {'forward': lambda self, x: torch.nn.functional.dropout(x, 0.2, self.training) * 0.8})()"


def _permuted(layer: str, order: str) -> str:
    """Code that gives the gates of a recurrent layer of 5 units another order."""
    gates = ", ".join(f"t.data[{5 * int(g)}:{5 * int(g) + 5}]" for g in order)
    return f"{layer}.eval()\nfor t in {layer}.parameters():\n    t.data = torch.cat([{gates}])\n"


LAYERS = [
    Section(
        "defaults",
        """
plain = nn.Sequential()
plain.add(nn.Embedding(7, 4), nn.Dense(3, flatten=False))
plain.initialize()
tokens = plain(nd.array([[1, 2], [6, 0]]))
""",
        [
            Trap("5", "torch's own numbers", "runtime.initialize(plain)\n", "", "tokens =", r"plain\.0\.weight: .*; only the original draws uniform\(-0\.07, 0\.07\) of shape \(7, 4\)"),
            Trap("5", "biases are drawn", "runtime.initialize(plain)", "runtime.initialize(plain)\nplain(torch.zeros((1, 1)))\nnn.init.uniform_(plain[1].bias, -0.07, 0.07)", "tokens =", r"tokens|plain\.1\.bias"),
            Trap("5", "an embedding of N(0, 1)", "runtime.initialize(plain)", "runtime.initialize(plain)\nnn.init.normal_(plain[0].weight)", "tokens =", r"tokens|plain\.0\.weight"),
            Trap("18", "flattened", "nn.LazyLinear(3)", "nn.Flatten(), nn.LazyLinear(3)", "tokens =", r"shape \(2, 2, 3\), the port \(2, 3\)|plain\.2\.weight|\(3, 4\)"),
        ],
    ),
    Section(
        "xavier",
        """
drawn = nn.Sequential()
drawn.add(nn.Dense(9, activation='relu'), nn.Dense(10))
drawn.initialize(init.Xavier())
hidden = drawn(features)
""",
        [
            Trap("5", "a gain for ReLU", "nn.init.xavier_uniform_", "lambda t: nn.init.xavier_uniform_(t, gain=2 ** 0.5)", "hidden =", r"drawn\.1\.weight: .*only the original draws uniform\(-0\.738549, .*only the port draws uniform\(-1\.04447"),
            Trap("5", "normal numbers", "xavier_uniform_", "xavier_normal_", "hidden =", r"only the port draws normal"),
            Trap("5", "Kaiming's bounds", "nn.init.xavier_uniform_", "lambda t: nn.init.kaiming_uniform_(t, a=5 ** 0.5)", "hidden =", r"hidden|drawn\.\d\.weight"),
        ],
    ),
    Section(
        "column",
        """
column = nn.Dense(1)
column.initialize(init.Normal(sigma=0.5))
errors = gloss.L2Loss()(column(images), nd.array([1.0, 2.0, 3.0, 4.0])).mean()
""",
        [Trap("11", "(N, 1) against (N,)", "runtime.L2Loss()", "(lambda a, b: (a - b) ** 2 / 2)", "errors =", r"errors: .* in the original, .* in the port")],
    ),
    Section(
        "rnn",
        """
layer = rnn.RNN(6)
layer.initialize(init.Normal(sigma=0.5))
steps = nd.random.uniform(shape=(3, 2, 4))
Y, state = layer(steps, layer.begin_state(batch_size=2))
""",
        [
            Trap("6", "tanh", "runtime.RNN(6)", "runtime.RNN(6, nonlinearity='tanh')", "Y, state =", r"state\[0\]: [-.\d]+ in the original, [-.\d]+ in the port at \[0, 1, 4\] \([^;]*$"),
            Trap("15b", "one bias", "runtime.RNN(6)", "nn.RNN(4, 6, bias=False, nonlinearity='relu')", "Y, state =", r"the port raises|arrays"),
            Trap("6", "batches first", "runtime.RNN(6)", "runtime.RNN(6, batch_first=True)", "Y, state =", r"the port raises|Y:"),
        ],
    ),
    Section(
        "biases",
        """
walker = rnn.RNN(3, input_size=4)
walker.initialize(init.Normal(sigma=0.5))
trainer = gluon.Trainer(walker.collect_params(), 'sgd', {'learning_rate': 0.1})
for epoch in range(2):
    with autograd.record():
        l = walker(steps).mean()
    l.backward()
    trainer.step(1)
""",
        [
            Trap("15b", "one bias", "input_size=4", "input_size=4, bias=False", "walker.initialize", r"walker: the original's has 4 arrays, the port's 2"),
            Trap("15b", "only one bias is trained", "walker.parameters()", "[p for n, p in walker.named_parameters() if n != 'bias_hh_l0']", "for epoch", r"backward pass 2: walker\.bias_hh_l0|last update: walker\.bias_hh_l0"),
        ],
    ),
    Section(
        "lstm",
        """
lstm = rnn.LSTM(5, input_size=4)
lstm.initialize(init.Normal(sigma=0.5))
Y, (H, C) = lstm(steps, lstm.begin_state(batch_size=2))
""",
        [
            Trap("7", "gates i, f, o, g", "lstm.eval()\n", _permuted("lstm", "0132"), "lstm.initialize", r"lstm\.weight_ih_l0: .* in the original"),
            Trap("7", "gates i, g, f, o", "lstm.eval()\n", _permuted("lstm", "0213"), "lstm.initialize", r"lstm\.weight_ih_l0: .* in the original"),
        ],
    ),
    Section(
        "gru",
        """
gru = rnn.GRU(5, input_size=4)
gru.initialize(init.Normal(sigma=0.5))
out = gru(steps)
""",
        [Trap("7", "gates z, r, n", "gru.eval()\n", _permuted("gru", "102"), "gru.initialize", r"gru\.weight_ih_l0: .* in the original")],
    ),
    Section(
        "statistics",
        """
normed = nn.Sequential()
normed.add(nn.Conv2D(3, kernel_size=3, use_bias=False), nn.BatchNorm(), nn.Dense(2))
normed.initialize(init.Normal(sigma=1))
trainer = gluon.Trainer(normed.collect_params(), 'sgd', {'learning_rate': 0.1})
for epoch in range(2):
    with autograd.record():
        l = normed(images).sum(axis=1)
    l.backward()
    trainer.step(4)
evaluated = normed(images)
""",
        [
            Trap("8", "the momentum of the other side", "runtime.BatchNorm()", "runtime.BatchNorm(momentum=0.9)", "for epoch", r"normed: .*|normed\.1\.running_mean"),
            Trap("8", "the unbiased variance", "runtime.BatchNorm()", "nn.LazyBatchNorm2d()", "for epoch", r"normed\.1\.running_var"),
            Trap("8", "another epsilon", "runtime.BatchNorm()", "runtime.BatchNorm(eps=1e-3)", "for epoch", r"backward pass 1: (the loss|gradient)"),
            Trap("8", "gamma is fixed", "runtime.BatchNorm()", "runtime.BatchNorm(affine=False)", "for epoch", r"an array of shape \(3,\) that the port does not train"),
            Trap("17", "statistics of the batch when evaluated", "normed.eval()\n", "", "evaluated =", r"evaluated: .* in the original"),
            Trap("17", "statistics of all batches when training", "    normed.train()\n", "    normed.eval()\n", "for epoch", r"backward pass 1: (the loss|gradient)"),
        ],
    ),
    Section(
        "dropout",
        """
thinned = nn.Sequential()
thinned.add(nn.Dense(32, activation='relu'), nn.Dropout(0.2), nn.Dense(1))
thinned.initialize(init.Normal(sigma=0.3))
trainer = gluon.Trainer(thinned.collect_params(), 'sgd', {'learning_rate': 0.01})
for epoch in range(2):
    with autograd.record():
        l = gloss.L2Loss()(thinned(features), labels)
    l.backward()
    trainer.step(20)
    seen = gloss.L2Loss()(thinned(features), labels).mean().asscalar()
""",
        [
            Trap("17", "masks when evaluated", "    thinned.eval()\n", "", "for epoch", r"; only the port draws dropout mask"),
            Trap("17", "no masks when training", "    thinned.train()\n", "    thinned.eval()\n", "for epoch", r"backward pass 1: (the loss|gradient).*only the original draws dropout mask"),
            Trap("17", "no masks after the first evaluation", "    thinned.train()\n", "", "for epoch", r"backward pass 2: (the loss|gradient).*only the original draws dropout mask"),
            Trap("20", "the part that is kept", "nn.Dropout(0.2)", "nn.Dropout(0.8)", "for epoch", r"only the original draws dropout mask, keep 0\.8"),
            Trap("20", "not scaled", "nn.Dropout(0.2)", OWN_DROPOUT, "for epoch", r"backward pass 1: (the loss|gradient)"),
        ],
    ),
    Section(
        "mask",
        """
def dropped(X, drop_prob):
    keep_prob = 1 - drop_prob
    mask = nd.random.uniform(0, 1, X.shape) < keep_prob
    return mask * X / keep_prob
thin = dropped(nd.arange(16).reshape((2, 8)), 0.5)
""",
        [
            Trap("20", "not scaled", "mask * X / keep_prob", "mask * X", "thin =", r"thin: .* in the original"),
            Trap("20", "torch's own mask", "return mask * X / keep_prob", "return nn.functional.dropout(X, 0.2)", "thin =", r"thin: "),
        ],
    ),
    Section(
        "flatten",
        """
stack = nn.Sequential()
stack.add(nn.Dense(11))
stack.initialize(init.Normal(sigma=0.1))
flattened = stack(images)
""",
        [Trap("18", "the last axis only", "nn.Flatten(), ", "", "flattened =", r"shape \(4, 11\), the port \(4, 2, 6, 11\)|\(11, 72\)")],
    ),
    Section(
        "pooling",
        """
pooled = nn.MaxPool2D(pool_size=3, strides=2, ceil_mode=True)(images)
averaged = nn.AvgPool2D(pool_size=3, strides=2, padding=1, count_include_pad=False)(images)
""",
        [
            Trap("20", "the last columns are left out", ", ceil_mode=True", "", "pooled =", r"shape \(4, 2, 3, 3\), the port \(4, 2, 2, 2\)"),
            Trap("20", "padding counts", ", count_include_pad=False", "", "averaged =", r"averaged: .* in the original"),
        ],
    ),
]  # fmt: skip
