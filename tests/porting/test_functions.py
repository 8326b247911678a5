"""Functions whose proof takes more than one expression."""

from __future__ import annotations

import numpy as np
import pytest

from tests.porting.chapters import assert_same, run_both
from tests.statistics import assert_mean


def test_from_numpy() -> None:
    assert_same("a = nd.from_numpy(features)\nout = a * 2\n", "out")


def test_draws() -> None:
    body = "e = nd.random.exponential(scale=3.0, shape=(100, 200))\np = nd.random.poisson(lam=2.0, shape=(100, 200))\n"
    expected, values, _ = run_both(body)
    for side in (expected, values):
        assert_mean(side["e"], 3, 3)
        assert_mean(side["p"], 2, np.sqrt(2))
        assert np.array_equal(side["p"], np.floor(side["p"]))


@pytest.mark.parametrize("bias", ["c", "None"])
def test_convolution_written_with_keywords(bias: str) -> None:
    rest = "bias=c" if bias == "c" else "no_bias=True"
    body = f"""
a, b, c = nd.arange(32).reshape((1, 2, 4, 4)), nd.arange(24).reshape((3, 2, 2, 2)), nd.arange(3)
out = nd.Convolution(data=a, weight=b, {rest}, kernel=(2, 2), num_filter=3)
flat = nd.Convolution(data=a.reshape((1, 2, 16)), weight=b.reshape((3, 2, 4)), {rest}, kernel=(4,), num_filter=3)
"""
    ported = assert_same(body, "out", "flat")
    assert "F.conv2d(a, b" in ported.text
