"""A language model with gated recurrent units, which reset and update their state (book 6.7)."""

from __future__ import annotations

from functools import partial

from experiments import language_model
from experiments.language_model import Recurrence

SHOWN, PLOTTED = language_model.SHOWN, language_model.PLOTTED
LOG_SCALE, X_LABEL = language_model.LOG_SCALE, language_model.X_LABEL

Config = language_model.Config

RECURRENCE = Recurrence(
    gates="zrh",
    num_states=1,
    unroll=lambda backend, config: backend.gru,
    layer=lambda backend, config, q: backend.gru_layer(q, config.num_hiddens),
)

book_config, prepare = language_model.book_config, language_model.prepare
schedule = language_model.schedule
build = partial(language_model.build, RECURRENCE)
run = partial(language_model.run, RECURRENCE)


def notes(config: Config) -> tuple[str, ...]:
    if config.style == "scratch":
        return ()
    return (
        *language_model.notes(config),
        "the layer resets after the product, tanh(X W_xh + b_h + R ⊙ (H W_hh + b_hh)), the book "
        "and style scratch before it, tanh(X W_xh + (R ⊙ H) W_hh + b_h): another function",
    )
