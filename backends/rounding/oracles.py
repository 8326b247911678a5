"""The oracle's formulas on numbers that know their rounding."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from backends.errors import check_max_norm
from backends.numpy_backend import NumpyBackend, checked_ids, value_of
from backends.rounding import tape
from backends.rounding.bounded import Bounded
from backends.rounding.budgets import Precision
from backends.rounding.noisy import Noisy


class Reading(np.ndarray):
    """A copy of a value, with the bound of its error where there is one."""

    error: np.ndarray


@dataclass(frozen=True)
class RoundedBackend(NumpyBackend):
    """`NumpyBackend` with its arithmetic replaced; a subclass says by which kind of number.

    dtype: of the inputs. arithmetic: what a backend computes in, if not in the same.
    """

    arithmetic: str = ""

    def _number(self, value: np.ndarray) -> Any:
        raise NotImplementedError

    @cached_property
    def precision(self) -> Precision:
        return Precision(self.arithmetic or self.dtype)

    # --- arrays --------------------------------------------------------------

    def from_numpy(self, array):
        array = super().from_numpy(array)
        return self._number(array) if array.dtype.kind == "f" else array

    def to_numpy(self, array):
        array = value_of(array)
        return np.array(array.value if isinstance(array, tape.Number) else array)

    def zeros(self, shape):
        return self._number(np.zeros(tuple(shape)))

    def one_hot(self, ids, size):
        return self._number(np.eye(size)[checked_ids(ids, size)])

    def concat(self, arrays, axis):
        return tape.join(axis, *arrays)

    def reshape(self, array, shape):
        return tape.reshape(array, tuple(shape))

    def argmax(self, array, axis):
        return np.argmax(self.to_numpy(array), axis=axis)

    def sum(self, array):
        return tape.total(array, tuple(range(array.ndim)))

    def mean(self, array):
        return self.sum(array) / float(np.prod(array.shape))

    def take_rows(self, array, ids):
        return tape.take(array, checked_ids(ids, array.shape[0]))

    # --- formulas --------------------------------------------------------------

    def linear(self, inputs, weight, bias=None):
        rows = tape.reshape(inputs, (prod(inputs.shape[:-1]), weight.shape[0]))
        product = tape.reshape(tape.matmul(rows, weight), (*inputs.shape[:-1], weight.shape[1]))
        return product if bias is None else product + bias

    def relu(self, x):
        return tape.relu(x)

    def tanh(self, x):
        return tape.function(x, "tanh")

    def sigmoid(self, x):
        return tape.function(x, "sigmoid")

    def _exp(self, x):
        return tape.function(x, "exp")

    def _stack(self, arrays):
        return tape.join(0, *(tape.reshape(array, (1, *array.shape)) for array in arrays))

    def _sum_but_first(self, array):
        return tape.total(array, tuple(range(1, array.ndim)))

    def _project(self, inputs, weight, dense_ndim):
        # A one-hot product picks a row: nothing is rounded.
        if inputs.ndim < dense_ndim:
            return self.take_rows(weight, inputs)
        return self.linear(inputs, weight)

    def softmax_cross_entropy(self, logits, labels):
        return tape.cross_entropy(logits, checked_ids(labels, logits.shape[1]))

    # --- optimisation --------------------------------------------------------

    def _norm(self, grads):
        squares = [self.sum(grad * grad) for grad in grads.values()]
        return sum(squares[1:], squares[0]).sqrt()


@dataclass(frozen=True)
class BoundedBackend(RoundedBackend):
    """The oracle with a rigorous bound beside every value, see bounded.py."""

    def _number(self, value):
        return Bounded(value, np.zeros(value.shape), self.precision)

    def error(self, array: Any) -> np.ndarray:
        """How far a backend's result may lie from `to_numpy(array)`, elementwise.

        0 where nothing is rounded. `to_numpy(array).error` is the same.
        """
        array = value_of(array)
        return np.array(array.error) if isinstance(array, Bounded) else np.zeros(np.shape(array))

    def to_numpy(self, array):
        reading = super().to_numpy(array).view(Reading)
        reading.error = self.error(array)
        return reading

    def clip_gradients(self, grads, max_norm):
        check_max_norm(max_norm)
        norm = self._norm(grads)
        if max_norm is None or norm.value + norm.error <= max_norm or np.isnan(norm.value):
            return grads, norm
        clipped = {name: grad * (max_norm / norm) for name, grad in grads.items()}
        if norm.value - norm.error > max_norm:
            return clipped, norm
        # Too close to the threshold to say whether a backend clips: either result is right.
        kept = clipped if norm.value > max_norm else grads
        return {name: either(kept[name], grads[name], clipped[name]) for name in grads}, norm


def either(kept: Bounded, *choices: Bounded) -> Bounded:
    """A value that may be either of the choices."""
    reach = [abs(choice.value - kept.value) + choice.error for choice in choices]
    return kept.of(kept.value, np.maximum(*reach))


@dataclass(frozen=True)
class NoisyBackend(RoundedBackend):
    """The oracle in Monte Carlo arithmetic, see noisy.py; two of the same seed round alike."""

    seed_of_noise: int = 0
    random: np.random.Generator = field(init=False, repr=False, compare=False)

    def __post_init__(self):
        super().__post_init__()
        object.__setattr__(self, "random", np.random.default_rng(self.seed_of_noise))

    def _number(self, value):
        return Noisy(value, self.precision, self.random)
