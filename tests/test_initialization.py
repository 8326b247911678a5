"""Initialisation: products of many layers, variances by layer, broken symmetry."""

from __future__ import annotations

import re
from functools import cache, partial

import numpy as np
import pytest

from backends import InputError
from experiments import initialization
from experiments.initialization import Config, make, notes, parts, prepare, schedule
from experiments.training import Epoch, Step
from tests.conftest import FRAMEWORKS, backend_or_skip
from tests.rounding import assert_same, gauge, moved, noisy
from tests.slopes import assert_slope

STYLES = ("scratch", "concise")
DEEP = ("scalar", "normal", "uniform", "xavier")
PROFILES = ("activation variance", "gradient variance")


@cache
def metrics(backend, seed=None, **settings):
    """The metrics of every part of a run, by the part's name; a seed moves every operation."""
    backend = backend_or_skip(backend)
    backend = backend if seed is None else noisy(backend, seed)
    events = initialization.run(backend, Config(**settings))
    return {event.part: event.evaluate() for event in events if isinstance(event, Epoch)}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("weight", [0.2, 5.0])
def test_thirty_scalars_multiply_to_the_books_product(backend, style, weight):
    config = Config(style=style, initializers=("scalar",), scalar=(weight,))
    (name,) = parts(config)
    model, forward = make(backend, config, name)
    model.load(next(initialization.run(backend, config)).model.read())
    hiddens = forward(model.params, backend.from_numpy(np.ones((1, 1))))
    assert len(hiddens) == 30
    # 0.2 itself is rounded to float32 before it is multiplied 30 times.
    expected = np.float64(np.float32(weight)) ** 30
    assert abs(backend.to_numpy(hiddens[-1]) - expected) <= gauge(30, expected)
    assert f"{expected:.0e}" == {0.2: "1e-21", 5.0: "9e+20"}[weight]  # the book's figures


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("activation", [pytest.param("identity", marks=pytest.mark.slow), "tanh"])
@pytest.mark.parametrize("other", FRAMEWORKS)
def test_every_backend_finds_the_same_variances(other, activation, style):
    settings = {"style": style, "activation": activation, "initializers": DEEP}
    scratch = {**settings, "style": "scratch"}
    expected, actual = metrics("numpy", **settings), metrics(other, **settings)
    assert list(actual) == list(expected)
    for part in ("w = 0.2", "w = 5", "normal, σ = 1", "uniform, ±0.07", "Xavier"):
        assert all(len(actual[part][metric]) == 30 for metric in PROFILES)

        # Layer by layer: they differ by up to 60 orders of magnitude.
        def profiles(found, part=part):
            return [found[part][metric] for metric in PROFILES]

        assert_same(
            profiles(actual),
            profiles(expected),
            lambda seed, read=profiles: read(metrics(FRAMEWORKS[0], seed, **scratch)),
        )


@pytest.mark.parametrize("part", ["normal, σ = 1", "normal, σ = 0.01", "uniform, ±0.07", "Xavier"])
def test_a_layer_changes_a_variance_as_the_theory_says(part):
    """The ratio of two layers' mean squares has the mean n Var(w) whatever came before.

    For weights no heavier in the tails than a normal its relative variance is at most 2 / n (when
    all samples have become parallel), so the mean of 29 ratios, each over its expectation, lies
    within 5 √(2 / (29 n)) of 1.
    """
    config = Config()
    factor = parts(config)[part].factor()
    forward, backward = (
        np.array(metrics("numpy", initializers=DEEP)[part][metric]) for metric in PROFILES
    )
    allowed = 5 * np.sqrt(2 / (config.num_hiddens * 29))
    for later, earlier in ((forward[1:], forward[:-1]), (backward[:-1], backward[1:])):
        assert abs((later / earlier / factor).mean() - 1) < allowed


def test_the_last_gradient_is_the_given_one_and_the_first_activation_the_inputs():
    config = Config()
    inputs, directions = prepare(config).batches["w = 5"]
    found = metrics("numpy", initializers=DEEP)["w = 5"]
    for variance, factor, array in (
        (found["gradient variance"][-1], 1, directions),
        (found["activation variance"][0], 25, inputs),
        (1.0, 1, inputs),
    ):
        again = partial(moved_variance, factor, array)
        assert_same(factor * array.var(dtype="float64"), variance, again)
    assert found["activation variance, last layer"] == found["activation variance"][-1]
    assert found["gradient variance, first layer"] == found["gradient variance"][0]


def moved_variance(factor, array, seed):
    return factor * moved(array, seed).var(dtype="float64")


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("activation", ["identity", "tanh", "relu"])
def test_the_gradient_by_an_activation_is_the_slope_of_the_loss(activation, style):
    """ΔL / Δw for the bias of layer 2, whose gradient is Σ over samples of φ' ∂L/∂H_2."""
    config = Config(style=style, activation=activation, initializers=("xavier",), num_layers=3)
    backend = backend_or_skip("numpy", "float64")
    data = prepare(config)
    step = next(e for e in initialization.run(backend, config, data) if isinstance(e, Step))
    model, forward = make(backend, config, step.model.part)
    model.load(step.model.read())
    inputs, directions = (backend.from_numpy(array) for array in data.batches["Xavier"])

    def loss(shift):
        shifted = [backend.zeros(h.shape) for h in forward(model.params, inputs)]
        shifted[1] = shifted[1] + shift
        offsets = {f"E_{layer}": offset for layer, offset in enumerate(shifted, 1)}
        return backend.sum(directions * forward(model.params, inputs, offsets)[-1])

    direction = np.random.default_rng(0).normal(size=(config.batch_size, config.num_hiddens))

    def objective(offsets, inputs):
        hiddens = forward(model.params, inputs, offsets)
        return backend.sum(directions * hiddens[-1]), hiddens

    zeros = {f"E_{i}": np.zeros((config.batch_size, config.num_hiddens)) for i in (1, 2, 3)}
    _, grads = backend.value_and_grad(objective, has_aux=True)(backend.parameters(zeros), inputs)
    assert_slope(lambda step: float(loss(step * direction)), (grads["E_2"] * direction).sum())
    # What the experiment reports is the variance of exactly these gradients.
    reported = initialization.variances(model, forward, *data.batches["Xavier"])[1]
    assert reported == [grads[name].var() for name in zeros]


@pytest.mark.parametrize("style", STYLES)
def test_equal_units_stay_equal_to_the_last_bit_and_random_ones_differ(backend, style):
    found = metrics(backend.name, style=style, initializers=("constant",))
    equal, random = found["equal start"], found["random start"]
    assert equal["different hidden units"] == 1
    assert equal["largest difference between hidden units"] == 0
    assert random["different hidden units"] == Config().num_units
    assert random["largest difference between hidden units"] > 1
    # One unit at work can hardly learn a product, eight can.
    assert random["loss after training"] < equal["loss after training"] / 3


def test_the_equal_units_were_trained(backend):
    events = initialization.run(backend, Config(initializers=("constant",), num_steps=2))
    weights = [event.model.read() for event in events if isinstance(event, Step)]
    before, after = weights[:2]
    for name in ("W_1", "b_1", "W_2", "b_2"):
        assert (before[name] != after[name]).all()


def test_units_that_differ_by_rounding_alone_count_as_one(backend):
    start = {"W_1": np.ones((4, 3)), "b_1": np.ones(3), "W_2": np.ones((3, 1))}
    start["W_1"][0] = (1, 1 + 2.0**-23, 1 + 2.0**-7)
    found = initialization.evaluate_perceptron(backend, start, backend.zeros(()))
    assert found["different hidden units"] == 2
    assert found["largest difference between hidden units"] == 2.0**-7


def test_units_that_left_float32_are_not_counted(framework):
    found = metrics(framework.name, initializers=("constant",), num_steps=3, learning_rate=1e30)
    for part in ("equal start", "random start"):
        assert np.isnan(found[part]["different hidden units"])


def test_the_styles_start_from_the_same_numbers():
    scratch, concise = (
        [
            e.model.read()
            for e in initialization.run(backend_or_skip("numpy"), Config(style=style, num_steps=1))
            if isinstance(e, Step)
        ]
        for style in STYLES
    )
    assert all(
        (a[name] == b[name]).all() for a, b in zip(scratch, concise, strict=True) for name in a
    )


def test_the_schedule_is_what_run_yields():
    for config in (
        Config(num_steps=3),
        Config(initializers=("xavier",)),
        Config(scalar=(2.0,), num_steps=1),
    ):
        found, steps = [], 0
        for event in initialization.run(backend_or_skip("numpy"), config):
            if isinstance(event, Step):
                assert event.model.part == list(parts(config))[len(found)]
                assert event.number == sum(found) + steps
                steps += 1
            else:
                found, steps = [*found, steps], 0
        assert found == schedule(config, prepare(config))


def test_the_initialisers_asked_for_are_the_parts():
    config = Config(initializers=("xavier", "normal"), sigma=(0.3, 0.1))
    assert list(parts(config)) == ["normal, σ = 0.3", "normal, σ = 0.1", "Xavier"]
    assert list(parts(Config(initializers=("uniform",), scale=0.1))) == ["uniform, ±0.1"]
    names = list(parts(Config()))
    assert names[:2] == ["w = 0.2", "w = 5"]
    assert names[-2:] == ["equal start", "random start"]


def test_activations_are_applied_where_they_are_said_to_be():
    relu = metrics("numpy", initializers=DEEP, activation="relu", num_layers=5)
    identity = metrics("numpy", initializers=DEEP, num_layers=5)
    for part in ("w = 5", "normal, σ = 1"):
        assert relu[part] == identity[part]
    for part in ("uniform, ±0.07", "Xavier"):
        assert relu[part]["gradient variance"][0] < identity[part]["gradient variance"][0] / 8


def test_the_notes_hold_the_theory():
    (theory,) = notes(Config())
    assert "0.04 (w = 0.2), 25 (w = 5), 100 (normal, σ = 1)" in theory
    assert "1 (Xavier)" in theory
    halved, jumps = notes(Config(activation="relu"))
    assert "0.5 (Xavier)" in halved
    assert "ReLU" in jumps
    assert notes(Config(initializers=("constant",))) == ()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"style": "classic"}, "style 'classic'"),
        ({"seed": -1}, "seed = -1"),
        ({"initializers": ("xavier", "orthogonal")}, "initializer 'orthogonal'"),
        ({"initializers": ()}, "initializers = ()"),
        ({"initializers": ("xavier", "xavier")}, "initializers = ('xavier', 'xavier')"),
        ({"activation": "selu"}, "activation 'selu'"),
        ({"num_layers": 0}, "num_layers = 0"),
        ({"num_hiddens": 0}, "num_hiddens = 0"),
        ({"batch_size": 0}, "batch_size = 0"),
        ({"batch_size": 1}, "batch_size = 1"),
        ({"num_units": 0}, "num_units = 0"),
        ({"num_steps": 0}, "num_steps = 0"),
        ({"learning_rate": 0.0}, "learning_rate = 0.0"),
        ({"constant": float("inf")}, "constant = inf"),
        ({"sigma": (0.0,)}, "sigma = 0"),
        ({"sigma": (-1.0,)}, "sigma = -1"),
        ({"sigma": (float("nan"),)}, "sigma = nan"),
        ({"sigma": (1e200,)}, "num_layers = 30 with normal, σ = 1e+200"),
        ({"scale": 1e-200}, "num_layers = 30 with uniform, ±1e-200"),
        ({"scale": -0.07}, "scale = -0.07"),
        ({"scalar": (2.0, 2.0000001)}, "scalar = (2.0, 2.0000001)"),
        ({"sigma": (0.1, 0.1000000001)}, "sigma = (0.1, 0.1000000001)"),
        (
            {"num_hiddens": 20},
            "with normal, σ = 0.01 makes numbers of about 1e-40, beyond float32 (1e-38 to 3e38): "
            "give fewer layers, a root mean square nearer to 0.22 (--set sigma=…), or leave this "
            "part out (--set initializers=…)",
        ),
        ({"scalar": (0.0,)}, "scalar = 0"),
        ({"num_layers": 35}, "num_layers = 35 with normal, σ = 1 makes numbers of about 1e+35"),
        ({"num_layers": 37, "scalar": (0.1,), "initializers": ("scalar",)}, "about 1e-37"),
        (
            {"activation": "tanh", "scale": 1.0},
            "num_layers = 30 of tanh with uniform, ±1 may enlarge every rounding 1e+23 times",
        ),
    ],
)
def test_a_wrong_value_is_one_line_that_names_it(change, named):
    with pytest.raises(InputError, match=re.escape(named)) as caught:
        Config(**change)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("change", [{"num_layers": 33}, {"scalar": (0.07,), "sigma": (0.007,)}])
def test_what_the_configuration_lets_through_stays_inside_float32(framework, change):
    for event in initialization.run(framework, Config(num_steps=1, **change)):
        if isinstance(event, Epoch):
            (loss,) = (float(framework.to_numpy(loss)) for loss in event.losses)
            assert np.finfo("float32").tiny < abs(loss) < np.inf
            for metric in PROFILES:
                assert all(0 < v < np.inf for v in event.evaluate().get(metric, [1.0]))


def test_it_draws_its_own_data():
    with pytest.raises(InputError, match="corpus 'lyrics' is not allowed"):
        initialization.book_config("lyrics")
    assert initialization.book_config(style="concise") == Config(style="concise")
