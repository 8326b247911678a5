"""Run a chapter in MXNet and its port in PyTorch, with the same data under the same names."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import numpy as np
import torch

from porting.port import Ported, port
from tests import rounding
from tests.porting import noise
from tests.porting.both_sides import HEADER, mx
from tests.porting.d2lzh.original import lines_without_seconds

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
    """The names after running the chapter, among them `printed`, the lines it prints."""
    held: dict[str, Any] = {key: value.copy() for key, value in DATA.items()}
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(text, "chapter", "exec"), held)
    names = {key: _plain(value) for key, value in held.items()}
    return {**names, "printed": lines_without_seconds(printed.getvalue())}


def run_both(body: str) -> tuple[dict[str, Any], dict[str, Any], Ported]:
    """The names after running the chapter in MXNet, after running its port, and the port."""
    source = HEADER + body
    ported = port(source, "chapter.py")
    return run(source), run(ported.text), ported


def assert_same(body: str, *wanted: str) -> Ported:
    """The named values are the same in both frameworks; `printed` is what they print."""
    expected, values, ported = run_both(body)

    def arrays(names: dict[str, Any]) -> dict[str, np.ndarray]:
        return {name: np.asarray(names[name], np.float32) for name in wanted if name != "printed"}

    theirs = arrays(expected)
    ours = {n: np.reshape(array, theirs[n].shape) for n, array in arrays(values).items()}
    again = noise.again(lambda: run(HEADER + body))
    rounding.assert_same(ours, theirs, lambda seed: arrays(again(seed)))
    if "printed" in wanted:
        rounding.assert_same_lines(
            values["printed"], expected["printed"], lambda seed: again(seed)["printed"]
        )
    assert ported.summary["unknown"] == 0, ported.text
    return ported
