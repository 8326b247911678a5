"""Optimisers on linear regression and on a function of two variables."""

from collections.abc import Iterator
from functools import cache
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
from tests.porting.d2lzh.original import assert_same_program, original_or_skip, said, seed
from tests.rounding import mover

RNG = np.random.default_rng(0)
FEATURES = RNG.normal(size=(123, 4)).astype("float32")  # the last batch has 3 samples
START = RNG.normal(size=(4, 1)).astype("float32")
LABELS = (FEATURES @ [1, -2, 3, -4] + 0.1 * RNG.normal(size=123)).astype("float32")


@pytest.fixture(autouse=True)
def _no_figures() -> Iterator[None]:
    plt.close("all")
    yield
    plt.close("all")


@pytest.fixture
def same_draws(original: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same first weights and the same shuffles on both sides."""
    start = START

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


def moved_data(nd: Any, number: int | None) -> list[Any]:
    return list(map(nd.array, map(mover(number), (FEATURES, LABELS))))


def curve(train: Any, *args: Any, **options: Any) -> list[np.ndarray]:
    """Prints, and gives the curve (x and y) and the labels of its axes."""
    seed()
    plt.close("all")
    train(*args, **options)
    (line,) = plt.gca().lines
    x, y = (np.array(data, np.float32) for data in (line.get_xdata(), line.get_ydata()))
    assert y[-1] < y[0]
    return [x, y, plt.gca().get_xlabel(), plt.gca().get_ylabel()]


@pytest.mark.usefixtures("both")
@pytest.mark.usefixtures("same_draws")
@pytest.mark.parametrize("options", [{}, {"batch_size": 50, "num_epochs": 3}])
def test_train_ch7(original: Any, options: dict) -> None:
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

    @cache
    def theirs(number: int | None) -> Any:
        states, data = [nd.zeros((4, 1)), nd.zeros(1)], moved_data(nd, number)
        train = original.train_ch7
        return said(lambda: curve(train, mx_momentum, states, hyperparams, *data, **options))

    def ours() -> list[np.ndarray]:
        states, data = [torch.zeros(4, 1), torch.zeros(1)], map(torch.tensor, (FEATURES, LABELS))
        return curve(d2l.train_ch7, momentum, states, hyperparams, *data, **options)

    assert_same_program(ours, theirs, 1)


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


@cache
def their_gluon_run(number: int | None, name: str, *items: tuple[str, float]) -> Any:
    """A number moves the data and the hyperparameters, which MXNet rounds to float32."""
    original, move = original_or_skip(), mover(number)
    data = moved_data(original.nd, number)
    hyperparams = dict(items)
    if number is not None:
        constants = {"beta1": 0.9, "beta2": 0.999} if name.lower() == "adam" else {}
        hyperparams = {
            k: float(move(np.float32(v))) for k, v in {**constants, **hyperparams}.items()
        }
    return said(lambda: curve(original.train_gluon_ch7, name, hyperparams, *data))


@pytest.mark.usefixtures("both")
@pytest.mark.usefixtures("same_draws")
@pytest.mark.parametrize(("name", "hyperparams"), TRAINERS)
def test_train_gluon_ch7(name: str, hyperparams: dict) -> None:
    def ours() -> list[np.ndarray]:
        return curve(d2l.train_gluon_ch7, name, hyperparams, *map(torch.tensor, (FEATURES, LABELS)))

    assert_same_program(ours, lambda number: their_gluon_run(number, name, *hyperparams.items()), 1)


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
