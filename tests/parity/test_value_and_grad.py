"""What the gradient function promises beyond the numbers of one call."""

from __future__ import annotations

from typing import Any

import numpy as np

from backends.interface import Backend, Network

WEIGHTS = {"a": np.array([1.0, 2.0, 3.0]), "b": np.array([4.0, 5.0, 6.0])}


def numbers(k: Backend, grads: dict[str, Any]) -> dict[str, list[float]]:
    return {name: k.to_numpy(grad).tolist() for name, grad in grads.items()}


def test_a_parameter_the_loss_does_not_depend_on_has_gradient_zero(backend: Backend) -> None:
    gradient = backend.value_and_grad(lambda params, name: backend.sum(params[name]))
    params = backend.parameters(WEIGHTS)
    for used, unused in (("a", "b"), ("b", "a"), ("a", "b")):
        _, grads = gradient(params, used)
        assert numbers(backend, grads) == {used: [1, 1, 1], unused: [0, 0, 0]}


def test_a_layer_the_loss_does_not_depend_on_has_gradient_zero(backend: Backend) -> None:
    network = backend.network(
        first=backend.dense_layer(2, 1, "W1", "b1"), second=backend.dense_layer(2, 1, "W2", "b2")
    )
    x = backend.from_numpy(np.ones((3, 2)))
    gradient = backend.value_and_grad(lambda network, name: backend.sum(network[name](x)))
    for used, unused in (("first", "12"), ("second", "21"), ("first", "12")):
        _, grads = gradient(network, used)
        read = network.read_gradients(grads)
        assert (read[f"W{unused[0]}"] == 3).all(), used
        assert (read[f"b{unused[0]}"] == 3).all(), used
        assert (read[f"W{unused[1]}"] == 0).all(), used
        assert (read[f"b{unused[1]}"] == 0).all(), used


def test_a_loss_that_depends_on_no_parameter(backend: Backend) -> None:
    constant = backend.from_numpy(np.ones(3))
    gradient = backend.value_and_grad(lambda params, c: backend.sum(c))
    params = backend.parameters(WEIGHTS)
    backend.value_and_grad(lambda params: backend.sum(params["a"]))(params)
    loss, grads = gradient(params, constant)
    assert backend.to_numpy(loss) == 3
    assert numbers(backend, grads) == {"a": [0, 0, 0], "b": [0, 0, 0]}


def test_gradients_do_not_accumulate(backend: Backend) -> None:
    gradient = backend.value_and_grad(lambda params: backend.sum(params["a"] * params["b"]))
    params = backend.parameters(WEIGHTS)
    for _ in range(3):
        loss, grads = gradient(params)
        assert backend.to_numpy(loss) == 32
        assert numbers(backend, grads) == {"a": [4, 5, 6], "b": [1, 2, 3]}


def test_gradients_of_a_network_do_not_accumulate(backend: Backend) -> None:
    network = backend.network(out=backend.dense_layer(2, 1))
    x = backend.from_numpy(np.ones((3, 2)))
    gradient = backend.value_and_grad(lambda network: backend.sum(network(x)))
    for _ in range(3):
        _, grads = gradient(network)
        read = network.read_gradients(grads)
        assert (read["W"] == 3).all()
        assert (read["b"] == 3).all()


def test_one_function_serves_other_parameters_and_arguments(backend: Backend) -> None:
    gradient = backend.value_and_grad(lambda params, x: backend.sum(params["w"] * x))
    for size in (2, 3):
        params = backend.parameters({"w": np.ones(size)})
        x = np.arange(float(size))
        loss, grads = gradient(params, backend.from_numpy(x))
        assert backend.to_numpy(loss) == x.sum()
        assert numbers(backend, grads) == {"w": x.tolist()}


def test_gradients_follow_an_update(backend: Backend) -> None:
    gradient = backend.value_and_grad(lambda params: backend.sum(params["a"] * params["a"]))
    params = backend.parameters({"a": WEIGHTS["a"]})
    for expected in ([2, 4, 6], [1, 2, 3]):
        _, grads = gradient(params)
        assert numbers(backend, grads) == {"a": expected}
        params = backend.sgd(params, grads, 0.25)


def test_auxiliary_results(backend: Backend) -> None:
    def objective(params: Any) -> Any:
        doubled = params["a"] * 2
        return backend.sum(doubled), {"doubled": doubled, "text": "as it is"}

    evaluate = backend.value_and_grad(objective, has_aux=True)
    for factor in (1, 2):
        params = backend.parameters({name: factor * w for name, w in WEIGHTS.items()})
        (loss, aux), grads = evaluate(params)
        assert backend.to_numpy(loss) == 12 * factor
        assert backend.to_numpy(aux["doubled"]).tolist() == [2 * factor, 4 * factor, 6 * factor]
        assert aux["text"] == "as it is"
        assert numbers(backend, grads) == {"a": [2, 2, 2], "b": [0, 0, 0]}


def test_reading_a_value_does_not_change_the_gradient(backend: Backend) -> None:
    seen = []

    def objective(params: Any) -> Any:
        squares = params["a"] * params["a"]
        seen.append(backend.to_numpy(squares).tolist())
        return backend.sum(squares)

    _, grads = backend.value_and_grad(objective)(backend.parameters(WEIGHTS))
    assert seen == [[1, 4, 9]]
    assert numbers(backend, grads)["a"] == [2, 4, 6]


def test_parameters_are_as_before(backend: Backend) -> None:
    params = backend.parameters(WEIGHTS)
    _, grads = backend.value_and_grad(lambda params: backend.sum(params["a"]))(params)
    assert numbers(backend, params) == {name: w.tolist() for name, w in WEIGHTS.items()}
    assert list(grads) == list(params)


def test_state_carried_over_a_call_is_cut_off(backend: Backend) -> None:
    """A state from an earlier call is a constant in the next one (book 6.4)."""

    def objective(params: Any, state: Any) -> Any:
        (h,) = backend.detach(state)
        h = h + params["a"]
        return backend.sum(h * h), (h,)

    gradient = backend.value_and_grad(objective, has_aux=True)
    params, state = backend.parameters({"a": WEIGHTS["a"]}), (backend.zeros((3,)),)
    for expected in ([2, 4, 6], [4, 8, 12]):
        (_, state), grads = gradient(params, state)
        assert numbers(backend, grads) == {"a": expected}


def test_network_is_passed_to_the_objective(backend: Backend) -> None:
    network = backend.network(out=backend.dense_layer(2, 1))
    passed = []

    def objective(given: Network) -> Any:
        passed.append(sorted(given.read()) if given is network else ["W", "b"])
        return backend.sum(given(backend.zeros((1, 2))))

    _, grads = backend.value_and_grad(objective)(network)
    assert passed == [["W", "b"]]
    assert sorted(grads) == ["W", "b"]
