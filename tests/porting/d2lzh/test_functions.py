"""The small functions: values and gradients."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from porting import d2lzh as d2l
from tests.porting.d2lzh.original import lines_without_seconds, seed
from tests.porting.noise import again
from tests.rounding import assert_same

RNG = np.random.default_rng(0)

# The book turns ids of one axis with .T; torch warns once that it may forbid that.
pytestmark = pytest.mark.filterwarnings("ignore:The use of `x.T` on tensors:UserWarning")


def normal(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype("float32")


def parameter(nd: Any, value: np.ndarray, gradient: np.ndarray | None = None) -> Any:
    array = nd.array(value)
    array.attach_grad()
    if gradient is not None:
        array.grad[:] = nd.array(gradient)
    return array


def tensor_of(value: np.ndarray, gradient: np.ndarray | None = None) -> torch.Tensor:
    tensor = torch.tensor(value, requires_grad=True)
    if gradient is not None:
        tensor.grad = torch.tensor(gradient)
    return tensor


def assert_equal(tensor: torch.Tensor, array: Any) -> None:
    expected = array.asnumpy()
    assert tensor.shape == expected.shape
    np.testing.assert_array_equal(tensor.detach().numpy(), expected)


@pytest.mark.usefixtures("both")
def test_linreg_and_squared_loss(original: Any, nd: Any) -> None:
    values, y = (normal(7, 3), normal(3, 1), normal(1)), normal(7)  # another shape than predicted

    def theirs() -> list[Any]:
        arrays = [parameter(nd, value) for value in values]
        with original.autograd.record():
            loss = original.squared_loss(original.linreg(*arrays), nd.array(y))
        loss.backward()
        return [loss, *(array.grad for array in arrays)]

    tensors = [tensor_of(value) for value in values]
    ours = d2l.squared_loss(d2l.linreg(*tensors), torch.tensor(y))
    ours.sum().backward()
    assert_same([ours, *(tensor.grad for tensor in tensors)], theirs(), again(theirs))


@pytest.mark.usefixtures("both")
def test_sgd(original: Any, nd: Any) -> None:
    values = [(normal(*shape), normal(*shape)) for shape in ((4, 3), (3,))]

    def theirs() -> list[Any]:
        arrays = [parameter(nd, *pair) for pair in values]
        original.sgd(arrays, 0.3, 7)
        return arrays

    tensors = [tensor_of(*pair) for pair in values]
    d2l.sgd(tensors, 0.3, 7)
    assert_same(tensors, theirs(), again(theirs))
    for tensor, (_, gradient) in zip(tensors, values, strict=True):
        np.testing.assert_array_equal(tensor.grad, gradient)
        assert tensor.requires_grad
        assert tensor.is_leaf


def test_sgd_leaves_a_parameter_that_the_loss_does_not_reach(original: Any, nd: Any) -> None:
    value = normal(3)
    array, tensor = parameter(nd, value), tensor_of(value)
    original.sgd([array], 1.0, 1)
    d2l.sgd([tensor], 1.0, 1)
    assert_equal(tensor, array)


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize("theta", [None, 0.5, 100.0])
def test_grad_clipping(original: Any, nd: Any, theta: float | None) -> None:
    values = [(normal(*shape), normal(*shape)) for shape in ((4, 3), (3,))]

    def theirs() -> list[Any]:
        arrays = [parameter(nd, *pair) for pair in values]
        original.grad_clipping(arrays, theta, original.mx.cpu())
        return [array.grad for array in arrays]

    tensors = [tensor_of(*pair) for pair in values]
    unclipped = tensors[0].grad.clone()
    d2l.grad_clipping(tensors, theta, "cpu")
    assert_same([tensor.grad for tensor in tensors], theirs(), again(theirs))
    assert torch.equal(unclipped, tensors[0].grad) == (theta != 0.5)


def test_grad_clipping_passes_nan_by(original: Any, nd: Any) -> None:
    value, gradient = normal(3), np.array([np.nan, 3, 4], "float32")
    array, tensor = parameter(nd, value, gradient), tensor_of(value, gradient)
    original.grad_clipping([array], 0.1, original.mx.cpu())
    d2l.grad_clipping([tensor, torch.zeros(2, requires_grad=True)], 0.1, "cpu")
    np.testing.assert_array_equal(tensor.grad.numpy(), array.grad.asnumpy())


@pytest.mark.usefixtures("both")
def test_corr2d(original: Any, nd: Any) -> None:
    X, K = normal(6, 8), normal(2, 3)

    def theirs() -> Any:
        return original.corr2d(nd.array(X), nd.array(K))

    assert_same(d2l.corr2d(torch.tensor(X), torch.tensor(K)), theirs(), again(theirs))
    integers = np.arange(9).reshape(3, 3), np.arange(4).reshape(2, 2)
    expected = original.corr2d(*map(nd.array, integers)).asnumpy()
    found = d2l.corr2d(*map(torch.tensor, integers))
    assert found.dtype == torch.float32
    np.testing.assert_array_equal(found.numpy(), expected)


@pytest.mark.parametrize("ids", [[0, 2, 1], [[0, 1, 2], [2, 2, 0]], [[-1, 3, 1.7]]])
def test_to_onehot(original: Any, nd: Any, both: str, ids: list) -> None:
    if both == "ported" and ids[0] == [-1, 3, 1.7]:
        with pytest.raises(RuntimeError, match="Class values must be"):
            d2l.to_onehot(torch.tensor(ids), 3)
        return
    expected = original.to_onehot(nd.array(ids), 3)
    found = d2l.to_onehot(torch.tensor(ids), 3)
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        # The port iterates over numbers of shape (), MXNet over arrays of shape (1,).
        assert_equal(ours.reshape(theirs.shape) if both == "ported" else ours, theirs)


@pytest.mark.parametrize("name", ["data_iter_random", "data_iter_consecutive"])
@pytest.mark.parametrize(("length", "batch_size", "num_steps"), [(30, 2, 6), (31, 3, 5), (7, 1, 6)])
@pytest.mark.parametrize("make", [list, np.array, torch.tensor])
def test_sequences(
    original: Any, both: str, name: str, length: int, batch_size: int, num_steps: int, make: Any
) -> None:
    if both == "ported" and make is not list:
        pytest.skip("the book's corpus is a list")
    seed()
    expected = list(getattr(original, name)(list(range(length)), batch_size, num_steps))
    seed()
    found = list(getattr(d2l, name)(make(range(length)), batch_size, num_steps))
    assert len(found) == len(expected) > 0
    for ours, theirs in zip(found, expected, strict=True):
        for tensor, array in zip(ours, theirs, strict=True):
            assert_equal(tensor, array)
            # The port keeps MXNet's floats.
            assert tensor.dtype == (torch.float32 if both == "ported" else torch.int64)


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize("batch_size", [4, 5, 20])
def test_data_iter(original: Any, nd: Any, batch_size: int) -> None:
    features, labels = normal(10, 2), normal(10)
    seed()
    expected = list(original.data_iter(batch_size, nd.array(features), nd.array(labels)))
    seed()
    found = list(d2l.data_iter(batch_size, torch.tensor(features), torch.tensor(labels)))
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        for tensor, array in zip(ours, theirs, strict=True):
            assert_equal(tensor, array)


@pytest.mark.usefixtures("both")
def test_get_fashion_mnist_labels(original: Any) -> None:
    labels = np.array([9, 0, 1, 2, 3, 4, 5, 6, 7, 8])
    expected = original.get_fashion_mnist_labels(labels)
    assert d2l.get_fashion_mnist_labels(labels) == expected
    assert d2l.get_fashion_mnist_labels(torch.tensor(labels)) == expected


@pytest.mark.usefixtures("both")
def test_count_tokens(original: Any) -> None:
    samples = [["a", "b", "a"], [], ["c", "a"]]
    assert d2l.count_tokens(samples) == original.count_tokens(samples)


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize("prefix", [None, "load"])
def test_benchmark(original: Any, capsys: pytest.CaptureFixture, prefix: str | None) -> None:
    with original.Benchmark(prefix):
        pass
    theirs = lines_without_seconds(capsys.readouterr().out)
    with d2l.Benchmark(prefix):
        pass
    assert lines_without_seconds(capsys.readouterr().out) == theirs != []


@pytest.mark.usefixtures("both")
def test_mkdir_if_not_exist(tmp_path: Path) -> None:
    for _ in range(2):
        d2l.mkdir_if_not_exist([str(tmp_path), "a", "b"])
    assert (tmp_path / "a" / "b").is_dir()


@pytest.mark.usefixtures("both")
@pytest.mark.skipif(torch.cuda.is_available(), reason="the original has no GPU here")
def test_devices(original: Any) -> None:
    assert str(original.try_gpu()) == "cpu(0)"
    assert d2l.try_gpu() == torch.device("cpu")
    assert list(map(str, original.try_all_gpus())) == ["cpu(0)"]
    assert d2l.try_all_gpus() == [torch.device("cpu")]


def test_devices_of_two_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert d2l.try_gpu() == torch.device("cuda:0")
    assert d2l.try_all_gpus() == [torch.device("cuda:0"), torch.device("cuda:1")]
