"""The residual network: values, gradients and statistics."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from backends.agreement import agree
from porting import d2lzh as d2l
from porting.runtime import BatchNorm

SEED = 36  # of weights that keep every ReLU away from its kink


def copy_weights(nd: Any, theirs: Any, ours: nn.Module) -> None:
    """Draw weights and give them to both sides, by order, which is the same.

    They come from a stream of their own: MXNet's would depend on the tests that ran before.
    """
    rng = np.random.default_rng(SEED)
    state = {k: v for k, v in ours.state_dict().items() if "num_batches" not in k}
    parameters = list(theirs.collect_params().values())
    assert len(parameters) == len(state)
    with torch.no_grad():
        for (name, tensor), parameter in zip(state.items(), parameters, strict=True):
            values = tensor.numpy()
            if "running" not in name:
                scale = (2 / values[0].size) ** 0.5 if values.ndim > 1 else 0.1
                values = rng.normal(size=values.shape) * scale
                values += name.endswith("weight") and values.ndim == 1  # gamma
            tensor.copy_(torch.tensor(values))
            parameter.set_data(nd.array(tensor.numpy()))  # an array of MXNet: it may be packed


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


def assert_same_training(original: Any, theirs: Any, ours: nn.Module, X: np.ndarray) -> None:
    """Outputs, gradients, and the outputs in evaluation by the statistics after the step."""
    nd = original.nd
    theirs.initialize()
    theirs(nd.array(X))
    ours(torch.tensor(X))
    copy_weights(nd, theirs, ours)
    ours.train()
    assert_no_relu_is_near_its_kink(ours, X)
    x = nd.array(X)
    x.attach_grad()
    with original.autograd.record():
        output = theirs(x)
        loss = (output**2).mean()
    loss.backward()
    parameters = theirs.collect_params().values()
    gradients = [p.grad().asnumpy() for p in parameters if p.grad_req != "null"]
    y, x_grad, *found = gradients_of(ours, torch.tensor(X))
    assert agree(y, output.asnumpy())
    assert agree(x_grad, x.grad.asnumpy())
    # Batch normalisation takes the gradient of a bias before it away, up to rounding: the scale is
    # the largest of all gradients.
    assert agree(*(np.concatenate([g.ravel() for g in side]) for side in (found, gradients)))
    statistics = [p.data().asnumpy() for p in parameters if p.grad_req == "null"]
    buffers = [b.numpy() for name, b in ours.named_buffers() if "num_batches" not in name]
    assert agree(*(np.concatenate(side) for side in (buffers, statistics)))
    ours.eval()
    assert agree(ours(torch.tensor(X)).detach().numpy(), theirs(nd.array(X)).asnumpy())


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
    ours, theirs = BatchNorm(), nn.BatchNorm2d(3)
    X = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(ours(X), theirs(X))
    torch.testing.assert_close(ours.running_mean, theirs.running_mean)
    n = 2 * 4 * 5
    unbiased = theirs.running_var - 0.9
    torch.testing.assert_close(ours.running_var - 0.9, unbiased * (n - 1) / n)
    without = BatchNorm(track_running_stats=False)
    torch.testing.assert_close(without(X), theirs(X))
