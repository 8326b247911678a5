"""The bounds themselves, against arithmetic with 50 digits whose roundings are as bad as allowed.

Each formula is written out on single numbers. Evaluated without rounding it gives the true value;
evaluated with every operation off by its whole unit, up, down or at random, it gives results that
a float32 program might, and none may lie beyond the bound.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

from backends.rounding import BoundedBackend
from backends.rounding.budgets import ROUNDINGS_OF_DIVISION, ULPS

MP = mpmath.mp.clone()
MP.dps = 50
UNIT = MP.mpf(2) ** -24
DRAWS = 40


class Arithmetic:
    """Operations on single numbers, each off by `sign()` times what it may lose."""

    def __init__(self, sign: Callable[[], float]) -> None:
        self.sign = sign

    def off(self, x: Any, roundings: int = 1) -> Any:
        return x * (1 + self.sign() * roundings * UNIT)

    def add(self, *terms: Any) -> Any:
        """One after the other, in random order; adding 0 rounds nothing."""
        others = [term for term in terms if term]
        result, *rest = random.sample(others, len(others)) or [MP.mpf(0)]
        for term in rest:
            result = self.off(result + term)
        return result

    def mul(self, a: Any, b: Any) -> Any:
        return self.off(a * b)

    def div(self, a: Any, b: Any) -> Any:
        if MP.frexp(b)[0] == 0.5:
            return a / b
        return self.off(a / b, ROUNDINGS_OF_DIVISION)

    def sqrt(self, x: Any) -> Any:
        return self.off(MP.sqrt(x))

    def function(self, name: str, x: Any) -> Any:
        f = {"sigmoid": lambda x: 1 / (1 + MP.exp(-x))}.get(name) or getattr(MP, name)
        return self.off(f(x), 2 * ULPS[name])

    def constant(self, x: float) -> Any:
        return self.off(MP.mpf(x))


EXACT = Arithmetic(lambda: 0)
WORST = [Arithmetic(lambda: 1), Arithmetic(lambda: -1), Arithmetic(lambda: random.choice((-1, 1)))]


# --- formulas on rows of numbers: (arithmetic, inputs) → numbers ---


def dot(a: Arithmetic, x: Any, y: Any) -> list[Any]:
    return [a.add(*(a.mul(p, q) for p, q in zip(x, y, strict=True)))]


def linear(a: Arithmetic, x: Any, y: Any) -> list[Any]:
    return [a.add(*(a.mul(p, q) for p, q in zip(x[1:], y[1:], strict=True)), x[0])]


def step(a: Arithmetic, x: Any, y: Any) -> list[Any]:
    return [a.function("tanh", linear(a, x, y)[0])]


def squared(a: Arithmetic, x: Any, y: Any) -> list[Any]:
    apart = [a.add(p, -q) for p, q in zip(x, y, strict=True)]
    return [a.add(*(a.mul(p, p) for p in apart)) / 2]


def entropy(a: Arithmetic, x: Any, y: Any) -> list[Any]:
    shifted = [a.add(p, -max(x)) for p in x]
    log_sum = a.function("log", a.add(*(a.function("exp", p) for p in shifted)))
    return [a.add(log_sum, -shifted[0])]


def entropy_gradient(a: Arithmetic, x: Any, y: Any) -> list[Any]:
    """Softmax as a quotient or as exp(log softmax), at random."""
    shifted = [a.add(p, -max(x)) for p in x]
    exps = [a.function("exp", p) for p in shifted]
    total = a.add(*exps)
    softmax = [a.div(p, total) for p in exps]
    if random.random() < 0.5:
        log_sum = a.function("log", total)
        softmax = [a.function("exp", a.add(p, -log_sum)) for p in shifted]
    return [a.add(p, MP.mpf(-1)) if i == 0 else p for i, p in enumerate(softmax)]


def gate(a: Arithmetic, x: Any, y: Any) -> list[Any]:
    """z h + (1 − z) tanh(y) of a GRU."""
    results = []
    for p, q in zip(x, y, strict=True):
        z = a.function("sigmoid", q)
        kept, new = a.mul(z, p), a.mul(a.add(MP.mpf(1), -z), a.function("tanh", q))
        results.append(a.add(kept, new))
    return results


def gate_gradient(a: Arithmetic, x: Any, y: Any) -> list[Any]:
    """Of Σ σ(q) tanh(q) by q."""
    results = []
    for q in y:
        z, t = a.function("sigmoid", q), a.function("tanh", q)
        of_z = a.mul(t, a.mul(z, a.add(MP.mpf(1), -z)))
        of_t = a.mul(z, a.add(MP.mpf(1), -a.mul(t, t)))
        results.append(a.add(of_z, of_t))
    return results


def update(a: Arithmetic, x: Any, y: Any) -> list[Any]:
    """(1 − η λ / n) w − (η / n) g with η = 0.3, λ = 0.7, n = 10."""
    shrink, rate = a.constant(1 - 0.3 / 10 * 0.7), a.constant(0.3 / 10)
    return [a.add(a.mul(shrink, w), -a.mul(rate, g)) for w, g in zip(x, y, strict=True)]


def clipped(a: Arithmetic, x: Any, y: Any) -> list[Any]:
    norm = a.sqrt(a.add(*(a.mul(p, p) for p in x)))
    scale = a.div(a.constant(0.1), norm)
    return [a.mul(p, scale) for p in x] if norm > 0.1 else x


def perplexity(a: Arithmetic, x: Any, y: Any) -> list[Any]:
    return [a.function("exp", a.div(a.add(*x), MP.mpf(len(x))))]


# --- the same, by the backend: (backend, x, y) → array ---


def of_gate_sum(k: BoundedBackend, x: Any, y: Any) -> Any:
    def objective(params: Any) -> Any:
        return k.sum(k.sigmoid(params["q"]) * k.tanh(params["q"]))

    return k.value_and_grad(objective)({"q": y})[1]["q"]


def of_entropy(k: BoundedBackend, x: Any, y: Any) -> Any:
    def objective(params: Any) -> Any:
        return k.sum(k.softmax_cross_entropy(k.reshape(params["o"], (1, -1)), np.array([0])))

    return k.value_and_grad(objective)({"o": x})[1]["o"]


def rows(k: BoundedBackend, x: Any, y: Any) -> tuple[Any, Any]:
    return k.reshape(x, (1, -1)), k.reshape(y, (-1, 1))


def affine(k: BoundedBackend, x: Any, y: Any) -> Any:
    return k.linear(k.reshape(x[1:], (1, -1)), k.reshape(y[1:], (-1, 1)), x[:1])


FORMULAS: dict[str, tuple[Callable[..., list[Any]], Callable[..., Any]]] = {
    "dot": (dot, lambda k, x, y: k.linear(*rows(k, x, y))),
    "linear": (linear, affine),
    "rnn step": (step, lambda k, x, y: k.tanh(affine(k, x, y))),
    "squared loss": (
        squared,
        lambda k, x, y: k.squared_loss(*(k.reshape(a, (1, -1)) for a in (x, y))),
    ),
    "cross-entropy": (
        entropy,
        lambda k, x, y: k.softmax_cross_entropy(k.reshape(x, (1, -1)), np.array([0])),
    ),
    "gradient of cross-entropy": (entropy_gradient, of_entropy),
    "gate": (
        gate,
        lambda k, x, y: k.sigmoid(y) * x + (1 - k.sigmoid(y)) * k.tanh(y),
    ),
    "gradient of gates": (gate_gradient, of_gate_sum),
    "update": (
        update,
        lambda k, x, y: k.reshape(
            k.sgd({"W": k.reshape(x, (1, -1))}, {"W": k.reshape(y, (1, -1))}, 0.3, 10, 0.7)["W"],
            (-1,),
        ),
    ),
    "clipping": (clipped, lambda k, x, y: k.clip_gradients({"x": x}, 0.1)[0]["x"]),
    "perplexity": (perplexity, lambda k, x, y: k.perplexity(x)),
}

INPUTS = {
    "normal": lambda rng, n: rng.standard_normal((2, n)),
    "of one sign": lambda rng, n: rng.uniform(0.5, 1, (2, n)),
    "of many sizes": lambda rng, n: (
        rng.standard_normal((2, n)) * 10.0 ** rng.integers(-4, 2, (2, n))
    ),
}


@pytest.mark.parametrize("length", [1, 2, 5, 33])
@pytest.mark.parametrize("kind", INPUTS)
@pytest.mark.parametrize("name", FORMULAS)
def test_no_evaluation_lies_beyond_the_bound(name: str, kind: str, length: int) -> None:
    formula, compute = FORMULAS[name]
    if name in ("linear", "rnn step"):
        length += 1
    k, rng = BoundedBackend(), np.random.default_rng(length)
    random.seed(length)
    x, y = INPUTS[kind](rng, length).astype("float32")
    bounded = k.to_numpy(compute(k, k.from_numpy(x), k.from_numpy(y)))
    numbers = [[MP.mpf(float(value)) for value in row] for row in (x, y)]
    true = formula(EXACT, *numbers)
    # The oracle's own float64 is part of the bound.
    limits = [MP.mpf(float(error)) for error in bounded.error.ravel()]
    for value, exact, limit in zip(bounded.ravel(), true, limits, strict=True):
        assert abs(MP.mpf(float(value)) - exact) <= limit
    for draw in range(DRAWS):
        for worst in WORST if draw == 0 else WORST[2:]:
            for value, result, limit in zip(
                bounded.ravel(), formula(worst, *numbers), limits, strict=True
            ):
                assert abs(result - MP.mpf(float(value))) <= limit


def test_the_bound_of_a_dot_product_is_reached() -> None:
    """With terms of one sign and every rounding up, nearly the whole bound is used."""
    k, x = BoundedBackend(), np.ones(100, "float32")
    bounded = k.to_numpy(k.linear(*rows(k, k.from_numpy(x), k.from_numpy(x))))
    (worst,) = dot(WORST[0], [MP.mpf(1)] * 100, [MP.mpf(1)] * 100)
    assert 0.5 < (worst - 100) / float(bounded.error[0, 0]) <= 1
