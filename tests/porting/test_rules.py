"""Rules that take more than one expression, run on both sides."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from porting.port import port
from tests.porting.both_sides import HEADER
from tests.porting.chapters import assert_same, run_both
from tests.statistics import assert_mean, assert_share, assert_standard_deviation

UNIFORM = 9 / 5  # the kurtosis of uniform draws


def test_concatenate() -> None:
    assert_same("a = nd.array(features)\nout = nd.concatenate([a, a * 2], axis=1)\n", "out")


@pytest.mark.parametrize(
    ("shape", "code"),
    [
        ("(2, 3, 4)", "(0, -1)"),
        ("(2, 3, 4)", "(-2,)"),
        ("(2, 3, 4)", "(0, -3)"),
        ("(6, 4)", "(-4, 2, -1, 4)"),
        ("(2, 3, 4)", "(-1, 0)"),
    ],
)
def test_reshape_codes(shape: str, code: str) -> None:
    body = f"x = nd.arange(24).reshape({shape})\nout = x.reshape({code})\n"
    assert_same(body, "out")


def test_comparisons_are_floats() -> None:
    body = "a, b = nd.array([1, 2, 3]), nd.array([1, 5, 3])\nmean = (a == b).mean().asscalar()\nmask = a < b\ninverse = 1 - mask\nkept = mask * a\n"
    assert_same(body, "mean", "inverse", "kept")


def test_comparison_as_a_condition_stays() -> None:
    ported = port(HEADER + "a = nd.array([1.0])\nif a.sum() > 0:\n    b = 1\n", "x.py")
    assert "if a.sum() > 0:" in ported.text


def test_argmax_is_a_float() -> None:
    ported = assert_same(
        "a = nd.array([[1, 3], [4, 2]])\nmean = a.argmax(axis=1).mean().asscalar()\nsame = (a.argmax(axis=1) == nd.array([1, 0])).sum().asscalar()\n",
        "mean",
        "same",
    )
    assert "(a.argmax(dim=1) == " in ported.text


def test_arrays_are_float32() -> None:
    _, values, _ = run_both(
        "import numpy as np\na = nd.array([1, 2])\nb = nd.array(np.zeros(2))\nc = nd.arange(3)\nd = nd.array(a)\n"
    )
    assert {values[name].dtype for name in "abcd"} == {np.dtype("float32")}


def test_size_is_a_number() -> None:
    assert_same("a = nd.ones((2, 3))\nn = a.size\n", "n")


def test_default_initialisation_is_mxnets() -> None:
    _, values, _ = run_both(
        "net = nn.Sequential()\nnet.add(nn.Dense(500), nn.Dense(3))\nnet.initialize()\nnet(nd.array(features))\nw, b = net[0].weight.data(), net[0].bias.data()\n"
    )
    for name in ("w", "b"):
        assert -0.07 <= values[name].min() <= values[name].max() <= 0.07
    assert_standard_deviation(values["w"], 0.07 / np.sqrt(3), UNIFORM)
    assert not values["b"].any()


@pytest.mark.parametrize(
    ("initialiser", "spread"),
    [("init.Normal(sigma=0.5)", 0.5), ("init.Xavier()", np.sqrt(2 / 504)), ("init.Uniform(0.3)", 0.3 / np.sqrt(3)),
     ("init.Xavier(magnitude=2.24)", np.sqrt(2.24 / 3 / 252)), ("init.Xavier('gaussian', magnitude=2.0)", np.sqrt(2 / 252)),
     ("init.MSRAPrelu()", np.sqrt(2 / (1 + 0.25**2) / 252)), ("init.MSRAPrelu('in', 0.5)", np.sqrt(2 / (1 + 0.5**2) / 4)),
     ("'xavier'", np.sqrt(2 / 504)), ("init.Xavier(rnd_type='gaussian', factor_type='in', magnitude=2)", np.sqrt(2 / 4))],
)  # fmt: skip
def test_initialisers_have_the_same_spread(initialiser: str, spread: float) -> None:
    body = f"net = nn.Sequential()\nnet.add(nn.Dense(500))\nnet.initialize(init={initialiser})\nnet(nd.array(features))\nw = net[0].weight.data()\n"
    expected, values, _ = run_both(body)
    for side in (expected, values):
        assert_standard_deviation(side["w"], spread)


def test_own_initialiser() -> None:
    body = """
class Halves(init.Initializer):
    def _init_weight(self, name, data):
        data[:] = 0.5

net = nn.Sequential()
net.add(nn.Dense(2))
net.initialize(Halves())
out = net(nd.array(features))
"""
    assert_same(body, "out")


def test_indices_follow_the_layers() -> None:
    body = """
net = nn.Sequential()
net.add(nn.Dense(5, activation='relu'))
net.add(nn.Dropout(0.1), nn.Dense(3, activation='sigmoid'), nn.Dense(2))
net.initialize(init.Constant(0.2))
out = net(nd.array(features))
shapes = [net[0].weight.shape, net[2].weight.shape, net[3].bias.shape]
"""
    assert_same(body, "out")
    expected, values, _ = run_both(body)
    assert [tuple(s) for s in values["shapes"]] == [tuple(s) for s in expected["shapes"]]


def test_index_that_cannot_be_followed_stops() -> None:
    body = "net = nn.Sequential()\nnet.add(nn.Dense(5, activation='relu'), nn.Dense(2))\nfor i in range(2):\n    print(net[i])\n"
    ported = port(HEADER + body, "x.py")
    assert ported.summary["unknown"] == 1
    assert "TODO(mx2torch)" in ported.text


def test_block() -> None:
    body = """
class MLP(nn.Block):
    def __init__(self, **kwargs):
        super(MLP, self).__init__(**kwargs)
        self.hidden = nn.Dense(8, activation='relu')
        self.output = nn.Dense(3)

    def forward(self, x):
        return self.output(self.hidden(x))

net = MLP()
net.initialize(init.Constant(0.1))
out = net(nd.array(features).reshape((3, 2, 4)))
weight = net.output.weight.data()
"""
    ported = assert_same(body, "out", "weight")
    assert "self.output = nn.LazyLinear(3)" in ported.text


def test_hybrid_block() -> None:
    body = """
class Double(nn.HybridBlock):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense = nn.Dense(3)

    def hybrid_forward(self, F, x):
        return F.relu(self.dense(x)) * 2

net = Double()
net.initialize(init.Constant(0.1))
net.hybridize()
out = net(nd.array(features))
"""
    ported = assert_same(body, "out")
    assert "def forward(self, x):" in ported.text
    assert "hybridize" not in ported.text


def test_parameters_of_its_own() -> None:
    body = """
class Linear(nn.Block):
    def __init__(self, units, in_units, **kwargs):
        super().__init__(**kwargs)
        self.weight = self.params.get('weight', shape=(in_units, units))
        self.shift = self.params.get_constant('shift', nd.ones((1, units)))

    def forward(self, x):
        return nd.dot(x, self.weight.data()) + self.shift.data()

net = Linear(3, 4)
net.initialize(init.Constant(0.5))
out = net(nd.array(features))
"""
    assert_same(body, "out")


def test_name_scope_goes() -> None:
    body = "net = nn.HybridSequential()\nwith net.name_scope():\n    # two layers\n    net.add(nn.Dense(3))\n    net.add(nn.Dense(2))\nnet.initialize(init.Constant(0.1))\nout = net(nd.array(features))\n"
    ported = assert_same(body, "out")
    assert "name_scope" not in ported.text
    assert "# two layers" in ported.text


def test_convolutions_flatten_into_dense() -> None:
    body = """
X = nd.arange(64).reshape((2, 1, 4, 8)) / 64
net = nn.Sequential()
net.add(nn.Conv2D(channels=3, kernel_size=3, padding=1, activation='sigmoid'),
        nn.MaxPool2D(pool_size=2, strides=2),
        nn.BatchNorm(),
        nn.Dense(5, activation='relu'),
        nn.Dense(2))
net.initialize(init.Constant(0.1))
out = net(X)
"""
    assert_same(body, "out")


@pytest.mark.parametrize("layer", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize("options", ["", ", num_layers=2", ", bidirectional=True"])
def test_recurrent_states(layer: str, options: str) -> None:
    body = f"""
layer = rnn.{layer}(3{options})
layer.initialize(init.Constant(0.1))
X = nd.arange(40).reshape((5, 2, 4)) / 40
alone = layer(X)
state = layer.begin_state(batch_size=2)
out, last = layer(X, state)
count, first = len(last), last[0]
out, last = layer(X, last)
"""
    assert_same(body, "alone", "out", "count", "first")


def test_saved_parameters(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    body = """
net = nn.Sequential()
net.add(nn.Dense(3))
net.initialize(init.Constant(0.3))
net(nd.array(features))
net.save_parameters('net.params')
other = nn.Sequential()
other.add(nn.Dense(3))
other.load_parameters('net.params')
out = other(nd.array(features))
"""
    assert_same(body, "out")


def test_dropout_by_hand() -> None:
    body = "X = nd.ones((50, 40))\nmask = nd.random.uniform(0, 1, X.shape) < 0.25\nout = mask * X / 0.25\nmean = out.mean().asscalar()\nhighest = out.max().asscalar()\n"
    for side in run_both(body)[:2]:
        assert_share(side["out"] / 4, 0.25)
        assert side["highest"] == 4


@pytest.mark.parametrize(
    "call",
    [
        "nd.random.normal(loc=2, scale=0.5, shape=(400, 50))",
        "nd.random.normal(2, 0.5, shape=shape)",
        "nd.random_normal(2, 0.5, (400, 50))",
        "nd.random.uniform(2 - 0.5 * 3 ** 0.5, 2 + 0.5 * 3 ** 0.5, shape)",
    ],
)
def test_random_arguments(call: str) -> None:
    for side in run_both(f"shape = (400, 50)\nout = {call}\n")[:2]:
        assert side["out"].shape == (400, 50)
        assert_mean(side["out"], 2, 0.5)
        assert_standard_deviation(side["out"], 0.5)


def test_data_loader_covers_all_rows() -> None:
    body = "loader = gdata.DataLoader(gdata.ArrayDataset(nd.array(features), nd.array(targets)), 4, shuffle=True)\nsizes = [X.shape[0] for X, y in loader]\ntotal = sum([X.sum().asscalar() for X, y in loader])\n"
    assert_same(body, "sizes", "total")


def test_devices() -> None:
    body = "ctx = mx.cpu()\na = nd.ones((2,), ctx=ctx)\nb = a.as_in_context(mx.cpu())\nsame = a.context == mx.cpu()\n"
    _, values, ported = run_both(body)
    assert values["same"]
    assert values["ctx"] == torch.device("cpu")
    assert "device=ctx" in ported.text


def test_methods_of_python_stay() -> None:
    body = "words = 'a b'.split(' ')\nwords.sort()\ncopied = words.copy()\nseen = set()\nseen.add(1)\nn = round(1.5)\nbest = max([1, 2])\n"
    assert port(HEADER + body, "x.py").text.endswith(body)


def test_numpy_stays() -> None:
    body = "import numpy as np\nx = np.arange(6).reshape((2, 3))\ny = x.sum(axis=1)\nn = x.size\nz = nd.array(x).asnumpy().argmax(axis=1)\n"
    ported = port(HEADER + body, "x.py").text
    assert "y = x.sum(axis=1)\nn = x.size\n" in ported
    assert ported.endswith(".numpy().argmax(axis=1)\n")


@pytest.mark.parametrize(
    "call",
    [
        "nd.contrib.MultiBoxPrior(x)",
        "nd.concat(x, x, axis=1)",
        "gloss.CTCLoss()",
        "x.attach_grad(grad_req=wanted)",
        "gluon.Trainer(net.collect_params(), 'ftml')",
        "nn.Dense(2, activation='swish')",
        "mx.np.polyfit(x, x, 1)",
        "mx.metric.F1()",
        "nd",
        "mx.nd",
        "[mx][0].cpu()",
        "x.slice_like(x)",
        "gluon.Trainer(net.collect_params(), 'sgd').allreduce_grads()",
        "nn.Dense(3, weight_initializer=init.One())",
        "net.export('f')",
        "mx.__version__",
    ],
)
def test_unknown_stays_visible_and_raises(call: str) -> None:
    ported = port(
        HEADER + f"net = nn.Sequential()\nx = nd.ones((2, 2))\n\nif x.size:\n    out = {call}\n",
        "x.py",
    )
    assert ported.summary["unknown"] == 1
    assert "    # TODO(mx2torch): " in ported.text
    with pytest.raises(NotImplementedError):
        exec(ported.text, {})


def test_out_is_written_into() -> None:
    body = "a = nd.array([1.0, 4.0])\nz = a.zeros_like()\nkept = z\nnd.elemwise_add(a, a, out=z)\nw = nd.zeros(2)\nnd.sqrt(a, out=w)\n"
    assert_same(body, "kept", "w")


def test_out_inside_an_expression_stops() -> None:
    ported = port(HEADER + "a = nd.ones(2)\nz = nd.zeros(2)\nb = nd.sqrt(a, out=z) + 1\n", "x.py")
    assert ported.summary["unknown"] == 1


def test_parameter_with_an_initialiser_of_its_own() -> None:
    body = """
class Scale(nn.Block):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.gamma = self.params.get('gamma', shape=(1, 4), init=init.One())
        self.beta = self.params.get('beta', shape=(1, 4))

    def forward(self, x):
        return self.gamma.data() * x + self.beta.data()

net = Scale()
net.initialize(init.Constant(3))
out = net(nd.array(features))
"""
    assert_same(body, "out")


def test_shared_layer() -> None:
    body = """
shared = nn.Dense(4, activation='relu')
net = nn.Sequential()
net.add(nn.Dense(4), shared, nn.Dense(4, activation='relu', params=shared.params))
net.initialize(init.Constant(0.3))
out = net(nd.array(features))
"""
    assert_same(body, "out")


def test_layer_shared_with_another_kind_stops() -> None:
    body = "shared = nn.Dense(4)\nother = nn.Dense(4, activation='relu', params=shared.params)\n"
    assert port(HEADER + body, "x.py").summary["unknown"] == 1


def test_sequential_of_its_own() -> None:
    body = """
class Chain(nn.Block):
    def add(self, block):
        self._children[block.name] = block

    def forward(self, x):
        for block in self._children.values():
            x = block(x)
        return x

net = Chain()
net.add(nn.Dense(3, activation='relu'))
net.add(nn.Dense(2))
net.initialize(init.Constant(0.2))
out = net(nd.array(features))
"""
    assert_same(body, "out")


def test_params_of_a_layer() -> None:
    body = "net = nn.Sequential()\nnet.add(nn.Dense(2, in_units=4))\nnet.initialize()\ncount = len(list(net[0].params.keys()))\n"
    assert_same(body, "count")


def test_frozen_parameters() -> None:
    body = """
fixed, free = nn.Dense(3, in_units=4), nn.Dense(1, in_units=3)
fixed.initialize(init.Constant(0.2))
free.initialize(init.Constant(0.2))
fixed.collect_params().setattr('grad_req', 'null')
trainer = gluon.Trainer(free.collect_params(), 'sgd', {'learning_rate': 0.1})
with autograd.record():
    l = free(fixed(nd.array(features))).sum()
l.backward()
trainer.step(6)
out = free(fixed(nd.array(features)))
"""
    assert_same(body, "out")


def test_accuracy_metric() -> None:
    body = """
metric = mx.metric.Accuracy()
scores, labels = nd.array([[1, 3], [4, 2], [0, 1]]), nd.array([1, 1, 1])
metric.update(labels=labels, preds=nd.argmax(scores, axis=1))
metric.update(labels, scores)
name, value = metric.get()
"""
    assert_same(body, "value")


def test_sum_over_all_other_axes() -> None:
    body = "a = nd.arange(24).reshape((2, 3, 4))\nout = nd.nansum(a, axis=0, exclude=True)\nother = a.mean(axis=0, exclude=True)\n"
    assert_same(body, "out", "other")


def test_an_older_book() -> None:
    body = """
ctx = mx.cpu()
data = mx.gluon.data.DataLoader(mx.gluon.data.ArrayDataset(nd.array(features), nd.array(classes)), batch_size=3, shuffle=False)
net = gluon.nn.Sequential()
with net.name_scope():
    net.add(gluon.nn.Dense(4, activation="relu"))
    net.add(gluon.nn.Dense(3))
net.collect_params().initialize(mx.init.Constant(0.1), ctx=ctx)
softmax_cross_entropy = gluon.loss.SoftmaxCrossEntropyLoss()
trainer = gluon.Trainer(net.collect_params(), 'sgd', {'learning_rate': .1})

def evaluate_accuracy(data_iterator, net):
    acc = mx.metric.Accuracy()
    for i, (data, label) in enumerate(data_iterator):
        data = data.as_in_context(ctx).reshape((-1, 4))
        label = label.as_in_context(ctx)
        output = net(data)
        predictions = nd.argmax(output, axis=1)
        acc.update(preds=predictions, labels=label)
    return acc.get()[1]

for e in range(3):
    cumulative_loss = 0
    for i, (X, label) in enumerate(data):
        X = X.as_in_context(ctx).reshape((-1, 4))
        with autograd.record():
            output = net(X)
            loss = softmax_cross_entropy(output, label)
        loss.backward()
        trainer.step(X.shape[0])
        cumulative_loss += nd.sum(loss).asscalar()
accuracy = evaluate_accuracy(data, net)
"""
    assert_same(body, "cumulative_loss", "accuracy")


def test_data_may_be_the_name_of_an_array() -> None:
    body = """
for data, label in mx.gluon.data.DataLoader(gluon.data.ArrayDataset(nd.array(features), nd.array(targets)), 3):
    total = data.sum().asscalar()
for data, label in gluon.data.DataLoader(gluon.data.ArrayDataset(nd.array(features), nd.array(targets)), 6):
    total = total + data.sum().asscalar()
"""
    text = HEADER.replace(", data as gdata", "").replace("data as gdata, ", "") + body
    ported = port(text, "x.py").text
    assert "torch_data.DataLoader(" in ported
    names: dict[str, np.ndarray] = {
        "features": np.ones((6, 4), "float32"),
        "targets": np.ones((6, 1), "float32"),
    }
    exec(ported, names)
    assert names["total"] == 12 + 24


def test_data_set_of_its_own() -> None:
    body = """
class Pairs(gdata.Dataset):
    def __init__(self, rows):
        self.rows = rows

    def __getitem__(self, index):
        return self.rows[index], self.rows[index] * 2

    def __len__(self):
        return len(self.rows)

total = sum([(a + b).sum().asscalar() for a, b in gdata.DataLoader(Pairs(nd.array(features)), 2)])
"""
    assert_same(body, "total")


def test_sum_that_starts_as_a_number() -> None:
    body = "a = nd.array([1.0, 3.0])\ntotal, n = 0.0, 0\nfor x in a:\n    total += nd.sum(a == x)\n    n += 2\nmean = (total / n).asscalar()\n"
    assert_same(body, "mean")


def test_only_element_of_a_reduction() -> None:
    body = "a = nd.array([[1.0, 3.0]])\n\ndef loss(x):\n    return -nd.mean(x)\n\nl = loss(a)\nfirst = l.asnumpy()[0]\nsame = l[0]\nrow = a[0]\nlast = a.asnumpy()[0]\n"
    assert_same(body, "first", "same", "row", "last")
