"""A perceptron with two hidden layers that classifies images, with dropout (book 3.13).

H₁ = D(φ(X W₁ + b₁), p₁), H₂ = D(φ(H₁ W₂ + b₂), p₂), O = H₂ W₃ + b₃ with φ = ReLU and
D(h, p) = ξ h / (1 − p), where ξ is 0 with probability p and else 1. Nothing is dropped in testing.

The book's exercises, as options of `lockstep run dropout` and `lockstep compare dropout`:

    --set drop_prob1=0.5 --set drop_prob2=0.2            the probabilities swapped
    --epochs 20                                          more epochs, to be compared with
    --epochs 20 --set drop_prob1=0 --set drop_prob2=0    more epochs without dropout
    --set num_hiddens1=1024 --set num_hiddens2=1024      a wider model, with or without dropout
    --set weight_decay=0.1                               dropout and weight decay
    --set weight_decay=0.1 --set drop_prob1=0 --set drop_prob2=0    weight decay alone

In concise style give 0.1 / 256 = 0.0004 for the same decay, see `Config`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from backends.errors import InputError, check_choice
from backends.initializers import normal, zeros
from backends.interface import Array, Backend, Network
from experiments.checks import check_not_negative, check_positive, check_style
from experiments.data.images import DATASETS, NUM_CLASSES, Images, load_images
from experiments.training import Batch, Epoch, Metrics, Model, Step

SHOWN = ("loss", "train acc", "test acc")
PLOTTED = ("loss", "train acc", "test acc")
LOG_SCALE = False
X_LABEL = "epoch"

OWN_MASKS = (
    "masks = 'own' cannot be compared, every framework draws masks of its own: give masks=given, "
    "or run one backend"
)


@dataclass(frozen=True)
class Config:
    """The book's values.

    drop_prob1 and drop_prob2 are p₁ and p₂, learning_rate η, sigma the spread of the initial
    weights, weight_decay λ: w ← (1 − ηλ/|B|) w − η g/|B| in scratch, as the book's formula has it,
    w ← (1 − ηλ) w − η g/|B| in concise, as the frameworks do; biases are not decayed.
    masks: "given" draws ξ from the run's stream, alike for every backend, so that they can be
    compared; "own" leaves it to the framework's random stream or dropout layers, for speed.
    """

    style: str = "scratch"
    dataset: str = "auto"
    num_epochs: int = 5
    seed: int = 0
    batch_size: int = 256
    num_hiddens1: int = 256
    num_hiddens2: int = 256
    drop_prob1: float = 0.2
    drop_prob2: float = 0.5
    masks: str = "given"
    learning_rate: float = 0.5
    weight_decay: float = 0.0
    sigma: float = 0.01

    def __post_init__(self) -> None:
        check_style(self)
        check_choice("dataset", self.dataset, ("auto", *DATASETS))
        check_choice("masks", self.masks, ("given", "own"))
        check_positive(self, "num_epochs", "batch_size", "num_hiddens1", "num_hiddens2")
        check_positive(self, "learning_rate")
        check_not_negative(self, "seed", "sigma", "weight_decay")
        for name in ("drop_prob1", "drop_prob2"):
            if not 0 <= (p := getattr(self, name)) <= 1:
                raise InputError(f"{name} = {p} is not allowed: give a probability from 0 to 1")


def book_config(corpus: str | None = None, style: str | None = None) -> Config:
    if corpus is not None:
        raise InputError(f"corpus {corpus!r} is not allowed: dropout learns from images")
    return Config(style=style or "scratch")


def prepare(config: Config, data_dir: Path | None = None) -> Images:
    images = load_images(config.dataset, data_dir)
    if config.batch_size > len(images.train):
        raise InputError(
            f"batch_size = {config.batch_size} is more than the data: give 1 to {len(images.train)}"
        )
    return images


def schedule(config: Config, images: Images) -> list[int]:
    """The number of steps of every epoch; the last batch may be smaller."""
    return [-(-len(images.train) // config.batch_size)] * config.num_epochs


def initial_weights(
    config: Config, num_inputs: int, stream: np.random.Generator
) -> dict[str, np.ndarray]:
    d, h1, h2, q = num_inputs, config.num_hiddens1, config.num_hiddens2, NUM_CLASSES
    return {
        "W1": normal(stream, (d, h1), config.sigma),
        "b1": zeros((h1,)),
        "W2": normal(stream, (h1, h2), config.sigma),
        "b2": zeros((h2,)),
        "W3": normal(stream, (h2, q), config.sigma),
        "b3": zeros((q,)),
    }


def batches(stream: np.random.Generator, config: Config, images: Images) -> Iterator[Batch]:
    """The training images in random order: features, labels and, if given, the masks ξ₁ and ξ₂."""
    order = stream.permutation(len(images.train))
    for first in range(0, len(order), config.batch_size):
        chosen = order[first : first + config.batch_size]
        # take copies rows five times as fast as an index does.
        pixels, labels = images.train.pixels.take(chosen, axis=0), images.train.labels[chosen]
        yield (images.features(pixels), labels, *masks(stream, config, len(chosen)))


def masks(stream: np.random.Generator, config: Config, n: int) -> Batch:
    """ξ of both hidden layers; as many numbers are drawn whatever the probabilities."""
    if config.masks == "own":
        return ()
    return (
        mask(stream, (n, config.num_hiddens1), config.drop_prob1),
        mask(stream, (n, config.num_hiddens2), config.drop_prob2),
    )


def mask(stream: np.random.Generator, shape: tuple[int, int], p: float) -> np.ndarray:
    """ξ, float32: 0 where 32 random bits, read as a number below 1, are below p.

    The stream's own numbers, two to each: with `Generator.random` a mask takes 1.5 times as long.
    """
    size = math.prod(shape)
    bits = stream.bit_generator.random_raw(-(-size // 2)).view("uint32")[:size]
    return (bits >= np.uint32(min(p * 2**32, 2**32 - 1))).astype("float32").reshape(shape)


# What drops in a hidden layer: h → D(h, p), or h itself in testing.
Drop = Callable[[Array], Array]
# A forward function maps (params, features (n, d), drop1, drop2) to logits (n, 10).
Forward = Callable[[Any, Array, Drop, Drop], Array]


def keep(hidden: Array) -> Array:
    return hidden


def scratch(backend: Backend, config: Config, num_inputs: int) -> tuple[Model, Forward]:
    """Every formula written out."""

    def forward(params, features, drop1, drop2):
        H1 = drop1(backend.relu(backend.linear(features, params["W1"], params["b1"])))
        H2 = drop2(backend.relu(backend.linear(H1, params["W2"], params["b2"])))
        return backend.linear(H2, params["W3"], params["b3"])

    def own_drops(params):
        probabilities = (config.drop_prob1, config.drop_prob2)
        return [partial(backend.random_dropout, p=p) for p in probabilities]

    def update(params, grads):
        rate, size, decay = config.learning_rate, config.batch_size, config.weight_decay
        return backend.sgd(params, grads, rate, size, decay)

    return classifier(backend, config, forward, own_drops, update), forward


def concise(backend: Backend, config: Config, num_inputs: int) -> tuple[Model, Forward]:
    """The framework's own dense layers and optimiser; its dropout layers for masks of its own."""
    network = backend.network(
        hidden1=backend.dense_layer(num_inputs, config.num_hiddens1, "W1", "b1"),
        dropout1=backend.dropout_layer(config.drop_prob1),
        hidden2=backend.dense_layer(config.num_hiddens1, config.num_hiddens2, "W2", "b2"),
        dropout2=backend.dropout_layer(config.drop_prob2),
        output=backend.dense_layer(config.num_hiddens2, NUM_CLASSES, "W3", "b3"),
    )
    trainer = backend.trainer(network, config.learning_rate, config.weight_decay)

    def forward(network, features, drop1, drop2):
        H1 = drop1(backend.relu(network["hidden1"](features)))
        H2 = drop2(backend.relu(network["hidden2"](H1)))
        return network["output"](H2)

    def own_drops(network):
        return network["dropout1"], network["dropout2"]

    def update(network, grads):
        trainer.step(grads, config.batch_size)
        return network

    return classifier(backend, config, forward, own_drops, update, network), forward


def classifier(
    backend: Backend,
    config: Config,
    forward: Forward,
    own_drops: Callable[[Any], Sequence[Drop]],
    update: Callable[..., Any],
    network: Network | None = None,
) -> Model:
    """The sum of the cross-entropies of a batch; `Model.aux` are the classes that it predicts."""

    def given_drops(*masks):
        probabilities = (config.drop_prob1, config.drop_prob2)
        return [
            partial(backend.dropout, p=p, mask=mask)
            for p, mask in zip(probabilities, masks, strict=True)
        ]

    def objective(params, features, labels, *masks):
        drops = given_drops(*masks) if config.masks == "given" else own_drops(params)
        logits = forward(params, features, *drops)
        loss = backend.sum(backend.softmax_cross_entropy(logits, labels))
        return loss, backend.argmax(logits, axis=1)

    unrepeatable = "" if config.masks == "given" else OWN_MASKS
    return Model(backend, objective, update, network, has_aux=True, unrepeatable=unrepeatable)


BUILDERS = {"scratch": scratch, "concise": concise}


def build(backend: Backend, config: Config, images: Images, part: str = "") -> Model:
    return BUILDERS[config.style](backend, config, images.num_inputs)[0]


# The likeliest class of every image, and its label.
Predicted = tuple[Array, np.ndarray]


def predict(model: Model, forward: Forward, config: Config, images: Images) -> Iterator[Predicted]:
    """The predictions for the test images, without dropout, and their labels."""
    for first in range(0, len(images.test), config.batch_size):
        chosen = slice(first, first + config.batch_size)
        features = model.backend.from_numpy(images.features(images.test.pixels[chosen]))
        logits = forward(model.params, features, keep, keep)
        yield model.backend.argmax(logits, axis=1), images.test.labels[chosen]


def accuracy(backend: Backend, predicted: Iterable[Predicted]) -> float:
    """The share of right predictions."""
    right = [backend.to_numpy(predictions) == labels for predictions, labels in predicted]
    return float(np.concatenate(right).mean())


def run(backend: Backend, config: Config, data: Images | None = None) -> Iterator[Step | Epoch]:
    """Train; yield every step before it is taken and every epoch after it.

    As in the book, every update divides by batch_size, that of a smaller last batch too, and loss
    and accuracy in training are of the steps as they were taken: with dropout, while learning.
    """
    images = data or prepare(config)
    model, forward = BUILDERS[config.style](backend, config, images.num_inputs)
    # SFC64 is NumPy's fastest generator: 0.10 ms for a mask of 256 × 256, PCG64 takes 0.15.
    stream, step = np.random.Generator(np.random.SFC64(config.seed)), 0
    model.load(initial_weights(config, images.num_inputs, stream))
    backend.seed(config.seed)

    def evaluate(losses: list[Array], predicted: list[Predicted]) -> Metrics:
        total = sum(float(backend.to_numpy(loss)) for loss in losses)
        return {
            "loss": total / len(images.train),
            "train acc": accuracy(backend, predicted),
            "test acc": accuracy(backend, predict(model, forward, config, images)),
        }

    for epoch in range(1, config.num_epochs + 1):
        losses: list[Array] = []
        predicted: list[Predicted] = []
        for batch in batches(stream, config, images):
            yield Step(step, model, batch)
            losses.append(model.step(batch))
            predicted.append((model.aux, batch[1]))
            step += 1
        yield Epoch(epoch, losses, partial(evaluate, losses, predicted))
