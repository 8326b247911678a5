"""A recurrent language model: predict every next character of a text (book 6.4 and 6.5).

H_t = φ(X_t W_xh + H_{t−1} W_hh + b_h).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from backends.errors import InputError, check_choice
from backends.interface import Array, Backend, Parameters, State
from experiments import language_model
from experiments.language_model import Recurrence

SHOWN, PLOTTED = language_model.SHOWN, language_model.PLOTTED
LOG_SCALE, X_LABEL = language_model.LOG_SCALE, language_model.X_LABEL


@dataclass(frozen=True)
class Config(language_model.Config):
    """concatenated: one product [X_t, H_{t−1}] [W_xh; W_hh], see `concatenated_rnn`."""

    num_hiddens: int = 512
    activation: str = "tanh"
    concatenated: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("activation", self.activation, ("tanh", "relu"))
        if self.concatenated and self.style == "concise":
            raise InputError("concatenated = True is not allowed in style concise: choose scratch")


LYRICS = Config(
    **{**asdict(language_model.LYRICS), "num_epochs": 250, "sampling": "random", "report_every": 50}
)
LYRICS_CONCISE = replace(
    LYRICS, style="concise", num_epochs=200, sampling="consecutive", activation="relu"
)


def book_config(corpus: str | None = None, style: str | None = None) -> Config:
    if corpus == "lyrics":
        config = LYRICS_CONCISE if style == "concise" else LYRICS
    else:
        config = Config(corpus=corpus or "auto")
    return replace(config, style=style or config.style)


def unroll(backend: Backend, config: Config) -> Any:
    if config.concatenated:
        return partial(concatenated_rnn, backend, activation=config.activation)
    return partial(backend.rnn, activation=config.activation)


def concatenated_rnn(
    backend: Backend, ids: Array, state: State, params: Parameters, activation: str
) -> tuple[Array, State]:
    """H_t = φ([X_t, H_{t−1}] [W_xh; W_hh] + b_h), the same as `Backend.rnn` (book 6.2)."""
    phi = {"tanh": backend.tanh, "relu": backend.relu}[activation]
    weight = backend.concat([params["W_xh"], params["W_hh"]], axis=0)
    inputs, (h,), hiddens = backend.one_hot(ids, params["W_xh"].shape[0]), state, []
    for t in range(len(inputs)):
        h = phi(backend.linear(backend.concat([inputs[t], h], axis=1), weight, params["b_h"]))
        hiddens.append(backend.reshape(h, (1, *h.shape)))
    return backend.concat(hiddens, axis=0), (h,)


def layer(backend: Backend, config: Config, num_symbols: int) -> Any:
    return backend.rnn_layer(num_symbols, config.num_hiddens, config.activation)


RECURRENCE = Recurrence("h", 1, unroll, layer)

notes, prepare, schedule = language_model.notes, language_model.prepare, language_model.schedule
build = partial(language_model.build, RECURRENCE)
run = partial(language_model.run, RECURRENCE)
