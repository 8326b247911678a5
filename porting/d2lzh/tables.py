"""Batches of a table, and the table that the book's chapter on optimisers learns from."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from porting.d2lzh.files import local_path


def data_iter(batch_size: int, features: Tensor, labels: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield (features, labels) of all rows in random order; the last batch may be smaller.

    The order comes from `random.shuffle`, as in the original: equal seeds give equal batches.
    """
    order = list(range(len(features)))
    random.shuffle(order)
    for rows in torch.tensor(order, device=features.device).split(batch_size):
        yield features[rows], labels[rows]


def get_data_ch7() -> tuple[Tensor, Tensor]:
    """Features (1503, 5) and labels (1503,) of airfoil_self_noise.dat, each with mean 0, spread 1.

    NASA's measurements, https://archive.ics.uci.edu/dataset/291. InputError if the file is missing.
    """
    data = np.genfromtxt(local_path("airfoil_self_noise.dat"), delimiter="\t")
    table = torch.tensor((data - data.mean(axis=0)) / data.std(axis=0), dtype=torch.float32)
    return table[:, :-1], table[:, -1]
