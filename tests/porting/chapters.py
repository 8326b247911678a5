"""Run a chapter in MXNet and its port in PyTorch, with the same data under the same names."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from porting.port import Ported, port
from tests import rounding
from tests.porting import noise
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


def run(text: str) -> dict[str, Any]:
    """The names after running the chapter."""
    held: dict[str, Any] = {key: value.copy() for key, value in DATA.items()}
    exec(compile(text, "chapter", "exec"), held)
    return {key: _plain(value) for key, value in held.items()}


def run_both(body: str) -> tuple[dict[str, Any], dict[str, Any], Ported]:
    """The names after running the chapter in MXNet, after running its port, and the port."""
    source = HEADER + body
    ported = port(source, "chapter.py")
    return run(source), run(ported.text), ported


def assert_same(body: str, *wanted: str) -> Ported:
    """The named values are the same in both frameworks."""
    expected, values, ported = run_both(body)
    theirs = {name: np.asarray(expected[name], np.float32) for name in wanted}
    ours = {
        name: np.asarray(values[name], np.float32).reshape(other.shape)
        for name, other in theirs.items()
    }

    def original() -> dict[str, Any]:
        names = run(HEADER + body)
        return {name: np.asarray(names[name], np.float32) for name in wanted}

    rounding.assert_same(ours, theirs, noise.again(original))
    assert ported.summary["unknown"] == 0, ported.text
    return ported
