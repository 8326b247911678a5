"""Note every primitive that a step calls: what went in, what came out, and the gradients of both.

Two passes over the same step. The first notes values. The second adds zeros, one array to every
argument and one to every result, and asks the backend for the gradients by these: what reached a
result on the way back, and what the primitive's own derivative made of it. The backend's own
`value_and_grad` computes them, so this works on any backend, layers of a `Network` included.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

import numpy as np

from backends.interface import Backend, Network, Trainer, Weights
from experiments.trace.trees import Path, leaves, mapped
from experiments.training import Model, Snapshot

GIVEN = ("from_numpy", "parameters", "zeros")
UPDATES = ("clip_gradients", "sgd")
FORMULAS = (
    *("detach", "one_hot", "concat", "take_rows", "reshape", "argmax", "sum", "mean", "linear"),
    *("relu", "tanh", "sigmoid", "dropout", "rnn_step", "rnn", "gru_step", "gru", "lstm_step"),
    *("lstm", "rnn_output", "squared_loss", "softmax_cross_entropy", "l2_penalty", "perplexity"),
)
LAYERS = ("dense_layer", "dropout_layer", "rnn_layer", "gru_layer", "lstm_layer")
WITH_HIDDEN_STATES = ("lstm", "lstm_layer")


@dataclass(frozen=True)
class Layer:
    """A layer's kind, the arguments that made it, and what the backend made of them."""

    kind: str
    arguments: tuple[tuple[Any, ...], dict[str, Any]]
    made: Any = None

    def on(self, backend: Backend) -> Any:
        """The same layer of another backend."""
        args, kwargs = self.arguments
        return getattr(backend, self.kind)(*args, **kwargs)


@cache
def signature_of(primitive: str) -> inspect.Signature:
    return inspect.signature(getattr(Backend, primitive))


@dataclass
class Call:
    """One call of a primitive; all arrays as NumPy has them.

    arguments: (args, kwargs). result is None where the call failed. weights and layers are those
    of the network that was called, layer the name of the one layer, if it was one. states: after
    every time step, of a sequence whose result does not tell them. reached: path in the result →
    gradient that came to it on the way back; sent: path in the arguments → what the primitive made
    of it.
    """

    primitive: str
    arguments: tuple[tuple[Any, ...], dict[str, Any]]
    result: Any = None
    layers: dict[str, Layer] = field(default_factory=dict)
    layer: str | None = None
    weights: Weights = field(default_factory=dict)
    states: list[tuple[np.ndarray, ...]] = field(default_factory=list)
    reached: dict[Path, np.ndarray] = field(default_factory=dict)
    sent: dict[Path, np.ndarray] = field(default_factory=dict)

    def float_arguments(self) -> dict[Path, np.ndarray]:
        return floats(self.arguments)

    def float_results(self) -> dict[Path, np.ndarray]:
        return floats(self.result)


def floats(tree: Any) -> dict[Path, np.ndarray]:
    return {path: array for path, array in leaves(tree) if array.dtype.kind == "f"}


@dataclass
class Evaluation:
    """One call of a function from `Backend.value_and_grad`.

    repeated: the gradients of a second, fresh function; those of a `Network` only.
    """

    calls: list[Call] = field(default_factory=list)
    gradients: dict[str, np.ndarray] = field(default_factory=dict)
    repeated: dict[str, np.ndarray] = field(default_factory=dict)


@dataclass
class Recording:
    """A step as one backend took it.

    given: arrays and parameters as they were made. failure: what the step raised, if it did.
    """

    results: dict[str, np.ndarray] = field(default_factory=dict)
    given: list[Call] = field(default_factory=list)
    evaluations: list[Evaluation] = field(default_factory=list)
    updates: list[Call] = field(default_factory=list)
    differentiated: list[Call] = field(default_factory=list)
    failure: str = ""


class Recorder:
    """A backend that keeps notes: pass it to an experiment in place of the one it wraps."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.recording: Recording | None = None
        self.first_pass: list[Evaluation] | None = None  # in the second pass
        self.evaluation: Evaluation | None = None
        self.offsets: Mapping[Any, Any] = {}
        self.weights: Weights = {}  # of the network that is differentiated
        self.inside = ""  # the primitive that is being computed

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self.backend, name)
        if name in (*GIVEN, *FORMULAS, *UPDATES):
            return partial(self.call, name, attribute)
        if name in LAYERS:
            return lambda *args, **kwargs: Layer(name, (args, kwargs), attribute(*args, **kwargs))
        return attribute

    # --- notes -----------------------------------------------------------------

    def read(self, tree: Any) -> Any:
        """The tree as NumPy arrays; the oracle's are rounded to what a backend would store."""

        def copy(path: Path, array: Any) -> np.ndarray:
            array = np.array(array) if type(array) is np.ndarray else self.backend.to_numpy(array)
            stored = "float64" if self.backend.dtype == "float64" else "float32"
            return array.astype(stored) if array.dtype.kind == "f" else array

        return mapped(tree, copy)

    def call(self, primitive: str, function: Any, *args: Any, **kwargs: Any) -> Any:
        bound = signature_of(primitive).bind(None, *args, **kwargs)
        return self.noted(Call(primitive, (bound.args[1:], bound.kwargs)), function)

    def noted(self, call: Call, function: Callable[..., Any]) -> Any:
        """Call function on the call's arguments and note what happens, if notes are taken."""
        args, kwargs = call.arguments
        if self.recording is None:
            return function(*args, **kwargs)
        where = self._where(call.primitive)
        position = len(where)
        where.append(call)
        call.arguments = self.read(call.arguments)
        args, kwargs = self._moved((position, "argument"), (args, kwargs))
        self.inside = call.primitive
        try:
            result = function(*args, **kwargs)
        finally:
            self.inside = ""
        call.result = self.read(result)
        if call.primitive in WITH_HIDDEN_STATES and not self.offsets:
            call.states = self._states(function, args, kwargs)
        return self._moved((position, "result"), result)

    def _where(self, primitive: str) -> list[Call]:
        assert self.recording is not None
        if primitive in (*UPDATES, "trainer"):
            return self.recording.updates
        if self.evaluation is not None:
            return self.evaluation.calls
        return self.recording.given

    def _moved(self, where: tuple[int, str], tree: Any) -> Any:
        """Every array plus the zeros kept for it."""
        if not self.offsets:
            return tree

        def plus(path: Path, array: Any) -> Any:
            offset = self.offsets.get((*where, *path))
            return array if offset is None else array + offset

        return mapped(tree, plus)

    def _states(
        self, function: Callable[..., Any], args: Any, kwargs: Any
    ) -> list[tuple[np.ndarray, ...]]:
        """The states after 1, 2, … time steps, by as many calls."""
        inputs, *others = args
        return [
            self.read(function(inputs[: t + 1], *others, **kwargs)[1]) for t in range(len(inputs))
        ]

    # --- gradients -------------------------------------------------------------

    def value_and_grad(self, objective: Callable[..., Any], has_aux: bool = False) -> Any:
        layers: dict[str, Layer] = {}

        def noted(params: Any, *args: Any) -> Any:
            if isinstance(params, Network):
                params = RecordingNetwork(self, params, layers)
            return objective(params, *args)

        plain = self.backend.value_and_grad(noted, has_aux)

        def evaluate(params: Any, *args: Any) -> Any:
            own = params
            if isinstance(params, RecordingNetwork):
                layers.update(params.layers)
                self.weights, own = params.read(), params.network
            if self.recording is None:
                return plain(own, *args)
            with self._evaluating() as evaluation:
                # A function of its own, so that no backend replays an earlier step unnoted.
                gradient = self.backend.value_and_grad(noted, has_aux)
                if self.first_pass is not None:
                    first = self.first_pass[len(self.recording.evaluations) - 1]
                    self._differentiate(first, partial(noted, own), has_aux, args)
                    value, grads = gradient(own, *args)
                    if layers:
                        first.repeated = self.gradients(params, grads)
                    return value, grads
                value, grads = gradient(own, *args)
                evaluation.gradients = self.gradients(params, grads)
                return value, grads

        return evaluate

    def gradients(self, params: Any, grads: Any) -> dict[str, np.ndarray]:
        if isinstance(params, Network):
            return dict(params.read_gradients(grads))
        return dict(self.read(grads))

    @contextmanager
    def _evaluating(self) -> Iterator[Evaluation]:
        assert self.recording is not None
        self.evaluation = Evaluation()
        self.recording.evaluations.append(self.evaluation)
        try:
            yield self.evaluation
        finally:
            self.evaluation = None

    def _differentiate(
        self, first: Evaluation, objective: Callable[..., Any], has_aux: bool, args: Any
    ) -> None:
        """Complete the notes of the first pass with the gradients of every call."""
        offsets: dict[Path, np.ndarray] = {}
        for position, call in enumerate(first.calls):
            for kind, tree in (("argument", call.arguments), ("result", call.result)):
                for path, array in floats(tree).items():
                    offsets[(position, kind, *path)] = np.zeros_like(array)
        names = {str(number): place for number, place in enumerate(offsets)}

        def moved(zeros: Any, *args: Any) -> Any:
            self.offsets = {place: zeros[name] for name, place in names.items()}
            try:
                return objective(*args)
            finally:
                self.offsets = {}

        zeros = self.backend.parameters({name: offsets[place] for name, place in names.items()})
        _, grads = self.backend.value_and_grad(moved, has_aux)(zeros, *args)
        for name, place in names.items():
            call, path = first.calls[place[0]], place[2:]
            noted = call.sent if place[1] == "argument" else call.reached
            noted[path] = self.read(grads[name])

    # --- layers ------------------------------------------------------------------

    def network(self, **layers: Layer) -> RecordingNetwork:
        made = self.backend.network(**{name: layer.made for name, layer in layers.items()})
        return RecordingNetwork(self, made, layers)

    def trainer(self, network: RecordingNetwork, *args: Any, **kwargs: Any) -> Trainer:
        trainer = self.backend.trainer(network.network, *args, **kwargs)
        return RecordingTrainer(self, trainer, network, (args, kwargs))


class RecordingNetwork(Network):
    def __init__(self, recorder: Recorder, network: Network, layers: dict[str, Layer]) -> None:
        self.recorder, self.network, self.layers = recorder, network, layers

    def __getitem__(self, name: str) -> Callable[..., Any]:
        return partial(self._note, name, self.network[name])

    def __call__(self, inputs: Any) -> Any:
        return self._note(self._only_layer(inputs), self.network, inputs)

    def _only_layer(self, inputs: Any) -> str | None:
        """The layer that does all that the network does, if there is one."""
        if self.recorder.recording is None or len(self.layers) > 1:
            return None
        (name,) = self.layers
        read = self.recorder.read
        results = read(self.network(inputs)), read(self.network[name](inputs))
        return name if np.array_equal(*results, equal_nan=True) else None

    def _note(self, name: str | None, function: Callable[..., Any], *inputs: Any) -> Any:
        if self.recorder.recording is None:
            return function(*inputs)
        layers = {n: Layer(layer.kind, layer.arguments) for n, layer in self.layers.items()}
        kind = "network" if name is None else layers[name].kind
        call = Call(kind, (inputs, {}), layers=layers, layer=name, weights=self.recorder.weights)
        return self.recorder.noted(call, function)

    def read(self) -> dict[str, np.ndarray]:
        return self.network.read()

    def load(self, weights: Weights) -> None:
        call = Call("network", ((dict(weights),), {}))
        if self.recorder.recording is not None:
            self.recorder.recording.given.append(call)
        self.network.load(weights)
        call.result = self.read()

    def read_gradients(self, grads: Any) -> dict[str, np.ndarray]:
        return self.network.read_gradients(grads)


class RecordingTrainer(Trainer):
    def __init__(
        self, recorder: Recorder, trainer: Trainer, network: RecordingNetwork, settings: Any
    ) -> None:
        self.recorder, self.trainer = recorder, trainer
        self.network, self.settings = network, settings

    def step(self, grads: Any, batch_size: int) -> None:
        recording, network = self.recorder.recording, self.network
        if recording is None:
            self.trainer.step(grads, batch_size)
            return
        layers = {n: Layer(layer.kind, layer.arguments) for n, layer in network.layers.items()}
        gradients = network.read_gradients(grads)
        args = (self.settings, gradients, batch_size)
        call = Call("trainer", (args, {}), layers=layers, weights=network.read())
        recording.updates.append(call)
        self.trainer.step(grads, batch_size)
        call.result = network.read()


# --- a step -----------------------------------------------------------------------


def results_of(model: Model, snapshot: Snapshot) -> dict[str, np.ndarray]:
    """What `Model.probe` returns, and the state that the next step starts from."""
    results = model.probe(snapshot)
    states = {f"state {i}": model.backend.to_numpy(s) for i, s in enumerate(model.state)}
    return {**results, **states}


SAMPLES = (
    np.float32(1 / 3),
    (np.arange(1, 7, dtype="float32") ** 5).reshape(2, 3) / 3,  # from 1/3 to 2592
)


def reading(backend: Backend, sample: Any) -> Call:
    """An array made and read, by which all that is noted passes."""
    array = backend.from_numpy(sample)
    taken = backend.to_numpy(array)
    misread = tuple(array.shape) == sample.shape != taken.shape
    return Call("to_numpy" if misread else "from_numpy", ((sample,), {}), taken)


def differentiating(backend: Backend, sample: np.ndarray) -> Call:
    """The gradient of Σ p · sample by p, by which all gradients that are noted pass."""
    factors = {str(i): factor for i, factor in enumerate(sample.reshape(-1))}

    def objective(params: Any) -> Any:
        total: Any = 0.0
        for name, factor in factors.items():
            total = total + params[name] * float(factor)
        return total

    params = backend.parameters({name: np.zeros((), "float32") for name in factors})
    _, grads = backend.value_and_grad(objective)(params)
    found = np.array([backend.to_numpy(grads[name]).item() for name in factors])
    return Call("value_and_grad", ((sample,), {}), found.reshape(sample.shape))


def record(recorder: Recorder, model: Model, snapshot: Snapshot) -> Recording:
    """Take a step of a model that was built on this recorder, twice."""
    recording = recorder.recording = Recording()
    try:
        recording.given += [reading(recorder.backend, sample) for sample in SAMPLES]
        recording.results = results_of(model, deepcopy(snapshot))
        recorder.first_pass, recorder.recording = recording.evaluations, Recording()
        model.probe(deepcopy(snapshot))
        recording.differentiated = [differentiating(recorder.backend, SAMPLES[1])]
    except Exception as error:  # whatever a wrong primitive leads to is what we look for
        recording.failure = f"{type(error).__name__}: {error}"
    finally:
        recorder.first_pass = recorder.recording = None
    return recording
