"""The networks that `initialization` compares, and what float32 can hold of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from backends.errors import InputError
from backends.initializers import constant, normal, uniform, xavier_uniform

if TYPE_CHECKING:
    from experiments.initialization import Config

# Numbers of a network should stay this far inside float32, which ends at 1e-38 and 3e38.
SMALLEST, LARGEST = 1e-36, 1e36
# 64 roundings, by which a perturbed step differs, stay small if they grow by no more than this.
MOST_AMPLIFIED = 1e4


@dataclass(frozen=True)
class Part:
    """A network and how its weights begin.

    widths: the inputs, then the units of every layer. deviation: √Var(w). setting: the field of the
    configuration that gives it, if one does. labelled: whether it learns labels by the squared loss
    or has the linear loss of the module.
    """

    widths: tuple[int, ...]
    activations: tuple[str, ...]
    initialize: Callable[[np.random.Generator, tuple[int, int]], np.ndarray]
    deviation: float = 0.0
    setting: str = ""
    labelled: bool = False

    def gain(self) -> float:
        """What φ leaves of a gradient's variance: ReLU half of it, tanh at most all."""
        return 0.5 if "relu" in self.activations else 1.0

    def factor(self) -> float:
        """What a layer does to the variance of a gradient, in the mean over random weights."""
        return self.widths[0] * self.deviation**2 * self.gain()

    def shapes(self) -> dict[int, tuple[int, int]]:
        """(inputs, outputs) of the layers 1 … L."""
        return dict(enumerate(zip(self.widths, self.widths[1:], strict=False), start=1))


def parts(config: Config) -> dict[str, Part]:
    """The parts of a run by name."""
    n, layers = config.num_hiddens, config.num_layers
    line = partial(Part, (1,) * (layers + 1), ("identity",) * layers)
    product = partial(Part, (n,) * (layers + 1), ("identity",) * layers)
    deep = partial(Part, (n,) * (layers + 1), (config.activation,) * layers)
    perceptron = partial(Part, (4, config.num_units, 1), ("tanh", "identity"), labelled=True)
    chosen = {
        "scalar": {f"w = {w:g}": line(equal(w), abs(w), "scalar") for w in config.scalar},
        "normal": {
            f"normal, σ = {sigma:g}": product(partial(normal, sigma=sigma), sigma, "sigma")
            for sigma in config.sigma
        },
        "uniform": {
            f"uniform, ±{config.scale:g}": deep(
                partial(uniform, scale=config.scale), config.scale / 3**0.5, "scale"
            )
        },
        "xavier": {"Xavier": deep(xavier_uniform, n**-0.5)},
        "constant": {
            "equal start": perceptron(equal(config.constant)),
            "random start": perceptron(xavier_uniform),
        },
    }
    wanted = [key for key in chosen if key in config.initializers]
    return {name: part for key in wanted for name, part in chosen[key].items()}


def equal(value: float) -> Callable[..., np.ndarray]:
    """Weights that draw nothing from the stream."""
    return lambda stream, shape: constant(shape, value)


def check_range(config: Config, name: str, part: Part) -> None:
    """Raise InputError for a deep network whose numbers would leave float32, or lose it to chaos.

    Where tanh is not linear, it lets two inputs that differ by one rounding part company, at most
    as fast as the numbers would grow without it.
    """
    if part.labelled:
        return
    # Powers of ten: of what a layer does to a number, of the last layer, of the loss's many terms.
    growth = math.log10(part.deviation) + math.log10(part.widths[0] * part.gain()) / 2
    size = growth * config.num_layers
    terms = math.log10(config.batch_size * part.widths[0]) / 2
    others = f"a root mean square nearer to {part.widths[0] ** -0.5:.2g} (--set {part.setting}=…), "
    way_out = (
        f"give fewer layers, {others if part.setting else ''}"
        "or leave this part out (--set initializers=…)"
    )
    if not math.log10(SMALLEST) < size < math.log10(LARGEST) - terms:
        raise InputError(
            f"num_layers = {config.num_layers} with {name} makes numbers of about 1e{size:+.0f}, "
            f"beyond float32 (1e-38 to 3e38): {way_out}"
        )
    if "tanh" in part.activations and size > math.log10(MOST_AMPLIFIED):
        raise InputError(
            f"num_layers = {config.num_layers} of tanh with {name} may enlarge every rounding "
            f"1e{size:+.0f} times: {way_out}"
        )
