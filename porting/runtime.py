"""What ports need at run time: Gluon's conventions that PyTorch has no layer for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm, _LazyNormBase
from torch.nn.modules.lazy import LazyModuleMixin
from torch.utils.data import Dataset

from porting.runtime_arrays import (
    SoftmaxCrossEntropyLoss,
    sequence_mask,
    stepper,
    zero_grad,
    zeroing,
)
from porting.runtime_data import Accuracy, Vocabulary, download, fixed_crop, random_crop

Draw = Callable[[Tensor], Any]


def not_ported(name: str, reason: str) -> Any:
    """Stand where an MXNet name has no PyTorch form; raise NotImplementedError when reached."""
    raise NotImplementedError(f"{name}: {reason}")


def parameter(shape: int | tuple[int, ...], init: Draw) -> nn.Parameter:
    """A parameter that is always drawn by its own initialiser."""
    made = nn.Parameter(torch.empty(shape))
    made._draw = init  # type: ignore[attr-defined]
    init(made.data)
    return made


class Initializer:
    """Base of initialisers written as in MXNet: `_init_weight(name, data)` fills `data`."""

    def _init_weight(self, name: str, data: Tensor) -> None:
        raise NotImplementedError(f"{type(self).__name__} has no _init_weight")

    def __call__(self, weight: Tensor) -> None:
        self._init_weight("weight", weight)


def uniform(weight: Tensor) -> None:
    """MXNet's default: U(-0.07, 0.07)."""
    nn.init.uniform_(weight, -0.07, 0.07)


def _fill(module: nn.Module, draw: Draw) -> None:
    """Draw the parameters of one module; PyTorch's own layers have zero biases and unit scales."""
    if isinstance(module, _BatchNorm):
        return
    own = type(module).__module__.startswith(("torch.nn", __name__))
    with torch.no_grad():
        for name, parameter in module.named_parameters(recurse=False):
            if own and name.startswith("bias"):
                parameter.zero_()
            else:
                getattr(parameter, "_draw", draw)(parameter.data)


def initialize(
    net: nn.Module | nn.Parameter,
    init: Draw = uniform,
    device: torch.device | None = None,
    force_reinit: bool = False,
) -> None:
    """Initialise as `Block.initialize`: once, unless forced; lazy layers at their first call."""
    if isinstance(net, nn.Parameter):
        with torch.no_grad():
            init(net.data)
        return
    if device is not None:
        net.to(device)
    for module in net.modules():
        if getattr(module, "_drawn", False) and not force_reinit:
            continue
        module._drawn = True  # type: ignore[assignment]
        if isinstance(module, LazyModuleMixin) and module.has_uninitialized_params():
            _fill_later(module, init)
        else:
            _fill(module, init)


def _fill_later(module: nn.Module, draw: Draw) -> None:
    earlier = getattr(module, "_fill_handle", None)
    if earlier is not None:
        earlier.remove()

    def fill(module: nn.Module, *_: Any) -> None:
        _fill(module, draw)
        handle.remove()

    # Runs after the hook of LazyModuleMixin, which was registered first.
    handle = module.register_forward_pre_hook(fill)
    module._fill_handle = handle  # type: ignore[assignment]


class BatchNorm(_LazyNormBase, _BatchNorm):
    """BatchNorm over axis 1 of 2 to 5 axes; the running variance is the biased one, as in MXNet."""

    cls_to_become = None

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() < 2:
            raise ValueError(f"BatchNorm needs at least 2 axes, not shape {tuple(input.shape)}")

    def forward(self, input: Tensor) -> Tensor:
        self._check_input_dim(input)
        if not self.training:
            return super().forward(input)
        assert self.running_mean is not None
        assert self.running_var is not None
        with torch.no_grad():
            axes = [axis for axis in range(input.dim()) if axis != 1]
            variance, mean = torch.var_mean(input, axes, correction=0)
            self.running_mean.lerp_(mean, self.momentum or 0.0)
            self.running_var.lerp_(variance, self.momentum or 0.0)
        return F.batch_norm(input, None, None, self.weight, self.bias, True, 0.0, self.eps)


class Embedding(nn.Embedding):
    """An embedding that takes the float indices MXNet's arrays hold."""

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input.long())


class _GluonRecurrent(LazyModuleMixin):
    """Lists of states, `begin_state`, and an input size learnt at the first call."""

    cls_to_become = None
    mode: str
    hidden_size: int
    num_layers: int
    bidirectional: bool

    def __init__(self, hidden_size: int, num_layers: int = 1, input_size: int = 0, **options: Any):
        super().__init__(input_size or 1, hidden_size, num_layers, **options)  # type: ignore[misc]
        if not input_size:
            for name in self._input_weights():
                setattr(self, name, nn.UninitializedParameter())

    def _input_weights(self) -> list[str]:
        return ["weight_ih_l0"] + ["weight_ih_l0_reverse"] * self.bidirectional

    def initialize_parameters(self, input: Tensor, *_: Any) -> None:
        """Give the input weights their shape, (gates · hidden, input)."""
        if self.has_uninitialized_params():  # type: ignore[misc]
            gates = {"LSTM": 4, "GRU": 3}.get(self.mode, 1)
            self.input_size = input.shape[-1]
            for name in self._input_weights():
                getattr(self, name).materialize((gates * self.hidden_size, self.input_size))

    def begin_state(self, batch_size: int = 0, device: Any = None, ctx: Any = None) -> list[Tensor]:
        """Zeros of shape (layers · directions, batch, hidden): one array, two for an LSTM."""
        layers = self.num_layers * (2 if self.bidirectional else 1)
        shape = (layers, batch_size, self.hidden_size)
        return [
            torch.zeros(shape, device=device or ctx) for _ in range(2 if self.mode == "LSTM" else 1)
        ]

    def forward(self, inputs: Tensor, states: Any = None) -> Any:
        if states is None:
            return super().forward(inputs)[0]  # type: ignore[misc]
        states = [states] if isinstance(states, Tensor) else list(states)
        states = [state.to(inputs.device) for state in states]
        packed = tuple(states) if self.mode == "LSTM" else states[0]
        output, last = super().forward(inputs, packed)  # type: ignore[misc]
        return output, (list(last) if isinstance(last, tuple) else [last])


class RNN(_GluonRecurrent, nn.RNN):  # type: ignore[misc]
    """`gluon.rnn.RNN`: ReLU unless told otherwise."""

    def __init__(
        self, hidden_size: int, num_layers: int = 1, nonlinearity: str = "relu", **options: Any
    ):
        super().__init__(hidden_size, num_layers, nonlinearity=nonlinearity, **options)


class LSTM(_GluonRecurrent, nn.LSTM):  # type: ignore[misc]
    """`gluon.rnn.LSTM`: gates i, f, g, o in both frameworks."""


class GRU(_GluonRecurrent, nn.GRU):  # type: ignore[misc]
    """`gluon.rnn.GRU`: gates r, z, n, reset after the product, in both frameworks."""


class _PerSample(nn.Module):
    """A loss per sample, the label reshaped to the prediction."""

    def forward(self, prediction: Tensor, label: Tensor) -> Tensor:
        label = label.reshape(prediction.shape).to(prediction.dtype)
        losses = self.elementwise(prediction, label)
        return losses.reshape(losses.shape[0], -1).mean(1)

    def elementwise(self, prediction: Tensor, label: Tensor) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} has no elementwise")


class L2Loss(_PerSample):
    """(prediction − label)² / 2, averaged over all axes but the first."""

    def elementwise(self, prediction: Tensor, label: Tensor) -> Tensor:
        return F.mse_loss(prediction, label, reduction="none") / 2


class L1Loss(_PerSample):
    """|prediction − label|, averaged over all axes but the first."""

    def elementwise(self, prediction: Tensor, label: Tensor) -> Tensor:
        return F.l1_loss(prediction, label, reduction="none")


class HuberLoss(_PerSample):
    """d² / (2ρ) below ρ, |d| − ρ/2 above, averaged over all axes but the first."""

    def __init__(self, rho: float = 1.0):
        super().__init__()
        self.rho = rho

    def elementwise(self, prediction: Tensor, label: Tensor) -> Tensor:
        return F.smooth_l1_loss(prediction, label, reduction="none", beta=self.rho)


class SigmoidBinaryCrossEntropyLoss(_PerSample):
    """Binary cross-entropy of logits, or of probabilities with `from_sigmoid`."""

    def __init__(self, from_sigmoid: bool = False):
        super().__init__()
        self.function = (
            F.binary_cross_entropy if from_sigmoid else F.binary_cross_entropy_with_logits
        )

    def elementwise(self, prediction: Tensor, label: Tensor) -> Tensor:
        return self.function(prediction, label, reduction="none")


class TransformFirst(Dataset[Any]):
    """A data set whose first item goes through a function."""

    def __init__(self, dataset: Any, function: Callable[[Any], Any]):
        self.dataset, self.function = dataset, function

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        first, *others = self.dataset[index]
        return (self.function(first), *others)


class _RootInside(torch.optim.Optimizer):
    """Updates with epsilon under the root and weight decay beside it, as MXNet writes them."""

    def __init__(self, params: Iterable[Tensor], **defaults: Any):
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        loss = None if closure is None else closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self.update(parameter, self.state[parameter], group)
        return loss

    def update(self, parameter: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        raise NotImplementedError(f"{type(self).__name__} has no update")


class Adagrad(_RootInside):
    """h += g²; w −= lr · (g / √(h + ε) + wd · w)."""

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 0.01,
        eps: float = 1e-7,
        weight_decay: float = 0.0,
    ):
        super().__init__(params, lr=lr, eps=eps, weight_decay=weight_decay)

    def update(self, parameter: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        history = state.setdefault("history", torch.zeros_like(parameter))
        assert parameter.grad is not None
        history += parameter.grad**2
        direction = parameter.grad / (history + group["eps"]).sqrt()
        parameter -= group["lr"] * (direction + group["weight_decay"] * parameter)


class RMSprop(_RootInside):
    """n = ρ · n + (1 − ρ) · g²; w −= lr · g / √(n + ε), with g holding wd · w."""

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 0.001,
        alpha: float = 0.9,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ):
        super().__init__(params, lr=lr, alpha=alpha, eps=eps, weight_decay=weight_decay)

    def update(self, parameter: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        gradient = parameter.grad + group["weight_decay"] * parameter
        mean = state.setdefault("mean_square", torch.zeros_like(parameter))
        mean.mul_(group["alpha"]).add_((1 - group["alpha"]) * gradient**2)
        parameter -= group["lr"] * gradient / (mean + group["eps"]).sqrt()


OPTIMIZERS: dict[str, tuple[Any, dict[str, str], dict[str, Any]]] = {
    "sgd": (torch.optim.SGD, {"momentum": "momentum"}, {"lr": 0.01}),
    "nag": (torch.optim.SGD, {"momentum": "momentum"}, {"lr": 0.01, "nesterov": True}),
    "adam": (
        torch.optim.Adam,
        {"beta1": "beta1", "beta2": "beta2", "epsilon": "eps"},
        {"lr": 0.001},
    ),
    "adagrad": (Adagrad, {"eps": "eps"}, {"lr": 0.01}),
    "rmsprop": (RMSprop, {"gamma1": "alpha", "epsilon": "eps"}, {"lr": 0.001}),
    "adadelta": (torch.optim.Adadelta, {"rho": "rho", "epsilon": "eps"}, {"lr": 1.0, "eps": 1e-5}),
}


def optimizer(
    params: Iterable[Tensor], name: str, options: dict[str, Any] | None = None
) -> torch.optim.Optimizer:
    """The optimizer that `gluon.Trainer` makes of `name` and `options`.

    Raises ValueError for a name or an option that has no PyTorch form.
    """
    if name not in OPTIMIZERS:
        raise ValueError(
            f"optimizer {name!r} has no PyTorch form; known are {', '.join(OPTIMIZERS)}"
        )
    make, renamed, defaults = OPTIMIZERS[name]
    names = {"learning_rate": "lr", "wd": "weight_decay", **renamed}
    given = {} if options is None else dict(options)
    if unknown := sorted(set(given) - set(names)):
        raise ValueError(
            f"option {unknown[0]!r} of {name!r} has no PyTorch form; known are {', '.join(names)}"
        )
    settings = {**defaults, **{names[key]: value for key, value in given.items()}}
    if name == "adam":
        settings["betas"] = (settings.pop("beta1", 0.9), settings.pop("beta2", 0.999))
    if name == "adadelta":
        settings["lr"] = 1.0  # MXNet's has no learning rate
    if settings.get("nesterov") and not settings.get("momentum"):
        del settings["nesterov"]
    return make(params, **settings)


__all__ = [
    "GRU", "LSTM", "RNN", "Accuracy", "Adagrad",
    "BatchNorm", "Embedding", "HuberLoss", "Initializer",
    "L1Loss", "L2Loss",
    "RMSprop", "SigmoidBinaryCrossEntropyLoss", "SoftmaxCrossEntropyLoss", "TransformFirst",
    "Vocabulary", "download",
    "fixed_crop", "initialize", "not_ported", "optimizer", "parameter", "random_crop",
    "sequence_mask", "stepper", "uniform", "zero_grad", "zeroing",
]  # fmt: skip
