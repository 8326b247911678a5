"""Training loops: printed lines and trained parameters."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from backends.agreement import agree
from backends.errors import InputError
from porting import d2lzh as d2l
from porting.d2lzh.training import losses
from tests.porting.d2lzh.original import figures, lines_without_seconds, words

NUM_INPUTS, NUM_HIDDENS, NUM_CLASSES, BATCH_SIZE = 6, 5, 3, 8


def batches(num_samples: int = 50, seed: int = 0) -> list[tuple[np.ndarray, np.ndarray]]:
    """The last of them has 2 samples."""
    rng = np.random.default_rng(seed)
    y = rng.integers(NUM_CLASSES, size=num_samples).astype("int32")
    X = (rng.normal(size=(num_samples, NUM_INPUTS)) + y[:, None]).astype("float32")
    rows = range(0, num_samples, BATCH_SIZE)
    return [(X[i : i + BATCH_SIZE], y[i : i + BATCH_SIZE]) for i in rows]


class Sides:
    """The same network and the same batches on both sides."""

    def __init__(self, original: Any) -> None:
        mx_nn, nd = original.nn, original.nd
        self.theirs = mx_nn.Sequential()
        self.theirs.add(mx_nn.Dense(NUM_HIDDENS, activation="tanh"), mx_nn.Dense(NUM_CLASSES))
        self.theirs.initialize()
        self.theirs(nd.zeros((1, NUM_INPUTS)))
        self.ours = nn.Sequential(
            nn.Linear(NUM_INPUTS, NUM_HIDDENS),
            nn.Tanh(),
            nn.Linear(NUM_HIDDENS, NUM_CLASSES),
        )
        rng = np.random.default_rng(2)
        with torch.no_grad():
            for tensor, array in self.parameters():
                tensor.copy_(torch.tensor(rng.normal(scale=0.5, size=tuple(tensor.shape))))
                array[:] = tensor.numpy()
        self.data = [[(nd.array(X), nd.array(y, dtype=y.dtype)) for X, y in batches()]]
        self.data.append([(torch.tensor(X), torch.tensor(y).long()) for X, y in batches()])

    def parameters(self) -> list[tuple[torch.Tensor, Any]]:
        theirs = self.theirs.collect_params().values()
        return list(zip(self.ours.parameters(), (p.data() for p in theirs), strict=True))

    def assert_same(self) -> None:
        for tensor, array in self.parameters():
            assert agree(tensor.detach().numpy(), array.asnumpy())


HYPERPARAMETERS = {"learning_rate": 0.5, "momentum": 0.5, "wd": 0.01}


def trainers(original: Any, sides: Sides) -> tuple[Any, torch.optim.Optimizer]:
    return (
        original.gluon.Trainer(sides.theirs.collect_params(), "sgd", dict(HYPERPARAMETERS)),
        torch.optim.SGD(sides.ours.parameters(), lr=0.5, momentum=0.5, weight_decay=0.01),
    )


def assert_same_lines(
    capsys: pytest.CaptureFixture, theirs: Callable[[], Any], ours: Callable[[], Any]
) -> None:
    printed = []
    for run in (theirs, ours):
        run()
        out = capsys.readouterr().out
        for device in ("[cpu(0)]", "[device(type='cpu')]"):
            out = out.replace(device, "cpu")
        printed.append(lines_without_seconds(out))
    assert words(printed[0]) == words(printed[1]) != []
    # A printed digit may round the other way, and rounding grows from step to step.
    np.testing.assert_allclose(figures(printed[1]), figures(printed[0]), rtol=1e-5, atol=1.01e-4)


@pytest.mark.usefixtures("both")
def test_train_ch5(original: Any, capsys: pytest.CaptureFixture) -> None:
    sides = Sides(original)
    theirs, ours = trainers(original, sides)
    cpu, (mx_data, data) = original.mx.cpu(), sides.data
    assert_same_lines(
        capsys,
        lambda: original.train_ch5(sides.theirs, mx_data, mx_data, BATCH_SIZE, theirs, cpu, 3),
        lambda: d2l.train_ch5(sides.ours, data, data, BATCH_SIZE, ours, torch.device("cpu"), 3),
    )
    sides.assert_same()


@pytest.mark.parametrize("several", [False, True])
def test_train(original: Any, capsys: pytest.CaptureFixture, both: str, several: bool) -> None:
    sides = Sides(original)
    theirs, ours = trainers(original, sides)
    cpu: Any = original.mx.cpu()
    device: Any = torch.device("cpu")
    if several:
        cpu, device = [cpu], [device]
    mx_loss, loss = original.gloss.SoftmaxCrossEntropyLoss(), nn.CrossEntropyLoss(reduction="none")
    if both == "ported":  # the original makes floats of the labels

        def loss(y_hat: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            return F.cross_entropy(y_hat, y.long(), reduction="none")

    mx_data, data = sides.data
    assert_same_lines(
        capsys,
        lambda: original.train(mx_data, mx_data, sides.theirs, mx_loss, theirs, cpu, 3),
        lambda: d2l.train(data, data, sides.ours, loss, ours, device, 3),
    )
    sides.assert_same()


@pytest.mark.usefixtures("both")
def test_train_ch3_with_a_trainer(original: Any, capsys: pytest.CaptureFixture) -> None:
    sides = Sides(original)
    theirs, ours = trainers(original, sides)
    mx_loss, loss = original.gloss.SoftmaxCrossEntropyLoss(), nn.CrossEntropyLoss(reduction="none")
    (mx_data, data), size = sides.data, BATCH_SIZE
    assert_same_lines(
        capsys,
        lambda: original.train_ch3(
            sides.theirs, mx_data, mx_data, mx_loss, 3, size, None, None, theirs
        ),
        lambda: d2l.train_ch3(sides.ours, data, data, loss, 3, size, None, None, ours),
    )
    sides.assert_same()


@pytest.mark.usefixtures("both")
def test_train_ch3_with_parameters(original: Any, capsys: pytest.CaptureFixture) -> None:
    nd = original.nd
    start = np.random.default_rng(1).normal(size=(NUM_INPUTS, NUM_CLASSES)).astype("float32")
    W, b = nd.array(start), nd.zeros(NUM_CLASSES)
    W.attach_grad()
    b.attach_grad()
    W2 = torch.tensor(start, requires_grad=True)
    b2 = torch.zeros(NUM_CLASSES, requires_grad=True)
    mx_data, data = Sides(original).data
    assert_same_lines(
        capsys,
        lambda: original.train_ch3(
            lambda X: nd.softmax(nd.dot(X, W) + b),
            mx_data,
            mx_data,
            lambda y_hat, y: -nd.pick(y_hat, y).log(),
            3,
            BATCH_SIZE,
            [W, b],
            0.5,
        ),
        lambda: d2l.train_ch3(
            lambda X: torch.softmax(X @ W2 + b2, dim=1),
            data,
            data,
            lambda y_hat, y: -y_hat.gather(1, y[:, None]).log(),
            3,
            BATCH_SIZE,
            [W2, b2],
            0.5,
        ),
    )
    np.testing.assert_allclose(W2.detach().numpy(), W.asnumpy(), atol=1e-5)
    np.testing.assert_allclose(b2.detach().numpy(), b.asnumpy(), atol=1e-5)


def test_evaluate_accuracy(original: Any, both: str) -> None:
    sides = Sides(original)
    mx_data, data = sides.data
    expected = original.evaluate_accuracy(mx_data, sides.theirs)
    assert 0 < expected < 1
    place = torch.device("cpu")
    for device in (place, [place]) if both == "ported" else ("cpu", place, ["cpu"]):
        assert d2l.evaluate_accuracy(data, sides.ours, device) == pytest.approx(expected)
    assert d2l.evaluate_accuracy(data, sides.ours) == pytest.approx(expected)


@pytest.mark.usefixtures("both")
def test_evaluate_accuracy_of_pixels(original: Any) -> None:
    """Outputs (n, classes, height, width) against labels (n, height, width)."""
    rng = np.random.default_rng(0)
    outputs = rng.normal(size=(2, 3, 4, 5)).astype("float32")
    labels = rng.integers(3, size=(2, 4, 5)).astype("float32")
    nd = original.nd
    expected = original.evaluate_accuracy([(nd.array(outputs), nd.array(labels))], lambda X: X)
    found = d2l.evaluate_accuracy([(torch.tensor(outputs), torch.tensor(labels))], lambda X: X)
    assert found == pytest.approx(expected)


class Modes(nn.Module):
    """Notes whether each call trains and whether gradients are recorded."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(NUM_INPUTS, NUM_CLASSES)
        self.seen: list[tuple[bool, bool]] = []

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        self.seen.append((self.training, torch.is_grad_enabled()))
        return self.layer(X)


def test_networks_train_and_are_evaluated_in_their_modes() -> None:
    X, y = torch.zeros(2, NUM_INPUTS), torch.zeros(2).long()
    trained: list[Callable[[Modes, Any], None]] = [
        lambda net, sgd: d2l.train_ch5(net, [(X, y)], [(X, y)], 2, sgd, "cpu", 2),
        lambda net, sgd: d2l.train(
            [(X, y)], [(X, y)], net, nn.CrossEntropyLoss(reduction="none"), sgd, "cpu", 2
        ),
        lambda net, sgd: d2l.train_ch3(
            net, [(X, y)], [(X, y)], nn.CrossEntropyLoss(reduction="none"), 2, 2, trainer=sgd
        ),
    ]
    for train in trained:
        net = Modes()
        net.eval()
        train(net, torch.optim.SGD(net.parameters(), lr=0.1))
        assert net.seen == [(True, True), (False, False)] * 2
    for training in (True, False):
        net.train(training)
        d2l.evaluate_accuracy([(X, y)], net)
        assert net.seen[-1] == (False, False)
        assert net.training == training


@pytest.mark.parametrize(
    ("mx_loss", "loss"),
    [
        ("SoftmaxCrossEntropyLoss", nn.CrossEntropyLoss(reduction="none")),
        ("SigmoidBinaryCrossEntropyLoss", nn.BCEWithLogitsLoss(reduction="none")),
        ("L1Loss", nn.L1Loss(reduction="none")),
    ],
)
def test_losses_are_per_sample_as_in_gluon(original: Any, mx_loss: str, loss: nn.Module) -> None:
    """Float labels of a class, and labels (n,) for predictions (n, 1)."""
    rng = np.random.default_rng(0)
    columns = 3 if "Softmax" in mx_loss else 1
    y_hat, y = rng.normal(size=(4, columns)).astype("float32"), np.array([0, 1, 1, 0], "float32")
    expected = getattr(original.gloss, mx_loss)()(original.nd.array(y_hat), original.nd.array(y))
    found = losses(loss, torch.tensor(y_hat), torch.tensor(y))
    assert found.shape == (4,)
    np.testing.assert_allclose(found.numpy(), expected.asnumpy(), rtol=1e-5)


def test_losses_of_pixels_are_averaged_as_in_gluon(original: Any) -> None:
    rng = np.random.default_rng(0)
    y_hat = rng.normal(size=(2, 3, 4, 5)).astype("float32")
    y = rng.integers(3, size=(2, 4, 5)).astype("float32")
    theirs = original.gloss.SoftmaxCrossEntropyLoss(axis=1)
    expected = theirs(original.nd.array(y_hat), original.nd.array(y)).asnumpy()
    found = losses(nn.CrossEntropyLoss(reduction="none"), torch.tensor(y_hat), torch.tensor(y))
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (nn.CrossEntropyLoss(), r"CrossEntropyLoss\(reduction='mean'\).*reduction='none'"),
        (F.cross_entropy, "one number for 2 samples: let it return one per sample"),
    ],
)
def test_a_loss_of_the_batch_is_refused(loss: Any, message: str) -> None:
    net = nn.Linear(NUM_INPUTS, NUM_CLASSES)
    X, y = torch.zeros(2, NUM_INPUTS), torch.zeros(2).long()
    trainer = torch.optim.SGD(net.parameters(), lr=0.1)
    with pytest.raises(InputError, match=message):
        d2l.train_ch3(net, [(X, y)], [(X, y)], loss, 1, 2, trainer=trainer)
    with pytest.raises(InputError, match=message):
        d2l.train([(X, y)], [(X, y)], net, loss, trainer, "cpu", 1)


def test_other_wrong_arguments_are_refused() -> None:
    with pytest.raises(InputError, match="train_ch3 got no trainer: give one, or params and lr"):
        d2l.train_ch3(lambda X: X, [], [], F.cross_entropy, 1, 2, params=[])
    with pytest.raises(InputError, match=r"2 devices \['cpu', 'cpu'\] were given: give one"):
        d2l.evaluate_accuracy([], lambda X: X, ["cpu", "cpu"])
