"""MXNet as the book imports it, for processes that must not import backends/mxnet_backend.py:
that switches NumPy's shapes on."""

from __future__ import annotations

from typing import Any

from backends.mxnet_import import import_mxnet
from backends.openblas_kernels import choose_openblas_kernels


class MxnetAlone:
    """What a timing process asks of a backend."""

    dtype = "float32"

    def __init__(self, device: str) -> None:
        choose_openblas_kernels()
        self._mx = import_mxnet()
        from backends.mxnet_devices import context_of

        self._context = context_of(device)

    def version(self) -> str:
        return self._mx.__version__

    def num_threads(self) -> int:
        return 0  # MXNet has no getter, the pools of its libraries are read

    def synchronize(self) -> None:
        self._mx.nd.waitall()

    def from_numpy(self, array: Any) -> Any:
        return self._mx.nd.array(array, ctx=self._context)

    def linear(self, inputs: Any, weight: Any) -> Any:
        return self._mx.nd.dot(inputs, weight)
