"""Special values and edges: positions first, then finite values within the bound."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from backends import InputError
from backends.interface import Backend
from tests.parity.case import Case
from tests.parity.edge_cases import EDGE_CASES, OUT_OF_RANGE
from tests.parity.pinned import PINNED_ROWS
from tests.parity.specials import assert_agree, computed, expected
from tests.parity.test_coverage import NOT_NUMERIC, PRIMITIVES
from tests.parity.test_input_errors import WITH_IDS

ROWS = [(case, "forward") for case in EDGE_CASES]
ROWS += [(case, "gradients") for case in EDGE_CASES if case.gradients is not None]


def check(case: Case, direction: str, backend: Backend, signed_zeros: bool) -> None:
    exact, bounds = expected(case, direction, backend.dtype)
    assert_agree(computed(case, direction, backend), exact, bounds, signed_zeros)


@pytest.mark.parametrize(("case", "direction"), ROWS, ids=str)
def test_edge(framework: Backend, case: Case, direction: str) -> None:
    """A gradient's zeros have no meaningful sign, see pinned.py."""
    signed = direction == "forward"
    pinned = PINNED_ROWS.get((framework.name, str(case), direction))
    if pinned is None:
        check(case, direction, framework, signed)
        return
    with pytest.raises(AssertionError):
        check(case, direction, framework, signed)
    if pinned.sign_only:
        check(case, direction, framework, signed_zeros=False)


def test_every_primitive_has_rows() -> None:
    assert {case.primitive for case in EDGE_CASES} == PRIMITIVES - set(NOT_NUMERIC)


def test_names_are_unique() -> None:
    names = [str(case) for case in EDGE_CASES]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("position", [0, 1])
@pytest.mark.parametrize("wrong", OUT_OF_RANGE)
@pytest.mark.parametrize("primitive", WITH_IDS)
def test_id_out_of_range(backend: Backend, primitive: str, wrong: str, position: int) -> None:
    wrong_id = OUT_OF_RANGE[wrong](3)
    ids = np.insert([2], position, wrong_id)
    with pytest.raises(InputError, match=rf"(?<!\w){wrong_id}(?!\w)"):
        WITH_IDS[primitive](backend, backend.from_numpy(ids))


def empty_sequence(k: Backend, params: Any, ids: Any) -> Any:
    """Of a GRU, whose weights are joined before rows are picked."""
    (last,) = k.gru(ids, (k.zeros((ids.shape[1], 2)),), params)[1]
    return k.sum(last)


GRU = {
    kind + gate: np.ones(shape)
    for gate in "rzh"
    for kind, shape in {"W_x": (3, 2), "W_h": (2, 2), "b_": (2,)}.items()
}

# Objectives of (backend, parameters, batch), their parameters, a batch and one of nothing.
EMPTIED: dict[str, tuple[Callable[..., Any], dict[str, np.ndarray], Any, Any]] = {
    "linear": (
        lambda k, params, x: k.sum(k.linear(x, params["W"], params["b"])),
        {"W": np.ones((3, 2)), "b": np.ones(2)},
        np.ones((4, 3)),
        np.ones((0, 3)),
    ),
    "take_rows": (
        lambda k, params, ids: k.sum(k.take_rows(params["W"], ids)),
        {"W": np.ones((3, 2))},
        np.array([0, 2]),
        np.zeros(0, int),
    ),
    "gru": (empty_sequence, GRU, np.ones((2, 3), int), np.zeros((2, 0), int)),
    "squared_loss": (
        lambda k, params, x: k.sum(k.squared_loss(k.linear(x, params["W"]), x)),
        {"W": np.ones((3, 3))},
        np.ones((4, 3)),
        np.ones((0, 3)),
    ),
}


@pytest.mark.parametrize("name", EMPTIED)
def test_an_empty_batch_leaves_no_gradient_of_the_batch_before(backend: Backend, name: str) -> None:
    objective, weights, batch, nothing = EMPTIED[name]
    gradient, params = (
        backend.value_and_grad(partial(objective, backend)),
        backend.parameters(weights),
    )
    _, grads = gradient(params, backend.from_numpy(batch))
    assert any(backend.to_numpy(grad).any() for grad in grads.values())
    _, grads = gradient(params, backend.from_numpy(nothing))
    assert not any(backend.to_numpy(grad).any() for grad in grads.values())


# --- the check itself ------------------------------------------------------------


def results(*numbers: float) -> dict[str, np.ndarray]:
    return {"a": np.array(numbers, "float32")}


EXACT = {"a": np.array([np.nan, np.inf, 0.0, -0.0, 1.0, 1e39])}
BOUND = {"a": np.array([np.nan, 0.0, 0.0, 0.0, 0.25, 0.0])}


@pytest.mark.parametrize("finite", [0.75, 1.0, 1.25])
def test_what_agrees(finite: float) -> None:
    assert_agree(results(np.nan, np.inf, 0.0, -0.0, finite, np.inf), EXACT, BOUND)


@pytest.mark.parametrize(
    "wrong",
    [
        (0.0, np.inf, 0.0, -0.0, 1.0, np.inf),
        (np.inf, np.inf, 0.0, -0.0, 1.0, np.inf),
        (np.nan, -np.inf, 0.0, -0.0, 1.0, np.inf),
        (np.nan, np.nan, 0.0, -0.0, 1.0, np.inf),
        (np.nan, 3e38, 0.0, -0.0, 1.0, np.inf),
        (np.nan, np.inf, -0.0, -0.0, 1.0, np.inf),
        (np.nan, np.inf, 0.0, 0.0, 1.0, np.inf),
        (np.nan, np.inf, 1e-45, -0.0, 1.0, np.inf),
        (np.nan, np.inf, 0.0, -0.0, np.nan, np.inf),
        (np.nan, np.inf, 0.0, -0.0, np.inf, np.inf),
        (np.nan, np.inf, 0.0, -0.0, 0.5, np.inf),
        (np.nan, np.inf, 0.0, -0.0, -1.0, np.inf),
        (np.nan, np.inf, 0.0, -0.0, 1.0, 3e38),
        (np.nan, np.inf, 0.0, -0.0, 1.0),
    ],
    ids=str,
)
def test_what_does_not_agree(wrong: tuple[float, ...]) -> None:
    with pytest.raises(AssertionError):
        assert_agree(results(*wrong), EXACT, BOUND)


def test_the_sign_of_zero_counts_where_zeros_are_signed() -> None:
    other = results(np.nan, np.inf, -0.0, 0.0, 1.0, np.inf)
    assert_agree(other, EXACT, BOUND, signed_zeros=False)
    with pytest.raises(AssertionError, match="sign of zero"):
        assert_agree(other, EXACT, BOUND)


def test_a_bound_that_says_nothing_is_no_excuse() -> None:
    nothing = {"a": np.full(6, np.nan)}
    with pytest.raises(AssertionError, match="beyond the bound"):
        assert_agree(results(np.nan, np.inf, 0.0, -0.0, 1.0, np.inf), EXACT, nothing)
