"""What the character-level language models share: they differ in their recurrence alone.

H_1 … H_T from the characters, O_t = H_t W_hq + b_q, loss = mean cross-entropy of O_t against the
character that follows, perplexity = exp(loss) (book 6.4 and 6.5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from backends.errors import InputError, check_choice, check_max_norm
from backends.initializers import normal, zeros
from backends.interface import Array, Backend, Parameters, State
from experiments.checks import check_not_negative, check_positive, check_style
from experiments.data.corpora import Corpus, load_corpus
from experiments.data.sampling import SAMPLINGS, check_length
from experiments.training import Epoch, Metrics, Model, Step

SHOWN = ("perplexity",)
PLOTTED = ("perplexity",)
LOG_SCALE = False
X_LABEL = "epoch"


@dataclass(frozen=True)
class Config:
    """The values of the book's chapters on GRU and LSTM, for the *Time Machine*.

    learning_rate is η, clip_norm θ (none: no clipping), sigma the spread of the initial weights.
    random_offset: start every epoch at a random one of the first num_steps characters.
    detach: no gradient flows into the batch before, see `Backend.value_and_grad`.
    """

    style: str = "scratch"
    corpus: str = "auto"
    num_epochs: int = 500
    seed: int = 0
    max_characters: int = 10_000
    batch_size: int = 32
    num_steps: int = 35
    num_hiddens: int = 256
    sampling: str = "consecutive"
    random_offset: bool = True
    detach: bool = True
    learning_rate: float = 1.0
    clip_norm: float | None = 1.0
    sigma: float = 0.01
    report_every: int = 10
    prefixes: tuple[str, ...] = ("time traveller", "traveller")
    num_predicted: int = 50

    def __post_init__(self) -> None:
        check_style(self)
        check_choice("sampling", self.sampling, SAMPLINGS)
        check_positive(self, "num_epochs", "max_characters", "batch_size", "num_steps")
        check_positive(self, "num_hiddens", "learning_rate", "report_every")
        check_not_negative(self, "seed", "sigma", "num_predicted")
        check_max_norm(self.clip_norm)
        if not all(self.prefixes):
            raise InputError(f"prefixes = {self.prefixes} holds an empty text: give 1 character up")


LYRICS = Config(
    corpus="lyrics",
    num_epochs=160,
    random_offset=False,
    learning_rate=100.0,
    clip_norm=0.01,
    report_every=40,
    prefixes=("分开", "不分开"),
)


def book_config(corpus: str | None = None, style: str | None = None) -> Config:
    config = LYRICS if corpus == "lyrics" else Config(corpus=corpus or "auto")
    return replace(config, style=style or config.style)


@dataclass(frozen=True)
class Recurrence:
    """gates: the letters in the names of the parameters W_x·, W_h· and b_·, in the book's order.

    unroll: (backend, config) → a function (ids (T, n), state, params) → (hiddens, state).
    layer: (backend, config, num_symbols) → the framework's own layer.
    """

    gates: str
    num_states: int
    unroll: Callable[[Backend, Any], Callable[[Array, State, Parameters], tuple[Array, State]]]
    layer: Callable[[Backend, Any, int], Any]

    def zero_state(self, backend: Backend, config: Config, batch_size: int) -> State:
        """The state before the first character."""
        return (backend.zeros((batch_size, config.num_hiddens)),) * self.num_states

    def initial_weights(
        self, config: Config, num_symbols: int, stream: np.random.Generator
    ) -> dict[str, np.ndarray]:
        q, h, weights = num_symbols, config.num_hiddens, {}
        for gate in self.gates:
            weights[f"W_x{gate}"] = normal(stream, (q, h), config.sigma)
            weights[f"W_h{gate}"] = normal(stream, (h, h), config.sigma)
            weights[f"b_{gate}"] = zeros((h,))
        return {**weights, "W_hq": normal(stream, (h, q), config.sigma), "b_q": zeros((q,))}


def notes(config: Config) -> tuple[str, ...]:
    """What the layers of style concise do otherwise than the formulas of style scratch."""
    if config.style == "scratch":
        return ()
    return (
        "the recurrent layer has a second bias, zero at the start; both learn, so that their sum "
        "moves twice as far in a step as the one bias of style scratch",
    )


def prepare(config: Config, data_dir: Path | None = None) -> Corpus:
    corpus = load_corpus(config.corpus, data_dir, config.max_characters)
    check_length(len(corpus.ids), config.batch_size, config.num_steps, largest_offset(config))
    for prefix in config.prefixes:
        if corpus.decode(corpus.encode(prefix)) != prefix:
            symbols = "".join(symbol for symbol in corpus.symbols if len(symbol) == 1)
            raise InputError(f"prefix {prefix!r} is not allowed: use the corpus's {symbols!r}")
    return corpus


def largest_offset(config: Config) -> int:
    return config.num_steps - 1 if config.random_offset else 0


def schedule(config: Config, corpus: Corpus) -> list[int]:
    """The number of steps of every epoch; a random offset may cost the last one."""
    batches = (len(corpus.ids) - 1) // (config.batch_size * config.num_steps)
    return [batches] * config.num_epochs


# A forward function maps (params, state, ids (T, n)) to (logits (T n, q), state).
Forward = Callable[[Any, Any, Any], tuple[Any, Any]]


def scratch(
    recurrence: Recurrence, backend: Backend, config: Config, num_symbols: int
) -> tuple[Model, Forward]:
    """Every formula written out."""
    unroll = recurrence.unroll(backend, config)

    def forward(params, state, ids):
        hiddens, state = unroll(ids, state, params)
        return backend.rnn_output(hiddens, params), state

    def update(params, grads):
        grads, _ = backend.clip_gradients(grads, config.clip_norm)
        return backend.sgd(params, grads, config.learning_rate)

    loss = objective(backend, forward)
    return Model(backend, loss, update, recurrent=True, detach=config.detach), forward


def concise(
    recurrence: Recurrence, backend: Backend, config: Config, num_symbols: int
) -> tuple[Model, Forward]:
    """The framework's own layers and optimiser, see `notes`."""
    network = backend.network(
        recurrent=recurrence.layer(backend, config, num_symbols),
        output=backend.dense_layer(config.num_hiddens, num_symbols, "W_hq", "b_q"),
    )
    trainer = backend.trainer(network, config.learning_rate)

    def forward(network, state, ids):
        hiddens, state = network["recurrent"](backend.one_hot(ids, num_symbols), state)
        return backend.reshape(network["output"](hiddens), (-1, num_symbols)), state

    def update(network, grads):
        grads, _ = backend.clip_gradients(grads, config.clip_norm)
        trainer.step(grads, batch_size=1)  # the loss is a mean already
        return network

    loss = objective(backend, forward)
    return Model(backend, loss, update, network, recurrent=True, detach=config.detach), forward


def objective(backend: Backend, forward: Forward) -> Callable[..., Any]:
    """The mean cross-entropy over all characters of a batch."""

    def mean_cross_entropy(params, state, ids, labels):
        logits, state = forward(params, state, ids)
        return backend.mean(backend.softmax_cross_entropy(logits, labels)), state

    return mean_cross_entropy


BUILDERS = {"scratch": scratch, "concise": concise}


def build(
    recurrence: Recurrence, backend: Backend, config: Config, corpus: Corpus, part: str = ""
) -> Model:
    return BUILDERS[config.style](recurrence, backend, config, len(corpus.symbols))[0]


def predict(
    model: Model, forward: Forward, state: State, corpus: Corpus, prefix: str, num_predicted: int
) -> str:
    """Read the prefix, then append the likeliest next character num_predicted times."""
    backend, ids = model.backend, corpus.encode(prefix)
    unread = ids[:]
    for _ in range(num_predicted):
        logits, state = forward(model.params, state, backend.from_numpy(np.array(unread)[:, None]))
        likeliest = backend.to_numpy(backend.argmax(logits, axis=1))
        unread = [int(likeliest[-1])]
        ids += unread
        state = backend.detach(state)
    return corpus.decode(ids)


def perplexity(backend: Backend, losses: Sequence[Array]) -> Metrics:
    """exp of the mean loss of an epoch's steps, which all hold as many characters."""
    mean_losses = [backend.reshape(loss, (1,)) for loss in losses]
    value = backend.perplexity(backend.concat(mean_losses, axis=0))
    return {"perplexity": float(backend.to_numpy(value))}


def run(
    recurrence: Recurrence, backend: Backend, config: Config, data: Corpus | None = None
) -> Iterator[Step | Epoch]:
    """Train; yield every step before it is taken and every epoch after it."""
    corpus = data or prepare(config)
    num_symbols = len(corpus.symbols)
    model, forward = BUILDERS[config.style](recurrence, backend, config, num_symbols)
    stream, batches = np.random.default_rng(config.seed), SAMPLINGS[config.sampling]
    model.load(recurrence.initial_weights(config, num_symbols, stream))
    start = recurrence.zero_state(backend, config, config.batch_size)
    step, cut = 0, (config.batch_size, config.num_steps, largest_offset(config))

    def generate() -> dict[str, str]:
        state = recurrence.zero_state(backend, config, 1)
        write = partial(predict, model, forward, state, corpus, num_predicted=config.num_predicted)
        return {prefix: write(prefix) for prefix in config.prefixes}

    for epoch in range(1, config.num_epochs + 1):
        losses = []
        model.state = start
        for batch in batches(stream, corpus.ids, *cut):
            if config.sampling == "random":
                model.state = start  # the batch before is not the text before
            yield Step(step, model, batch)
            losses.append(model.step(batch))
            step += 1
        yield Epoch(epoch, losses, partial(perplexity, backend, losses), generate)
