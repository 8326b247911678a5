"""What every training experiment shares: a model that can be stepped, loaded and probed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from backends.errors import InputError
from backends.interface import Array, Backend, Network, Parameters, State, Weights

Batch = tuple[np.ndarray, ...]
Metrics = dict[str, float | list[float]]

# 64 of float32's roundings: a sum of up to 1,027 terms typically loses √1027 = 32 of them.
PERTURBATION = 2.0**-18


@dataclass(frozen=True)
class Snapshot:
    """All numbers that one step depends on, so that any backend can repeat that step."""

    step: int
    part: str
    weights: Weights
    state: tuple[np.ndarray, ...]
    batch: Batch

    def perturbed(self, draw: int) -> Snapshot:
        """The same step with every weight moved up or down by a few roundings, at random.

        What this changes in the results is what rounding may change: a loss close to zero that
        is the difference of two large numbers moves by much more than one rounding of itself.
        """
        stream = np.random.default_rng([self.step, draw])
        weights = {
            name: (w * (1 + PERTURBATION * stream.choice((-1, 1), w.shape))).astype(w.dtype)
            for name, w in self.weights.items()
        }
        return replace(self, weights=weights)


class Model:
    """Parameters, an objective and an update rule on one backend.

    objective(params, *batch) → loss; with has_aux, → (loss, anything), which `aux` keeps until the
    next step; with a recurrent state, objective(params, state, *batch) → (loss, state).
    update(params, grads) → the updated params. params is a dict of arrays (scratch) or a `Network`
    (concise). part names the part of the run that it belongs to. unrepeatable: why a step cannot be
    taken again from the same numbers, if so; `snapshot` refuses with these words.
    """

    def __init__(
        self,
        backend: Backend,
        objective: Callable[..., Any],
        update: Callable[[Any, Parameters], Any],
        network: Network | None = None,
        recurrent: bool = False,
        has_aux: bool = False,
        part: str = "",
        detach: bool = True,
        unrepeatable: str = "",
    ) -> None:
        self.backend = backend
        self.part = part
        self.params: Any = network
        self.state: State = ()
        self.aux: Any = None
        self.recurrent, self.has_aux, self.detach = recurrent, has_aux, detach
        self.unrepeatable = unrepeatable
        self._gradient = backend.value_and_grad(objective, has_aux=recurrent or has_aux)
        self._update = update

    def load(self, weights: Weights) -> None:
        """Start from these numbers."""
        if isinstance(self.params, Network):
            self.params.load(weights)
        else:
            self.params = self.backend.parameters(weights)

    def read(self) -> dict[str, np.ndarray]:
        """The parameters as NumPy arrays, by canonical name."""
        return self.params.read() if isinstance(self.params, Network) else self._read(self.params)

    def step(self, batch: Sequence[Array]) -> Array:
        """Update the parameters on one batch → the loss before the update.

        The batch is NumPy's arrays, or the backend's own, which were placed for a whole epoch.
        """
        loss, grads = self._differentiate(batch)
        self.params = self._update(self.params, grads)
        return loss

    def snapshot(self, step: int, batch: Batch) -> Snapshot:
        """The numbers of the step that is about to be taken. Raises InputError if unrepeatable."""
        if self.unrepeatable:
            raise InputError(self.unrepeatable)
        state = tuple(self.backend.to_numpy(array) for array in self.state)
        return Snapshot(step, self.part, self.read(), state, batch)

    def probe(self, snapshot: Snapshot) -> dict[str, np.ndarray]:
        """Take the step of a snapshot → its loss, gradients (unclipped) and updates.

        An update is what the step adds to a parameter. The model's own numbers are lost: probe a
        model that does not train.
        """
        self.load(snapshot.weights)
        self.state = tuple(self.backend.from_numpy(array) for array in snapshot.state)
        before = self.read()
        loss, grads = self._differentiate(snapshot.batch)
        is_network = isinstance(self.params, Network)
        gradients = self.params.read_gradients(grads) if is_network else self._read(grads)
        self.params = self._update(self.params, grads)
        after = self.read()
        return {
            "loss": self.backend.to_numpy(loss),
            **{f"gradient of {name}": value for name, value in gradients.items()},
            **{
                f"update of {name}": np.subtract(after[name], value, dtype="float64")
                for name, value in before.items()
            },
        }

    def _differentiate(self, batch: Sequence[Array]) -> tuple[Array, Parameters]:
        place = self.backend.from_numpy
        arrays = [place(array) if isinstance(array, np.ndarray) else array for array in batch]
        if self.recurrent:
            # Truncated backpropagation through time: no gradient flows into the batch before.
            state = self.backend.detach(self.state) if self.detach else self.state
            (loss, self.state), grads = self._gradient(self.params, state, *arrays)
        elif self.has_aux:
            (loss, self.aux), grads = self._gradient(self.params, *arrays)
        else:
            loss, grads = self._gradient(self.params, *arrays)
        return loss, grads

    def _read(self, arrays: Parameters) -> dict[str, np.ndarray]:
        return {name: self.backend.to_numpy(array) for name, array in arrays.items()}


@dataclass(frozen=True)
class Step:
    """Yielded by an experiment just before it takes a step; `number` counts from 0 over the run."""

    number: int
    model: Model
    batch: Batch


@dataclass(frozen=True)
class Epoch:
    """Yielded after an epoch with the loss of every step; `number` counts from 1 in each part.

    `evaluate` computes the figures to show, each a number or a whole profile (one number per
    layer, say), and `generate` the texts of a language model; both are called on demand, so that
    a clock can stop before.
    """

    number: int
    losses: Sequence[Array]
    evaluate: Callable[[], Metrics]
    generate: Callable[[], dict[str, str]] = dict
    part: str = ""
