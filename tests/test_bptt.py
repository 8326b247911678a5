"""Backpropagation through time: by formula, by powers, cut off, and cut off at random."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache, partial
from itertools import product

import numpy as np
import pytest

from backends import InputError, get_backend
from experiments import bptt, memory
from experiments.bptt import formulas
from experiments.bptt.measures import (
    bias_and_variance,
    costs,
    norms_of_powers,
    reach,
    spectral_radius,
)
from experiments.bptt.model import gradients_over_time, longest_window, windows
from experiments.training import Epoch, Step
from tests.rounding import assert_same, moved, mover, noisy
from tests.slopes import assert_slope
from tests.statistics import assert_mean

SMALL = bptt.Config(
    corpus="python_topics",
    max_characters=1_000,
    batch_size=3,
    num_hiddens=8,
    radii=(0.9, 1.1),
    num_powers=12,
    num_steps=24,
    taus=(2, 10),
    num_draws=5,
)
COMPARED = ("bias", "standard error", "variance", "stored states")


def weights_and_batch(config=SMALL, num_steps=7, seed=3):
    """Random weights and ids; every ξ is 1."""
    stream = np.random.default_rng(seed)
    weights = bptt.scaled(bptt.initial_weights(config, 5, stream), 1.05)
    inputs = stream.integers(0, 5, (num_steps, config.batch_size))
    labels = stream.integers(0, 5, inputs.size)
    return weights, (inputs, labels, np.ones(num_steps - 1))


def gradient(backend, weights, batch, part="random", config=SMALL):
    model = bptt.build(backend, config, None, part)
    model.load(weights)
    loss, grads = model.gradient(batch)
    return float(backend.to_numpy(loss)), {n: backend.to_numpy(g) for n, g in grads.items()}


def exact(weights):
    return {name: w.astype("float64") for name, w in weights.items()}


LINEAR = "spectral radius 0.9"


@pytest.mark.parametrize("closed_form", [False, True], ids=["(8)", "(9)"])
def test_the_chapters_formulas_are_the_gradient(backend, closed_form):
    weights, batch = weights_and_batch()
    _, grads = gradient(backend, weights, batch, LINEAR)
    expected = formulas.parameter_gradients(exact(weights), *batch[:2], closed_form)

    def again(seed):
        _, moved_grads = gradient(noisy(backend, seed), weights, batch, LINEAR)
        return {name: moved_grads[name] for name in expected}

    assert_same({name: grads[name] for name in expected}, expected, again)


def test_the_gradient_of_every_hidden_state_is_formula_8(backend):
    weights, batch = weights_and_batch()

    def found(backend):
        model = bptt.build(backend, SMALL, None, LINEAR)
        return np.array(gradients_over_time(model, weights, batch))

    states = formulas.hidden_states(exact(weights), batch[0])
    d_outputs = formulas.output_gradients(exact(weights), states, batch[1])
    expected = formulas.hidden_gradients(exact(weights), d_outputs)
    assert_same(found(backend), expected, lambda seed: found(noisy(backend, seed)))


def test_the_recursion_and_the_powers_are_the_same_formula():
    weights, (inputs, labels, _) = weights_and_batch(num_steps=20)

    def recursion(seed=None):
        move = mover(seed)
        given = {name: move(w) for name, w in exact(weights).items()}
        return formulas.parameter_gradients(given, inputs, labels)

    closed_form = formulas.parameter_gradients(exact(weights), inputs, labels, closed_form=True)
    assert_same(closed_form, recursion(), recursion)


def test_the_formulas_count_a_loss_in_its_own_direction():
    """Against differences of the loss itself, which share nothing with either."""
    weights, batch = weights_and_batch()
    oracle = get_backend("numpy", dtype="float64")
    expected = formulas.parameter_gradients(exact(weights), *batch[:2])
    for name, w in exact(weights).items():
        direction = np.random.default_rng(0).standard_normal(w.shape)

        def loss(step, name=name, w=w, direction=direction):
            changed = {**exact(weights), name: w + step * direction}
            return gradient(oracle, changed, batch, LINEAR)[0]

        assert_slope(loss, (expected[name] * direction).sum())


def test_the_strategies_cut_a_tanh_network(backend):
    weights, (inputs, labels, factors) = weights_and_batch()
    h, losses = np.zeros((SMALL.batch_size, SMALL.num_hiddens)), []
    for x, y in zip(inputs, labels.reshape(inputs.shape), strict=True):
        h = np.tanh(weights["W_xh"][x] + h @ weights["W_hh"])
        outputs = h @ weights["W_hq"]
        losses.append(np.log(np.exp(outputs).sum(axis=1)) - outputs[np.arange(len(y)), y])
    for part in ("full", "truncated after 2", "random"):

        def found(backend, part=part):
            return gradient(backend, weights, (inputs, labels, factors), part)[0]

        assert_same(
            found(backend), np.mean(losses), lambda seed, loss=found: loss(noisy(backend, seed))
        )


def factors_and_chances(num_steps, keep):
    """Every outcome of ξ_2 … ξ_T with its probability."""
    for kept in product((0, 1), repeat=num_steps - 1):
        chance = np.prod([keep if k else 1 - keep for k in kept])
        yield np.array(kept) / keep, chance


def expected_gradient(weights, batch, outcomes):
    """The mean over all outcomes, in float64."""
    oracle, total = get_backend("numpy", dtype="float64"), {}
    for factors, chance in outcomes:
        _, grads = gradient(oracle, weights, (*batch[:2], factors))
        total = {n: total.get(n, 0) + chance * grad for n, grad in grads.items()}
    return total


def test_random_truncation_is_unbiased():
    weights, batch = weights_and_batch(num_steps=6)
    oracle = get_backend("numpy", dtype="float64")
    _, full = gradient(oracle, weights, batch)
    outcomes = list(factors_and_chances(num_steps=6, keep=0.6))
    assert len(outcomes) == 2**5

    def again(seed):
        return gradient(noisy(oracle, seed), weights, batch)[1]

    assert_same(expected_gradient(weights, batch, outcomes), full, again)
    unweighted = [(factors * 0.6, chance) for factors, chance in outcomes]
    with pytest.raises(AssertionError, match="rounding explains"):
        assert_same(expected_gradient(weights, batch, unweighted), full, again)


def test_a_cut_after_every_step_leaves_each_step_its_own_loss(backend):
    weights, (inputs, labels, factors) = weights_and_batch()
    states = formulas.hidden_states(exact(weights), inputs)
    d_outputs = formulas.output_gradients(exact(weights), states, labels)
    d_hiddens = d_outputs @ exact(weights)["W_hq"].T
    expected = np.einsum("tnh,tnk->hk", states[:-1], d_hiddens)

    def found(backend):
        return gradient(backend, weights, (inputs, labels, 0 * factors), LINEAR)[1]["W_hh"]

    assert_same(found(backend), expected, lambda seed: found(noisy(backend, seed)))


def test_factors_change_the_gradient_and_not_the_loss(backend):
    weights, (inputs, labels, ones) = weights_and_batch()

    def same_for_all(backend, factors):
        loss, grads = gradient(backend, weights, (inputs, labels, factors))
        return loss, grads["W_hq"]

    expected = same_for_all(get_backend("numpy"), ones)
    _, full = gradient(backend, weights, (inputs, labels, ones))
    for factors in (0 * ones, 3 * ones, np.resize([1.5, 0.0], len(ones))):
        found = same_for_all(backend, factors)
        assert_same(found, expected, lambda seed: same_for_all(noisy(backend, seed), ones))
        _, grads = gradient(backend, weights, (inputs, labels, factors))
        assert (grads["W_hh"] != full["W_hh"]).all()


def test_a_factor_weights_all_that_flows_back_through_its_step(backend):
    """z_t is linear in each ξ_t, so that a half lies halfway between 0 and 1."""
    weights, (inputs, labels, factors) = weights_and_batch()

    def at(value, backend):
        changed = factors.copy()
        changed[3] = value
        return gradient(backend, weights, (inputs, labels, changed))[1]["W_hh"]

    oracle = get_backend("numpy")
    halfway = (at(0.0, oracle) + at(1.0, oracle)) / 2
    assert_same(at(0.5, backend), halfway, lambda seed: at(0.5, noisy(backend, seed)))


def test_windows_end_where_a_factor_is_zero():
    assert list(windows(np.array([1.0, 0.0, 2.0, 0.0, 0.0]))) == [(0, 2), (2, 4), (4, 5), (5, 6)]
    assert list(windows(np.ones(0))) == [(0, 1)]
    (cuts,) = bptt.strategies(replace(SMALL, num_steps=12), np.random.default_rng(0))[
        "truncated after 10"
    ]
    assert list(windows(cuts)) == [(0, 10), (10, 12)]
    assert longest_window(cuts) == 10


def test_random_factors_have_mean_one():
    config = replace(SMALL, num_draws=200, num_steps=101, keep_probability=0.7)
    factors = np.array(bptt.strategies(config, np.random.default_rng(0))["random"])
    assert factors.shape == (200, 100)
    assert set(np.unique(factors)) == {0.0, 1 / 0.7}
    assert_mean(factors, 1, (1 / 0.7 - 1) ** 0.5)


def test_powers_follow_the_largest_eigenvalue(backend):
    W = bptt.initial_weights(replace(SMALL, num_hiddens=20), 5, np.random.default_rng(0))["W_hh"]
    assert_same(spectral_radius(W), 1.0, lambda seed: spectral_radius(moved(W, seed)))
    for radius in (0.9, 1.1):
        scaled = W * np.float32(radius)

        def again(seed, scaled=scaled):
            return np.array(norms_of_powers(get_backend("numpy"), moved(scaled, seed), 60))

        powers = [np.linalg.matrix_power(scaled.astype("float64"), k) for k in range(1, 61)]
        expected = np.array([np.linalg.norm(power, 2) for power in powers])
        assert_same(np.array(norms_of_powers(backend, scaled, 60)), expected, again)
        # ρ ≤ ‖Wᵏ‖^(1/k), which falls with every doubling of k.
        roots = expected ** (1 / np.arange(1, 61))
        assert (roots > spectral_radius(scaled)).all()
        assert (np.diff(roots[[0, 1, 3, 7, 15, 31]]) < 0).all()
        assert roots[-1] - radius < (roots[9] - radius) / 3


@pytest.fixture
def results(backend):
    return {e.part: e for e in bptt.run(backend, SMALL) if isinstance(e, Epoch)}


@cache
def noisy_metrics(seed):
    events = bptt.run(noisy(get_backend("torch"), seed), SMALL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bptt, "costs", lambda model, batches: {})  # its gradients take the longest
        return {event.part: event.evaluate() for event in events if isinstance(event, Epoch)}


def noisy_metric(part, name, seed):
    return noisy_metrics(seed)[part][name]


def formula_metrics(epoch):
    return [epoch.evaluate()[name] for name in (bptt.FORMULA_8, bptt.FORMULA_9)]


@cache
def noisy_formulas(seed):
    events = bptt.run(noisy(get_backend("torch"), seed), SMALL)
    return formula_metrics(next(event for event in events if isinstance(event, Epoch)))


def test_the_run_keeps_to_its_schedule_and_says_the_same_on_every_backend(backend, oracle):
    corpus = bptt.prepare(SMALL)
    events = list(bptt.run(backend, SMALL, corpus))
    steps = [event for event in events if isinstance(event, Step)]
    epochs = [event for event in events if isinstance(event, Epoch)]
    assert [len(epoch.losses) for epoch in epochs] == bptt.schedule(SMALL, corpus)
    assert [step.number for step in steps] == list(range(len(steps)))
    parts = ["spectral radius 0.9", "spectral radius 1.1", "full", "truncated after 2"]
    assert [epoch.part for epoch in epochs] == [*parts, "truncated after 10", "random"]
    others = [event for event in bptt.run(oracle, SMALL, corpus) if isinstance(event, Epoch)]
    for epoch, other in zip(epochs, others, strict=True):
        metrics, expected = epoch.evaluate(), other.evaluate()
        assert list(metrics) == list(expected)
        for name in metrics:
            if name in COMPARED or name in bptt.PLOTTED:
                # |λ|ᵏ comes from the same eigenvalues in both.
                again = partial(noisy_metric, epoch.part, name)
                assert_same(metrics[name], expected[name], again)
    assert_same(formula_metrics(epochs[0]), [0.0, 0.0], noisy_formulas)


def test_what_the_strategies_are_known_for(results):
    metrics = {part: epoch.evaluate() for part, epoch in results.items()}
    assert metrics["full"]["bias"] == 0
    short, long = metrics["truncated after 2"], metrics["truncated after 10"]
    assert short["bias"] > long["bias"] > 0
    random = metrics["random"]
    for part in metrics.keys() - {"random"}:
        assert not {"standard error", "variance"} & metrics[part].keys()
    assert 0 < random["bias"] < 3 * random["standard error"] < 3 * random["variance"] ** 0.5
    n, h = SMALL.batch_size, SMALL.num_hiddens
    assert metrics["full"]["stored states"] == SMALL.num_steps * n * h
    assert long["stored states"] == 10 * n * h
    for part in ("full", "truncated after 2", "random"):
        assert metrics[part]["gradient in s"] > 0
    assert set(bptt.SHOWN) | set(bptt.PLOTTED) <= {name for m in metrics.values() for name in m}


def test_truncation_cuts_what_reaches_a_step(oracle):
    """The last step of a window gets what the step itself loses and nothing from later ones."""
    config = replace(SMALL, num_steps=20)
    weights, (inputs, labels, _) = weights_and_batch(num_steps=20)
    model = bptt.build(oracle, config, None, "truncated after 10")
    (cuts,) = bptt.strategies(config, np.random.default_rng(0))["truncated after 10"]
    found = reach(model, weights, [(inputs, labels, cuts)])
    # Step 20 − k, so that k = 0 … 9 belong to the last window, which nothing cuts.
    assert found[bptt.ESTIMATE][:9] == found[bptt.FULL][:9]
    cut = np.array(found[bptt.ESTIMATE][9:]) != np.array(found[bptt.FULL][9:])
    assert cut.all()


def test_bias_and_variance_of_known_draws():
    draws = np.array([[1.0, 0.0], [3.0, 0.0], [2.0, 3.0], [2.0, -3.0]])  # mean (2, 0)
    found = bias_and_variance(draws, np.array([0.0, 4.0]))
    assert found["bias"] == 20**0.5 / 4
    assert found["variance"] == (1 + 1 + 9 + 9) / 3 / 16
    assert found["standard error"] == (found["variance"] / 4) ** 0.5


needs_peak = pytest.mark.skipif(not memory.can_measure(), reason="the system tells no peak")


@needs_peak
def test_the_peak_of_a_call_is_seen_although_it_is_over():
    size = 64 * 2**20
    grown = memory.peak_growth(lambda: np.ones(size, "uint8").sum())
    assert 0.9 * size < grown < 1.5 * size
    assert memory.peak_growth(lambda: None) < size / 8


@needs_peak
def test_truncation_saves_memory(framework):
    config = replace(SMALL, batch_size=32, num_hiddens=64)
    weights, (inputs, labels, ones) = weights_and_batch(config, num_steps=256)
    model = bptt.build(framework, config, None, "full")
    model.load(weights)
    cuts = (np.arange(1, 256) % 8 > 0).astype(float)
    full, cut = (costs(model, [(inputs, labels, factors)]) for factors in (ones, cuts))
    assert full["stored states"] == 32 * cut["stored states"] == 256 * 32 * 64
    assert full["memory in MiB"] > full["stored states"] * 4 / 2**20
    assert full["memory in MiB"] > 3 * cut["memory in MiB"]


@needs_peak
def test_the_peak_of_the_process_survives_a_reset():
    size = 64 * 2**20
    np.ones(size, "uint8").sum()
    peak = memory.peak_of_process()
    memory.reset_peak()
    assert size < peak <= memory.peak_of_process()


def test_memory_that_nothing_tells_is_left_out_openly(monkeypatch, oracle, tmp_path):
    if memory.can_measure():
        assert not any("memory is left out" in note for note in bptt.notes(SMALL))
    monkeypatch.setattr(memory, "CLEAR", tmp_path / "missing" / "clear_refs")
    assert memory.peak_growth(lambda: None) is None
    weights, batch = weights_and_batch()
    model = bptt.build(oracle, SMALL, None, "full")
    model.load(weights)
    assert set(costs(model, [batch])) == {"gradient in s", "stored states"}
    assert "memory is left out" in bptt.notes(SMALL)[-1]


def test_the_seed_decides_everything():
    def variance(seed):
        config = replace(SMALL, seed=seed, radii=(), taus=(), num_steps=10, num_powers=1)
        *_, last = bptt.run(get_backend("numpy"), config)
        return last.evaluate()["variance"]

    assert variance(0) == variance(0)
    assert variance(0) != variance(1)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"style": "concise"}, "style 'concise'"),
        ({"num_steps": 0}, "num_steps = 0"),
        ({"num_hiddens": 0}, "num_hiddens = 0"),
        ({"num_powers": -1}, "num_powers = -1"),
        ({"num_powers": 129}, "num_powers = 129 is more than num_steps = 128"),
        ({"radii": (0.9, 0.0)}, "radii = 0.0"),
        ({"radii": (0.9, 0.9)}, "radii = (0.9, 0.9)"),
        ({"radii": (0.9, 0.9000001)}, "radii = (0.9, 0.9000001)"),
        ({"radii": (float("nan"),)}, "radii = nan"),
        ({"radii": (0.9, 10.0)}, "radii = 10.0"),
        ({"spectral_radius": 0.0}, "spectral_radius = 0.0"),
        ({"taus": (5, 0)}, "taus = 0"),
        ({"taus": (5, 5)}, "taus = (5, 5)"),
        ({"keep_probability": 0.0}, "keep_probability = 0.0"),
        ({"keep_probability": 1e-39}, "keep_probability = 1e-39"),
        ({"keep_probability": 1.1}, "keep_probability = 1.1"),
        ({"keep_probability": float("nan")}, "keep_probability = nan"),
        ({"num_draws": 1}, "num_draws = 1"),
        ({"sigma": 0.0}, "sigma = 0.0"),
        ({"learning_rate": float("inf")}, "learning_rate = inf"),
        ({"seed": -1}, "seed = -1"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_it(change, named):
    with pytest.raises(InputError, match=re.escape(named)) as caught:
        bptt.Config(**change)
    assert "\n" not in str(caught.value)


def test_a_text_that_is_too_short_is_refused():
    with pytest.raises(InputError, match="need 2501 characters, the corpus has 1000"):
        bptt.prepare(replace(SMALL, batch_size=10, num_steps=250))


def test_the_book_config_takes_a_corpus_and_a_style():
    assert bptt.book_config().corpus == "auto"
    assert bptt.book_config("lyrics").corpus == "lyrics"
    with pytest.raises(InputError, match="choose 'scratch'"):
        bptt.book_config(style="concise")


def test_the_smallest_sizes_run(backend):
    config = replace(SMALL, batch_size=1, num_hiddens=1, num_powers=1, num_steps=2, num_draws=2)
    *_, last = bptt.run(backend, config)
    assert last.part == "random"
    assert last.evaluate()["gradient in s"] > 0
