"""Cut a sequence of ids into batches of subsequences and the ids that follow them (book 6.3).

Both yield (inputs (T, n), labels (T n,)) with time first, as the recurrence consumes them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from backends.errors import InputError

Pairs = Iterator[tuple[np.ndarray, np.ndarray]]


def check_length(length: int, batch_size: int, num_steps: int, offset: int) -> None:
    """Raise InputError unless one batch fits into a corpus cut off by any offset."""
    needed = batch_size * num_steps + 1 + offset
    if length < needed:
        raise InputError(
            f"batch_size = {batch_size} and num_steps = {num_steps} need {needed} characters, the "
            f"corpus has {length}: lower one of them, or raise max_characters"
        )


def _time_first(inputs: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.ascontiguousarray(inputs.T), labels.T.reshape(-1)


def random_batches(
    stream: np.random.Generator, ids: np.ndarray, batch_size: int, num_steps: int, offset: int
) -> Pairs:
    """Non-overlapping subsequences in random order; start anywhere in the first `offset` ids."""
    ids = ids[stream.integers(0, offset + 1) :]
    starts = stream.permutation((len(ids) - 1) // num_steps) * num_steps
    columns = np.arange(num_steps)
    for first in range(0, len(starts) - batch_size + 1, batch_size):
        positions = starts[first : first + batch_size, None] + columns
        yield _time_first(ids[positions], ids[positions + 1])


def consecutive_batches(
    stream: np.random.Generator, ids: np.ndarray, batch_size: int, num_steps: int, offset: int
) -> Pairs:
    """Row i of a batch continues row i of the batch before, so the state can be carried over."""
    ids = ids[stream.integers(0, offset + 1) :]
    width = (len(ids) - 1) // batch_size
    inputs = ids[: batch_size * width].reshape(batch_size, width)
    labels = ids[1 : batch_size * width + 1].reshape(batch_size, width)
    for first in range(0, width - num_steps + 1, num_steps):
        window = slice(first, first + num_steps)
        yield _time_first(inputs[:, window], labels[:, window])


SAMPLINGS = {"random": random_batches, "consecutive": consecutive_batches}
