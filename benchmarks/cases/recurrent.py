"""The language models as cases: one step on a batch, or an epoch of a text."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np

from backends.interface import Backend
from benchmarks.cases import work
from benchmarks.cases.models import baselines, epoch_program, random_corpus, step_program
from benchmarks.programs import Case, Given, Program, Work
from experiments import rnn
from experiments.training import Model

LYRICS, TIME_MACHINE = 1027, 28  # symbols
CHARACTERS = 10_000


@dataclass(frozen=True)
class LanguageModel:
    """An experiment at given sizes."""

    name: str
    module: ModuleType
    config: Any
    num_symbols: int

    @property
    def sizes(self) -> dict[str, int]:
        c = self.config
        return {"n": c.batch_size, "T": c.num_steps, "h": c.num_hiddens, "q": self.num_symbols}

    @property
    def is_concise(self) -> bool:
        return self.config.style == "concise"

    def weights(self) -> dict[str, np.ndarray]:
        """Those that `run` draws first."""
        stream = np.random.default_rng(self.config.seed)
        return self.module.RECURRENCE.initial_weights(self.config, self.num_symbols, stream)

    def work(self) -> Work:
        c, recurrence = self.config, self.module.RECURRENCE
        h, q, gates = c.num_hiddens, self.num_symbols, recurrence.gates
        parameters = len(gates) * (q * h + h * h + h) + h * q + q
        inputs = 2 * work.IDS * c.num_steps * c.batch_size
        return Work(
            work.language_model(c.num_steps, c.batch_size, h, q, gates),
            work.training_bytes(parameters, inputs),
        )

    def baselines(self, function: str, **settings: Any) -> Any:
        """The packages hold this chapter alone."""
        if self.name.split()[0] != "rnn":
            return {}
        c = self.config
        activation = c.activation if self.is_concise else None
        common = {"learning_rate": c.learning_rate, "clip_norm": c.clip_norm}
        return baselines("rnn", function, activation=activation, **common, **settings)

    def case(self, level: str, given: Any, program: Any, cost: Work, beside: Any) -> Case:
        styled = {"concise" if self.is_concise else "scratch": program}
        name = f"{self.name} {level}"
        return Case(name, level, self.sizes, given, cost, baselines=beside, **styled)

    def step(self) -> Case:
        def given() -> Given:
            c = self.config
            stream = np.random.default_rng(1)
            rows = stream.integers(0, self.num_symbols, (c.batch_size, c.num_steps + 1))
            batch = np.ascontiguousarray(rows[:, :-1].T), rows[:, 1:].T.reshape(-1)
            zero = np.zeros((c.batch_size, c.num_hiddens), "float32")
            state = (zero,) * self.module.RECURRENCE.num_states
            return {"weights": self.weights(), "state": state, "batch": batch, "rows": rows}

        def program(backend: Backend, given: Given) -> Program:
            return step_program(self.build, backend, given)

        return self.case("step", given, program, self.work(), self.baselines("step"))

    def build(self, backend: Backend) -> Model:
        return self.module.build(backend, self.config, random_corpus(self.num_symbols, 0))

    def epoch(self, characters: int = CHARACTERS) -> Case:
        """Consecutive batches from the first character on.

        The first edition cuts another way if the batch size divides the number of characters.
        """
        config = replace(self.config, num_epochs=10**9, sampling="consecutive", random_offset=False)

        def given() -> Given:
            ids = random_corpus(self.num_symbols, characters).ids
            return {"weights": self.weights(), "ids": ids}

        def program(backend: Backend, given: Given) -> Program:
            corpus = random_corpus(self.num_symbols, characters)
            run = partial(self.module.run, config=config, data=corpus)
            return epoch_program(run, True, backend, given)

        one, steps = self.work(), (characters - 1) // config.batch_size // config.num_steps
        cost = Work(steps * one.flops, steps * one.bytes)
        cut = {"batch_size": config.batch_size, "num_steps": config.num_steps}
        return self.case("epoch", given, program, cost, self.baselines("epoch", **cut))


def lyrics(module: ModuleType, style: str, **changed: Any) -> LanguageModel:
    """The book's values for the lyrics, but for Gluon's ReLU: where it switches, right results part
    for good. tanh costs the same."""
    num_symbols = changed.pop("num_symbols", LYRICS)
    config = replace(module.book_config("lyrics", style), **changed)
    if module is rnn:
        config = replace(config, activation="tanh")
    return LanguageModel(named(module, style), module, config, num_symbols)


def time_machine(module: ModuleType, style: str) -> LanguageModel:
    config = module.book_config("time_machine", style)
    return LanguageModel(named(module, style), module, config, TIME_MACHINE)


def named(module: ModuleType, style: str) -> str:
    name = module.__name__.rpartition(".")[2]
    return name if style == "scratch" else f"{name} {style}"
