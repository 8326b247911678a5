"""The dropout experiment: what it computes, with given masks and with the frameworks' own."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from backends import InputError, backend_names, get_backend
from backends.rounding import BoundedBackend
from experiments import dropout
from experiments.data.images import Images, Labelled
from experiments.dropout import Config
from experiments.training import Epoch, Step
from tests.rounding import RUNS, assert_same, gauge, moved, noisy
from tests.statistics import assert_same_mean, assert_share, assert_standard_deviation

STYLES = ("scratch", "concise")
DIGITS = {"dataset": "digits", "num_hiddens1": 24, "num_hiddens2": 16}
# The book's σ and η need more steps than 1,500 images give; these learn in a few epochs.
QUICK = Config(**DIGITS, batch_size=50, num_epochs=4, sigma=0.1)


@pytest.fixture(scope="module")
def digits() -> Images:
    return dropout.prepare(Config(**DIGITS))


def figures(backend, config, data):
    backend = get_backend(backend) if isinstance(backend, str) else backend
    events = dropout.run(backend, config, data)
    return [event.evaluate() for event in events if isinstance(event, Epoch)]


def steps(backend, config, data):
    return (e for e in dropout.run(get_backend(backend), config, data) if isinstance(e, Step))


# --- training ---------------------------------------------------------------------------


@pytest.mark.parametrize("backend", backend_names())
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("masks", ["given", "own"])
def test_it_learns(backend, style, masks, digits):
    first, *_, last = figures(backend, replace(QUICK, style=style, masks=masks), digits)
    assert last["loss"] < 0.8 * first["loss"]
    assert last["train acc"] > first["train acc"] + 0.2
    assert last["test acc"] > 0.6
    assert last["test acc"] > last["train acc"]  # dropout makes training harder than testing


@pytest.mark.parametrize("backend", backend_names())
def test_both_styles_compute_the_same_from_given_masks(backend, digits):
    def run(backend, style):
        found = figures(backend, replace(QUICK, style=style, num_epochs=1), digits)[0]
        return [found["loss"], found["test acc"]]

    framework = get_backend(backend)
    assert_same(
        run(framework, "concise"),
        run(framework, "scratch"),
        lambda seed: run(noisy(framework, seed), "scratch"),
    )


@pytest.mark.parametrize("style", STYLES)
def test_figures_are_those_of_the_steps_taken(style, digits):
    """Loss and accuracy in training, written out from every step's own numbers."""
    backend = get_backend("numpy")
    config = replace(QUICK, style=style, num_epochs=1, batch_size=400)  # 400, 400, 400 and 300
    losses, moved_losses, right, sizes = [], [[] for _ in range(RUNS)], [], []
    for event in dropout.run(backend, config, digits):
        if isinstance(event, Epoch):
            break
        features, labels, mask1, mask2 = event.batch
        w = event.model.read()

        def logits_of(x, w=w, mask1=mask1, mask2=mask2):
            h1 = np.maximum(x @ w["W1"] + w["b1"], 0) * mask1 / 0.8
            h2 = np.maximum(h1 @ w["W2"] + w["b2"], 0) * mask2 / 0.5
            return h2 @ w["W3"] + w["b3"]

        def losses_of(x, labels=labels, logits_of=logits_of):
            logits = logits_of(x)
            p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
            return list(-np.log(p[np.arange(len(labels)), labels]))

        features = features.astype("float64")
        logits = logits_of(features)
        losses += losses_of(features)
        for seed, found in enumerate(moved_losses):
            found += losses_of(moved(features, seed))
        right += list(logits.argmax(1) == labels)
        sizes.append(len(labels))
    assert sizes == [400, 400, 400, 300]
    figures = event.evaluate()
    assert_same(figures["loss"], np.mean(losses), lambda seed: np.mean(moved_losses[seed]))
    assert figures["train acc"] == np.mean(right)
    assert len(right) == 1500


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("backend", backend_names())
def test_every_update_divides_by_batch_size(backend, style, digits):
    """Also that of the smaller last batch, and λ by the rule of each style."""
    config = replace(
        QUICK, style=style, num_epochs=1, batch_size=1_000, learning_rate=0.5, weight_decay=2.0
    )
    model = dropout.build(get_backend(backend), config, digits)
    *_, last = (s.model.snapshot(s.number, s.batch) for s in steps(backend, config, digits))
    assert len(last.batch[0]) == 500
    result = model.probe(last)
    decay = 0.5 * 2.0 / (1_000 if style == "scratch" else 1)
    for name, w in last.weights.items():
        expected = -0.5 / 1_000 * result[f"gradient of {name}"] - (decay * w if w.ndim > 1 else 0)
        # η / |B| · g and λ w take three roundings each, the sum two, and reading the update one.
        allowed = gauge(6, w, expected, decay * w if w.ndim > 1 else 0)
        assert (abs(result[f"update of {name}"] - expected) <= allowed).all()


# --- batches and masks ------------------------------------------------------------------


def test_an_epoch_holds_every_image_once(digits):
    config = replace(QUICK, batch_size=400)
    assert dropout.schedule(config, digits) == [4] * 4
    stream = np.random.default_rng(0)
    first, second = (list(dropout.batches(stream, config, digits)) for _ in range(2))
    assert [len(batch[1]) for batch in first] == [400, 400, 400, 300]
    everything = digits.features(digits.train.pixels)
    for epoch in (first, second):
        rows = np.concatenate([batch[0] for batch in epoch])
        labels = np.concatenate([batch[1] for batch in epoch])
        order = np.lexsort((*rows.T, labels))
        expected = np.lexsort((*everything.T, digits.train.labels))
        assert (rows[order] == everything[expected]).all()
        assert (labels[order] == digits.train.labels[expected]).all()
    assert (first[0][1] != second[0][1]).any()
    assert (first[0][1] != digits.train.labels[:400]).any()


def test_every_backend_and_style_gets_the_same_numbers(digits):
    def numbers(backend, style):
        taken = list(steps(backend, replace(QUICK, style=style, num_epochs=1), digits))
        start = next(steps(backend, replace(QUICK, style=style), digits)).model.read()
        return [*start.values(), *(array for step in taken for array in step.batch)]

    expected, *others = (numbers(name, style) for name in backend_names() for style in STYLES)
    assert len(expected) == 6 + 30 * 4
    for other in others:
        for a, b in zip(expected, other, strict=True):
            np.testing.assert_array_equal(np.float32(a), np.float32(b))


def test_masks_keep_as_many_as_they_should(digits):
    config = replace(QUICK, num_hiddens1=100, num_hiddens2=80, drop_prob1=0.2, drop_prob2=0.5)
    batches = list(dropout.batches(np.random.default_rng(0), config, digits))
    kept1 = np.concatenate([batch[2] for batch in batches])
    kept2 = np.concatenate([batch[3] for batch in batches])
    assert kept1.shape == (1500, 100)
    assert kept2.shape == (1500, 80)
    assert_share(kept1, 0.8)
    assert_share(kept2, 0.5)
    assert (kept1[:, :80] != kept2).any()
    assert (batches[0][2] != batches[1][2]).any()


def test_probabilities_do_not_change_the_order_of_the_images(digits):
    def labels(**changed):
        config = replace(QUICK, **changed)
        stream = np.random.default_rng(0)
        return [b[1] for _ in range(2) for b in dropout.batches(stream, config, digits)]

    for a, b in zip(labels(), labels(drop_prob1=0.0, drop_prob2=1.0), strict=True):
        assert (a == b).all()


# --- what is dropped, and when ----------------------------------------------------------


@pytest.mark.parametrize("backend", backend_names())
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("masks", ["given", "own"])
def test_nothing_is_dropped_in_testing(backend, style, masks, digits):
    """The accuracy on the test set is that of the formulas without dropout, and does not vary."""
    config = replace(QUICK, style=style, masks=masks, num_epochs=2, drop_prob1=0.5)
    events = dropout.run(get_backend(backend), config, digits)
    for event in events:
        if isinstance(event, Step):
            model = event.model
            continue
        oracle, x = BoundedBackend(), digits.features(digits.test.pixels)
        w = oracle.parameters(model.read())
        h = oracle.relu(oracle.linear(oracle.from_numpy(x), w["W1"], w["b1"]))
        h = oracle.relu(oracle.linear(h, w["W2"], w["b2"]))
        logits = oracle.to_numpy(oracle.linear(h, w["W3"], w["b3"]))
        low, high = np.array(logits) - logits.error, np.array(logits) + logits.error
        labels = digits.test.labels[:, None]
        others = np.arange(logits.shape[1]) != labels
        own_low, own_high = (np.take_along_axis(a, labels, 1)[:, 0] for a in (low, high))
        surely = (own_low > np.where(others, high, -np.inf).max(axis=1)).mean()
        maybe = (own_high >= np.where(others, low, -np.inf).max(axis=1)).mean()
        assert surely <= event.evaluate()["test acc"] <= maybe
        assert maybe - surely < 1 / 3
        assert event.evaluate()["test acc"] == event.evaluate()["test acc"]


@pytest.mark.parametrize("backend", backend_names())
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("masks", ["given", "own"])
def test_nothing_learns_behind_a_dropped_layer(backend, style, masks, digits):
    """p₂ = 1 leaves b₃ alone, p₁ = 1 also W₃ and b₂, where b₂ keeps H₂ from being zero."""
    for p1, p2, learning in ((0.2, 1.0, {"b3"}), (1.0, 0.5, {"b2", "W3", "b3"})):
        config = replace(QUICK, style=style, masks=masks, drop_prob1=p1, drop_prob2=p2)
        stream = np.random.default_rng(0)
        start = dropout.initial_weights(config, digits.num_inputs, stream)
        start["b2"] += 1
        model = dropout.build(get_backend(backend), config, digits)
        model.load(start)
        model.step(next(dropout.batches(stream, config, digits)))
        moved = {name for name, w in model.read().items() if (w != start[name]).any()}
        assert moved == learning


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("masks", ["given", "own"])
def test_the_exercises_change_the_training(style, masks, digits):
    start = replace(QUICK, style=style, masks=masks, num_epochs=1)
    changes = {
        "the book": {},
        "swapped": {"drop_prob1": 0.5, "drop_prob2": 0.2},
        "none": {"drop_prob1": 0.0, "drop_prob2": 0.0},
        "decay": {"weight_decay": 0.1},
        "wider": {"num_hiddens1": 32},
    }
    results = {
        name: figures("torch", replace(start, **change), digits)[0]
        for name, change in changes.items()
    }
    losses = {round(result["loss"], 6) for result in results.values()}
    assert len(losses) == len(changes)
    assert results["none"]["loss"] < min(results["the book"]["loss"], results["swapped"]["loss"])


@pytest.mark.parametrize("backend", backend_names())
@pytest.mark.parametrize("style", STYLES)
def test_own_masks_are_drawn_anew_and_follow_the_seed(backend, style, digits):
    own = replace(QUICK, style=style, masks="own", num_epochs=1)

    def losses(config):
        *_, last = dropout.run(get_backend(backend), config, digits)
        return [float(get_backend(backend).to_numpy(loss)) for loss in last.losses]

    assert losses(own) == losses(own)
    assert losses(own) != losses(replace(own, masks="given"))
    # Without learning a batch of all images has another loss whenever masks are drawn anew.
    one_batch = replace(own, batch_size=len(digits.train), learning_rate=1e-9, num_epochs=6)

    def drawn(config):
        events = dropout.run(get_backend(backend), config, digits)
        return [
            float(get_backend(backend).to_numpy(e.losses[0]))
            for e in events
            if isinstance(e, Epoch)
        ]

    assert len(set(drawn(one_batch))) == 6
    assert_same_mean(drawn(one_batch), drawn(replace(one_batch, masks="given")))


@pytest.mark.parametrize("style", STYLES)
def test_own_masks_are_not_compared(style, digits):
    step = next(steps("torch", replace(QUICK, style=style, masks="own"), digits))
    assert len(step.batch) == 2
    with pytest.raises(InputError, match=r"masks = 'own' cannot be compared.*masks=given"):
        step.model.snapshot(0, step.batch)


@pytest.mark.parametrize("backend", backend_names())
def test_a_step_leaves_its_predictions_and_depends_on_none_before(backend, digits):
    """Its snapshot holds none, or a probe would be compared on what it does not use."""
    config = replace(QUICK, num_epochs=1, batch_size=500, drop_prob1=0.0, drop_prob2=0.0)
    for step in steps(backend, config, digits):
        assert step.model.snapshot(step.number, step.batch).state == ()
        w, x = step.model.read(), step.batch[0]
        h = np.maximum(np.maximum(x @ w["W1"] + w["b1"], 0) @ w["W2"] + w["b2"], 0)
        step.model.step(step.batch)
        predictions = get_backend(backend).to_numpy(step.model.aux)
        assert (predictions == (h @ w["W3"] + w["b3"]).argmax(axis=1)).mean() > 0.99


# --- configurations ---------------------------------------------------------------------


def test_the_books_values():
    config = dropout.book_config(style="concise")
    assert config.style == "concise"
    assert (config.num_hiddens1, config.num_hiddens2, config.batch_size) == (256, 256, 256)
    assert (config.drop_prob1, config.drop_prob2) == (0.2, 0.5)
    assert (config.learning_rate, config.sigma, config.num_epochs) == (0.5, 0.01, 5)
    weights = dropout.initial_weights(config, 784, np.random.default_rng(0))
    shapes = {name: w.shape for name, w in weights.items()}
    assert shapes == {
        "W1": (784, 256),
        "b1": (256,),
        "W2": (256, 256),
        "b2": (256,),
        "W3": (256, 10),
        "b3": (10,),
    }
    assert_standard_deviation(weights["W1"], 0.01)
    full = Labelled(np.zeros((60_000, 784), "uint8"), np.zeros(60_000, "int64"))
    assert dropout.schedule(config, Images("drawn", full, full)) == [235] * 5


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"drop_prob1": 1.5}, "drop_prob1 = 1.5"),
        ({"drop_prob2": -0.1}, "drop_prob2 = -0.1"),
        ({"drop_prob2": float("nan")}, "drop_prob2 = nan"),
        ({"masks": "both"}, "masks 'both'"),
        ({"dataset": "cifar"}, "dataset 'cifar'"),
        ({"style": "classic"}, "style 'classic'"),
        ({"batch_size": 0}, "batch_size = 0"),
        ({"num_hiddens2": 0}, "num_hiddens2 = 0"),
        ({"learning_rate": float("inf")}, "learning_rate = inf"),
        ({"weight_decay": -1.0}, "weight_decay = -1.0"),
        ({"seed": -1}, "seed = -1"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_it(change, named):
    with pytest.raises(InputError, match=re.escape(named)) as caught:
        Config(**change)
    assert "\n" not in str(caught.value)


def test_what_the_data_does_not_allow():
    with pytest.raises(InputError, match="batch_size = 1501 is more than the data: give 1 to 1500"):
        dropout.prepare(Config(dataset="digits", batch_size=1501))
    with pytest.raises(InputError, match="corpus 'lyrics' is not allowed"):
        dropout.book_config("lyrics")
