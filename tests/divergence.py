"""First-divergence hits / faults: does a trace name the step, the tensor and the primitive?

    python -m tests.divergence [--backend NAME ...] [--only TEXT] [--every N] [--out FILE]

Every mistake of tests/parity/wrong is laid over a right backend from some step of a small
experiment on. Where it changes a result by more than rounding may, the trace has to name where it
arises: the step and the tensor for a hit, and the primitive, which is counted apart. What is right
is found without the oracle and its bounds: the same mistake in float64 against the same backend
without it.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import warnings
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from backends import get_backend
from backends.interface import Backend
from experiments import bptt, dropout, gru, initialization, lstm, rnn, weight_decay
from experiments.commands.results import described, machine, replacing
from experiments.trace import replay
from experiments.trace.divergence import Finding, argument_name, locate, name_of
from experiments.trace.judging import Allowed, excess
from experiments.trace.recorder import Call, Recorder, Recording, record
from experiments.trace.resynced import UPDATE, Judge, Judgement
from experiments.trace.trees import leaves
from experiments.training import Snapshot, Step
from tests.parity.wrong import WRONG, Wrong

NUM_STEPS = 4
RIGHT = 0.95  # the share of mistakes that a trace has to name
BEGINS = (0, 2)  # the steps from which a mistake is made
NOT_COMPUTED = ("version", "devices", "num_threads", "synchronize", "seed")
# One rounding of float32 shows; float64 rounds finer than the other.
SHOWS, ROUNDING_OF_FLOAT64 = 2.0**-24, 2.0**-40


@dataclass(frozen=True)
class Setting:
    """A small run of an experiment: its steps on the right torch."""

    name: str
    module: Any
    config: Any

    def __str__(self) -> str:
        return self.name

    def __hash__(self) -> int:
        return hash(self.name)


def settings() -> Iterator[Setting]:
    for style in ("scratch", "concise"):
        model: Any = {"corpus": "python_topics", "prefixes": (), "max_characters": 2000}
        model |= {"num_hiddens": 8, "batch_size": 3, "num_steps": 5, "sigma": 0.3, "style": style}
        digits: Any = {"dataset": "digits", "num_hiddens1": 16, "num_hiddens2": 12, "sigma": 0.1}
        decay: Any = {"num_inputs": 20, "batch_size": 4, "weight_decay": (3.0,)}
        parts: Any = {"num_layers": 3, "num_hiddens": 6, "batch_size": 5, "num_steps": 3}
        parts |= {"initializers": ("xavier", "constant"), "activation": "tanh"}
        runs = {
            "weight_decay": weight_decay.Config(style=style, **decay),
            "dropout": dropout.Config(style=style, batch_size=8, weight_decay=0.1, **digits),
            "rnn": rnn.Config(clip_norm=0.1, **model),
            "gru": gru.Config(clip_norm=0.1, **model),
            "lstm": lstm.Config(clip_norm=0.1, **model),
            "initialization": initialization.Config(style=style, **parts),
        }
        modules = {"weight_decay": weight_decay, "dropout": dropout, "rnn": rnn, "gru": gru}
        modules |= {"lstm": lstm, "initialization": initialization}
        if style == "scratch":
            runs["rnn concatenated"] = rnn.Config(clip_norm=0.1, concatenated=True, **model)
            sizes: Any = {"num_hiddens": 6, "num_steps": 9, "num_powers": 4, "batch_size": 3}
            sizes |= {"num_draws": 2, "taus": (4,), "radii": (0.9,), "corpus": "python_topics"}
            runs["bptt"] = bptt.Config(**sizes)
            modules |= {"rnn concatenated": rnn, "bptt": bptt}
        for name, config in runs.items():
            yield Setting(f"{name} {style}", modules[name], config)


@cache
def data_of(setting: Setting) -> Any:
    return setting.module.prepare(setting.config)


def build(setting: Setting, backend: Any, part: str) -> Any:
    return setting.module.build(backend, setting.config, data_of(setting), part)


@cache
def snapshots_of(setting: Setting) -> list[Snapshot]:
    """The first steps of the run, and so of its first parts."""
    snapshots = []
    for event in setting.module.run(get_backend("torch"), setting.config, data_of(setting)):
        if isinstance(event, Step):
            snapshots.append(event.model.snapshot(event.number, event.batch))
            if len(snapshots) == NUM_STEPS:
                break
    return snapshots


@cache
def judge_of(setting: Setting) -> Judge:
    return Judge(lambda backend, part: build(setting, backend, part))


@cache
def judgement_of(setting: Setting, number: int) -> Judgement:
    return judge_of(setting).judgement(snapshots_of(setting)[number])


class Run:
    """The steps of a setting on a backend that makes a mistake from step `begin` on."""

    def __init__(self, setting: Setting, backend: Backend, fault: Wrong | None, begin: int) -> None:
        self.setting, self.begin, self.active = setting, begin, False
        self.ran_inside: set[str] = set()
        if fault is not None:
            own = fault.override

            def override(k: Backend, right: Any, *args: Any, **kwargs: Any) -> Any:
                if not self.active:
                    return right(*args, **kwargs)
                self.ran_inside.add(self.recorder.inside or fault.primitive)
                return own(k, right, *args, **kwargs)

            backend = replace(fault, override=override).on(backend)
        self.recorder: Any = Recorder(backend)
        self.models: dict[str, Any] = {}

    def take(self, number: int) -> Recording:
        if number == self.begin:
            self.active = True
            self.models.clear()  # what a model makes once is made with the mistake
        snapshot = deepcopy(snapshots_of(self.setting)[number])
        try:
            if snapshot.part not in self.models:
                self.models[snapshot.part] = build(self.setting, self.recorder, snapshot.part)
        except Exception as error:
            return Recording(failure=f"{type(error).__name__}: {error}")
        return record(self.recorder, self.models[snapshot.part], snapshot)


@cache
def right_recording(setting: Setting, backend: str, number: int) -> Recording:
    run = Run(setting, get_backend(backend, dtype="float64"), None, 0)
    return run.take(number)


def apart(actual: Any, expected: Any, relative: float) -> bool:
    """Whether arrays differ by more than that part of the largest element, or in kind."""
    actual, expected = np.asarray(actual), np.asarray(expected)
    if actual.shape != expected.shape or (actual.dtype.kind == "f") != (expected.dtype.kind == "f"):
        return True
    actual, expected = actual.astype("float64"), expected.astype("float64")
    if not np.array_equal(np.isfinite(actual), np.isfinite(expected)):
        return True
    finite = np.isfinite(expected)
    most = abs(expected).max(where=finite, initial=0.0)
    return bool(abs(actual - expected).max(where=finite, initial=0.0) > relative * most)


def changed(
    wrong: Recording, right: Recording, snapshot: Snapshot, shows: float = SHOWS
) -> list[str]:
    """The results that a mistake changes by more than one rounding of float32."""
    names = []
    for tensor, expected in right.results.items():
        actual = wrong.results.get(tensor)
        if actual is None or actual.shape != expected.shape:
            names.append(tensor)
        elif tensor.startswith(UPDATE):  # rounded with the parameter that it is added to
            weight = snapshot.weights[tensor.removeprefix(UPDATE)]
            if apart(weight + actual, weight + expected, shows):
                names.append(tensor)
        elif apart(actual, expected, shows):
            names.append(tensor)
    return names


@dataclass
class Truth:
    """What is wrong first: a call of the recording, or what joins the calls."""

    primitives: set[str]
    tensors: set[str]
    call: int | None = None
    direction: str = ""

    def is_at(self, finding: Finding) -> bool:
        """Whether the tensor is the one."""
        # A state within a sequence is one of those that it returns.
        tensor = finding.tensor.replace("state[", "result[1][", finding.tensor.startswith("state["))
        if self.call is None and tensor == "result" and finding.call is not None:
            return False  # every call has a result
        return (
            tensor in self.tensors
            and (self.call is None or finding.call == self.call)
            and (not self.direction or finding.direction == self.direction)
        )


def truth_of(fault: Wrong, wrong: Recording, right: Backend, names: list[str]) -> Truth:
    """By the right backend in float64, on the inputs that each call had."""
    if fault.primitive == "to_numpy":
        return Truth({"to_numpy"}, {"result"}, direction="forward")
    for call in wrong.given:
        if tensors := wrong_results(call, right):
            return Truth({call.primitive}, tensors, direction="forward")
    for evaluation in wrong.evaluations:
        for number, call in enumerate(evaluation.calls):
            if tensors := wrong_results(call, right):
                return Truth({call.primitive}, tensors, number, "forward")
        if fault.primitive == "value_and_grad":
            break
        for number, call in reversed(list(enumerate(evaluation.calls))):
            if any(np.any(gradient) for gradient in call.reached.values()):
                expected = replay.sent_back(right, call)
                tensors = {
                    f"gradient by {argument_name(call, path)}"
                    for path, value in expected.items()
                    if apart(call.sent[path], value, ROUNDING_OF_FLOAT64)
                }
                if tensors:
                    return Truth({call.primitive}, tensors, number, "backward")
        layers = [call for call in evaluation.calls if call.layers and call.reached]
        if layers and fault.primitive not in ("value_and_grad", "network"):
            expected_gradients = replay.sent_to_parameters(right, layers)
            tensors = {
                f"gradient of {name}"
                for name, value in expected_gradients.items()
                if apart(evaluation.gradients[name], value, ROUNDING_OF_FLOAT64)
            }
            if tensors:
                return Truth({fault.primitive}, tensors, direction="backward")
    for number, call in enumerate(wrong.updates):
        if call.primitive == "trainer" and fault.primitive != "trainer":
            continue
        if call.primitive == "trainer":
            moved = {f"result[{n.removeprefix(UPDATE)}]" for n in names if n.startswith(UPDATE)}
            return Truth({call.primitive}, moved, number, "update")
        if tensors := wrong_results(call, right):
            return Truth({call.primitive}, tensors, number, "update")
    # "result": the gradient of a function that anybody can differentiate.
    return Truth({fault.primitive}, {*names, "result"})


def wrong_results(call: Call, right: Backend) -> set[str]:
    """The arrays that a call returned and the right backend would not have."""
    if call.result is None:
        return {"result"}
    actual, expected = dict(leaves(call.result)), replay.returned(right, call)
    return {
        name_of("result", path)
        for path, array in expected.items()
        if path not in actual or apart(actual[path], array, ROUNDING_OF_FLOAT64)
    }


@dataclass
class Outcome:
    """One mistake in one setting on one backend.

    hit: whether the step and the tensor are named; None where the mistake changes nothing, or, if
    hidden, no more than rounding may. named: whether the primitive is, too.
    """

    fault: str
    setting: str
    backend: str
    begin: int
    hit: bool | None = None
    named: bool = False
    hidden: bool = False
    why: str = ""


def tried(fault: Wrong, setting: Setting, backend: str, begin: int) -> Outcome:
    outcome = Outcome(str(fault), str(setting), backend, begin)
    right = get_backend(backend, dtype="float64")
    exact = Run(setting, right, fault, begin)
    traced = Run(setting, get_backend(backend), fault, begin)
    for number, snapshot in enumerate(snapshots_of(setting)):
        if number < begin:
            continue
        wrong = exact.take(number)
        if not exact.ran_inside:
            return outcome
        judgement = judgement_of(setting, number)
        expected = right_recording(setting, backend, number)
        names = changed(wrong, expected, snapshot)
        recording = traced.take(number)
        found = judgement.of(recording.results)
        tensor = next((tensor for tensor, excess in found.items() if excess.outside), None)
        if tensor is None:
            outcome.hidden = outcome.hidden or bool(names)
            if visible := [n for n in names if beyond(wrong, expected, n, judgement)]:
                outcome.hit, outcome.why = False, f"not seen at step {number}: {visible}"
                return outcome
            continue
        if not names:
            outcome.hit, outcome.why = False, f"false alarm at step {number} in {tensor}"
            return outcome
        every = changed(wrong, expected, snapshot, ROUNDING_OF_FLOAT64)
        truth = truth_of(fault, wrong, right, every)
        finding = locate(recording, tensor)
        is_primitive = finding.primitive in truth.primitives <= exact.ran_inside
        outcome.hit = truth.is_at(finding)
        outcome.named = outcome.hit and is_primitive
        if not outcome.named:
            outcome.why = f"at step {number} {finding} for {truth}"
        return outcome
    return outcome


def beyond(wrong: Recording, right: Recording, tensor: str, judgement: Judgement) -> bool:
    """Whether a mistake moves a result by more than rounding may."""
    width = judgement.allowed[tensor].width
    if tensor not in wrong.results:
        return True
    return excess(wrong.results[tensor], Allowed(right.results[tensor], width)).outside


def outcomes_of(options: argparse.Namespace) -> Iterator[Outcome]:
    faults = [w for w in WRONG if options.faults in str(w) and w.primitive not in NOT_COMPUTED]
    for setting in settings():
        if options.only in str(setting):
            for backend in options.backend:
                own = []
                for fault in faults[:: options.every]:
                    for begin in BEGINS:
                        own.append(tried(fault, setting, backend, begin))
                        yield own[-1]
                print(f"{setting}, {backend}: {summary(own)}", file=sys.stderr, flush=True)


def lines_of(outcomes: Sequence[Outcome], command: str) -> list[str]:
    on, names = machine(), dict.fromkeys(outcome.backend for outcome in outcomes)
    versions = ", ".join(f"{name} {get_backend(name).version()}" for name in names)
    missed = [o for o in outcomes if o.hit is False or (o.hit and not o.named)]
    return [
        "# First divergence on injected faults",
        "",
        f"Written by `{command}` on {date.today()}.  ",
        f"Machine: {described(on)}.  ",
        f"Versions: Python {on['python']}, NumPy {np.__version__}, {versions}.",
        "",
        f"first divergence: {summary(outcomes)}",
        "",
        *(
            f"- {'missed' if outcome.hit is False else 'another primitive named'}: {outcome.fault}"
            f" in {outcome.setting} on {outcome.backend} from step {outcome.begin} on:"
            f" {outcome.why}"
            for outcome in missed
        ),
    ]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.divergence")
    parser.add_argument("--backend", nargs="*", default=["torch", "mxnet"])
    parser.add_argument("--only", default="", help="settings that hold this text")
    parser.add_argument("--faults", default="", help="mistakes that hold this text")
    parser.add_argument("--every", type=int, default=1, help="of the mistakes, every N-th")
    parser.add_argument("--out", type=Path, help="a Markdown file to write")
    given = sys.argv[1:] if arguments is None else arguments
    options = parser.parse_args(given)
    if options.every < 1:
        parser.error(f"--every {options.every}: give 1 at least")
    outcomes = []
    try:
        for outcome in outcomes_of(options):
            outcomes.append(outcome)
    except KeyboardInterrupt:
        print("interrupted: what follows is what was finished", file=sys.stderr)
    lines = lines_of(outcomes, shlex.join(["python", "-m", "tests.divergence", *given]))
    print("\n".join(lines))
    if options.out:
        with replacing(options.out) as file:
            file.write("\n".join([*lines, ""]).encode())
    judged = [outcome.hit for outcome in outcomes if outcome.hit is not None]
    return 0 if judged and sum(judged) >= RIGHT * len(judged) else 1


def summary(outcomes: Sequence[Outcome]) -> str:
    judged = [outcome for outcome in outcomes if outcome.hit is not None]
    hits, named = sum(bool(o.hit) for o in judged), sum(o.named for o in judged)
    hidden = sum(outcome.hidden for outcome in outcomes if outcome.hit is None)
    return (
        f"{hits} hits / {len(judged)} faults (step and tensor), {named} with the primitive; "
        f"{hidden} more change less than rounding may"
    )


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # mistakes overflow
    sys.exit(main())
