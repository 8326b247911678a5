"""Optimisers on linear regression and on a function of two variables."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt
from torch import nn
from torch.utils.data import RandomSampler

from backends.errors import InputError
from porting import d2lzh as d2l
from porting.runtime import optimizer
from tests.porting.d2lzh.original import figures, lines_without_seconds, seed, words

RNG = np.random.default_rng(0)
FEATURES = RNG.normal(size=(123, 4)).astype("float32")  # the last batch has 3 samples
LABELS = (FEATURES @ [1, -2, 3, -4] + 0.1 * RNG.normal(size=123)).astype("float32")


@pytest.fixture(autouse=True)
def _no_figures() -> Iterator[None]:
    plt.close("all")
    yield
    plt.close("all")


@pytest.fixture
def same_draws(original: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same first weights and the same shuffles on both sides."""
    start = RNG.normal(size=(4, 1)).astype("float32")

    def mx_normal(loc: float = 0, scale: float = 1, shape: Any = None) -> Any:
        assert shape == (4, 1)
        return original.nd.array(scale * start)

    def mx_weight(init: Any, name: str, array: Any) -> None:
        array[:] = init.sigma * start.T

    def torch_normal(mean: float, std: float, size: Any) -> torch.Tensor:
        assert size == (4, 1)
        return torch.tensor(std * start)

    def torch_weight(tensor: torch.Tensor, mean: float = 0.0, std: float = 1.0) -> None:
        with torch.no_grad():
            tensor.copy_(torch.tensor(std * start.T))

    def shuffled(sampler: RandomSampler) -> Iterator[int]:
        order = np.arange(len(sampler))
        np.random.shuffle(order)  # as MXNet's RandomSampler does
        return iter(order.tolist())

    monkeypatch.setattr(original.nd.random, "normal", mx_normal)
    monkeypatch.setattr(original.init.Normal, "_init_weight", mx_weight)
    monkeypatch.setattr(torch, "normal", torch_normal)
    monkeypatch.setattr(nn.init, "normal_", torch_weight)
    monkeypatch.setattr(RandomSampler, "__iter__", shuffled)


def run(capsys: pytest.CaptureFixture, train: Any, *args: Any, **options: Any) -> tuple:
    """The printed lines, the curve (x and y) and the labels of the axes."""
    seed()
    plt.close("all")
    train(*args, **options)
    (line,) = plt.gca().lines
    labels = plt.gca().get_xlabel(), plt.gca().get_ylabel()
    lines = lines_without_seconds(capsys.readouterr().out)
    return words(lines), labels, figures(lines), line.get_xdata(), line.get_ydata()


def assert_same_run(theirs: tuple, ours: tuple, rtol: float = 2e-5) -> None:
    assert ours[:2] == theirs[:2]
    for found, expected in zip(ours[2:], theirs[2:], strict=True):
        np.testing.assert_allclose(found, expected, rtol=rtol)
    assert ours[4][-1] < ours[4][0]


@pytest.mark.usefixtures("both")
@pytest.mark.usefixtures("same_draws")
@pytest.mark.parametrize("options", [{}, {"batch_size": 50, "num_epochs": 3}])
def test_train_ch7(original: Any, capsys: pytest.CaptureFixture, options: dict) -> None:
    nd = original.nd

    def mx_momentum(params: list, states: list, hyperparams: dict) -> None:
        for param, v in zip(params, states, strict=True):
            v[:] = hyperparams["momentum"] * v + hyperparams["lr"] * param.grad
            param[:] -= v

    def momentum(params: list, states: list, hyperparams: dict) -> None:
        for param, v in zip(params, states, strict=True):
            v[:] = hyperparams["momentum"] * v + hyperparams["lr"] * param.grad
            with torch.no_grad():
                param -= v

    hyperparams = {"lr": 0.02, "momentum": 0.5}
    mx_args = [nd.zeros((4, 1)), nd.zeros(1)], hyperparams, nd.array(FEATURES), nd.array(LABELS)
    args = [torch.zeros(4, 1), torch.zeros(1)], hyperparams, *map(torch.tensor, (FEATURES, LABELS))
    theirs = run(capsys, original.train_ch7, mx_momentum, *mx_args, **options)
    assert_same_run(theirs, run(capsys, d2l.train_ch7, momentum, *args, **options))


TRAINERS = [
    ("sgd", {"learning_rate": 0.05}),
    ("sgd", {"learning_rate": 0.02, "momentum": 0.5, "wd": 0.1}),
    ("sgd", {}),
    ("adagrad", {"learning_rate": 0.1}),
    ("adagrad", {"learning_rate": 0.1, "eps": 0.5, "wd": 0.1}),
    ("rmsprop", {"learning_rate": 0.01, "gamma1": 0.9}),
    ("rmsprop", {"learning_rate": 0.01, "epsilon": 0.5, "wd": 0.1}),
    ("adadelta", {"rho": 0.9}),
    ("adadelta", {"rho": 0.5, "epsilon": 0.1, "wd": 0.1}),
    ("Adam", {"learning_rate": 0.01}),
    ("adam", {"learning_rate": 0.01, "beta1": 0.5, "beta2": 0.9, "epsilon": 0.5, "wd": 0.1}),
]


@pytest.mark.usefixtures("both")
@pytest.mark.usefixtures("same_draws")
@pytest.mark.parametrize(("name", "hyperparams"), TRAINERS)
def test_train_gluon_ch7(
    original: Any, capsys: pytest.CaptureFixture, name: str, hyperparams: dict
) -> None:
    data = original.nd.array(FEATURES), original.nd.array(LABELS)
    theirs = run(capsys, original.train_gluon_ch7, name, dict(hyperparams), *data)
    data = torch.tensor(FEATURES), torch.tensor(LABELS)
    assert_same_run(theirs, run(capsys, d2l.train_gluon_ch7, name, hyperparams, *data))


def test_an_unknown_trainer_or_hyperparameter_is_refused() -> None:
    data = torch.tensor(FEATURES), torch.tensor(LABELS)
    with pytest.raises(InputError, match="optimizer 'ftml' is unknown: choose 'sgd' or"):
        d2l.train_gluon_ch7("ftml", {}, *data)
    with pytest.raises(
        InputError, match="option 'lr' of optimizer 'sgd' has no PyTorch form: choose"
    ):
        d2l.train_gluon_ch7("sgd", {"lr": 0.1}, *data)


def test_a_parameter_without_a_gradient_keeps_its_value() -> None:
    for name in ("sgd", "adagrad", "rmsprop", "adadelta", "adam"):
        param = torch.ones(2, requires_grad=True)
        optimizer([param], name, {"wd": 0.5}).step()
        assert torch.equal(param, torch.ones(2))


@pytest.mark.usefixtures("both")
def test_train_2d(original: Any, capsys: pytest.CaptureFixture) -> None:
    def step(x1: float, x2: float, s1: float, s2: float) -> tuple:
        return x1 - 0.1 * x1 - s1 * 0.01, x2 - 0.4 * x2, s1 + 1, s2

    expected = original.train_2d(step)
    printed = capsys.readouterr().out
    assert d2l.train_2d(step) == expected
    assert capsys.readouterr().out == printed


@pytest.mark.usefixtures("both")
def test_get_data_ch7(original: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "work").mkdir()
    np.savetxt(
        tmp_path / "data" / "airfoil_self_noise.dat", RNG.normal(size=(9, 6)), delimiter="\t"
    )
    monkeypatch.chdir(tmp_path / "work")
    for ours, theirs in zip(d2l.get_data_ch7(), original.get_data_ch7(), strict=True):
        assert ours.dtype == torch.float32
        np.testing.assert_array_equal(ours.numpy(), theirs.asnumpy())


def test_get_data_ch7_without_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LOCKSTEP_DATA", raising=False)
    with pytest.raises(InputError, match=r"'airfoil_self_noise.dat' is neither in ../data nor in"):
        d2l.get_data_ch7()
