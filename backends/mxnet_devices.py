"""The devices that the installed build of MXNet can compute on."""

from __future__ import annotations

from typing import Any

from backends.errors import check_device
from backends.mxnet_import import import_mxnet

mx = import_mxnet()


def devices() -> tuple[str, ...]:
    if mx.context.num_gpus() == 0:
        return ("cpu",)
    try:
        (mx.nd.ones((1,), ctx=mx.gpu(0)) + 1).asnumpy()
    except mx.MXNetError:  # a GPU that this wheel holds no code for
        return ("cpu",)
    return ("cpu", "cuda")


def context_of(device: str) -> Any:
    """Raises InputError for a device that MXNet can't compute on."""
    hint = "MXNet sees no GPU"
    if mx.context.num_gpus():
        hint = "its CUDA wheels hold code for compute capability 5.0, 6.0, 7.0, 8.0 and 8.6"
    check_device(device, devices(), hint)
    return mx.gpu(0) if device == "cuda" else mx.cpu()
