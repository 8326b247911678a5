"""The book's experiments, written once for every backend.

An experiment is a module with a frozen `Config` that holds the book's values,
`book_config`, `prepare`, `build` and `run`; see CONTRIBUTING.
"""

from __future__ import annotations

import importlib
from typing import Any

from backends.errors import check_choice

EXPERIMENTS = {
    "bptt": "backpropagation through time: full, truncated and randomly truncated",
    "dropout": "a perceptron that classifies images, with dropout",
    "gru": "the language model with gated recurrent units",
    "initialization": "vanishing and exploding variances, broken symmetry",
    "lstm": "the language model with long short-term memory",
    "rnn": "a character-level recurrent language model",
    "weight_decay": "high-dimensional linear regression with an L2 penalty",
}


def load_experiment(name: str) -> Any:
    """The module of that name. Raises InputError for an unknown one."""
    check_choice("experiment", name, EXPERIMENTS)
    return importlib.import_module(f"experiments.{name}")
