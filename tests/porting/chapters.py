"""Run a chapter in MXNet and its port in PyTorch, with the same data under the same names."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from porting.port import Ported, port
from tests.porting.both_sides import HEADER, mx

DATA = {
    "features": np.random.default_rng(3).normal(size=(6, 4)).astype(np.float32),
    "targets": np.random.default_rng(4).normal(size=(6, 1)).astype(np.float32),
    "classes": np.array([0, 2, 1, 1, 0, 2], np.float32),
}


def _plain(value: Any) -> Any:
    if isinstance(value, mx.nd.NDArray):
        return value.asnumpy()
    if isinstance(value, torch.Tensor):
        return value.detach().numpy()
    return value


def run_both(body: str) -> tuple[dict[str, Any], dict[str, Any], Ported]:
    """The names after running the chapter in MXNet, after running its port, and the port."""
    source = HEADER + body
    ported = port(source, "chapter.py")
    names: list[dict[str, Any]] = []
    for text in (source, ported.text):
        held: dict[str, Any] = {key: value.copy() for key, value in DATA.items()}
        exec(compile(text, "chapter", "exec"), held)
        names.append({key: _plain(value) for key, value in held.items()})
    return names[0], names[1], ported


def assert_same(body: str, *wanted: str) -> Ported:
    """The named values are the same in both frameworks."""
    expected, values, ported = run_both(body)
    for name in wanted:
        other = np.asarray(expected[name], np.float32)
        np.testing.assert_allclose(
            np.asarray(values[name], np.float32).reshape(other.shape),
            other,
            rtol=3e-5,
            atol=3e-6,
            err_msg=name,
        )
    assert ported.summary["unknown"] == 0, ported.text
    return ported
