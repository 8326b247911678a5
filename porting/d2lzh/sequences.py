"""Cut a sequence of ids into batches, and ids into one-hot vectors."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

Batches = Iterator[tuple[Tensor, Tensor]]


def data_iter_consecutive(
    corpus_indices: Sequence[int] | Tensor,
    batch_size: int,
    num_steps: int,
    device: torch.device | str | None = None,
) -> Batches:
    """Yield (X, Y), each (batch_size, num_steps): row i continues row i of the batch before.

    Y is X one step later. Integers stay integers, where the original makes float32 of them.
    """
    corpus = torch.as_tensor(corpus_indices, device=device)
    width = len(corpus) // batch_size
    rows = corpus[: batch_size * width].reshape(batch_size, width)
    for first in range(0, (width - 1) // num_steps * num_steps, num_steps):
        yield rows[:, first : first + num_steps], rows[:, first + 1 : first + num_steps + 1]


def data_iter_random(
    corpus_indices: Sequence[int] | Tensor,
    batch_size: int,
    num_steps: int,
    device: torch.device | str | None = None,
) -> Batches:
    """Yield (X, Y), each (batch_size, num_steps), of subsequences in random order.

    Y is X one step later. The order comes from `random.shuffle`, as in the original: equal seeds
    give equal batches. Integers stay integers, where the original makes float32 of them.
    """
    corpus = torch.as_tensor(corpus_indices, device=device)
    examples = list(range((len(corpus) - 1) // num_steps))
    random.shuffle(examples)
    columns = torch.arange(num_steps, device=device)
    for first in range(0, len(examples) - batch_size + 1, batch_size):
        starts = torch.tensor(examples[first : first + batch_size], device=device) * num_steps
        positions = starts[:, None] + columns
        yield corpus[positions], corpus[positions + 1]


def one_hot(ids: Tensor, size: int) -> Tensor:
    """float32 of shape ids.shape + (size,).

    An id outside [0, size) gives zeros, as in MXNet; `torch.nn.functional.one_hot` raises.
    """
    return (ids.long()[..., None] == torch.arange(size, device=ids.device)).float()


def to_onehot(X: Tensor, size: int) -> list[Tensor]:
    """T matrices (n, size), one per step, of ids (n, T); ids (T,) count as n = 1."""
    return [one_hot(ids, size) for ids in torch.atleast_2d(X).T]
