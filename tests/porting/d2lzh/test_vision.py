"""The residual network: values, gradients and statistics."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from porting import d2lzh as d2l
from porting.d2lzh.batch_norm import BatchNorm2d


def copy_weights(theirs: Any, ours: nn.Module) -> None:
    """By order, which is the same in both; what Gluon learns from an input is there already."""
    state = {k: v for k, v in ours.state_dict().items() if "num_batches" not in k}
    arrays = [parameter.data().asnumpy() for parameter in theirs.collect_params().values()]
    assert len(arrays) == len(state)
    with torch.no_grad():
        for tensor, array in zip(state.values(), arrays, strict=True):
            tensor.copy_(torch.tensor(array))


def assert_same_training(original: Any, theirs: Any, ours: nn.Module, X: np.ndarray) -> None:
    """Outputs, gradients, and the outputs in evaluation by the statistics after the step."""
    nd = original.nd
    theirs.initialize(original.init.Xavier())
    theirs(nd.array(X))
    ours(torch.tensor(X))
    copy_weights(theirs, ours)
    ours.train()
    x = nd.array(X)
    x.attach_grad()
    with original.autograd.record():
        expected = theirs(x)
        loss = (expected**2).mean()
    loss.backward()
    tensor = torch.tensor(X, requires_grad=True)
    found = ours(tensor)
    (found**2).mean().backward()

    def close(found: torch.Tensor, expected: Any) -> None:
        expected, scale = expected.asnumpy(), abs(expected.asnumpy()).max()
        assert found.shape == expected.shape
        np.testing.assert_allclose(found.detach().numpy() / scale, expected / scale, atol=2e-4)

    close(found, expected)
    close(tensor.grad, x.grad)
    parameters = theirs.collect_params().values()
    gradients = [p.grad() for p in parameters if p.grad_req != "null"]
    largest = max(abs(gradient.asnumpy()).max() for gradient in gradients)
    for parameter, gradient in zip(ours.parameters(), gradients, strict=True):
        # Batch normalisation takes the gradient of a bias before it away, up to rounding.
        np.testing.assert_allclose(
            parameter.grad.numpy() / largest, gradient.asnumpy() / largest, atol=2e-4
        )
    statistics = [p.data() for p in parameters if p.grad_req == "null"]
    buffers = [b for name, b in ours.named_buffers() if "num_batches" not in name]
    for buffer, statistic in zip(buffers, statistics, strict=True):
        np.testing.assert_allclose(buffer.numpy(), statistic.asnumpy(), rtol=1e-4, atol=1e-5)
    ours.eval()
    close(ours(torch.tensor(X)), theirs(nd.array(X)))


@pytest.mark.parametrize(
    "options", [{}, {"use_1x1conv": True}, {"use_1x1conv": True, "strides": 2}]
)
def test_residual(original: Any, options: dict) -> None:
    channels = 3 if not options else 4
    X = np.random.default_rng(0).normal(size=(4, 3, 6, 6)).astype("float32")
    theirs, ours = original.Residual(channels, **options), d2l.Residual(channels, **options)
    assert_same_training(original, theirs, ours, X)


def test_resnet18(original: Any) -> None:
    X = np.random.default_rng(0).normal(size=(4, 1, 16, 16)).astype("float32")
    assert_same_training(original, original.resnet18(10), d2l.resnet18(10), X)


def test_batch_norm_is_torch_but_for_the_running_variance() -> None:
    ours, theirs = BatchNorm2d(3), nn.BatchNorm2d(3)
    X = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(ours(X), theirs(X))
    torch.testing.assert_close(ours.running_mean, theirs.running_mean)
    n = 2 * 4 * 5
    unbiased = theirs.running_var - 0.9
    torch.testing.assert_close(ours.running_var - 0.9, unbiased * (n - 1) / n)
    without = BatchNorm2d(3, track_running_stats=False)
    torch.testing.assert_close(without(X), theirs(X))
