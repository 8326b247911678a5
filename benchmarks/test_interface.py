"""What the interface costs on torch: an epoch of the scratch RNN at the lyrics' sizes, through the
interface and written by hand, taking turns in one run, with an A/A control (by hand twice)."""

from __future__ import annotations

import numpy as np
import pytest

from backends import get_backend
from backends.agreement import TOLERANCES, largest_difference
from benchmarks.direct_torch_rnn import epoch as direct_epoch
from benchmarks.interleaved import interleaved_seconds, median_ratio
from experiments import rnn
from experiments.corpora import Corpus
from experiments.sampling import random_batches

NUM_SYMBOLS, LENGTH, ROUNDS = 1027, 10_000, 40


@pytest.fixture(scope="module")
def corpus():
    ids = np.random.default_rng(0).integers(0, NUM_SYMBOLS, LENGTH)
    return Corpus("random", "drawn from a seed", tuple(map(chr, range(NUM_SYMBOLS))), ids)


@pytest.fixture(scope="module")
def make(corpus):
    """Fresh programs that train an epoch each → (run an epoch, read the parameters)."""
    backend, config = get_backend("torch"), rnn.LYRICS
    weights = rnn.initial_weights(config, NUM_SYMBOLS, np.random.default_rng(1))
    stream = np.random.default_rng(2)
    batches = list(random_batches(stream, corpus.ids, config.batch_size, config.num_steps, 0))
    state = backend.zeros((config.batch_size, config.num_hiddens))

    def interface():
        model = rnn.build(backend, config, corpus)
        model.load(weights)

        def epoch():
            losses = []
            for batch in batches:
                model.state = (state,)
                losses.append(model.step(batch))
            return [float(loss) for loss in losses]

        return epoch, model.read

    def by_hand():
        params = backend.parameters(weights)

        def epoch():
            return direct_epoch(params, batches, state, config.learning_rate, config.clip_norm)

        return epoch, lambda: {name: backend.to_numpy(p) for name, p in params.items()}

    return {"interface": interface, "by hand": by_hand}


def test_scratch_rnn_epoch(benchmark, make, capsys):
    (first_epoch, read), (same_epoch, read_same) = make["interface"](), make["by hand"]()
    first_epoch(), same_epoch()
    tensor, apart = largest_difference(read(), read_same())
    assert apart <= TOLERANCES["sequence"], f"no parity, no number: {tensor} differs by {apart:.1e}"

    programs = {
        "interface": make["interface"]()[0],
        "by hand": make["by hand"]()[0],
        "by hand again": make["by hand"]()[0],
    }
    rounds = 1 if benchmark.disabled else ROUNDS
    seconds = interleaved_seconds(programs, rounds)
    ratio = median_ratio(seconds, "interface", "by hand")
    control = median_ratio(seconds, "by hand again", "by hand")
    backend = get_backend("torch")
    benchmark.extra_info.update(
        interface_over_by_hand=ratio,
        a_over_a=control,
        rounds=rounds,
        torch=backend.version(),
        threads=backend.num_threads(),
        parity=apart,
    )
    benchmark.pedantic(programs["interface"], rounds=max(1, rounds // 4))
    with capsys.disabled():
        print(
            f"\nscratch RNN epoch, interface / by hand: {ratio:.3f}, A/A: {control:.3f} (median of "
            f"{rounds} interleaved rounds, torch {backend.version()}, "
            f"threads: {backend.num_threads()}, parameters agree to {apart:.1e})"
        )
