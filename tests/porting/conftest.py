"""MXNet as a book finds it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from backends.errors import InputError
from backends.mxnet_import import import_mxnet
from tests.porting.noise import own_log_softmax


@pytest.fixture(autouse=True)
def plain_shapes() -> Iterator[None]:
    """The old meaning of a shape's zeros, which the backend of MXNet switches off for itself.

    And a log_softmax that is right: tests/porting/test_noise.py shows what MKL-DNN's does.
    """
    try:
        mx = import_mxnet()
    except (ImportError, InputError):
        yield
        return
    with mx.util.np_shape(False), own_log_softmax():
        yield
