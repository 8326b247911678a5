"""Resynced steps of every experiment: from the same numbers, loss, gradients and updates agree.

Every framework is held against torch at every step, the oracle, which is slow, at every tenth and
at the first of every part: 20 steps, and 100 in `make slow`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from backends import backend_names
from experiments import bptt, dropout, gru, initialization, lstm, rnn, weight_decay
from experiments.commands.verdict import Verdict
from experiments.data.corpora import Corpus
from experiments.training import Step
from tests.conftest import backend_or_skip

ORACLE_EVERY = 10
STYLES = ("scratch", "concise")
# The book's own sizes take long; the rows in cases.py have those.
PLAIN = {"num_hiddens": 64, "batch_size": 8}
GATED = {"num_hiddens": 32, "batch_size": 4, "num_steps": 16}


def lyrics_sized() -> Corpus:
    """Random ids: as many symbols and characters as the book takes of the lyrics."""
    ids = np.random.default_rng(0).integers(0, 1027, 10_000)
    return Corpus("random", "drawn from a seed", tuple(map(chr, range(1027))), ids)


def cases(num_steps):
    small = {"num_hiddens": 64, "corpus": "python_topics", "prefixes": ()}
    for style in STYLES:
        for decay in (0.0, 3.0):
            config = weight_decay.Config(style=style, weight_decay=(decay,))
            yield f"weight_decay {style} {decay:g}", weight_decay, config, None
        lyrics = replace(rnn.book_config("lyrics", style), **PLAIN)
        yield f"rnn {style} lyrics", rnn, lyrics, lyrics_sized()
        topics = rnn.Config(style=style, corpus="python_topics", **PLAIN)
        yield f"rnn {style} python_topics", rnn, topics, None
        for name, module in {"gru": gru, "lstm": lstm}.items():
            lyrics = replace(module.book_config("lyrics", style), **GATED)
            yield f"{name} {style} lyrics", module, lyrics, lyrics_sized()
        config = rnn.Config(style=style, activation="relu", sampling="random", **small)
        yield f"rnn {style} relu", rnn, config, None
        halves = (num_steps - 6) // 2  # after 6 parts of 1 step
        config = initialization.Config(style=style, num_steps=halves)
        yield f"initialization {style}", initialization, config, None
        digits = dropout.Config(style=style, dataset="digits", num_epochs=20)
        yield f"dropout {style}", dropout, digits, None
        swapped = {"drop_prob1": 0.5, "drop_prob2": 0.2, "weight_decay": 0.01, "sigma": 0.1}
        yield f"dropout {style} swapped and decayed", dropout, replace(digits, **swapped), None
    config = rnn.Config(clip_norm=None, learning_rate=0.1, **small)
    yield "rnn scratch unclipped", rnn, config, None
    config = rnn.Config(concatenated=True, **small)
    yield "rnn scratch concatenated", rnn, config, None
    sizes = {"num_hiddens": 32, "num_steps": 40, "num_powers": 40}
    config = bptt.Config(corpus="python_topics", num_draws=94, **sizes)  # 6 parts of 1 step before
    yield "bptt", bptt, config, None


CASES = {num_steps: {name: case for name, *case in cases(num_steps)} for num_steps in (20, 100)}


def first_steps(module, config, data, num_steps):
    """Snapshots of torch's own first steps."""
    for event in module.run(backend_or_skip("torch"), config, data):
        if isinstance(event, Step):
            if event.number == num_steps:
                return
            yield event.model.snapshot(event.number, event.batch)


@pytest.mark.parametrize("num_steps", [20, pytest.param(100, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", CASES[20])
def test_resynced_steps_agree(name, num_steps):
    module, config, data = CASES[num_steps][name]
    data, parts = data or module.prepare(config), set()

    @cache
    def model(backend, part):
        return module.build(backend_or_skip(backend), config, data, part)

    verdicts = {other: Verdict("torch", other) for other in backend_names() if other != "torch"}
    for snapshot in first_steps(module, config, data, num_steps):
        for_oracle = snapshot.step % ORACLE_EVERY == 0 or snapshot.part not in parts
        parts.add(snapshot.part)
        probe = model("torch", snapshot.part).probe
        expected = probe(snapshot)
        for other, verdict in verdicts.items():
            if other != "numpy" or for_oracle:
                actual = model(other, snapshot.part).probe(snapshot)
                verdict.add_probe(snapshot, expected, actual, probe)
    for other, verdict in verdicts.items():
        if other == "numpy":
            assert set(range(0, num_steps, ORACLE_EVERY)) <= set(verdict.probed)
        else:
            assert verdict.probed == list(range(num_steps))
    for verdict in verdicts.values():
        assert verdict.passed, verdict.sentence()
