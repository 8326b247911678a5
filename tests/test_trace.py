"""`lockstep compare --trace`: every step against the oracle, and the growth of differences."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from backends import get_backend
from experiments import weight_decay
from experiments.commands import main as command
from experiments.commands.trace import long_enough, result_of
from experiments.commands.trace_report import resynced_sentence, sentences
from experiments.commands.worker import Session
from experiments.trace.growth import LOSS, PARAMETERS, Growth, Taken, relative_difference, split
from experiments.trace.judging import BOUND, ENVELOPE, Allowed, excess
from experiments.trace.resynced import Judge
from experiments.trace.run import Trace
from experiments.training import Snapshot
from tests.conftest import FRAMEWORKS, backend_or_skip
from tests.divergence import Setting, build, data_of, settings
from tests.parity.wrong import Wrong

SETTINGS = list(settings())
KINDS = {"weight_decay": {BOUND}, "dropout": {BOUND}}
KINDS |= {name: {ENVELOPE} for name in ("rnn", "gru", "lstm")}


def stepper(backend, setting, label):
    """A worker's end in this process."""
    session = Session(backend)
    name = setting.module.__name__.removeprefix("experiments.")
    session.trace(name, setting.config, data_of(setting))
    session.label = label
    return session


def traced(setting, backends, steps):
    judge = Judge(lambda backend, part: build(setting, backend, part), backends=len(backends))
    trace = Trace([stepper(b, setting, label) for label, b in backends.items()], judge)
    while trace.step(steps):
        pass
    return trace


def decayed(**changes):
    config = weight_decay.Config(num_inputs=20, weight_decay=(3.0,), num_epochs=2, **changes)
    return Setting("weight_decay", weight_decay, config)


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_right_backends_stay_within_what_is_allowed(setting):
    backends = {name: backend_or_skip(name) for name in FRAMEWORKS}
    trace = traced(setting, backends, steps=2)
    assert trace.passed, resynced_sentence(trace)
    assert trace.steps >= 2
    kinds = {kind for rows in trace.rows.values() for row in rows.values() for kind in row.steps}
    name = str(setting).partition(" ")[0]
    assert kinds <= KINDS.get(name, {BOUND, ENVELOPE})
    for label, rows in trace.rows.items():
        assert sum(rows["loss"].steps.values()) == trace.steps
        assert all(
            0 < rows[tensor].ratio < 1 for tensor in ("loss", "gradient of W_hh") if tensor in rows
        ), label


def late(change):
    """torch with another update from its tenth on: a step is taken three times, by training, from
    the reference's numbers and from its own."""
    calls = []

    def override(k, right, params, grads, *rates):
        calls.append(1)
        return right(params, grads, *(change(*rates) if len(calls) > 9 else rates))

    return Wrong("sgd", "late", override).on(get_backend("torch"))


def test_a_fault_that_begins_late_is_named_where_it_begins():
    faulty = late(lambda rate, size=1, decay=0.0: (rate * 1.001, size, decay))
    trace = traced(decayed(), {"torch": get_backend("torch"), "faulty": faulty}, steps=20)
    found = trace.first_divergence
    assert not trace.passed
    assert (found["step"], found["backend"], found["tensor"]) == (3, "faulty", "update of w")
    assert found["arises"]["primitive"] == "sgd"
    assert found["arises"]["tensor"] == "result[w]"
    assert set(found["values"]) == {"torch", "faulty"}
    assert (found["mode"], found["inherited"]) == ("resynced", 0)
    sentence = resynced_sentence(trace)
    assert sentence.startswith("different: at resynced step 3 of λ = 3 the update of w of faulty")
    assert "It arises in sgd (call 0, update): result[w]" in sentence
    json.dumps(result_of(trace), default=str)


def test_a_fault_that_begins_late_in_an_objective_is_named_too():
    """Where a backend replays the objective, or would."""
    session, penalties = stepper(get_backend("torch"), decayed(), "torch"), []
    while (snapshot := session.next_step(20)) is not None:
        penalties.append(float(np.square(snapshot.weights["w"]).sum() / 2))
    least = (penalties[3] + penalties[4]) / 2

    def override(k, right, weight):
        penalty = right(weight)
        return penalty * (1 + k.relu(least - penalty))

    faulty = Wrong("l2_penalty", "small ones", override).on(get_backend("torch"))
    trace = traced(decayed(), {"torch": get_backend("torch"), "faulty": faulty}, steps=20)
    found = trace.first_divergence
    assert (found["step"], found["backend"]) == (4, "faulty")
    assert found["arises"]["primitive"] == "l2_penalty"


def test_a_fault_on_the_way_of_one_backend_alone_is_found_by_repeating_its_own_steps():
    """It needs weights that the reference never has."""

    def override(k, right, weight):
        far = float(k.to_numpy(weight).max()) > 3
        return right(weight) * (1.01 if far else 1.0)

    def drifting(k, right, params, grads, *rates):
        return {n: w * (1.5 if n == "w" else 1) for n, w in right(params, grads, *rates).items()}

    setting = decayed(sigma=0.1)
    backend = Wrong("l2_penalty", "far out", override).on(get_backend("torch"))
    session = stepper(backend, setting, "faulty")
    trained = Wrong("sgd", "drifts", drifting).on(get_backend("torch"))
    session.events = setting.module.run(trained, setting.config, data_of(setting))
    judge = Judge(lambda backend, part: build(setting, backend, part))
    trace = Trace([stepper(get_backend("torch"), setting, "torch"), session], judge)
    while trace.step(20):
        pass
    crossed = trace.growths["faulty"]["λ = 3"].crossed[PARAMETERS]
    assert list(crossed) == [1e-6, 1e-4, 1e-2]
    assert trace.repeated_otherwise == {"torch": [], "faulty": list(range(19))}


def test_growth_notes_the_first_step_above_each_threshold():
    growth = Growth()

    def taken(step, loss, weight):
        snapshot = Snapshot(step, "", {"w": np.array([weight], "float32")}, (), ())
        return Taken(snapshot, {"loss": np.array(loss), "update of w": np.zeros(1)})

    steps = [(1.0, 1.0), (1.0 + 3e-6, 1.0), (1.0, 1.5), (1.0 + 3e-4, 1.0)]
    crossings = [growth.add(taken(i, 1.0, 1.0), taken(i, *step)) for i, step in enumerate(steps)]
    assert growth.crossed[LOSS] == {1e-6: 1, 1e-4: 3}
    assert growth.crossed[PARAMETERS] == {1e-6: 2, 1e-4: 2, 1e-2: 2}
    assert [len(found) for found in crossings] == [0, 1, 3, 1]
    assert growth.largest_so_far(PARAMETERS).tolist() == [0, 0, 0.5, 0.5]


def test_a_difference_is_split_into_what_was_inherited_and_what_was_added():
    def taken(weight, update):
        snapshot = Snapshot(0, "", {"w": np.array([0.0, weight], "float32")}, (), ())
        return Taken(snapshot, {"loss": np.array(0.0), "update of w": np.array([0.0, update])})

    exact = {"reference": taken(1.0, -0.5), "other": taken(1.25, -0.5)}
    parts = split("w", taken(1.0, -0.5), taken(1.25, -0.375), exact)
    assert parts == {
        "tensor": "w", "index": [1], "values": [0.5, 0.875], "inherited": 0.25, "added": 0.125,
    }  # fmt: skip


def test_relative_difference():
    assert relative_difference(np.array([2.0, -4.0]), np.array([2.0, -3.0])) == 0.25
    assert relative_difference(np.array([np.nan, 1.0]), np.array([np.nan, 1.0])) == 0
    assert relative_difference(np.array([np.nan, 1.0]), np.array([1.0, 1.0])) == np.inf


@pytest.mark.parametrize(
    ("actual", "value", "width", "ratio"),
    [
        ([1.0, 2.5], [1.0, 2.0], [0.0, 1.0], 0.5),
        ([1.0, 2.0], [1.5, 2.0], [0.0, 1.0], np.inf),
        ([np.nan], [np.nan], [0.0], 0.0),
        ([np.nan], [1.0], [np.inf], np.inf),
        ([np.inf], [np.inf], [0.0], 0.0),
        ([1.0], [2.0], [np.nan], np.inf),
        ([1.0], [[1.0]], [[1.0]], np.inf),
        ([1], [1.0], [0.0], np.inf),
    ],
)
def test_the_ratio_of_an_array_is_that_of_its_worst_element(actual, value, width, ratio):
    allowed = Allowed(np.array(value), np.array(width))
    assert excess(np.array(actual), allowed).ratio == ratio


def test_a_run_is_made_as_long_as_the_trace():
    config = weight_decay.Config(weight_decay=(3.0,), num_epochs=10)
    data = weight_decay.prepare(config)
    assert long_enough(weight_decay, config, data, 200) == config
    longer = long_enough(weight_decay, config, data, 1000)
    assert sum(weight_decay.schedule(longer, data)) >= 1000


def test_the_command(tmp_path, capsys):
    arguments = ["compare", "weight_decay", "--trace", "--steps", "4", "--backends", "torch,numpy"]
    settings = ["--set", "num_inputs=9", "--threads", "1", "--out", str(tmp_path)]
    assert command.main([*arguments, *settings]) == 0
    printed = capsys.readouterr().out
    assert "verdict: same: torch and numpy stay within what the oracle allows at 8" in printed
    written = json.loads((tmp_path / "trace.json").read_text())["trace"]
    assert written["passed"]
    assert written["steps_of_parts"] == {"λ = 0": 4, "λ = 3": 4}
    assert set(written["resynced"]["torch"]) == {
        *("loss", "gradient of w", "gradient of b", "update of w", "update of b")
    }
    assert len(written["free_running"]["numpy"]["λ = 3"]["differences"]["loss"]) == 4
    assert (tmp_path / "trace.png").stat().st_size > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["dropout", "--trace", "--set", "masks=own", "--set", "dataset=digits"], "masks = 'own'"),
        (["rnn", "--steps", "5"], "--steps is not allowed without --trace"),
        (["rnn", "--perturbed-runs", "5"], "--perturbed-runs is not allowed without --trace"),
    ],
)
def test_what_cannot_be_traced_is_refused_in_one_line(arguments, message, tmp_path, capsys):
    backends = ["--backends", "torch,numpy", "--threads", "1", "--out", str(tmp_path)]
    assert command.main(["compare", *arguments, *backends]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_sentences_say_when_thresholds_were_crossed():
    trace = traced(decayed(), {"torch": get_backend("torch"), "numpy": get_backend("numpy")}, 5)
    loss, parameters = sentences(trace)[1:]
    assert loss.startswith("free-running: loss of numpy of λ = 3: ")
    assert parameters.endswith("1e-04 never, 1e-02 never")


def test_more_perturbed_runs_narrow_an_envelope():
    setting = next(s for s in SETTINGS if str(s) == "rnn scratch")
    snapshot = stepper(get_backend("torch"), setting, "torch").next_step(1)

    def widths(runs):
        judge = Judge(lambda backend, part: build(setting, backend, part), runs)
        return judge.judgement(snapshot).allowed["gradient of W_hh"].width

    assert widths(4).mean() > widths(16).mean()
    assert replace(snapshot, step=7).step == 7
