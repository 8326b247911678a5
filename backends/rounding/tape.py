"""Differentiable operations on numbers that know what rounding does to them.

A number is an array with a rule for rounding: see bounded.py and noisy.py. Every derivative is
built from the same operations, so gradients carry their rounding too. `autograd` keeps the tape.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from autograd.extend import Box, VSpace, defvjp, defvjp_argnum, primitive

Shape = tuple[int, ...]


class Operators:
    """+ − · / and [] for numbers and for the boxes that autograd puts around them."""

    # NumPy must leave `array * number` to the number.
    __array_ufunc__ = None

    def __add__(self, other: Any) -> Any:
        return add(self, other)

    def __radd__(self, other: Any) -> Any:
        return add(other, self)

    def __sub__(self, other: Any) -> Any:
        return add(self, -1.0 * other)

    def __rsub__(self, other: Any) -> Any:
        return add(other, -1.0 * self)

    def __neg__(self) -> Any:
        return -1.0 * self

    def __mul__(self, other: Any) -> Any:
        return multiply(self, other)

    def __rmul__(self, other: Any) -> Any:
        return multiply(other, self)

    def __truediv__(self, other: Any) -> Any:
        return divide(self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return divide(other, self)

    def __getitem__(self, index: Any) -> Any:
        return take(self, index)

    T = property(lambda self: transpose(self))


class Number(Operators, ABC):
    """An array with a rule for rounding. Each method is one float32 operation, in any order."""

    value: np.ndarray

    @property
    def shape(self) -> Shape:
        return self.value.shape

    @property
    def ndim(self) -> int:
        return self.value.ndim

    def __len__(self) -> int:
        return len(self.value)

    @abstractmethod
    def lift(self, constant: Any) -> Any:
        """A constant, which a backend rounds, or a number as it is."""

    @abstractmethod
    def arranged(self, function: Callable[[np.ndarray], np.ndarray]) -> Any:
        """The elements in another order or shape; nothing is rounded."""

    @abstractmethod
    def joined(self, others: Sequence[Any], axis: int) -> Any:
        """Along an existing axis."""

    @abstractmethod
    def scattered(self, shape: Shape, index: Any) -> Any:
        """Zeros, to which the elements are added at the places of an index."""

    @abstractmethod
    def plus(self, other: Any) -> Any: ...

    @abstractmethod
    def times(self, other: Any) -> Any: ...

    @abstractmethod
    def over(self, other: Any) -> Any: ...

    @abstractmethod
    def product(self, other: Any) -> Any:
        """The matrix product of two axes each."""

    @abstractmethod
    def total(self, axes: Shape) -> Any:
        """The sum along axes."""

    @abstractmethod
    def function(self, name: str) -> Any:
        """exp, log, tanh or sigmoid."""

    @abstractmethod
    def sqrt(self) -> Any: ...

    @abstractmethod
    def relu(self) -> Any: ...

    @abstractmethod
    def where_positive(self, x: Any) -> Any:
        """Its elements where x > 0, else zero."""

    @abstractmethod
    def shifted(self) -> Any:
        """x − max x along the last axis, to which softmax is indifferent."""


class NumberBox(Box, Operators):
    """A number inside a function that is differentiated."""

    __slots__ = ()
    shape = property(lambda self: self._value.shape)
    ndim = property(lambda self: self._value.ndim)

    def __len__(self) -> int:
        return len(self._value)


class NumberSpace(VSpace):
    """How autograd adds gradients up."""

    def __init__(self, value: Number) -> None:
        self.like, self.shape = value, value.shape

    def zeros(self) -> Any:
        return self.like.lift(np.zeros(self.shape))

    def ones(self) -> Any:
        return self.like.lift(np.ones(self.shape))

    def _add(self, x: Any, y: Any) -> Any:
        return x.plus(y)

    def _mut_add(self, x: Any, y: Any) -> Any:
        return x.plus(y)


def register(kind: type[Number]) -> None:
    """Let autograd differentiate with respect to this kind of number."""
    NumberBox.register(kind)
    NumberSpace.register(kind)


def lifted(a: Any, b: Any) -> tuple[Any, Any]:
    return (a, a.lift(b)) if isinstance(a, Number) else (b.lift(a), b)


def unbroadcast(g: Any, shape: Shape) -> Any:
    """Sum a gradient to the shape that was broadcast."""
    extra = len(g.shape) - len(shape)
    stretched = [i + extra for i, n in enumerate(shape) if n == 1 and g.shape[i + extra] != 1]
    axes = (*range(extra), *stretched)
    return reshape(total(g, axes), shape) if axes else g


@primitive
def add(a: Any, b: Any) -> Any:
    a, b = lifted(a, b)
    return a.plus(b)


@primitive
def multiply(a: Any, b: Any) -> Any:
    a, b = lifted(a, b)
    return a.times(b)


@primitive
def divide(a: Any, b: Any) -> Any:
    a, b = lifted(a, b)
    return a.over(b)


@primitive
def matmul(a: Any, b: Any) -> Any:
    return a.product(b)


@primitive
def total(a: Any, axes: Shape) -> Any:
    return a.total(axes)


@primitive
def stretch(a: Any, shape: Shape) -> Any:
    return a.arranged(lambda array: np.broadcast_to(array, shape))


@primitive
def reshape(a: Any, shape: Shape) -> Any:
    return a.arranged(lambda array: np.reshape(array, shape))


@primitive
def transpose(a: Any) -> Any:
    return a.arranged(np.transpose)


@primitive
def take(a: Any, index: Any) -> Any:
    return a.arranged(lambda array: array[index])


@primitive
def scatter(a: Any, shape: Shape, index: Any) -> Any:
    return a.scattered(shape, index)


@primitive
def join(axis: int, *arrays: Any) -> Any:
    return arrays[0].joined(arrays[1:], axis)


@primitive
def function(a: Any, name: str) -> Any:
    return a.function(name)


@primitive
def relu(a: Any) -> Any:
    return a.relu()


@primitive
def where_positive(g: Any, x: Any) -> Any:
    return g.where_positive(x)


@primitive
def cross_entropy(logits: Any, labels: np.ndarray) -> Any:
    """log Σ exp(o − max) − (o_y − max)."""
    shifted = logits.shifted()
    chosen = shifted[np.arange(len(labels)), labels]
    return function(total(function(shifted, "exp"), (1,)), "log") - chosen


def cross_entropy_gradient(ans: Any, logits: Any, labels: np.ndarray) -> Callable[[Any], Any]:
    """softmax − one-hot, where softmax may be exp(log softmax) or a quotient."""
    shifted = logits.shifted()
    log_sum = function(total(function(shifted, "exp"), (1,)), "log")
    quotient = np.ones(logits.shape)  # room for the rounding of a division
    softmax = divide(function(shifted - reshape(log_sum, (-1, 1)), "exp"), quotient)
    one_hot = np.zeros(logits.shape)
    one_hot[np.arange(len(labels)), labels] = 1.0
    return lambda g: reshape(g, (-1, 1)) * (softmax - one_hot)


def spread(a: Any, axes: Shape) -> Callable[[Any], Any]:
    kept = tuple(1 if i in axes else n for i, n in enumerate(a.shape))
    return lambda g: stretch(reshape(g, kept), a.shape)


def part(argnum: int, ans: Any, args: Any, kwargs: Any) -> Callable[[Any], Any]:
    """The gradient of one of the joined arrays."""
    axis = args[0] % args[1].ndim
    start = sum(array.shape[axis] for array in args[1:argnum])
    index = (slice(None),) * axis + (slice(start, start + args[argnum].shape[axis]),)
    return lambda g: g[index]


FUNCTION_GRADIENTS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "exp": lambda g, y, x: g * y,
    "log": lambda g, y, x: g / x,
    "tanh": lambda g, y, x: g * (1.0 - y * y),
    "sigmoid": lambda g, y, x: g * (y * (1.0 - y)),
}

defvjp(
    add,
    lambda ans, a, b: lambda g: unbroadcast(g, a.shape),
    lambda ans, a, b: lambda g: unbroadcast(g, b.shape),
)
defvjp(
    multiply,
    lambda ans, a, b: lambda g: unbroadcast(g * b, a.shape),
    lambda ans, a, b: lambda g: unbroadcast(g * a, b.shape),
)
defvjp(
    divide,
    lambda ans, a, b: lambda g: unbroadcast(g / b, a.shape),
    lambda ans, a, b: lambda g: unbroadcast(g * (-1.0 * ans / b), b.shape),
)
defvjp(
    matmul,
    lambda ans, a, b: lambda g: matmul(g, transpose(b)),
    lambda ans, a, b: lambda g: matmul(transpose(a), g),
)
defvjp(total, lambda ans, a, axes: spread(a, axes))
defvjp(reshape, lambda ans, a, shape: lambda g: reshape(g, a.shape))
defvjp(transpose, lambda ans, a: lambda g: transpose(g))
defvjp(take, lambda ans, a, index: lambda g: scatter(g, a.shape, index))
defvjp_argnum(join, part)
defvjp(function, lambda ans, a, name: lambda g: FUNCTION_GRADIENTS[name](g, ans, a))
defvjp(relu, lambda ans, a: lambda g: where_positive(g, a))
defvjp(cross_entropy, cross_entropy_gradient)
