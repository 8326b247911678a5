"""The experiments themselves: what they compute, and that they name no framework."""

from __future__ import annotations

import dataclasses
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from backends import InputError, backend_names, get_backend
from experiments import EXPERIMENTS, load_experiment, rnn, weight_decay
from experiments.sampling import consecutive_batches, random_batches
from experiments.training import Epoch, Step

FOLDER = Path(rnn.__file__).parent
SMALL = {"corpus": "python_topics", "num_hiddens": 32, "max_characters": 3_000, "num_predicted": 5}


def epochs(module, backend, config):
    return [e for e in module.run(get_backend(backend), config) if isinstance(e, Epoch)]


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.py")), ids=lambda path: path.name)
def test_no_file_of_the_experiments_names_a_framework(path):
    frameworks = set(backend_names()) - {"numpy"} | {"gluon", "autograd", "jax", "tensorflow"}
    words = set(re.findall(r"[a-z]+", path.read_text().lower()))
    assert not words & frameworks


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment_is_complete(name):
    module = load_experiment(name)
    config = module.Config()
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.seed = 1
    for part in ("book_config", "prepare", "build", "run", "schedule"):
        assert callable(getattr(module, part))
    assert set(module.SHOWN) | set(module.PLOTTED)


@pytest.mark.parametrize("backend", backend_names())
@pytest.mark.parametrize("style", ["scratch", "concise"])
def test_weight_decay_shrinks_the_weights_as_in_the_book(backend, style):
    both = epochs(weight_decay, backend, weight_decay.Config(style=style))
    free, decayed = both[:100], both[100:]
    assert [(e.part, e.number) for e in free] == [("λ = 0", n + 1) for n in range(100)]
    assert [(e.part, e.number) for e in decayed] == [("λ = 3", n + 1) for n in range(100)]
    assert 0.02 < decayed[-1].evaluate()["‖w‖"] < 0.06  # the book: 0.041 and 0.033
    assert 11 < free[-1].evaluate()["‖w‖"] < 15  # the book: 11.6 and 13.3
    assert free[-1].evaluate()["train loss"] < 1e-3 < 1 < free[-1].evaluate()["test loss"]


def test_the_two_forms_of_decay_differ_once_a_batch_holds_two_samples():
    def norm(style):
        config = weight_decay.Config(style=style, batch_size=2, num_epochs=50, weight_decay=(3.0,))
        return epochs(weight_decay, "torch", config)[-1].evaluate()["‖w‖"]

    assert norm("scratch") > 1.5 * norm("concise")


@pytest.mark.parametrize("backend", backend_names())
@pytest.mark.parametrize("style", ["scratch", "concise"])
def test_the_language_model_learns_and_writes(backend, style):
    config = rnn.Config(style=style, num_epochs=4, **SMALL)
    results = epochs(rnn, backend, config)
    perplexities = [result.evaluate()["perplexity"] for result in results]
    assert perplexities[0] < 29
    assert perplexities[-1] < perplexities[0] - 1
    texts = results[-1].generate()
    assert list(texts) == list(config.prefixes)
    for prefix, text in texts.items():
        assert text.startswith(prefix)
        assert len(text) == len(prefix) + 5


def test_both_styles_start_from_the_same_numbers():
    first_losses = {
        float(epochs(rnn, backend, rnn.Config(style=style, num_epochs=1, **SMALL))[0].losses[0])
        for backend in ("numpy", "torch")
        for style in ("scratch", "concise")
    }
    assert max(first_losses) - min(first_losses) < 1e-6


def test_the_seed_decides_everything():
    def losses(seed):
        config = rnn.Config(seed=seed, num_epochs=1, **SMALL)
        return [float(loss) for loss in epochs(rnn, "torch", config)[0].losses]

    assert losses(0) == losses(0)
    assert losses(0) != losses(1)


def test_random_sampling_forgets_the_state_and_consecutive_sampling_keeps_it():
    def states(sampling):
        config = rnn.Config(sampling=sampling, num_epochs=1, batch_size=8, **SMALL)
        backend = get_backend("numpy")
        steps = [e for e in rnn.run(backend, config) if isinstance(e, Step)]
        assert len(steps) > 1
        for event in rnn.run(backend, config):
            if isinstance(event, Step):
                yield float(abs(backend.to_numpy(event.model.state[0])).max())

    first, *others = states("random")
    assert first == 0
    assert not any(others)
    first, *others = states("consecutive")
    assert first == 0
    assert all(others)


IDS = np.arange(1_000)


@pytest.mark.parametrize("sample", [random_batches, consecutive_batches])
def test_labels_follow_their_inputs(sample):
    batches = list(sample(np.random.default_rng(0), IDS, 4, 7, offset=6))
    assert batches
    for inputs, labels in batches:
        assert inputs.shape == (7, 4)
        assert (labels.reshape(7, 4) == inputs + 1).all()
        assert (np.diff(inputs, axis=0) == 1).all()


def test_consecutive_rows_continue_the_batch_before():
    batches = list(consecutive_batches(np.random.default_rng(0), IDS, 4, 7, offset=0))
    assert len(batches) == (999 // 4) // 7
    for (before, _), (after, _) in pairwise(batches):
        assert (after[0] == before[-1] + 1).all()


def test_random_batches_take_every_subsequence_once():
    batches = list(random_batches(np.random.default_rng(0), IDS, 4, 7, offset=0))
    starts = np.concatenate([inputs[0] for inputs, _ in batches])
    assert len(batches) == (999 // 7) // 4
    assert len(set(starts)) == len(starts)
    assert (starts % 7 == 0).all()
    assert (np.sort(starts) != starts).any()


def test_the_books_batches_per_epoch():
    corpus = np.arange(10_000)
    stream = np.random.default_rng(0)
    assert len(list(random_batches(stream, corpus, 32, 35, 0))) == 8
    assert len(list(consecutive_batches(stream, corpus, 32, 35, 0))) == 8


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"learning_rate": -1.0}, "learning_rate = -1.0"),
        ({"learning_rate": float("nan")}, "learning_rate = nan"),
        ({"batch_size": 0}, "batch_size = 0"),
        ({"num_steps": -3}, "num_steps = -3"),
        ({"clip_norm": 0.0}, "clip norm 0.0"),
        ({"activation": "selu"}, "activation 'selu'"),
        ({"sampling": "all"}, "sampling 'all'"),
        ({"style": "classic"}, "style 'classic'"),
        ({"prefixes": ("",)}, "prefixes"),
        ({"seed": -1}, "seed = -1"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_it(change, named):
    with pytest.raises(InputError, match=re.escape(named)) as caught:
        rnn.Config(**change)
    assert "\n" not in str(caught.value)


def test_a_batch_larger_than_the_data_is_refused():
    with pytest.raises(InputError, match="batch_size = 21 is more than the data"):
        weight_decay.Config(batch_size=21)
    with pytest.raises(InputError, match="the corpus has 100"):
        rnn.prepare(rnn.Config(corpus="python_topics", max_characters=100))
