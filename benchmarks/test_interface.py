"""What the interface costs on torch: an epoch of the scratch RNN at the lyrics' sizes, by
`experiments.rnn.run` and written by hand, taking turns in one run, with an A/A control (by hand
twice). Both draw their batches from a stream of the same seed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from backends import get_backend
from backends.agreement import TOLERANCES, largest_difference
from benchmarks.direct_torch_rnn import epoch as direct_epoch
from benchmarks.interleaved import interleaved_seconds, median_ratio
from experiments import rnn
from experiments.data.corpora import Corpus
from experiments.data.sampling import random_batches
from experiments.training import Epoch

NUM_SYMBOLS, LENGTH, ROUNDS = 1027, 10_000, 40
CONFIG = replace(rnn.LYRICS, num_epochs=10**6)


@pytest.fixture(scope="module")
def corpus():
    ids = np.random.default_rng(0).integers(0, NUM_SYMBOLS, LENGTH)
    return Corpus("random", "drawn from a seed", tuple(map(chr, range(NUM_SYMBOLS))), ids)


def by_interface(backend, corpus):
    """(train one more epoch, read the parameters)"""
    events, model = rnn.run(backend, CONFIG, corpus), None

    def epoch():
        nonlocal model
        for event in events:
            if isinstance(event, Epoch):
                return event.losses
            model = event.model
        return None

    def read():
        assert model is not None
        return model.read()

    return epoch, read


def by_hand(backend, corpus):
    """The same, with torch in the place of the interface."""
    stream = np.random.default_rng(CONFIG.seed)
    params = backend.parameters(rnn.RECURRENCE.initial_weights(CONFIG, NUM_SYMBOLS, stream))
    zero_state = backend.zeros((CONFIG.batch_size, CONFIG.num_hiddens))

    def epoch():
        batches = random_batches(stream, corpus.ids, CONFIG.batch_size, CONFIG.num_steps, 0)
        return direct_epoch(params, batches, zero_state, CONFIG.learning_rate, CONFIG.clip_norm)

    return epoch, lambda: {name: backend.to_numpy(p) for name, p in params.items()}


def test_scratch_rnn_epoch(benchmark, corpus, capsys):
    backend = get_backend("torch")
    programs = {
        "interface": by_interface(backend, corpus),
        "by hand": by_hand(backend, corpus),
        "by hand again": by_hand(backend, corpus),
    }
    parameters = {}
    for name, (epoch, read) in programs.items():
        epoch()
        parameters[name] = read()
    tensor, apart = largest_difference(parameters["interface"], parameters["by hand"])
    assert apart <= TOLERANCES["sequence"], f"no parity, no number: {tensor} differs by {apart:.1e}"

    epochs = {name: epoch for name, (epoch, _) in programs.items()}
    rounds = 1 if benchmark.disabled else ROUNDS
    seconds = interleaved_seconds(epochs, rounds)
    ratio = median_ratio(seconds, "interface", "by hand")
    control = median_ratio(seconds, "by hand again", "by hand")
    benchmark.extra_info.update(
        interface_over_by_hand=ratio,
        a_over_a=control,
        rounds=rounds,
        torch=backend.version(),
        threads=backend.num_threads(),
        parity=apart,
    )
    benchmark.pedantic(epochs["interface"], rounds=max(1, rounds // 4))
    with capsys.disabled():
        print(
            f"\nscratch RNN epoch, interface / by hand: {ratio:.3f}, A/A: {control:.3f} (median of "
            f"{rounds} interleaved rounds, torch {backend.version()}, "
            f"threads: {backend.num_threads()}, parameters agree to {apart:.1e})"
        )
