"""Epochs as `run` takes them, data included.

Where the book prints loss or accuracy after every epoch, both sides compute them within the time;
the book's weight decay measures its losses in between, which is left out on both sides.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from backends.initializers import normal, zeros
from backends.interface import Backend
from benchmarks.cases import work
from benchmarks.cases.models import baselines, epoch_program
from benchmarks.cases.recurrent import lyrics, time_machine
from benchmarks.cases.steps import NUM_PIXELS, STYLES, images, perceptron_work, styled
from benchmarks.programs import Case, Given, Program, Work
from experiments import dropout, rnn, weight_decay

NUM_IMAGES = 10_240


def cases() -> Iterator[Case]:
    for style in STYLES:
        yield weight_decay_epoch(style)
        yield dropout_epoch(style)
        yield lyrics(rnn, style).epoch()
        yield time_machine(rnn, style).epoch()


def epoch_case(
    name: str,
    style: str,
    sizes: dict[str, int],
    cost: Work,
    given: Any,
    run: Any,
    evaluated: bool,
    beside: Any,
) -> Case:
    def program(backend: Backend, given: Given) -> Program:
        return epoch_program(run, evaluated, backend, given)

    own = {style: program, "baselines": beside if style == "scratch" else {}}
    return Case(f"{styled(name, style)} epoch", "epoch", sizes, given, cost, **own)


def weight_decay_epoch(style: str) -> Case:
    """Single samples, λ = 3."""
    config = weight_decay.Config(style=style, weight_decay=(3.0,), num_epochs=10**9)
    steps, d, (decay,) = config.num_train, config.num_inputs, config.weight_decay

    def given() -> Given:
        stream = np.random.default_rng(config.seed)
        weights = {"w": normal(stream, (d, 1), config.sigma), "b": zeros((1,))}
        order = stream.permutation(config.num_train)
        features, labels = weight_decay.prepare(config).train
        return {
            "weights": weights,
            "features": features[order],
            "labels": labels[order].astype("float32"),
        }

    one = work.training_bytes(d + 1, work.FLOAT * (d + 1))
    cost = Work(steps * work.perceptron(1, (d, 1)), steps * one)
    beside = baselines(
        "weight_decay",
        "epoch",
        kinds=("book", "manual"),
        batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        weight_decay=decay,
    )
    run = partial(weight_decay.run, config=config)
    sizes = {"d": d, "steps": steps}
    return epoch_case("weight_decay", style, sizes, cost, given, run, False, beside)


def dropout_epoch(style: str, num_images: int = NUM_IMAGES, **changed: Any) -> Case:
    """With masks from the run's stream, drawn within the time, as the book's are."""
    config = dropout.Config(style=style, num_epochs=10**9, **changed)
    n = config.batch_size

    def given() -> Given:
        data, stream = images(num_images), np.random.Generator(np.random.SFC64(config.seed))
        weights = dropout.initial_weights(config, NUM_PIXELS, stream)
        batches = list(dropout.batches(stream, config, data))
        pixels = np.concatenate([features for features, *_ in batches]) * np.float32(data.white)
        return {
            "weights": weights,
            "pixels": pixels.round().astype("uint8"),
            "labels": np.concatenate([labels for _, labels, *_ in batches]),
            "masks": [(mask1, mask2) for _, _, mask1, mask2 in batches],
        }

    def run(backend: Backend) -> Any:
        return dropout.run(backend, config, images(num_images))

    steps, one = num_images // n, perceptron_work(config, n)
    cost = Work(steps * one.flops, steps * one.bytes)
    beside = baselines(
        "dropout",
        "epoch",
        batch_size=n,
        learning_rate=config.learning_rate,
        drop_probs=(config.drop_prob1, config.drop_prob2),
    )
    sizes = {"images": num_images, "n": n, "h": config.num_hiddens1}
    return epoch_case("dropout", style, sizes, cost, given, run, True, beside)
