"""A language model with long short-term memory: a state and a cell state (book 6.8)."""

from __future__ import annotations

from functools import partial

from experiments import language_model
from experiments.language_model import Recurrence

SHOWN, PLOTTED = language_model.SHOWN, language_model.PLOTTED
LOG_SCALE, X_LABEL = language_model.LOG_SCALE, language_model.X_LABEL

Config = language_model.Config

RECURRENCE = Recurrence(
    gates="ifoc",
    num_states=2,
    unroll=lambda backend, config: backend.lstm,
    layer=lambda backend, config, q: backend.lstm_layer(q, config.num_hiddens),
)

book_config, prepare = language_model.book_config, language_model.prepare
schedule, notes = language_model.schedule, language_model.notes
build = partial(language_model.build, RECURRENCE)
run = partial(language_model.run, RECURRENCE)
