"""The residual network: values, gradients and statistics."""

import copy
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from porting import d2lzh as d2l
from porting.runtime import BatchNorm
from tests import rounding
from tests.porting import noise
from tests.rounding import assert_same

SEED = 36  # of weights that keep every ReLU away from its kink


def draw_weights(ours: nn.Module) -> None:
    """From a stream of their own: MXNet's would depend on the tests that ran before."""
    rng = np.random.default_rng(SEED)
    with torch.no_grad():
        for name, tensor in state(ours).items():
            if "running" not in name:
                scale = (2 / tensor[0].numel()) ** 0.5 if tensor.ndim > 1 else 0.1
                values = rng.normal(size=tuple(tensor.shape)) * scale
                values += name.endswith("weight") and tensor.ndim == 1  # gamma
                tensor.copy_(torch.tensor(values))


def state(ours: nn.Module) -> dict[str, torch.Tensor]:
    return {k: v for k, v in ours.state_dict().items() if "num_batches" not in k}


@contextmanager
def relu_inputs() -> Iterator[list[np.ndarray]]:
    """Everything that goes into a ReLU meanwhile."""
    found: list[np.ndarray] = []
    relu = functional.relu

    def watched(x: torch.Tensor, inplace: bool = False) -> torch.Tensor:
        found.append(x.detach().numpy().copy())
        return relu(x, inplace=inplace)

    with mock.patch.object(functional, "relu", watched):
        yield found


def gradients_of(net: nn.Module, x: torch.Tensor) -> list[np.ndarray]:
    """The output and the gradients of the mean of its square by the input and by parameters."""
    x = x.requires_grad_()
    y = net(x)
    (y**2).mean().backward()
    return [y.detach().numpy(), x.grad.numpy(), *(p.grad.numpy() for p in net.parameters())]


def assert_no_relu_is_near_its_kink(net: nn.Module, X: np.ndarray) -> None:
    """No input of a ReLU may be so small that rounding could change its sign.

    Where one is, its whole gradient comes or goes, which no tolerance of rounding covers. That
    happened to one in eight draws of weights at 16 × 16 pixels.
    """
    exact = copy.deepcopy(net).double()
    with torch.no_grad(), relu_inputs() as rounded:
        copy.deepcopy(net)(torch.tensor(X))
    with torch.no_grad(), relu_inputs() as found:
        exact(torch.tensor(X, dtype=torch.float64))
    for inputs, other in zip(found, rounded, strict=True):
        assert abs(inputs).min() > 3 * abs(inputs - other).max()


def flat(arrays: Iterable[Any]) -> np.ndarray:
    """All in one array, of large ones some thousand numbers spread over them.

    Batch normalisation takes the gradient of a bias before it away, up to rounding: such an array
    would prove nothing by itself.
    """
    return np.concatenate([np.ravel(array)[:: 1 + array.size // 2000] for array in arrays])


def assert_same_training(original: Any, theirs: Any, ours: nn.Module, X: np.ndarray) -> None:
    """Outputs, gradients, and the outputs in evaluation by the statistics after the step."""
    nd = original.nd
    theirs.initialize()
    theirs(nd.array(X))
    ours(torch.tensor(X))
    draw_weights(ours)
    # By order, which is the same.
    parameters = list(theirs.collect_params().values())
    start = [nd.array(tensor.numpy()) for tensor in state(ours).values()]
    for parameter, values in zip(parameters, start, strict=True):
        parameter.set_data(values)

    def trained() -> list[Any]:
        for parameter, values in zip(parameters, start, strict=True):
            if parameter.grad_req == "null":
                parameter.set_data(values)
        x = nd.array(X)
        x.attach_grad()
        with original.autograd.record():
            output = theirs(x)
            loss = (output**2).mean()
        loss.backward()
        gradients = flat(p.grad().asnumpy() for p in parameters if p.grad_req != "null")
        statistics = flat(p.data().asnumpy() for p in parameters if p.grad_req == "null")
        return [output, x.grad.copy(), gradients, statistics, theirs(nd.array(X))]

    ours.train()
    assert_no_relu_is_near_its_kink(ours, X)
    y, x_grad, *gradients = gradients_of(ours, torch.tensor(X))
    buffers = flat(b.numpy() for name, b in ours.named_buffers() if "num_batches" not in name)
    ours.eval()
    found = [y, x_grad, flat(gradients), buffers, ours(torch.tensor(X))]
    assert_same(found, trained(), noise.again(trained))


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize(
    "options", [{}, {"use_1x1conv": True}, {"use_1x1conv": True, "strides": 2}]
)
def test_residual(original: Any, options: dict) -> None:
    channels = 3 if not options else 4
    X = np.random.default_rng(0).normal(size=(4, 3, 6, 6)).astype("float32")
    theirs, ours = original.Residual(channels, **options), d2l.Residual(channels, **options)
    assert_same_training(original, theirs, ours, X)


@pytest.mark.usefixtures("both")
def test_resnet18(original: Any) -> None:
    X = np.random.default_rng(0).normal(size=(4, 1, 12, 12)).astype("float32")
    assert_same_training(original, original.resnet18(10), d2l.resnet18(10), X)


def test_batch_norm_is_torch_but_for_the_running_variance() -> None:
    ours = BatchNorm()
    X = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    n = 2 * 4 * 5

    def expected(X: np.ndarray) -> list[Any]:
        theirs = nn.BatchNorm2d(3)
        output = theirs(torch.tensor(X))
        unbiased = theirs.running_var - 0.9
        return [output, theirs.running_mean, 0.9 + unbiased * (n - 1) / n]

    def again(seed: int) -> list[Any]:
        return expected(rounding.moved(X.numpy(), seed))

    found = [ours(X), ours.running_mean, ours.running_var]
    assert_same(found, expected(X.numpy()), again)
    without = BatchNorm(track_running_stats=False)
    assert_same(without(X), expected(X.numpy())[0], lambda seed: again(seed)[0])
