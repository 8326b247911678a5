"""`runtime.optimizer` beside `gluon.Trainer`: the same gradients, step for step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from backends.errors import InputError
from porting.runtime import optimizer
from tests import rounding
from tests.porting.both_sides import mx

STEPS = 6
START = np.random.default_rng(0).normal(size=12).astype("float32")
# From 1 down to 1e-7, where the place of epsilon counts.
SIZES = np.repeat([1.0, 1e-3, 1e-5, 1e-7], 3)
GRADIENTS = (np.random.default_rng(1).normal(size=(STEPS, 12)) * SIZES).astype("float32")


# Of Adam in MXNet, named here so that they can be moved.
CONSTANTS = {"adam": {"beta1": 0.9, "beta2": 0.999}}


class Halving:
    """A learning rate that halves every second step."""

    base_lr = 0.3

    def __repr__(self) -> str:
        return "halving"

    def __call__(self, step: int) -> float:
        return self.base_lr / 2 ** (step // 2)


def in_mxnet(
    name: str, options: dict[str, Any], rates: dict[int, float], seed: int | None = None
) -> np.ndarray:
    """The parameter after every step; `rates` sets the learning rate before some of them.

    A seed moves what is given, constants too, and the parameter after every step by single
    roundings: 1 − β₂ loses most digits in float32, which MXNet computes it in.
    """
    move = rounding.mover(seed)
    options = {
        key: float(move(np.float32(value))) if isinstance(value, float) and seed else value
        for key, value in {**CONSTANTS.get(name, {}), **options}.items()
    }
    parameter = mx.gluon.Parameter("w", shape=START.shape)
    parameter.initialize()
    parameter.set_data(mx.nd.array(move(START)))
    trainer = mx.gluon.Trainer([parameter], name, options)
    found = []
    for step, gradient in enumerate(GRADIENTS):
        if step in rates:
            trainer.set_learning_rate(rates[step])
        with mx.autograd.record():
            loss = (parameter.data() * mx.nd.array(move(gradient))).sum()
        loss.backward()
        trainer.step(1)
        found.append(move(parameter.data().asnumpy()))
        parameter.set_data(mx.nd.array(found[-1]))
    return np.array(found)


def in_torch(made: Any, rates: dict[int, float]) -> np.ndarray:
    w = torch.tensor(START, requires_grad=True)
    trainer = made(w)
    found = []
    for step, gradient in enumerate(GRADIENTS):
        if step in rates:
            for group in trainer.param_groups:
                group["lr"] = rates[step]
        w.grad = torch.tensor(gradient)
        trainer.step()
        found.append(w.detach().numpy().copy())
    return np.array(found)


def assert_same_steps(
    made: Any, name: str, options: dict[str, Any], rates: dict[int, float]
) -> None:
    """Each step, not only where it led: a small step hides behind a large parameter."""

    def steps(found: np.ndarray) -> np.ndarray:
        return np.diff(np.concatenate([START[None], found]).astype(np.float64), axis=0)

    def again(seed: int) -> np.ndarray:
        return steps(in_mxnet(name, options, rates, seed))

    expected = in_mxnet(name, options, rates)
    rounding.assert_same(steps(in_torch(made, rates)), steps(expected), again)


RATES: dict[int, float] = {3: 0.02, 5: 0.5}
CASES: list[tuple[str, dict[str, Any], dict[int, float]]] = [
    ("sgd", {}, {}),
    ("SGD", {"learning_rate": 0.1, "wd": 0.2}, RATES),
    ("sgd", {"learning_rate": 0.1, "momentum": 0.9, "wd": 0.2}, {}),
    ("sgd", {"learning_rate": 0.1, "momentum": 0.9, "wd": 0.2}, RATES),
    ("nag", {"learning_rate": 0.1}, RATES),
    ("nag", {"learning_rate": 0.1, "momentum": 0.9, "wd": 0.2}, RATES),
    ("adam", {}, {}),
    ("adam", {"learning_rate": 0.05, "beta1": 0.5, "beta2": 0.9, "wd": 0.1}, RATES),
    ("adam", {"epsilon": 0.1}, {}),
    ("adagrad", {}, {}),
    ("adagrad", {"learning_rate": 0.1, "eps": 1e-3, "wd": 0.2}, RATES),
    ("rmsprop", {}, {}),
    ("rmsprop", {"learning_rate": 0.01, "gamma1": 0.5, "epsilon": 1e-3, "wd": 0.2}, RATES),
    ("rmsprop", {"centered": True}, {}),
    ("rmsprop", {"centered": True, "gamma1": 0.8, "gamma2": 0.5, "wd": 0.1}, {3: 0.01}),
    ("adadelta", {}, {}),
    ("adadelta", {"rho": 0.5, "epsilon": 1e-3, "wd": 0.2}, RATES),
    ("sgd", {"momentum": 0.9, "lr_scheduler": Halving()}, {}),
    ("adam", {"learning_rate": 0.2, "lr_scheduler": Halving()}, {}),
]


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(
    ("name", "options", "rates"), CASES, ids=lambda value: str(value).replace(" ", "")
)
def test_every_step(name: str, options: dict[str, Any], rates: dict[int, float]) -> None:
    assert_same_steps(lambda w: optimizer([w], name, dict(options)), name, options, rates)


@pytest.mark.parametrize(
    ("name", "options", "rates", "made"),
    [
        (
            "sgd",
            {"learning_rate": 0.1, "momentum": 0.9},
            RATES,
            lambda w: torch.optim.SGD([w], lr=0.1, momentum=0.9),
        ),
        (
            "nag",
            {"learning_rate": 0.1, "momentum": 0.9, "wd": 0.2},
            {},
            lambda w: torch.optim.SGD([w], 0.1, 0.9, weight_decay=0.2, nesterov=True),
        ),
        ("adam", {}, {}, lambda w: torch.optim.Adam([w])),
        ("adagrad", {}, {}, lambda w: torch.optim.Adagrad([w], eps=1e-7)),
        ("rmsprop", {}, {}, lambda w: torch.optim.RMSprop([w], lr=0.001, alpha=0.9)),
        (
            "adadelta",
            {"wd": 0.2},
            {},
            lambda w: torch.optim.Adadelta([w], lr=1, eps=1e-5, weight_decay=0.2),
        ),
    ],
)
def test_torchs_own_differ(name: str, options: dict, rates: dict, made: Any) -> None:
    with pytest.raises(AssertionError, match="rounding explains"):
        assert_same_steps(made, name, options, rates)


@pytest.mark.parametrize("nesterov", [False, True])
def test_sgd_is_torchs_own_while_the_rate_stays(nesterov: bool) -> None:
    decay = 0 if nesterov else 0.2
    options = {"learning_rate": 0.1, "momentum": 0.9, "wd": decay}
    settings = {"lr": 0.1, "momentum": 0.9, "weight_decay": decay, "nesterov": nesterov}
    name = "nag" if nesterov else "sgd"
    assert_same_steps(lambda w: torch.optim.SGD([w], **settings), name, options, {})


def test_adadelta_is_torchs_own_without_decay() -> None:
    def made(w: torch.Tensor) -> torch.optim.Optimizer:
        return torch.optim.Adadelta([w], lr=1, rho=0.9, eps=1e-5)

    assert_same_steps(made, "adadelta", {}, {})


def test_an_unknown_name_or_option_is_refused() -> None:
    w = torch.zeros(1, requires_grad=True)
    with pytest.raises(InputError, match="optimizer 'ftml' is unknown: choose 'sgd' or"):
        optimizer([w], "ftml")
    with pytest.raises(InputError, match="option 'lr' of optimizer 'sgd' has no PyTorch form"):
        optimizer([w], "sgd", {"lr": 0.1})


def test_a_closure_is_called_with_gradients() -> None:
    w = torch.ones(1, requires_grad=True)
    made = optimizer([w], "sgd", {"learning_rate": 0.5})

    def closure() -> torch.Tensor:
        made.zero_grad()
        loss = (w**2).sum()
        loss.backward()
        return loss

    assert made.step(closure).item() == 1
    assert w.item() == 0
