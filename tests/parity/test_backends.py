"""Backends as objects, and their arrays as copies."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import metadata
from typing import Any

import numpy as np
import pytest

from backends import InputError, get_backend
from backends.interface import Backend
from tests.conftest import FRAMEWORKS, backend_or_skip


def test_no_attribute_can_be_set(backend: Backend) -> None:
    for name in ("device", "dtype", "name", "anything"):
        with pytest.raises(AttributeError):
            setattr(backend, name, "cpu")
    assert (backend.device, backend.dtype) == ("cpu", "float32")


def test_equal_backends_have_equal_hashes(backend: Backend) -> None:
    same, wide = get_backend(backend.name), get_backend(backend.name, dtype="float64")
    assert {backend: 1}[same] == 1
    assert wide not in {backend: 1}


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_a_missing_backend_skips_or_fails(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backends.registry.find_spec", lambda name: None)
    monkeypatch.delenv("LOCKSTEP_REQUIRE_BACKENDS", raising=False)
    with pytest.raises(pytest.skip.Exception, match=f"run python -m pip install .*{name}"):
        backend_or_skip(name)
    monkeypatch.setenv("LOCKSTEP_REQUIRE_BACKENDS", "1")
    with pytest.raises(InputError, match="pip install"):
        backend_or_skip(name)


def test_version_is_the_installed_one(backend: Backend) -> None:
    # A framework may add what it was built for, as in 2.13.0+cu130, where its metadata does not.
    installed = metadata.version(backend.name)
    assert backend.version().partition("+")[0] == installed.partition("+")[0]


def test_devices_begin_with_the_cpu(backend: Backend) -> None:
    assert backend.devices()[0] == "cpu"
    assert set(backend.devices()) <= {"cpu", "cuda"}


def test_every_device_named_can_compute(backend: Backend) -> None:
    for device in backend.devices():
        there = type(backend)(device)
        assert there.to_numpy(there.zeros((2,)) + 1).tolist() == [1, 1], device


def test_num_threads_follows_the_environment(backend: Backend) -> None:
    assert 1 <= backend.num_threads() <= int(os.environ["OMP_NUM_THREADS"])


def test_synchronize_waits_and_returns_nothing(backend: Backend) -> None:
    product = backend.linear(backend.zeros((300, 300)), backend.zeros((300, 300)))
    assert backend.synchronize() is None
    assert (backend.to_numpy(product) == 0).all()


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (np.arange(3), "i"),
        (np.arange(3, dtype="uint8"), "i"),
        ([0, 1, 2], "i"),
        (np.arange(3.0), "f"),
        (np.arange(3, dtype="float16"), "f"),
        ([0.0, 1.0, 2.0], "f"),
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_floats_have_the_dtype_and_integers_are_indices(
    framework: Backend, given: Any, kind: str, dtype: str
) -> None:
    wide = type(framework)(dtype=dtype)
    array = wide.to_numpy(wide.from_numpy(given))
    assert array.dtype.kind == kind
    assert array.tolist() == [0, 1, 2]
    assert kind == "i" or array.dtype == dtype


def test_booleans_become_floats(backend: Backend) -> None:
    array = backend.to_numpy(backend.from_numpy(np.array([True, False])))
    assert array.dtype.kind == "f"
    assert array.tolist() == [1, 0]


def from_numpy(k: Backend, given: np.ndarray) -> Callable[[], np.ndarray]:
    array = k.from_numpy(given)
    return lambda: k.to_numpy(array)


def parameters(k: Backend, given: np.ndarray) -> Callable[[], np.ndarray]:
    params = k.parameters({"b": given})
    return lambda: k.to_numpy(params["b"])


def load(k: Backend, given: np.ndarray) -> Callable[[], np.ndarray]:
    network = k.network(out=k.dense_layer(2, 3))
    network.load({"W": np.zeros((2, 3)), "b": given})
    return lambda: network.read()["b"]


def gradient(k: Backend, given: np.ndarray) -> Callable[[], np.ndarray]:
    network = k.network(out=k.dense_layer(2, 3))
    factor = k.from_numpy(given)
    _, grads = k.value_and_grad(lambda net: k.sum(net(k.zeros((1, 2))) * factor))(network)
    return lambda: network.read_gradients(grads)["b"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("keep", [from_numpy, parameters, load, gradient])
def test_numbers_go_in_and_out_as_copies(backend: Backend, keep: Any, dtype: str) -> None:
    given = np.array([1.0, 2.0, 3.0], dtype)
    read = keep(type(backend)(dtype=dtype), given)
    given[:] = 7
    assert read().tolist() == [1, 2, 3]
    read()[:] = 8
    assert read().tolist() == [1, 2, 3]


def test_integers_go_in_and_out_as_copies(backend: Backend) -> None:
    given = np.array([1, 2, 3])
    read = from_numpy(backend, given)
    given[:] = 7
    read()[:] = 8
    assert read().tolist() == [1, 2, 3]


def test_a_huge_logit_gives_a_finite_loss_and_gradient(backend: Backend) -> None:
    logits = np.array([[1e4, -1e4], [-1e4, 1e4], [1e4, 1e4], [-1e4, -1e4]])
    for label in (0, 1):
        labels = backend.from_numpy(np.full(4, label))
        evaluate = backend.value_and_grad(
            lambda params, y: backend.sum(backend.softmax_cross_entropy(params["x"], y))
        )
        loss, grads = evaluate(backend.parameters({"x": logits}), labels)
        assert np.isfinite(backend.to_numpy(loss))
        assert np.isfinite(backend.to_numpy(grads["x"])).all()


def test_numbers_arrive_whole_whatever_their_layout(backend: Backend) -> None:
    double = type(backend)(dtype="float64")
    assert double.to_numpy(double.from_numpy([0.1])).tolist() == [0.1]
    backwards = np.arange(6.0).reshape(2, 3)[::-1, ::-1]
    assert backend.to_numpy(backend.from_numpy(backwards)).tolist() == [[5, 4, 3], [2, 1, 0]]
    turned = np.arange(6.0).reshape(2, 3).T
    assert backend.to_numpy(backend.from_numpy(turned)).tolist() == [[0, 3], [1, 4], [2, 5]]
    assert backend.to_numpy(backend.from_numpy(np.float32(2))).shape == ()
    assert backend.to_numpy(backend.from_numpy(np.array([True, False]))).tolist() == [1, 0]


def test_special_numbers_arrive_as_they_are(backend: Backend) -> None:
    numbers = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-40, -1e-45], "float32")
    arrived = backend.to_numpy(backend.from_numpy(numbers)).astype("float32")
    assert arrived.tobytes() == numbers.tobytes()


@pytest.mark.parametrize("wrong_id", [2**31, 2**32 + 1, -(2**31) - 1])
def test_an_id_too_large_for_the_framework_is_refused(backend: Backend, wrong_id: int) -> None:
    with pytest.raises(InputError, match=str(wrong_id)):
        backend.one_hot(backend.from_numpy(np.array([wrong_id])), 3)
