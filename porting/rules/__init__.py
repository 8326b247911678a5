"""The rules of the API map that a template cannot say."""

from porting.rules import (
    arrays,
    functions,
    layers,
    numpy_arrays,
    numpy_extensions,
    optimisers,
    second_edition,
    training,
)
from porting.rules.registry import REMOVED, RULES

__all__ = [
    "REMOVED", "RULES", "arrays", "functions", "layers", "numpy_arrays", "numpy_extensions",
    "optimisers", "second_edition", "training",
]  # fmt: skip
