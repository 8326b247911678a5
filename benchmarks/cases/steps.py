"""One training step of every experiment, in both styles, at the book's sizes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from backends.initializers import normal, zeros
from backends.interface import Backend
from benchmarks.cases import work
from benchmarks.cases.models import random_corpus, step_program
from benchmarks.cases.recurrent import TIME_MACHINE, lyrics, time_machine
from benchmarks.programs import Case, Given, Program, Work
from experiments import bptt, dropout, gru, initialization, lstm, rnn, weight_decay
from experiments.data.images import NUM_CLASSES, Images, Labelled
from experiments.data.sampling import consecutive_batches

STYLES = ("scratch", "concise")
NUM_PIXELS = 784


def cases() -> Iterator[Case]:
    for style in STYLES:
        yield weight_decay_step(style)
        yield dropout_step(style)
        yield from initialization_steps(style)
        for module in (rnn, gru, lstm):
            yield lyrics(module, style).step()
            yield time_machine(module, style).step()
    yield from bptt_steps()


def styled(name: str, style: str) -> str:
    return name if style == "scratch" else f"{name} {style}"


def step_case(
    name: str,
    style: str,
    sizes: dict[str, int],
    cost: Work,
    begin: Any,
    build: Any,
) -> Case:
    """begin: () → the weights and the batch. build: (backend) → the model."""

    def given() -> Given:
        weights, batch = begin()
        return {"weights": weights, "batch": batch}

    def program(backend: Backend, given: Given) -> Program:
        return step_program(build, backend, given)

    own: dict[str, Any] = {style: program}
    return Case(f"{styled(name, style)} step", "step", sizes, given, cost, **own)


def weight_decay_step(style: str) -> Case:
    """One sample, λ = 3."""
    config = weight_decay.Config(style=style, weight_decay=(3.0,))
    n, d = config.batch_size, config.num_inputs
    (part,) = weight_decay.parts(config)

    def begin() -> tuple[dict[str, np.ndarray], Any]:
        data = weight_decay.prepare(config)
        stream = np.random.default_rng(config.seed)
        weights = {"w": normal(stream, (d, 1), config.sigma), "b": zeros((1,))}
        return weights, tuple(array[:n] for array in data.train)

    cost = Work(work.perceptron(n, (d, 1)), work.training_bytes(d + 1, work.FLOAT * n * (d + 1)))
    build = partial(weight_decay.build, config=config, data=None, part=part)  # type: ignore[arg-type]
    return step_case("weight_decay", style, {"n": n, "d": d}, cost, begin, build)


def images(count: int) -> Images:
    """Random images of Fashion-MNIST's shape: ten shapes on black, lighter or darker, with noise.

    Of mere noise a network learns nothing, and rounding decides which of its units stay alive.
    """
    stream = np.random.default_rng(0)
    labels = stream.integers(0, NUM_CLASSES, count)
    shapes = stream.random((NUM_CLASSES, NUM_PIXELS)) * (
        stream.random((NUM_CLASSES, NUM_PIXELS)) < 0.5
    )
    light = stream.uniform(0.3, 1.0, (count, 1)) * 200 * shapes[labels]
    noise = stream.integers(0, 56, (count, NUM_PIXELS)) * (light > 0)
    train = Labelled((light + noise).astype("uint8"), labels)
    return Images("drawn from a seed", train, Labelled(train.pixels[:1], labels[:1]))


def perceptron_work(config: dropout.Config, n: int) -> Work:
    widths = (NUM_PIXELS, config.num_hiddens1, config.num_hiddens2, NUM_CLASSES)
    parameters = sum((d + 1) * q for d, q in pairwise(widths))
    inputs = work.FLOAT * n * (NUM_PIXELS + sum(widths[1:3])) + work.IDS * n
    return Work(work.perceptron(n, widths), work.training_bytes(parameters, inputs))


def dropout_step(style: str) -> Case:
    """With given masks."""
    config = dropout.Config(style=style)
    n = config.batch_size
    data = images(n)

    def begin() -> tuple[dict[str, np.ndarray], Any]:
        stream = np.random.Generator(np.random.SFC64(config.seed))
        weights = dropout.initial_weights(config, NUM_PIXELS, stream)
        return weights, next(dropout.batches(stream, config, data))

    build = partial(dropout.build, config=config, images=data)
    sizes = {"n": n, "d": NUM_PIXELS, "h": config.num_hiddens1}
    return step_case("dropout", style, sizes, perceptron_work(config, n), begin, build)


def initialization_steps(style: str) -> Iterator[Case]:
    """30 layers, and a perceptron of a few units. The deep network's loss is linear, so its steps
    are taken small, or it would grow without end."""
    config = initialization.Config(style=style, initializers=("xavier", "constant"))
    for part_name, name in (("Xavier", "deep"), ("random start", "perceptron")):
        part = initialization.parts(config)[part_name]
        own = config if part.labelled else replace(config, learning_rate=1e-9)
        n, widths = own.batch_size, part.widths

        def begin(own: Any = own, part_name: str = part_name) -> tuple[dict[str, np.ndarray], Any]:
            stream = np.random.default_rng(own.seed)
            weights = initialization.initial_weights(stream, initialization.parts(own)[part_name])
            return weights, initialization.prepare(own).batches[part_name]

        parameters = sum((d + 1) * q for d, q in pairwise(widths))
        inputs = work.FLOAT * n * (widths[0] + widths[-1])
        cost = Work(work.perceptron(n, widths), work.training_bytes(parameters, inputs))
        build = partial(initialization.build, config=own, data=None, part=part_name)  # type: ignore[arg-type]
        sizes = {"n": n, "layers": len(widths) - 1, "h": widths[1]}
        yield step_case(f"initialization {name}", style, sizes, cost, begin, build)


def bptt_steps() -> Iterator[Case]:
    """The gradient of a tanh network in full, and in windows of 5 steps."""
    config = bptt.Config()
    n, T, h, q = config.batch_size, config.num_steps, config.num_hiddens, TIME_MACHINE
    corpus = random_corpus(q, config.max_characters)
    for part, name, windows in (
        ("full", "full", 1),
        ("truncated after 5", "truncated", -(-T // 5)),
    ):

        def begin(part: str = part) -> tuple[dict[str, np.ndarray], Any]:
            stream = np.random.default_rng(config.seed)
            start = bptt.initial_weights(config, q, stream)
            factors = bptt.strategies(config, stream)[part][0]
            inputs, labels = next(consecutive_batches(stream, corpus.ids, n, T, offset=0))
            return bptt.scaled(start, config.spectral_radius), (inputs, labels, factors)

        one = work.product(n, h, h)
        flops = (3 * T - windows) * one + sum(work.dense(T * n, h, q))
        cost = Work(flops, work.training_bytes(2 * q * h + h * h, 2 * work.IDS * T * n))
        build = partial(bptt.build, config=config, corpus=corpus, part=part)
        sizes = {"n": n, "T": T, "h": h, "q": q}
        yield step_case(f"bptt {name}", "scratch", sizes, cost, begin, build)
