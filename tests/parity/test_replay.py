"""The recording of an objective: the numbers of its operations, bit for bit, while it may."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest

from backends import get_backend
from backends.errors import InputError
from backends.interface import Backend
from backends.replay import MOST_SHAPES
from tests.conftest import FRAMEWORKS, backend_or_skip
from tests.parity.case import Case
from tests.parity.cases import CASES
from tests.parity.check import Results, equal, factors_of, fixed_and_floats, summed
from tests.parity.edge_cases import EDGE_CASES

ROWS = [c for c in (*CASES, *EDGE_CASES) if c.gradients in ("exact", "bound")]
TWICE = 2  # the objective is called at first, then to be recorded


@pytest.fixture(params=FRAMEWORKS)
def k(request: pytest.FixtureRequest) -> Backend:
    return backend_or_skip(request.param)


class Counted:
    """The objective, and how often it was called."""

    def __init__(self, objective: Callable[..., Any]) -> None:
        self.objective, self.calls = objective, 0

    def __call__(self, *args: Any) -> Any:
        self.calls += 1
        return self.objective(*args)


def numbers(k: Backend, found: tuple[Any, Any]) -> Results:
    loss, grads = found
    return {name: k.to_numpy(array) for name, array in {"loss": loss, **grads}.items()}


def replays(k: Backend, case: Case) -> bool:
    """Whether the gradients of a case are replayed; its parameters change in between."""
    fixed, floats = fixed_and_floats(case, k)
    factors = factors_of(case, k)

    def objective(params: Any, *given: Any) -> Any:
        own = dict(zip(factors, given, strict=True))
        return summed(case, k, {**fixed, **params}, own)

    params, counted = k.parameters(floats), Counted(objective)
    gradient = k.value_and_grad(counted)
    gradient(params, *factors.values())
    params = k.sgd(params, params, 0.25, 1)
    expected = numbers(k, k.value_and_grad(objective)(params, *factors.values()))
    for _ in range(2):
        again = numbers(k, gradient(params, *factors.values()))
        assert list(again) == list(expected)
        for name, array in again.items():
            assert array.shape == expected[name].shape, f"{case}: {name}"
            assert equal(array, expected[name]), f"{case}: {name}"
    return counted.calls == TWICE


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # the oracle's, of NaN
def test_the_graph_is_the_objective(k: Backend) -> None:
    replayed = {case.primitive for case in ROWS if replays(k, case)}
    assert {"linear", "relu", "dropout", "squared_loss", "l2_penalty", "lstm_step"} <= replayed
    assert not replayed & {"take_rows", "softmax_cross_entropy", "rnn", "rnn_layer"}


def product(params: Any, x: Any) -> Any:
    return (params["w"] * x).sum()


def test_new_shapes_and_new_parameters(k: Backend) -> None:
    counted = Counted(product)
    gradient = k.value_and_grad(counted)
    # MXNet's graph is bound to its parameters, torch's operations take others of the same shape.
    for start, calls in ((1.0, 4), (2.0, {"mxnet": 8, "torch": 4}[k.name])):
        params = k.parameters({"w": np.array([[start], [3.0]])})
        for width in (1, 2, 1, 2, 1, 2):
            x = np.arange(2.0 * width).reshape(2, width)
            first, second = x.sum(axis=1)
            loss, grads = gradient(params, k.from_numpy(x))
            assert k.to_numpy(loss) == start * first + 3 * second
            assert k.to_numpy(grads["w"]).ravel().tolist() == [first, second]
        assert counted.calls == calls


def test_a_loss_outlives_the_next_call(k: Backend) -> None:
    gradient = k.value_and_grad(product)
    params = k.parameters({"w": np.ones(2)})
    losses = [gradient(params, k.from_numpy(np.full(2, value)))[0] for value in (1.0, 2.0, 3.0)]
    assert [k.to_numpy(loss).item() for loss in losses] == [2, 4, 6]


def test_an_array_of_the_objective_may_change(k: Backend) -> None:
    own = [k.from_numpy(np.ones(2))]
    gradient = k.value_and_grad(lambda params, x: (params["w"] * x * own[0]).sum())
    params, x = k.parameters({"w": np.ones(2)}), k.from_numpy(np.ones(2))
    for value in (1.0, 2.0, 3.0):
        own[0] = k.from_numpy(np.full(2, value))
        assert k.to_numpy(gradient(params, x)[0]) == 2 * value


CHECKED = {
    "take_rows": lambda k, w, ids: k.take_rows(w, ids),
    "one_hot": lambda k, w, ids: k.linear(k.one_hot(ids, 2), w),
    "softmax_cross_entropy": lambda k, w, ids: k.softmax_cross_entropy(w, ids),
}


@pytest.mark.parametrize("name", CHECKED)
def test_ids_are_checked_at_every_call(k: Backend, name: str) -> None:
    gradient = k.value_and_grad(lambda params, ids: k.sum(CHECKED[name](k, params["w"], ids)))
    params = k.parameters({"w": np.ones((2, 2))})
    for dtype in {"mxnet": ("int64", "float32"), "torch": ("int64",)}[k.name]:
        for _ in range(3):
            gradient(params, k.from_numpy(np.array([0, 1], dtype)))
        with pytest.raises(InputError):
            gradient(params, k.from_numpy(np.array([0, 2], dtype)))


def three_times(k: Backend, objective: Any, weights: Any, *args: Any) -> list[Any]:
    """Loss and gradients of three calls, the last two of which may be replays."""
    gradient, params = k.value_and_grad(objective), k.parameters(weights)
    calls = [gradient(params, *(arg(params) for arg in args)) for _ in range(3)]
    return [{name: array.tolist() for name, array in numbers(k, call).items()} for call in calls]


def test_scalars_keep_their_shape_in_mxnet() -> None:
    k = backend_or_skip("mxnet")
    from mxnet import nd

    weights = {"w": np.array([1.0, 2.0]), "v": np.array([5.0, 7.0])}
    found = three_times(
        k,
        lambda p, x: (nd.stack(k.sum(p["w"]), k.sum(p["v"])) * x).sum(),
        weights,
        lambda params: k.from_numpy(np.array([1.0, 10.0])),
    )
    assert found == [{"loss": [123.0], "w": [1.0, 1.0], "v": [10.0, 10.0]}] * 3


def test_a_parameter_among_the_arguments_is_a_constant(k: Backend) -> None:
    weights = {"w": np.array([1.0, 2.0])}
    found = three_times(k, lambda p, x: k.sum(p["w"] * x), weights, lambda params: params["w"])
    assert found == [{"loss": 5.0, "w": [1.0, 2.0]}] * 3


def test_what_an_earlier_call_returned_is_a_constant_in_mxnet() -> None:
    k = backend_or_skip("mxnet")
    doubling = k.value_and_grad(lambda p, x: (k.sum(p["w"] * x), p["w"] * 2), has_aux=True)
    params, x = k.parameters({"w": np.array([3.0, 5.0])}), k.from_numpy(np.ones(2))
    (_, doubled), _ = doubling(params, x)
    gradient = k.value_and_grad(lambda p, x: k.sum(p["w"] * x))
    for _ in range(3):
        assert k.to_numpy(gradient(params, doubled)[1]["w"]).tolist() == [6, 10]


def test_an_array_given_twice_may_be_two_another_time(k: Backend) -> None:
    gradient = k.value_and_grad(lambda params, x, y: k.sum(params["w"] * x + y))
    params, x = k.parameters({"w": np.ones(2)}), k.from_numpy(np.ones(2))
    for _ in range(3):
        gradient(params, x, x)
    assert k.to_numpy(gradient(params, x, k.from_numpy(np.full(2, 5.0)))[0]) == 12


def test_gradients_may_be_changed_in_place(k: Backend) -> None:
    gradient = k.value_and_grad(lambda params, x: 2 * params["w"] + k.sum(x))
    params, x = k.parameters({"w": np.ones(())}), k.from_numpy(np.ones(2))
    for _ in range(4):
        grad = gradient(params, x)[1]["w"]
        assert k.to_numpy(grad) == 2
        grad *= 3


def test_chance_is_no_constant(k: Backend) -> None:
    gradient = k.value_and_grad(lambda params, x: k.sum(k.random_dropout(params["w"] * x, 0.5)))
    params, x = k.parameters({"w": np.ones(1000)}), k.from_numpy(np.ones(1000))
    masks = [k.to_numpy(gradient(params, x)[1]["w"]).tobytes() for _ in range(4)]
    assert len(set(masks)) == len(masks)


def test_a_recording_draws_nothing_from_torchs_stream() -> None:
    k = backend_or_skip("torch")
    import torch

    def dropping(params: Any, x: Any) -> Any:
        return k.sum(k.random_dropout(params["w"] * x, 0.5))

    params, x = k.parameters({"w": np.ones(100)}), k.from_numpy(np.ones(100))
    drawn = []
    for gradient in (
        k.value_and_grad(dropping),
        get_backend("torch", implementation="plain").value_and_grad(dropping),
    ):
        torch.manual_seed(0)
        drawn.append([gradient(params, x)[1]["w"].tolist() for _ in range(3)])
    assert drawn[0] == drawn[1]


def test_chance_and_counts_in_torch() -> None:
    k = backend_or_skip("torch")
    import torch

    params, ones = k.parameters({"w": np.ones(100)}), k.from_numpy(np.ones(100))
    drawn = k.value_and_grad(lambda params, x: (params["w"] * x * torch.rand(100)).sum())
    assert len({drawn(params, ones)[1]["w"].numpy().tobytes() for _ in range(4)}) == 4
    counted = k.value_and_grad(lambda params, x: (params["w"] * x).sum() * len(torch.nonzero(x)))
    for count in range(4):
        assert counted(params, k.from_numpy(1.0 * (np.arange(100) < count)))[0] == count**2


def test_gradients_come_in_the_order_of_the_parameters(k: Backend) -> None:
    gradient = k.value_and_grad(lambda p, x: k.sum(p["a"] * p["b"] * p["b"] * x))
    params, x = k.parameters({"a": np.ones(1), "b": np.full(1, 3.0)}), k.from_numpy(np.ones(1))
    for own in (params, dict(reversed(params.items()))) * 3:
        grads = numbers(k, gradient(own, x))
        assert list(grads) == ["loss", *own]
        assert grads == {"loss": 9, "a": 9, "b": 6}


def test_shapes_without_end(k: Backend) -> None:
    counted, widths = Counted(product), range(1, MOST_SHAPES + 2)
    gradient, params = k.value_and_grad(counted), k.parameters({"w": np.ones((1, 1))})
    for width in [*widths, *widths, *widths]:
        gradient(params, k.from_numpy(np.ones((1, width))))
    assert counted.calls == 3 * len(widths)  # all graphs would have been 2


def test_nothing_is_printed(k: Backend, capfd: pytest.CaptureFixture[str]) -> None:
    gradient = k.value_and_grad(lambda params, x: k.sum(params["w"] * x) / 2)
    params, x = k.parameters({"w": np.ones(2)}), k.from_numpy(np.ones(2))
    for _ in range(3):
        gradient(params, x)
    assert capfd.readouterr() == ("", "")


def test_settings_of_torch_around_a_call() -> None:
    """Neither no_grad nor autocast is what a recording knows of."""
    k = backend_or_skip("torch")
    import torch

    params = k.parameters({"w": np.full((2, 2), 1 / 3)})
    gradient = k.value_and_grad(lambda params, x: k.sum(k.linear(x, params["w"])))
    x = k.from_numpy(np.full((2, 2), 1 / 3))
    expected = numbers(k, gradient(params, x))
    for around in (torch.autocast("cpu", torch.bfloat16), nullcontext(), torch.no_grad()) * 3:
        with around:
            found = gradient(params, x)
        if isinstance(around, nullcontext):
            assert all(equal(a, expected[name]) for name, a in numbers(k, found).items())
