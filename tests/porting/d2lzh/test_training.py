"""Training loops: printed lines and trained parameters."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from backends.errors import InputError
from porting import d2lzh as d2l
from porting.d2lzh.training import losses
from tests.porting.d2lzh.original import assert_same_program, said
from tests.porting.noise import again
from tests.rounding import assert_same, mover

NUM_INPUTS, NUM_HIDDENS, NUM_CLASSES, BATCH_SIZE = 6, 5, 3, 8
UPDATES = 3 * 7  # epochs and batches


def batches(num_samples: int = 50, seed: int = 0) -> list[tuple[np.ndarray, np.ndarray]]:
    """The last of them has 2 samples."""
    rng = np.random.default_rng(seed)
    y = rng.integers(NUM_CLASSES, size=num_samples).astype("int32")
    X = (rng.normal(size=(num_samples, NUM_INPUTS)) + y[:, None]).astype("float32")
    rows = range(0, num_samples, BATCH_SIZE)
    return [(X[i : i + BATCH_SIZE], y[i : i + BATCH_SIZE]) for i in rows]


class Sides:
    """The same network and the same batches on both sides."""

    def __init__(self, original: Any, seed: int | None = None) -> None:
        """A seed moves the original's weights and data by single roundings."""
        move = mover(seed)
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
                array[:] = move(tensor.numpy())
        self.data = [[(nd.array(move(X)), nd.array(y, dtype=y.dtype)) for X, y in batches()]]
        self.data.append([(torch.tensor(X), torch.tensor(y).long()) for X, y in batches()])

    def parameters(self) -> list[tuple[torch.Tensor, Any]]:
        theirs = self.theirs.collect_params().values()
        return list(zip(self.ours.parameters(), (p.data() for p in theirs), strict=True))


HYPERPARAMETERS = {"learning_rate": 0.5, "momentum": 0.5, "wd": 0.01}


def mx_trainer(original: Any, sides: Sides) -> Any:
    return original.gluon.Trainer(sides.theirs.collect_params(), "sgd", dict(HYPERPARAMETERS))


def torch_trainer(sides: Sides) -> torch.optim.Optimizer:
    return torch.optim.SGD(sides.ours.parameters(), lr=0.5, momentum=0.5, weight_decay=0.01)


def assert_same_training(
    original: Any, ours: Callable[[Sides, Any], Any], theirs: Callable[[Sides, Any], Any]
) -> None:
    """Each side is called with a fresh network and its trainer; lines and parameters agree."""

    def run_ours() -> list[Any]:
        sides = Sides(original)
        ours(sides, torch_trainer(sides))
        return [tensor for tensor, _ in sides.parameters()]

    @cache
    def run_theirs(seed: int | None) -> Any:
        sides = Sides(original, seed)
        printed, _ = said(lambda: theirs(sides, mx_trainer(original, sides)))
        return printed, [array for _, array in sides.parameters()]

    assert_same_program(run_ours, run_theirs, UPDATES)


@pytest.mark.usefixtures("both")
def test_train_ch5(original: Any) -> None:
    cpu, place = original.mx.cpu(), torch.device("cpu")

    def theirs(sides: Sides, trainer: Any) -> None:
        data = sides.data[0]
        original.train_ch5(sides.theirs, data, data, BATCH_SIZE, trainer, cpu, 3)

    def ours(sides: Sides, trainer: Any) -> None:
        data = sides.data[1]
        d2l.train_ch5(sides.ours, data, data, BATCH_SIZE, trainer, place, 3)

    assert_same_training(original, ours, theirs)


@pytest.mark.parametrize("several", [False, True])
def test_train(original: Any, both: str, several: bool) -> None:
    cpu: Any = original.mx.cpu()
    device: Any = torch.device("cpu")
    if several:
        cpu, device = [cpu], [device]
    mx_loss, loss = original.gloss.SoftmaxCrossEntropyLoss(), nn.CrossEntropyLoss(reduction="none")
    if both == "ported":  # the original makes floats of the labels

        def loss(y_hat: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            return F.cross_entropy(y_hat, y.long(), reduction="none")

    def theirs(sides: Sides, trainer: Any) -> None:
        data = sides.data[0]
        original.train(data, data, sides.theirs, mx_loss, trainer, cpu, 3)

    def ours(sides: Sides, trainer: Any) -> None:
        data = sides.data[1]
        d2l.train(data, data, sides.ours, loss, trainer, device, 3)

    assert_same_training(original, ours, theirs)


@pytest.mark.usefixtures("both")
def test_train_ch3_with_a_trainer(original: Any) -> None:
    mx_loss, loss = original.gloss.SoftmaxCrossEntropyLoss(), nn.CrossEntropyLoss(reduction="none")

    def theirs(sides: Sides, trainer: Any) -> None:
        data = sides.data[0]
        original.train_ch3(sides.theirs, data, data, mx_loss, 3, BATCH_SIZE, None, None, trainer)

    def ours(sides: Sides, trainer: Any) -> None:
        data = sides.data[1]
        d2l.train_ch3(sides.ours, data, data, loss, 3, BATCH_SIZE, None, None, trainer)

    assert_same_training(original, ours, theirs)


@pytest.mark.usefixtures("both")
def test_train_ch3_with_parameters(original: Any) -> None:
    nd = original.nd
    start = np.random.default_rng(1).normal(size=(NUM_INPUTS, NUM_CLASSES)).astype("float32")

    @cache
    def theirs(seed: int | None) -> Any:
        W, b = nd.array(mover(seed)(start)), nd.zeros(NUM_CLASSES)
        W.attach_grad()
        b.attach_grad()
        data = Sides(original, seed).data[0]
        return said(lambda: train_theirs(W, b, data))

    def train_theirs(W: Any, b: Any, data: Any) -> list[Any]:
        original.train_ch3(
            lambda X: nd.softmax(nd.dot(X, W) + b),
            data,
            data,
            lambda y_hat, y: -nd.pick(y_hat, y).log(),
            3,
            BATCH_SIZE,
            [W, b],
            0.5,
        )
        return [W, b]

    def ours() -> list[torch.Tensor]:
        W, b = torch.tensor(start, requires_grad=True), torch.zeros(NUM_CLASSES, requires_grad=True)
        data = Sides(original).data[1]
        d2l.train_ch3(
            lambda X: torch.softmax(X @ W + b, dim=1),
            data,
            data,
            lambda y_hat, y: -y_hat.gather(1, y[:, None]).log(),
            3,
            BATCH_SIZE,
            [W, b],
            0.5,
        )
        return [W, b]

    assert_same_program(ours, theirs, UPDATES)


def test_evaluate_accuracy(original: Any, both: str) -> None:
    sides = Sides(original)
    mx_data, data = sides.data
    expected = original.evaluate_accuracy(mx_data, sides.theirs)
    assert 0 < expected < 1
    place = torch.device("cpu")
    for device in (place, [place]) if both == "ported" else ("cpu", place, ["cpu"]):
        assert d2l.evaluate_accuracy(data, sides.ours, device) == expected
    assert d2l.evaluate_accuracy(data, sides.ours) == expected


@pytest.mark.usefixtures("both")
def test_evaluate_accuracy_of_pixels(original: Any) -> None:
    """Outputs (n, classes, height, width) against labels (n, height, width)."""
    rng = np.random.default_rng(0)
    outputs = rng.normal(size=(2, 3, 4, 5)).astype("float32")
    labels = rng.integers(3, size=(2, 4, 5)).astype("float32")
    nd = original.nd
    expected = original.evaluate_accuracy([(nd.array(outputs), nd.array(labels))], lambda X: X)
    found = d2l.evaluate_accuracy([(torch.tensor(outputs), torch.tensor(labels))], lambda X: X)
    assert found == expected


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

    def theirs() -> Any:
        return getattr(original.gloss, mx_loss)()(original.nd.array(y_hat), original.nd.array(y))

    found = losses(loss, torch.tensor(y_hat), torch.tensor(y))
    assert found.shape == (4,)
    assert_same(found, theirs(), again(theirs))


def test_losses_of_pixels_are_averaged_as_in_gluon(original: Any) -> None:
    rng = np.random.default_rng(0)
    y_hat = rng.normal(size=(2, 3, 4, 5)).astype("float32")
    y = rng.integers(3, size=(2, 4, 5)).astype("float32")
    loss = original.gloss.SoftmaxCrossEntropyLoss(axis=1)

    def theirs() -> Any:
        return loss(original.nd.array(y_hat), original.nd.array(y))

    found = losses(nn.CrossEntropyLoss(reduction="none"), torch.tensor(y_hat), torch.tensor(y))
    assert_same(found, theirs(), again(theirs))


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
