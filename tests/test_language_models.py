"""The language models: what they learn, write, sample, and where their variants agree."""

from __future__ import annotations

import re
from functools import cache, partial
from itertools import pairwise, product

import numpy as np
import pytest

from backends import InputError, backend_names, get_backend
from experiments import gru, lstm, rnn
from experiments.data.sampling import consecutive_batches, random_batches
from experiments.training import Epoch, Step
from tests.rounding import assert_same, noisy

MODULES = {"rnn": rnn, "gru": gru, "lstm": lstm}
STYLES = ("scratch", "concise")
SMALL = {"corpus": "python_topics", "num_hiddens": 32, "max_characters": 3_000, "num_predicted": 5}


def epochs(module, backend, config):
    return [e for e in module.run(get_backend(backend), config) if isinstance(e, Epoch)]


def losses(module, backend, **changes):
    config = module.Config(**{"num_epochs": 1, **SMALL, **changes})
    backend = get_backend(backend) if isinstance(backend, str) else backend
    events = module.run(backend, config)
    return [float(backend.to_numpy(x)) for e in events if isinstance(e, Epoch) for x in e.losses]


@pytest.mark.parametrize("backend", backend_names())
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", MODULES)
def test_the_language_model_learns_and_writes(name, backend, style):
    module = MODULES[name]
    config = module.Config(style=style, num_epochs=4, **SMALL)
    results = epochs(module, backend, config)
    perplexities = [result.evaluate()["perplexity"] for result in results]
    assert perplexities[0] < 29
    assert perplexities[-1] < perplexities[0] - 1
    texts = results[-1].generate()
    assert list(texts) == list(config.prefixes)
    for prefix, text in texts.items():
        assert text.startswith(prefix)
        assert len(text) == len(prefix) + 5


def test_it_writes_after_every_epoch_of_a_long_run():
    config = rnn.Config(num_epochs=60, report_every=1, **{**SMALL, "max_characters": 1_200})
    results = epochs(rnn, "torch", config)
    assert [result.number for result in results] == list(range(1, 61))
    assert all(len(result.generate()) == 2 for result in results)


def test_no_clipping_is_a_threshold_that_is_never_reached():
    free = losses(rnn, "torch", clip_norm=None, num_epochs=2)
    assert free == losses(rnn, "torch", clip_norm=1e9, num_epochs=2)
    assert free != losses(rnn, "torch", clip_norm=1e-3, num_epochs=2)


@pytest.mark.parametrize("name", MODULES)
def test_both_styles_start_from_the_same_numbers(name):
    module = MODULES[name]

    def start(backend, style):
        config = module.Config(num_epochs=1, style=style, **SMALL)
        events = module.run(get_backend(backend), config)
        step = next(event for event in events if isinstance(event, Step))
        return step.model.read(), step.batch

    weights, batch = start("numpy", "scratch")
    for backend, style in product(backend_names(), STYLES):
        own_weights, own_batch = start(backend, style)
        for name in own_weights.keys() - weights.keys():  # the second biases of layers
            assert not own_weights[name].any()
        for name, w in weights.items():
            np.testing.assert_array_equal(np.float32(own_weights[name]), np.float32(w))
        for own, given in zip(own_batch, batch, strict=True):
            np.testing.assert_array_equal(own, given)


def test_the_seed_decides_everything():
    assert losses(rnn, "torch", seed=0) == losses(rnn, "torch", seed=0)
    assert losses(rnn, "torch", seed=0) != losses(rnn, "torch", seed=1)


@pytest.mark.parametrize("name", MODULES)
def test_random_sampling_forgets_the_state_and_consecutive_sampling_keeps_it(name):
    module, backend = MODULES[name], get_backend("torch")

    def states(sampling):
        config = module.Config(sampling=sampling, num_epochs=1, batch_size=8, **SMALL)
        for event in module.run(backend, config):
            if isinstance(event, Step):
                yield [float(abs(backend.to_numpy(array)).max()) for array in event.model.state]

    first, *others = states("random")
    assert not any(first)
    assert others
    assert not any(any(state) for state in others)
    first, *others = states("consecutive")
    assert not any(first)
    assert others
    assert all(all(state) for state in others)


# --- the variants of the chapters ---------------------------------------------


@pytest.mark.parametrize("backend", backend_names())
def test_one_product_of_joined_matrices_is_the_sum_of_two(backend):
    """X W_xh + H W_hh = [X, H] [W_xh; W_hh] with the shapes of the book (6.2)."""
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(shape) for shape in ((3, 1), (1, 4), (3, 4), (4, 4))]

    def two(k):
        x, w_xh, h, w_hh = map(k.from_numpy, arrays)
        return k.to_numpy(k.linear(x, w_xh) + k.linear(h, w_hh))

    def one(k):
        x, w_xh, h, w_hh = map(k.from_numpy, arrays)
        return k.to_numpy(k.linear(k.concat([x, h], axis=1), k.concat([w_xh, w_hh], axis=0)))

    framework = get_backend(backend)
    expected = two(get_backend("numpy"))
    for found in (one, two):
        assert_same(found(framework), expected, lambda seed: two(noisy(framework, seed)))


@pytest.mark.parametrize("backend", backend_names())
@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize(("d", "h"), [(1, 4), (5, 3)])
def test_the_concatenated_recurrence_is_the_same(backend, activation, d, h):
    rng = np.random.default_rng(0)
    shapes = {"W_xh": (d, h), "W_hh": (h, h), "b_h": (h,)}
    weights = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    ids, state = rng.integers(0, d, (4, 3)), rng.standard_normal((3, h))

    def result(k, recurrence):
        params, start = k.parameters(weights), (k.from_numpy(state),)
        hiddens, (last,) = recurrence(k, k.from_numpy(ids), start, params, activation)
        return k.to_numpy(hiddens), k.to_numpy(last)

    def plain(k, *arguments):
        return k.rnn(*arguments)

    framework = get_backend(backend)
    assert_same(
        result(framework, rnn.concatenated_rnn),
        result(get_backend("numpy"), plain),
        lambda seed: result(noisy(framework, seed), plain),
    )


@pytest.mark.parametrize("backend", backend_names())
def test_the_concatenated_model_trains_alike(backend):
    actual = losses(rnn, backend, num_epochs=2, concatenated=True)
    assert_same(actual, losses(rnn, backend, num_epochs=2), partial(noisy_losses, backend))


@cache
def noisy_losses(backend, seed):
    return losses(rnn, noisy(get_backend(backend), seed), num_epochs=2)


@pytest.mark.parametrize("backend", backend_names())
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", MODULES)
def test_training_without_detaching_the_state(name, backend, style):
    changes = {"style": style, "detach": False, "batch_size": 8, "max_characters": 1_000}
    if backend == "torch":
        with pytest.raises(InputError, match="still belongs to the graph of the step before"):
            losses(MODULES[name], backend, **changes)
        return
    detached = losses(MODULES[name], backend, **{**changes, "detach": True})
    assert losses(MODULES[name], backend, **changes) == detached


def test_random_sampling_has_nothing_to_detach():
    changes = {"sampling": "random", "batch_size": 8}
    assert losses(rnn, "torch", **changes) == losses(rnn, "torch", detach=False, **changes)


def test_the_books_values():
    config = rnn.book_config("lyrics", "concise")
    assert (config.style, config.activation, config.sampling) == ("concise", "relu", "consecutive")
    assert (config.num_epochs, config.num_hiddens) == (200, 256)
    assert (config.learning_rate, config.clip_norm, config.sigma) == (100.0, 0.01, 0.01)
    config = rnn.book_config("lyrics")
    assert (config.style, config.activation, config.sampling) == ("scratch", "tanh", "random")
    assert config.num_epochs == 250
    config = rnn.book_config()
    assert (config.corpus, config.num_hiddens, config.num_epochs) == ("auto", 512, 500)
    for module in (gru, lstm):
        config = module.book_config("lyrics", "concise")
        assert (config.style, config.sampling, config.num_epochs) == ("concise", "consecutive", 160)
        assert (config.learning_rate, config.clip_norm, config.report_every) == (100.0, 0.01, 40)
        config = module.book_config("time_machine")
        assert (config.num_hiddens, config.num_epochs, config.learning_rate) == (256, 500, 1.0)


def test_what_the_layers_do_otherwise_is_said():
    for name, module in MODULES.items():
        assert module.notes(module.Config()) == ()
        notes = module.notes(module.Config(style="concise"))
        assert "second bias" in notes[0]
        assert any("resets after the product" in note for note in notes) == (name == "gru")


# --- sampling -----------------------------------------------------------------

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


# --- values that are not allowed ----------------------------------------------


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
        ({"style": "concise", "concatenated": True}, "concatenated = True"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_it(change, named):
    with pytest.raises(InputError, match=re.escape(named)) as caught:
        rnn.Config(**change)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", MODULES)
def test_a_corpus_too_short_is_refused(name):
    module = MODULES[name]
    with pytest.raises(InputError, match="the corpus has 100"):
        module.prepare(module.Config(corpus="python_topics", max_characters=100))
