"""The arithmetic that a baseline is held to, where a framework's own is coarser than float32.

MXNet takes the loss of the book's chapters by MKL-DNN's log_softmax, whose logarithm of the sum is
wrong by up to 5e-6, in one direction for most rows of a batch. `backends` goes around it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backends.rounding import NoisyBackend

LOG_OF_SUM = 2.0**-18
"""The error that all rows of a batch share, and what each adds to it."""


@dataclass(frozen=True)
class CoarseLogSoftmax(NoisyBackend):
    """An error δ in log Σ exp(o) makes the gradient (1 − δ) softmax − one-hot."""

    def softmax_cross_entropy(self, logits, labels):
        losses = super().softmax_cross_entropy(logits, labels)
        shared, own = self.random.uniform(-1, 1), self.random.uniform(-1, 1, len(labels))
        log_of_sum = losses + logits[np.arange(len(labels)), labels]
        return losses + LOG_OF_SUM * (shared + own) * log_of_sum


COARSE = {"mxnet": CoarseLogSoftmax}
"""By framework; the baselines of the others are held to what Lockstep's programs are held to."""


def noisy(framework: str, seed: int) -> NoisyBackend:
    """Two of the same seed round alike."""
    return COARSE.get(framework, NoisyBackend)(seed_of_noise=seed)
