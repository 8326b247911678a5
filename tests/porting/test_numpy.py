"""What mxnet.np and npx need beyond one expression, run on both sides."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from porting.port import Ported, port
from tests import rounding
from tests.porting import noise
from tests.porting.both_sides import NUMPY_HEADER, mx, numpy_mode
from tests.porting.chapters import DATA
from tests.statistics import assert_mean, assert_standard_deviation

HEADER = NUMPY_HEADER + "npx.set_np()\n"


def _plain(value: Any) -> Any:
    if isinstance(value, mx.nd.NDArray):
        return value.asnumpy()
    return value.detach().numpy() if isinstance(value, torch.Tensor) else value


def run_both(
    body: str, header: str = HEADER, unknown: int = 0
) -> tuple[dict[str, Any], dict[str, Any], Ported]:
    """The names after running the text in MXNet, after running its port, and the port."""
    ported = port(header + body, "chapter.py")
    assert ported.summary["unknown"] == unknown, ported.text
    return run(header + body), run(ported.text), ported


def run(text: str) -> dict[str, Any]:
    """The names after running the text."""
    held: dict[str, Any] = {key: value.copy() for key, value in DATA.items()}
    with numpy_mode():
        try:
            exec(compile(text, "chapter", "exec"), held)
        finally:
            mx.npx.reset_np()
    return {key: _plain(value) for key, value in held.items()}


def assert_same(body: str, *wanted: str, header: str = HEADER) -> Ported:
    """Values, shapes and sorts of type agree."""
    expected, values, ported = run_both(body, header)

    def chosen(names: dict[str, Any]) -> dict[str, np.ndarray]:
        return {name: np.asarray(names[name]) for name in wanted}

    ours, theirs = chosen(values), chosen(expected)
    for name in wanted:
        assert ours[name].dtype.kind == theirs[name].dtype.kind, name
    rounding.assert_same(ours, theirs, noise.again(lambda: chosen(run(header + body))))
    return ported


def test_the_mode_decides_what_a_comparison_gives() -> None:
    body = "a, b = {0}.array([1, 2]), {0}.array([1, 3])\nsame = a == b\n"
    ported = assert_same(body.format("np"), "same")
    assert "npx" not in ported.text
    assert "same = a == b" in ported.text
    old = port("from mxnet import nd\n" + body.format("nd"), "x.py")
    assert "same = (a == b).float()" in old.text


def test_both_sorts_of_arrays_in_one_document() -> None:
    header = "from mxnet import nd\nfrom mxnet import np as mnp\n"
    body = "a = nd.array([1, 2]) == nd.array([1, 3])\nb = mnp.array([1, 2]) == mnp.array([1, 3])\n"
    text = port(header + body, "x.py").text
    assert ").float()" in text.splitlines()[-2]
    assert ".float()" not in text.splitlines()[-1]


def test_another_numpy_stays() -> None:
    body = "import numpy as onp\na = np.ones(2)\nb = onp.concatenate([onp.ones(2), onp.zeros(2)], axis=0)\n"
    ported = assert_same(body, "a", "b")
    assert "b = onp.concatenate([onp.ones(2), onp.zeros(2)], axis=0)" in ported.text


def test_a_name_that_another_module_takes_over() -> None:
    body = "a = np.ones(2)\nimport numpy as np\nb = np.concatenate([np.ones(2)], axis=0)\n"
    assert "b = np.concatenate([np.ones(2)], axis=0)" in port(HEADER + body, "x.py").text


def test_attributes_of_the_package() -> None:
    header = "import mxnet as mx\nmx.npx.set_np()\n"
    assert_same("a = mx.np.arange(4).reshape(2, 2)\nb = mx.npx.softmax(a)\n", "b", header=header)


def test_bools_average_and_subtract() -> None:
    body = "a = np.array([1, 2, 3])\nm = (a > 1).mean()\nn = np.mean(a > 1)\ninverse = 1 - (a > 1)\ncount = (a > 1).sum()\n"
    assert_same(body, "m", "n", "inverse", "count")


def test_numbers_stay_numbers() -> None:
    ported = assert_same("d = 3\na = np.sqrt(d)\nb = np.exp(np.ones(2)) / np.sqrt(2)\n", "b")
    assert "a = math.sqrt(d)" in ported.text
    assert ported.text.count("import math") == 1


@pytest.mark.parametrize(
    ("source", "kind"),
    [("[1, 2]", "float32"), ("features", "float32"), ("features.astype('int64')", "int64"), ("a", "int32")],
)  # fmt: skip
def test_types_of_arrays(source: str, kind: str) -> None:
    body = "import numpy\nfeatures = numpy.ones((2, 3))[:, :2].astype('float32')\na = np.zeros(2, dtype='int32')\n"
    expected, values, _ = run_both(body + f"made = np.array({source})\n")
    assert expected["made"].dtype == values["made"].dtype == np.dtype(kind)


def test_gradients() -> None:
    body = """
x = np.arange(4.0)
x.attach_grad()
with autograd.record():
    y = 2 * np.dot(x, x)
y.backward()
first = x.grad.copy()
with autograd.record():
    y = x.sum()
y.backward()
second = x.grad.copy()
with autograd.record():
    z = x * x
z.backward()
third = x.grad
"""
    assert_same(body, "first", "second", "third")


def test_what_an_array_says_of_itself() -> None:
    body = "a = np.ones((2, 3))\nb = [a.size, a.ndim, len(a), np.size(a), np.ndim(a), *np.shape(a), *a.shape]\n"
    assert_same(body, "b")


def test_devices() -> None:
    body = "a = np.ones(2, ctx=npx.cpu())\nb = a.as_in_ctx(npx.cpu())\nn = npx.num_gpus()\nnpx.waitall()\n"
    ported = assert_same(body, "a", "b", "n")
    assert "waitall" not in ported.text


UNIFORM, FIVE = 9 / 5, 17 / 10  # the kurtosis of uniform draws, and of five equal odds


def lognormal(sigma: float) -> tuple[float, float, float]:
    e = np.exp(sigma**2)
    return np.sqrt(e), np.sqrt(e * (e - 1)), e**4 + 2 * e**3 + 3 * e**2 - 3


DRAWS = [  # mean, standard deviation, kurtosis
    ("normal(1, 0.5, (2000, 2))", (1, 0.5, 3)),
    ("normal(1, 0.5, size=4000)", (1, 0.5, 3)),
    ("normal(loc=means, scale=0.5)", (2, 0.5, 3)),
    ("normal(means, 0.5, size=(4000,))", (2, 0.5, 3)),
    ("uniform(-1, 3, size=(4000,))", (1, 4 / np.sqrt(12), UNIFORM)),
    ("uniform(size=count)", (0.5, 1 / np.sqrt(12), UNIFORM)),
    ("rand(2000, 2)", (0.5, 1 / np.sqrt(12), UNIFORM)),
    ("randn(2000, 2)", (0, 1, 3)),
    ("randint(0, 5, size=(4000,))", (2, np.sqrt(2), FIVE)),
    ("randint(5, size=count)", (2, np.sqrt(2), FIVE)),
    ("choice(5, 4000)", (2, np.sqrt(2), FIVE)),
    ("choice(means, 4000)", (2, 0, 3)),
    ("choice(4000, 4000, replace=False)", (1999.5, np.sqrt((4000**2 - 1) / 12), UNIFORM)),
    ("choice(2, 4000, p=np.array([0.25, 0.75]))", (0.75, np.sqrt(3) / 4, 7 / 3)),
    ("gamma(2.0, 3.0, (4000,))", (6, np.sqrt(18), 6)),
    ("beta(2.0, 2.0, (4000,))", (0.5, np.sqrt(0.05), 15 / 7)),
    ("exponential(2.0, (4000,))", (2, 2, 9)),
    ("lognormal(0.0, 0.25, size=(4000,))", lognormal(0.25)),
]


@pytest.mark.parametrize(("draw", "moments"), DRAWS, ids=[d for d, _ in DRAWS])
def test_draws(draw: str, moments: tuple[float, float, float]) -> None:
    for out in drawn(draw):
        assert_mean(out, *moments[:2])
        assert_standard_deviation(out, *moments[1:])


def test_draws_of_several_categories() -> None:
    for out in drawn("multinomial(10, [0.2, 0.8], size=2000)"):
        assert (out.sum(axis=-1) == 10).all()
        assert_mean(out[..., 0], 2, np.sqrt(10 * 0.2 * 0.8))


def drawn(draw: str) -> list[np.ndarray]:
    """By MXNet and by the port."""
    torch.manual_seed(3)
    mx.random.seed(3)
    body = f"means = 2 * np.ones(4000)\ncount = len(means)\nout = np.random.{draw}\n"
    expected, values, _ = run_both(body)
    assert values["out"].shape == expected["out"].shape
    assert values["out"].dtype.kind == expected["out"].dtype.kind
    return [expected["out"], values["out"]]


def test_shuffle_stays_in_place() -> None:
    body = "a = np.arange(20).reshape(10, 2)\nb = a\nnp.random.shuffle(a)\nordered = np.sort(b, axis=0)\nrows = b[:, 1] - b[:, 0]\n"
    assert_same(body, "ordered", "rows")


def test_saved_arrays(tmp_path) -> None:
    body = f"import os\nfolder = {str(tmp_path)!r}\na, b = np.arange(3), np.ones(2)\n"
    body += "npx.save(os.path.join(folder, 'one'), a)\nnpx.save(os.path.join(folder, 'two'), {'a': a, 'b': b})\n"
    body += "one = npx.load(os.path.join(folder, 'one'))[0]\ntwo = npx.load(os.path.join(folder, 'two'))['b']\n"
    assert_same(body, "one", "two")


def test_dropout_follows_the_mode() -> None:
    body = """
class Half(nn.Block):
    def forward(self, x):
        return npx.dropout(x, 0.5)

net = Half()
kept = net(np.ones(1000))
with autograd.record():
    out = net(np.ones(1000))
"""
    expected, values, ported = run_both(body)
    assert "training=self.training" in ported.text
    for side in (expected, values):
        assert (side["kept"] == 1).all()
        assert set(side["out"].tolist()) == {0.0, 2.0}


@pytest.mark.parametrize(
    ("shape", "code"),
    [("(2, 3, 4)", "(-2, -1)"), ("(2, 3, 4)", "(-4,)"), ("(2, 3, 4)", "(-5, 4)"), ("(6, 4)", "(-6, 2, -1, -2)"), ("(1, 3, 4)", "(-3, -4)")],
)  # fmt: skip
def test_reshape_codes(shape: str, code: str) -> None:
    assert_same(f"x = np.arange(24)[:{eval(shape)[0] * 12 if len(eval(shape)) == 3 else 24}].reshape({shape})\nout = npx.reshape(x, {code})\n", "out")  # fmt: skip


@pytest.mark.parametrize("shape", ["(2, 3)", "(2, 3, 4)", "(2, 3, 4, 2)"])
@pytest.mark.parametrize("axis", [0, 1])
def test_sequence_mask(shape: str, axis: int) -> None:
    lengths = "[1, 3]" if axis else "[0, 2, 1]"
    body = f"x = np.ones({shape})\nout = npx.sequence_mask(x, np.array({lengths}), True, value=-1, axis={axis})\n"
    assert_same(body, "out")


def test_unknown_names_stop() -> None:
    for text in ("np.polyfit(a, a, 1)", "npx.rnn(a)", "a.tostype('csr')", "np.sum(a, where=a)"):
        ported = port(HEADER + f"a = np.ones(2)\nb = {text}\n", "x.py")
        assert ported.summary["unknown"] == 1, ported.text
        assert "runtime.not_ported" in ported.text


def test_unbiased_spread_would_be_seen() -> None:
    body = "a = np.arange(4)\nb = a.std()\n"
    assert_same(body, "b")
    expected = run(HEADER + body)["b"]
    again = noise.again(lambda: run(HEADER + body)["b"])
    with pytest.raises(AssertionError, match="rounding explains"):
        rounding.assert_same(torch.arange(4.0).std(), expected, again)


@pytest.mark.parametrize(
    "call", ["maximum(a, 0)", "maximum(0, a)", "minimum(a, 1)", "minimum(a, b)"]
)
def test_a_number_as_bound(call: str) -> None:
    assert_same(f"a = np.array([-1, 0.5, 2])\nb = 1 - a\nout = np.{call}\n", "out")


@pytest.mark.filterwarnings("ignore:ndarray.as_in_context:DeprecationWarning")
def test_float_indices() -> None:
    body = """
def chosen(p, y):
    return p[range(len(p)), y]

a = np.arange(12).reshape(4, 3)
i = np.array([2, 0])
out = a[i]
both = a[[0, 1], i]
given = chosen(a[:2], i)
mask = a[a > 4]
kept = (a > 4) & (a < 9)
other = a[kept]
asked = (a - 3).astype('bool')
third = a[asked]
"""
    assert_same(body, "out", "both", "given", "mask", "other", "third")


def test_updates_that_the_text_does_not_name() -> None:
    body = """
w = np.ones((4, 1))
w.attach_grad()

def train(updater):
    if isinstance(updater, gluon.Trainer):
        updater = updater.step
    for _ in range(3):
        with autograd.record():
            l = np.dot(np.array(features), w)
        l.backward()
        updater(6)

def descend(batch_size):
    w[:] = w - 0.1 * w.grad / batch_size

train(descend)
first = w.copy()
net = nn.Sequential()
net.add(nn.Dense(1))
net.initialize(init.Constant(0.1))
X, y = np.array(features), np.array(targets)

def fit(updater):
    if isinstance(updater, gluon.Trainer):
        updater = updater.step
    for _ in range(3):
        with autograd.record():
            l = gloss.L2Loss()(net(X), y)
        l.backward()
        updater(6)

fit(gluon.Trainer(net.collect_params(), 'sgd', {'learning_rate': 0.1, 'wd': 0.1}))
trained = net[0].weight.data()
trainer = gluon.Trainer(net.collect_params(), 'sgd', {'learning_rate': 0.1})
fit(lambda batch_size: trainer.step(batch_size))
again = net[0].weight.data()
"""
    ported = assert_same(body, "first", "trained", "again")
    assert "runtime.zero_grad(l)" in ported.text


def test_loss_of_a_function_when_the_document_has_but_one() -> None:
    body = """
def total(loss, X, y):
    return loss(X, y).sum()

X, y = np.array(features), np.array(classes)
out = total(gluon.loss.SoftmaxCrossEntropyLoss(), X, y)
"""
    assert "loss(X, y.long())" in assert_same(body, "out").text
    several = port(HEADER + body + "other = gluon.loss.L2Loss()\n", "x.py")
    assert "loss(X, y).sum()" in several.text


def test_loss_derived_from_the_cross_entropy() -> None:
    body = """
class Masked(gluon.loss.SoftmaxCELoss):
    def forward(self, pred, label, valid_len):
        weights = np.expand_dims(np.ones_like(label), axis=-1)
        weights = npx.sequence_mask(weights, valid_len, True, axis=1)
        return super().forward(pred, label, weights)

pred = np.arange(24).reshape(2, 3, 4) / 24
label = np.array([[0, 1, 2], [3, 0, 1]])
out = Masked()(pred, label, np.array([1, 3]))
plain = gluon.loss.SoftmaxCELoss()
"""
    assert_same(body, "out")


def test_strings_in_formatted_strings() -> None:
    body = "net = nn.Dense(1)\ntrainer = gluon.Trainer(net.collect_params(), 'sgd', {'learning_rate': 0.5})\nout = f'{trainer.learning_rate:.2f}'\n"
    expected, values, _ = run_both(
        "net = nn.Dense(1)\nnet.initialize()\nnet(np.ones((1, 1)))\n" + body.partition("\n")[2]
    )
    assert values["out"] == expected["out"] == "0.50"


def test_parameters_of_what_is_a_network_in_one_branch_only() -> None:
    body = """
def norm(net):
    if isinstance(net, gluon.Block):
        params = [p.data() for p in net.collect_params().values()]
    else:
        params = net.params
    return sum((p ** 2).sum() for p in params)

class Scratch:
    params = [np.ones(2), np.ones(3)]

net = nn.Dense(1)
net.initialize(init.Constant(2))
net(np.array(features))
a, b = norm(net), norm(Scratch())
"""
    assert_same(body, "a", "b")


def test_functions_as_values() -> None:
    body = "out = [f(np.ones(2) / 2) for f in (np.exp, np.sin, npx.relu, np.sum)]\nz = list(map(np.zeros, [1, 2]))\n"
    expected, values, _ = run_both(body)
    wanted = ("out", "z")

    def original() -> list[Any]:
        names = run(HEADER + body)
        return [names[name] for name in wanted]

    ours = [values[name] for name in wanted]
    rounding.assert_same(ours, [expected[name] for name in wanted], noise.again(original))
