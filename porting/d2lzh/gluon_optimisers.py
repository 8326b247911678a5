"""Optimisers by the names, hyperparameters, defaults and formulas of MXNet's Trainer.

torch.optim has the same names, but its epsilon stands elsewhere and its defaults differ. SGD with
momentum is torch's own: the two agree as long as the learning rate stays the same.
Source: python/mxnet/optimizer/optimizer.py and src/operator/optimizer_op-inl.h of MXNet 1.9.1.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

from backends.errors import InputError, check_choice


class GluonOptimiser(torch.optim.Optimizer):
    """An optimiser whose `update` changes one parameter by its gradient and its `state`."""

    def update(self, w: Tensor, g: Tensor, state: dict[str, Any], options: dict[str, Any]) -> None:
        raise NotImplementedError

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Change every parameter that has a gradient."""
        for group in self.param_groups:
            for param in group["params"]:
                if param.grad is not None:
                    self.update(param, param.grad, self.state[param], group)


class AdaGrad(GluonOptimiser):
    """s ← s + g²; w ← w − η (g / √(s + ε) + λ w)."""

    def update(self, w: Tensor, g: Tensor, state: dict[str, Any], options: dict[str, Any]) -> None:
        s = state["s"] = state.get("s", 0) + g**2
        w -= options["learning_rate"] * (g / (s + options["eps"]).sqrt() + options["wd"] * w)


class RMSProp(GluonOptimiser):
    """g ← g + λ w; s ← γ s + (1 − γ) g²; w ← w − η g / √(s + ε)."""

    def update(self, w: Tensor, g: Tensor, state: dict[str, Any], options: dict[str, Any]) -> None:
        g = g + options["wd"] * w
        gamma = options["gamma1"]
        s = state["s"] = gamma * state.get("s", 0) + (1 - gamma) * g**2
        w -= options["learning_rate"] * g / (s + options["epsilon"]).sqrt()


class AdaDelta(GluonOptimiser):
    """s ← ρ s + (1 − ρ) g²; d = g √(Δ + ε) / √(s + ε); Δ ← ρ Δ + (1 − ρ) d²; w ← w − d − λ w.

    It has no learning rate: MXNet takes one and ignores it.
    """

    def update(self, w: Tensor, g: Tensor, state: dict[str, Any], options: dict[str, Any]) -> None:
        rho, eps = options["rho"], options["epsilon"]
        s = state["s"] = rho * state.get("s", 0) + (1 - rho) * g**2
        delta = state.get("delta", torch.zeros_like(w))
        d = (delta + eps).sqrt() / (s + eps).sqrt() * g
        state["delta"] = rho * delta + (1 - rho) * d**2
        w -= d + options["wd"] * w


class Adam(GluonOptimiser):
    """g ← g + λ w; v ← β₁ v + (1 − β₁) g; s ← β₂ s + (1 − β₂) g²; w ← w − η′ v / (√s + ε),

    η′ = η √(1 − β₂ᵗ) / (1 − β₁ᵗ). torch divides √s by √(1 − β₂ᵗ) before it adds ε.
    """

    def update(self, w: Tensor, g: Tensor, state: dict[str, Any], options: dict[str, Any]) -> None:
        g = g + options["wd"] * w
        beta1, beta2 = options["beta1"], options["beta2"]
        t = state["t"] = state.get("t", 0) + 1
        v = state["v"] = beta1 * state.get("v", 0) + (1 - beta1) * g
        s = state["s"] = beta2 * state.get("s", 0) + (1 - beta2) * g**2
        rate = options["learning_rate"] * math.sqrt(1 - beta2**t) / (1 - beta1**t)
        w -= rate * v / (s.sqrt() + options["epsilon"])


class SGD(torch.optim.SGD):
    """v ← μ v + g + λ w; w ← w − η v. MXNet keeps η v instead: equal while η stays the same."""

    def __init__(self, params: Iterable[Tensor], options: dict[str, float]) -> None:
        super().__init__(
            params,
            lr=options["learning_rate"],
            momentum=options["momentum"],
            weight_decay=options["wd"],
        )


# MXNet's defaults.
OPTIMISERS: dict[str, tuple[Any, dict[str, float]]] = {
    "sgd": (SGD, {"learning_rate": 0.01, "momentum": 0.0}),
    "adagrad": (AdaGrad, {"learning_rate": 0.01, "eps": 1e-7}),
    "rmsprop": (RMSProp, {"learning_rate": 0.001, "gamma1": 0.9, "epsilon": 1e-8}),
    "adadelta": (AdaDelta, {"learning_rate": 0.01, "rho": 0.9, "epsilon": 1e-5}),
    "adam": (
        Adam,
        {"learning_rate": 0.001, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
    ),
}


def gluon_optimiser(
    name: str, params: Iterable[Tensor], hyperparams: Mapping[str, float]
) -> torch.optim.Optimizer:
    """The optimiser that `gluon.Trainer` knows by this name; a gradient it gets is not divided.

    Raises InputError for a name or a hyperparameter that is not in OPTIMISERS ("wd" always is).
    """
    check_choice("trainer", name.lower(), OPTIMISERS)
    optimiser, defaults = OPTIMISERS[name.lower()]
    options = defaults | {"wd": 0.0}
    for key in hyperparams:
        if key not in options:
            raise InputError(
                f"hyperparameter {key!r} of trainer {name!r} is unknown: "
                f"choose among {', '.join(options)}"
            )
    return optimiser(params, options | dict(hyperparams))
