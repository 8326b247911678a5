"""What a baseline reports: how far its parameters moved, named as by `Model.probe`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.programs import Results


def updates(
    names: Sequence[str], before: Sequence[np.ndarray], after: Sequence[np.ndarray]
) -> Results:
    return {
        f"update of {name}": np.subtract(end, start, dtype="float64")
        for name, start, end in zip(names, before, after, strict=True)
    }
