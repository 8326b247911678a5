"""The verdict of `lockstep compare`: it finds faults and raises no false alarm."""

from __future__ import annotations

import numpy as np
import pytest

from backends import backend_names, get_backend
from experiments import rnn, weight_decay
from experiments.commands.verdict import Verdict, steps_to_probe
from experiments.commands.worker import Session
from experiments.training import Snapshot, Step


def decayed(**changes):
    """The book's run with λ = 3 alone, or with these changes."""
    return weight_decay.Config(**{"weight_decay": (3.0,), **changes})


def verdict_on(reference, other, snapshots):
    verdict = Verdict("reference", "other")
    for snapshot in snapshots:
        expected, actual = reference.probe(snapshot), other.probe(snapshot)
        verdict.add_probe(snapshot, expected, actual, reference.probe)
    return verdict


def snapshots_of(config, count):
    snapshots = []
    for event in weight_decay.run(get_backend("torch"), config):
        if isinstance(event, Step):
            snapshots.append(event.model.snapshot(event.number, event.batch))
            if len(snapshots) == count:
                return snapshots
    return snapshots


def model(config, backend="torch"):
    (part,) = weight_decay.parts(config)
    model = weight_decay.build(get_backend(backend), config, None, part)
    model.load(snapshots_of(config, 1)[0].weights)
    return model


def test_all_steps_of_a_short_run_and_thirty_of_a_long_one():
    assert steps_to_probe([4]) == [0, 1, 2, 3]
    assert steps_to_probe([5, 15, 30]) == list(range(50))
    long = steps_to_probe([40] * 100)
    assert long[:10] == list(range(10))
    assert len(long) == 30
    assert long[-1] == 3999


def test_the_same_model_agrees_exactly():
    config = decayed()
    verdict = verdict_on(model(config), model(config), snapshots_of(config, 5))
    assert verdict.passed
    assert verdict.largest == 0
    assert verdict.sentence().startswith("same: ")


@pytest.mark.parametrize(
    ("wrong", "tensor"),
    [
        (decayed(learning_rate=0.003 * 1.001), "update of w"),
        (decayed(weight_decay=(3.01,)), "loss"),
        (decayed(batch_size=2), "update of w"),
    ],
)
def test_a_fault_is_found_and_named(wrong, tensor):
    right = decayed()
    verdict = verdict_on(model(right), model(wrong), snapshots_of(right, 3))
    assert not verdict.passed
    assert verdict.first_divergence["step"] == 0
    assert verdict.first_divergence["tensor"] == tensor
    assert "differ at step 0 by" in verdict.sentence()


def test_a_fault_that_starts_late_is_placed_where_it_starts():
    config = decayed()
    right, snapshots = model(config), snapshots_of(config, 6)
    wrong = model(config)
    probe = wrong.probe

    def fails_from_step_four(snapshot):
        result = probe(snapshot)
        return result if snapshot.step < 4 else {**result, "update of b": result["update of b"] + 1}

    wrong.probe = fails_from_step_four
    verdict = verdict_on(right, wrong, snapshots)
    assert verdict.first_divergence["step"] == 4
    assert verdict.first_divergence["tensor"] == "update of b"


def test_a_missing_number_is_a_divergence():
    config = decayed()
    right, wrong, snapshots = model(config), model(config), snapshots_of(config, 1)
    probe = wrong.probe
    wrong.probe = lambda snapshot: {**probe(snapshot), "loss": np.array(np.nan)}
    verdict = verdict_on(right, wrong, snapshots)
    assert verdict.first_divergence["tensor"] == "loss"
    assert verdict.first_divergence["difference"] == np.inf


@pytest.mark.parametrize("style", ["scratch", "concise"])
def test_a_loss_that_is_all_rounding_raises_no_alarm(style):
    """Without decay the 20 samples are fitted exactly: the loss falls to the square of rounding."""
    config = decayed(style=style, weight_decay=(0.0,), num_epochs=30)
    late = snapshots_of(config, 600)[-20:]
    verdict = verdict_on(model(config), model(config, "numpy"), late)
    assert verdict.passed, verdict.sentence()


@pytest.mark.parametrize(
    ("count", "said"), [(1, "1 tensor at 1 step"), (2, "2 tensors at 2 steps")]
)
def test_what_rounding_explains_is_counted(count, said):
    explained = [{"step": step, "difference": 3e-5} for step in range(count)]
    verdict = Verdict("a", "b", probed=[0, 1], explained=explained)
    assert f"; but for {said}, up to 3.0e-05 apart" in verdict.sentence()


def test_no_step_is_no_verdict():
    verdict = Verdict("a", "b")
    assert not verdict.passed
    assert "no verdict" in verdict.sentence()


@pytest.mark.parametrize("decay", [0.005, 0.05])
def test_an_update_is_not_hidden_by_the_size_of_the_weights(decay):
    right = decayed(style="concise", weight_decay=(decay,))
    wrong = decayed(style="concise", weight_decay=(0.0,))
    verdict = verdict_on(model(right), model(wrong), snapshots_of(right, 3))
    assert verdict.first_divergence["tensor"] == "update of w"


def test_a_language_model_that_never_moves_is_found():
    config = rnn.Config(
        corpus="python_topics", num_hiddens=16, learning_rate=1e-4, prefixes=(), max_characters=2000
    )
    data, backend = rnn.prepare(config), get_backend("torch")
    first = next(rnn.run(backend, config, data))
    snapshot = first.model.snapshot(0, first.batch)
    right, wrong = (rnn.build(backend, config, data) for _ in range(2))
    wrong._update = lambda params, grads: params
    verdict = verdict_on(right, wrong, [snapshot])
    assert verdict.first_divergence["tensor"].startswith("update of")


def test_a_perturbation_without_numbers_excuses_nothing():
    verdict = Verdict("a", "b")
    expected, actual = {"loss": np.array([1.0, 2.0])}, {"loss": np.array([1.0, 900.0])}
    verdict.add_probe(
        Snapshot(0, "", {}, (), ()), expected, actual, lambda _: {"loss": np.array([1.0, np.nan])}
    )
    assert not verdict.passed


@pytest.mark.parametrize(("moved", "passes"), [(0.5, True), (0.49999, True), (0.4999, False)])
def test_a_perturbation_excuses_as_much_as_it_moves_and_no_more(moved, passes):
    """The first seven draws miss what rounding switched."""
    results = iter([1.0] * 7 + [1.0 + moved])
    verdict = Verdict("a", "b")
    expected, actual = {"loss": np.array(1.0)}, {"loss": np.array(1.5)}
    verdict.add_probe(
        Snapshot(0, "", {}, (), ()), expected, actual, lambda _: {"loss": np.array(next(results))}
    )
    assert verdict.passed is passes


def test_steps_without_a_finite_loss_are_counted():
    verdict = Verdict("a", "b")
    for step, loss in enumerate([1.0, np.nan, np.nan]):
        result = {"loss": np.array(loss)}
        verdict.add_probe(Snapshot(step, "", {}, (), ()), result, result, dict)
    assert verdict.passed
    assert "at 2 of them, from step 1, the loss is no finite number" in verdict.sentence()


def test_drift_of_losses():
    verdict = Verdict("a", "b")
    verdict.add_losses([2.0, np.nan], [2.25, np.nan])
    assert verdict.drift == 0.125
    verdict.add_losses([1.0], [np.nan])
    assert verdict.drift == np.inf


@pytest.mark.parametrize("backend", backend_names())
@pytest.mark.parametrize("style", ["scratch", "concise"])
def test_watched_steps_leave_the_training_as_it_is(backend, style):
    config = decayed(style=style, num_epochs=2)

    def losses(watched):
        session = Session(get_backend(backend))
        session.start("weight_decay", config, weight_decay.prepare(config), frozenset(watched))
        results = []
        for _ in range(2):
            results.append(session.epoch(with_texts=False))
            for snapshot in results[-1].snapshots:
                session.probe(snapshot)
        return [result.losses for result in results]

    assert losses(range(15)) == losses([])
