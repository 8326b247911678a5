"""Where in a step an error arises: the first primitive whose own result is wrong for its inputs.

Every noted call is judged alone: the oracle computes it from the inputs that the backend's call
had, so that nothing is inherited from the calls before. First what went in, then the formulas in
their order, then, last call first, what each made of the gradient that reached it, then the update.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from backends.rounding import BoundedBackend
from experiments.trace import replay
from experiments.trace.judging import BOUND, ENVELOPE, Allowed, Excess, allowed_by, excess
from experiments.trace.recorder import Call, Evaluation, Recording, signature_of
from experiments.trace.trees import Path, leaves

SEQUENCES = ("rnn", "gru", "lstm", "rnn_layer", "gru_layer", "lstm_layer")


@dataclass(frozen=True)
class Finding:
    """A primitive gave a tensor that is wrong for its inputs.

    direction: forward, backward or update. call: its number among those of the objective, or of
    the update. where: the way to the tensor in a `Recording`.
    """

    primitive: str
    direction: str
    tensor: str
    call: int | None = None
    time_step: int | None = None
    kind: str = BOUND
    excess: Excess | None = None
    message: str = ""
    where: Path = ()


def locate(recording: Recording, tensor: str) -> Finding:
    """The first wrong primitive of a step in which `tensor` came out wrong.

    Where every primitive is within its worst case, the narrower envelopes decide.
    """
    for kind in (BOUND, ENVELOPE):
        if (finding := next(findings(recording, kind), None)) is not None:
            return finding
    if recording.failure:
        inside = bool(recording.evaluations) and not recording.evaluations[-1].gradients
        primitive = "value_and_grad" if inside else "step"
        return Finding(primitive, "forward", tensor, message=recording.failure)
    if tensor.startswith("update of "):
        return Finding("update", "update", tensor, message="every primitive of it is right alone")
    message = "every primitive is right alone: what joins them is wrong"
    return Finding("value_and_grad", "backward", tensor, message=message)


def value_at(recording: Recording, finding: Finding) -> float | None:
    """What a recording of the same step on another backend has in the place of a finding."""
    value: Any = recording
    try:
        for key in finding.where:
            own = isinstance(key, str) and hasattr(value, key)
            value = getattr(value, key) if own else value[key]
        return float(value[finding.excess.index]) if finding.excess else None
    except (LookupError, TypeError):
        return None


def findings(recording: Recording, kind: str = BOUND) -> Iterator[Finding]:
    """All wrong results, those that arise first before those that may follow from them."""
    for number, call in enumerate(recording.given):
        yield from under(("given", number), forward(call, None, kind))
    for number, evaluation in enumerate(recording.evaluations):
        calls = list(enumerate(evaluation.calls))
        here: Path = ("evaluations", number)
        for position, call in calls:
            yield from under((*here, "calls", position), forward(call, position, kind))
        for call in recording.differentiated:
            for finding in results(call, None, kind):
                yield replace(finding, direction="backward", where=())
        for position, call in reversed(calls):
            yield from under((*here, "calls", position), backward(call, position, kind))
        yield from under(here, parameters_of_layers(evaluation, kind))
    for position, call in enumerate(recording.updates):
        for finding in under(("updates", position), results(call, position, kind)):
            yield replace(finding, direction="update")


def under(where: Path, found: Iterator[Finding]) -> Iterator[Finding]:
    for finding in found:
        yield replace(finding, where=(*where, *finding.where))


def argument_name(call: Call, path: Path) -> str:
    """`weight`, `params[W_hh]`: as the interface calls it."""
    kind, key, *rest = path
    if kind == 0 and not call.layers:
        key = list(signature_of(call.primitive).parameters)[key + 1]
    elif kind == 0:
        key = ("inputs", "state")[key]
    return name_of(str(key), rest)


def name_of(first: str, path: Sequence[Any]) -> str:
    return first + "".join(f"[{part}]" for part in path)


def outside(actual: Any, allowed: Allowed) -> Excess | None:
    found = excess(actual, allowed)
    return found if found.outside else None


def forward(call: Call, position: int | None, kind: str) -> Iterator[Finding]:
    if call.primitive in SEQUENCES and call.result is not None and len(inputs_of(call)) > 0:
        yield from over_time(call, position, kind)
    else:
        yield from results(call, position, kind)


def results(call: Call, position: int | None, kind: str) -> Iterator[Finding]:
    """The arrays that a call returned."""
    wrong = partial(Finding, call.primitive, "forward", call=position, kind=kind)
    if call.result is None:
        yield wrong(tensor="result", message="it failed")
        return
    try:
        expected = allowed_by(kind, partial(replay.updated, call=call))
    except Exception as error:  # the inputs were no inputs for this primitive
        yield wrong(tensor="arguments", message=f"{type(error).__name__}: {error}")
        return
    actual = dict(leaves(call.result))
    for path, allowed in expected.items():
        name, where = name_of("result", path), ("result", *path)
        if path not in actual:
            yield wrong(tensor=name, message="it is missing")
        elif found := outside(actual[path], allowed):
            yield wrong(tensor=name, excess=found, where=where)


def inputs_of(call: Call) -> np.ndarray:
    return call.arguments[0][0]


def over_time(call: Call, position: int | None, kind: str) -> Iterator[Finding]:
    """Every state of a sequence, from the backend's own state before."""
    wrong = partial(Finding, call.primitive, "forward", call=position, kind=kind)
    (inputs, state, *others), kwargs = call.arguments
    hiddens, last = call.result
    shape = (len(inputs), *state[0].shape)
    if hiddens.shape != shape:
        allowed = Allowed(np.zeros(shape), np.zeros(shape))
        yield wrong(tensor="result[0]", excess=excess(hiddens, allowed))
        return
    for t in range(len(inputs)):
        one = replace(call, arguments=((inputs[t : t + 1], state, *others), kwargs))
        expected = allowed_by(kind, partial(replay.returned, call=one))
        states = call.states[t] if call.states else (hiddens[t],)
        here: Path = ("result", 0, slice(t, t + 1))
        compared: list[tuple[str, Path, Any, Path]] = []
        compared.append(("result[0]", here, hiddens[t : t + 1], (0,)))
        for i, array in enumerate(states):
            if call.states:
                compared.append((f"state[{i}]", ("states", t, i), array, (1, i)))
            if t == len(inputs) - 1:
                compared.append((f"result[1][{i}]", ("result", 1, i), last[i], (1, i)))
        for name, where, actual, path in compared:
            if found := outside(actual, expected[path]):
                yield wrong(tensor=name, time_step=t, excess=found, where=where)
        state = (hiddens[t], *states[1:])


def long(call: Call) -> bool:
    """Whether worst-case bounds of its gradients double with every time step."""
    return call.primitive in SEQUENCES and len(inputs_of(call)) > 1


def backward(call: Call, position: int, kind: str) -> Iterator[Finding]:
    """What a call made of the gradients that reached its results."""
    if not any(np.any(gradient) for gradient in call.reached.values()):
        return
    kind = ENVELOPE if long(call) else kind
    for path, allowed in allowed_by(kind, partial(replay.sent_back, call=call)).items():
        if path in call.sent and (found := outside(call.sent[path], allowed)):
            name = f"gradient by {argument_name(call, path)}"
            yield Finding(
                call.primitive,
                "backward",
                name,
                position,
                kind=kind,
                excess=found,
                where=("sent", path),
            )


def parameters_of_layers(evaluation: Evaluation, kind: str) -> Iterator[Finding]:
    """The gradients by the parameters of a network, which its layers are called without."""
    calls = [call for call in evaluation.calls if call.layers and call.reached]
    if not calls or not evaluation.gradients:
        return
    kind = ENVELOPE if any(long(call) for call in calls) else kind
    expected = allowed_by(kind, partial(replay.sent_to_parameters, calls=calls))
    for name, allowed in expected.items():
        wrong = partial(Finding, direction="backward", tensor=f"gradient of {name}", kind=kind)
        actual = evaluation.gradients.get(name)
        if actual is None or actual.shape != allowed.value.shape:
            yield wrong("network", message="it is missing or of another shape")
        elif found := outside(actual, allowed):
            again = evaluation.repeated.get(name, actual)
            if outside(actual, Allowed(again, allowed.width)):
                primitive, position = "value_and_grad", None
            else:
                primitive, position = layer_with(evaluation.calls, name)
            yield wrong(primitive, call=position, excess=found, where=("gradients", name))


def layer_with(calls: Sequence[Call], parameter: str) -> tuple[str, int | None]:
    """The call of the layer that has this parameter."""
    oracle = BoundedBackend()
    for position, call in enumerate(calls):
        for name in [call.layer] if call.layer else list(call.layers):
            if parameter in oracle.network(layer=call.layers[name].on(oracle)).read():
                return call.primitive, position
    return "network", None
