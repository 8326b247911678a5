"""What MXNet's values are in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np


class Values:
    """Values of MXNet (see `values.Framework`)."""

    def __init__(self, mx: Any) -> None:
        self._mx = mx

    def array(self, value: Any) -> np.ndarray | None:
        if isinstance(value, self._mx.gluon.Parameter) and value._data is not None:
            value = value.data()
        return value.asnumpy() if isinstance(value, self._mx.nd.NDArray) else None

    def net(self, value: Any) -> list[tuple[str, np.ndarray]] | None:
        gluon = self._mx.gluon
        if isinstance(value, gluon.Block):
            parameters = list(value.collect_params().values())
        elif isinstance(value, gluon.ParameterDict):
            parameters = list(value.values())
        else:
            return None
        if any(p._data is None for p in parameters):
            return []
        return [(p.name, p.data().asnumpy()) for p in parameters]

    def name(self, value: Any) -> str | None:
        if isinstance(value, self._mx.Context):
            return value.device_type
        if isinstance(value, type) and issubclass(value, np.generic):
            return np.dtype(value).name
        return value.name if isinstance(value, np.dtype) else None
