"""Optimisers by the names, options, defaults and formulas of MXNet's Trainer.

torch.optim has the same names, but its epsilon stands elsewhere, its decay is added elsewhere and
its defaults differ. g is the gradient, already divided by the batch, λ is `weight_decay`.
Source: python/mxnet/optimizer/optimizer.py and src/operator/optimizer_op-inl.h of MXNet 1.9.1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

from backends.errors import InputError, check_choice

State = dict[str, Any]


class _Optimiser(torch.optim.Optimizer):
    """`update` changes one parameter by its gradient, its state and its group's options."""

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Change every parameter that has a gradient."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for param in group["params"]:
                if param.grad is not None:
                    self.update(param, param.grad, self.state[param], group)
        return loss

    def update(self, w: Tensor, g: Tensor, state: State, group: State) -> None:
        raise NotImplementedError(f"{type(self).__name__} has no update")


def _kept(state: State, name: str, w: Tensor) -> Tensor:
    """A tensor of the state, at first zeros."""
    if name not in state:
        state[name] = torch.zeros_like(w)
    return state[name]


class SGD(_Optimiser):
    """v ← μ v + η (g + λ w); w ← w − v.

    `torch.optim.SGD` keeps v / η: the two differ once η changes.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 0.01,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
    ) -> None:
        options = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay}
        super().__init__(params, options)

    def update(self, w: Tensor, g: Tensor, state: State, group: State) -> None:
        change = group["lr"] * (g + group["weight_decay"] * w)
        if group["momentum"]:
            change = _kept(state, "v", w).mul_(group["momentum"]).add_(change)
        w -= change


class NAG(SGD):
    """w′ ← w − μ² v − (1 + μ) η (g + λ w); v ← μ v + η (g + λ w′); w ← w′.

    MXNet takes the decay in v of w′, as it has overwritten w by then. Without decay, and while η
    stays, this is `torch.optim.SGD(nesterov=True)`.
    """

    def update(self, w: Tensor, g: Tensor, state: State, group: State) -> None:
        rate, momentum, decay = group["lr"], group["momentum"], group["weight_decay"]
        if not momentum:
            super().update(w, g, state, group)
            return
        v = _kept(state, "v", w)
        w -= momentum**2 * v + (1 + momentum) * rate * (g + decay * w)
        v.mul_(momentum).add_(rate * (g + decay * w))


class Adam(_Optimiser):
    """g ← g + λ w; v ← β₁ v + (1 − β₁) g; s ← β₂ s + (1 − β₂) g²; w ← w − η′ v / (√s + ε),

    η′ = η √(1 − β₂ᵗ) / (1 − β₁ᵗ). `torch.optim.Adam` divides √s by √(1 − β₂ᵗ) before it adds ε.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(
            params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        )

    def update(self, w: Tensor, g: Tensor, state: State, group: State) -> None:
        beta1, beta2 = group["betas"]
        g = g + group["weight_decay"] * w
        t = state["t"] = state.get("t", 0) + 1
        v = _kept(state, "v", w).mul_(beta1).add_((1 - beta1) * g)
        s = _kept(state, "s", w).mul_(beta2).add_((1 - beta2) * g**2)
        rate = group["lr"] * math.sqrt(1 - beta2**t) / (1 - beta1**t)
        w -= rate * v / (s.sqrt() + group["eps"])


class Adagrad(_Optimiser):
    """s ← s + g²; w ← w − η (g / √(s + ε) + λ w)."""

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 0.01,
        eps: float = 1e-7,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, {"lr": lr, "eps": eps, "weight_decay": weight_decay})

    def update(self, w: Tensor, g: Tensor, state: State, group: State) -> None:
        s = _kept(state, "s", w).add_(g**2)
        w -= group["lr"] * (g / (s + group["eps"]).sqrt() + group["weight_decay"] * w)


class RMSprop(_Optimiser):
    """g ← g + λ w; s ← γ s + (1 − γ) g²; w ← w − η g / √(s + ε).

    Centered: m ← γ m + (1 − γ) g; d ← μ d + η g / √(s − m² + ε); w ← w − d. γ is `alpha`, μ
    `momentum`, which counts only then.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 0.001,
        alpha: float = 0.9,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.9,
        centered: bool = False,
    ) -> None:
        options = {"lr": lr, "alpha": alpha, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, {**options, "momentum": momentum, "centered": centered})

    def update(self, w: Tensor, g: Tensor, state: State, group: State) -> None:
        alpha, eps = group["alpha"], group["eps"]
        g = g + group["weight_decay"] * w
        s = _kept(state, "s", w).mul_(alpha).add_((1 - alpha) * g**2)
        if not group["centered"]:
            w -= group["lr"] * g / (s + eps).sqrt()
            return
        m = _kept(state, "m", w).mul_(alpha).add_((1 - alpha) * g)
        step = group["lr"] * g / (s - m**2 + eps).sqrt()
        w -= _kept(state, "d", w).mul_(group["momentum"]).add_(step)


class Adadelta(_Optimiser):
    """s ← ρ s + (1 − ρ) g²; d = g √(Δ + ε) / √(s + ε); Δ ← ρ Δ + (1 − ρ) d²; w ← w − d − λ w.

    It has no learning rate: MXNet takes one and ignores it.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 0.01,
        rho: float = 0.9,
        eps: float = 1e-5,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, {"lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay})

    def update(self, w: Tensor, g: Tensor, state: State, group: State) -> None:
        rho, eps = group["rho"], group["eps"]
        s = _kept(state, "s", w).mul_(rho).add_((1 - rho) * g**2)
        delta = _kept(state, "delta", w)
        d = (delta + eps).sqrt() / (s + eps).sqrt() * g
        delta.mul_(rho).add_((1 - rho) * d**2)
        w -= d + group["weight_decay"] * w


COMMON = {"learning_rate": "lr", "wd": "weight_decay"}
# Gluon's names of options.
OPTIMISERS: dict[str, tuple[Any, dict[str, str]]] = {
    "sgd": (SGD, {"momentum": "momentum"}),
    "nag": (NAG, {"momentum": "momentum"}),
    "adam": (Adam, {"beta1": "beta1", "beta2": "beta2", "epsilon": "eps"}),
    "adagrad": (Adagrad, {"eps": "eps"}),
    "rmsprop": (
        RMSprop,
        {"gamma1": "alpha", "gamma2": "momentum", "epsilon": "eps", "centered": "centered"},
    ),
    "adadelta": (Adadelta, {"rho": "rho", "epsilon": "eps"}),
}


def optimizer(
    params: Iterable[Tensor], name: str, options: Mapping[str, Any] | None = None
) -> torch.optim.Optimizer:
    """The optimiser that `gluon.Trainer` makes of `name` and `options`; it divides no gradient.

    An `lr_scheduler`, a function from the number of the step, from 1 on, sets the learning rate
    before each step. Raises InputError for a name or an option that is not in OPTIMISERS.
    """
    check_choice("optimizer", name.lower(), OPTIMISERS)
    make, renamed = OPTIMISERS[name.lower()]
    names = {**COMMON, **renamed}
    given = dict(options or {})
    scheduler = given.pop("lr_scheduler", None)
    for key in given:
        if key not in names:
            raise InputError(
                f"option {key!r} of optimizer {name!r} has no PyTorch form: "
                f"choose among {', '.join(names)}"
            )
    settings = {names[key]: value for key, value in given.items()}
    if name.lower() == "adam":
        settings["betas"] = (settings.pop("beta1", 0.9), settings.pop("beta2", 0.999))
    made = make(params, **settings)
    if scheduler is not None:
        _follow(made, scheduler, given.get("learning_rate"))
    return made


def _follow(
    made: torch.optim.Optimizer, scheduler: Callable[[int], float], rate: float | None
) -> None:
    if rate is not None:
        scheduler.base_lr = rate  # type: ignore[attr-defined]  # as MXNet does
    steps = 0

    def set_rate(*_: Any) -> None:
        nonlocal steps
        steps += 1
        for group in made.param_groups:
            group["lr"] = scheduler(steps)

    made.register_step_pre_hook(set_rate)
