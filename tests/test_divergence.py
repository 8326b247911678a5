"""First divergence: the right step, tensor and primitive of mistakes laid over right backends."""

from __future__ import annotations

import re

import numpy as np
import pytest

from backends import get_backend
from experiments.trace.divergence import findings, locate, value_at
from experiments.trace.judging import BOUND, ENVELOPE
from tests import divergence
from tests.conftest import FRAMEWORKS, backend_or_skip
from tests.divergence import NUM_STEPS, Run, settings, tried
from tests.parity.wrong import WRONG, Wrong

SETTINGS = {str(setting): setting for setting in settings()}


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=str)
def test_nothing_is_found_in_right_backends(setting, framework):
    recording = Run(setting, framework, None, 0).take(0)
    assert not recording.failure
    assert [call for evaluation in recording.evaluations for call in evaluation.calls]
    kinds = (BOUND, ENVELOPE) if "weight_decay" in str(setting) else (BOUND,)
    for kind in kinds:
        assert list(findings(recording, kind)) == []


TRIED = [
    ("weight_decay scratch", "l2_penalty"),
    ("weight_decay scratch", "from_numpy"),
    ("weight_decay concise", "trainer"),
    ("weight_decay concise", "dense_layer"),
    ("dropout scratch", "relu"),
    ("dropout scratch", "dropout"),
    ("dropout concise", "softmax_cross_entropy"),
    ("rnn scratch", "rnn"),
    ("rnn scratch", "sgd"),
    ("rnn scratch", "clip_gradients"),
    ("rnn scratch", "value_and_grad"),
    ("rnn concatenated scratch", "concat"),
    ("rnn concise", "rnn_layer"),
    ("gru scratch", "gru"),
    ("lstm scratch", "lstm"),
    ("lstm concise", "lstm_layer"),
    ("bptt scratch", "take_rows"),
    ("initialization scratch", "tanh"),
]


@pytest.mark.parametrize(("number", "setting", "primitive"), [(i, *t) for i, t in enumerate(TRIED)])
def test_a_mistake_is_named(number, setting, primitive):
    """The first of the catalogue's in this primitive that changes anything."""
    backend, begin = FRAMEWORKS[number % 2], divergence.BEGINS[number // 2 % 2]
    for wrong in WRONG:
        if wrong.primitive == primitive:
            outcome = tried(wrong, SETTINGS[setting], backend, begin)
            if outcome.hit is not None:
                break
    assert outcome.hit, outcome


def recorded(setting: str, wrong: Wrong, backend: str = "torch", steps: int = 1):
    run = Run(SETTINGS[setting], backend_or_skip(backend), wrong, 0)
    return [run.take(number) for number in range(steps)][-1]


def test_the_time_step_of_a_sequence_is_named():
    def third_step_wrong(k, right, inputs, state, params):
        if len(inputs) < 3:
            return right(inputs, state, params)
        first, state = right(inputs[:2], state, params)
        second, state = right(inputs[2:], tuple(array * 1.01 for array in state), params)
        return k.concat([first, second], 0), state

    finding = locate(recorded("lstm scratch", Wrong("lstm", "third", third_step_wrong)), "loss")
    assert (finding.primitive, finding.call, finding.time_step) == ("lstm", 0, 2)
    assert finding.direction == "forward"


def test_a_gradient_that_is_wrong_on_its_way_through_time_is_named():
    def cut(k, right, inputs, state, params):
        first, state = right(inputs[:2], state, params)
        second, state = right(inputs[2:], k.detach(state), params)
        return k.concat([first, second], 0), state

    finding = locate(recorded("gru scratch", Wrong("gru", "cut", cut)), "gradient of W_hh")
    assert (finding.primitive, finding.direction) == ("gru", "backward")
    assert finding.kind == ENVELOPE


def test_state_that_is_left_from_the_step_before_is_named():
    wrong = next(w for w in WRONG if str(w) == "value_and_grad-gradients of a network add up")
    finding = locate(recorded("dropout concise", wrong, steps=2), "gradient of W1")
    assert (finding.primitive, finding.tensor) == ("value_and_grad", "gradient of W1")


def test_the_value_of_another_backend_is_told_beside():
    wrong = next(w for w in WRONG if str(w) == "l2_penalty-no half")
    finding = locate(recorded("weight_decay scratch", wrong), "loss")
    right = Run(SETTINGS["weight_decay scratch"], get_backend("torch"), None, 0).take(0)
    assert finding.excess.value == 2 * np.float32(value_at(right, finding))
    assert abs(finding.excess.oracle - value_at(right, finding)) <= finding.excess.allowed


def test_a_primitive_that_fails_is_named():
    def fails(k, right, x):
        raise ValueError("no")

    recording = recorded("dropout scratch", Wrong("relu", "fails", fails))
    finding = locate(recording, "loss")
    assert recording.failure == "ValueError: no"
    assert (finding.primitive, finding.message) == ("relu", "it failed")


def test_the_command_counts_hits_and_lists_misses(capsys, monkeypatch):
    monkeypatch.setattr(divergence, "NUM_STEPS", 1)
    arguments = ["--backend", "torch", "--only", "weight_decay scratch", "--faults", "sum-mean"]
    assert divergence.main(arguments) == 0
    assert re.search(r"first divergence: ([1-9]\d*) hits / \1 faults", capsys.readouterr().out)
    monkeypatch.setattr(
        divergence,
        "locate",
        lambda recording, tensor: locate(recording, tensor).__class__(
            "linear", "forward", "result"
        ),
    )
    assert divergence.main(arguments) == 1
    assert "missed: sum-mean in weight_decay scratch on torch" in capsys.readouterr().out


def test_some_steps_are_tried():
    assert max(divergence.BEGINS) < NUM_STEPS
