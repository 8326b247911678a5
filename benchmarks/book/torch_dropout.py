"""A perceptron with dropout of the second edition on PyTorch, with its data loader.

The package's: `train_epoch_ch3` with everything that it calls (`accuracy`, `Accumulator`), `sgd`
and `get_dataloader_workers`. Glue: the network's formula with its masks, as its chapter writes them
out, and the data set: `load_data_fashion_mnist` would download all of Fashion-MNIST by torchvision,
so its `DataLoader` is made here with the same arguments, on images that are turned into tensors one
by one, through the conversions of torchvision's `FashionMNIST` and `ToTensor`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from benchmarks.book.packages import allow_children, d2l
from benchmarks.book.torch_rnn import synchronizer
from benchmarks.book.updates import updates
from benchmarks.programs import Given, Program, Results

NAMES = ("W1", "b1", "W2", "b2", "W3", "b3")


class FashionMnist(Dataset[Any]):
    def __init__(self, pixels: np.ndarray, labels: np.ndarray) -> None:
        self.pixels = torch.tensor(pixels).reshape(-1, 28, 28)
        self.labels = torch.tensor(labels)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        image = Image.fromarray(self.pixels[index].numpy())
        rows = torch.from_numpy(np.array(image)).view(28, 28, 1).permute(2, 0, 1).contiguous()
        return rows.to(torch.float32).div(255), int(self.labels[index])


def epoch(
    given: Given, device: str, batch_size: int, learning_rate: float, drop_probs: tuple[float, ...]
) -> Program:
    allow_children()
    book, starts = d2l(), [given["weights"][name] for name in NAMES]
    data = FashionMnist(given["pixels"], given["labels"])
    workers = book.get_dataloader_workers()
    shuffled = DataLoader(data, batch_size, shuffle=True, num_workers=workers)
    in_order = DataLoader(data, batch_size, shuffle=False, num_workers=workers)
    params = [torch.tensor(start, device=device, requires_grad=True) for start in starts]
    loss = torch.nn.CrossEntropyLoss(reduction="none")

    def drop(H: Any, p: float, mask: Any) -> Any:
        mask = (torch.rand(H.shape, device=device) > p).float() if mask is None else mask
        return mask * H / (1.0 - p)

    def train(batches: Any, given_masks: Iterator[Any] | None = None) -> Any:
        W1, b1, W2, b2, W3, b3 = params

        def net(X: Any) -> Any:
            masks: Any = (None, None)
            if given_masks is not None:
                masks = (torch.tensor(mask, device=device).float() for mask in next(given_masks))
            mask1, mask2 = masks
            H1 = drop(torch.relu(torch.matmul(X.reshape((-1, 784)), W1) + b1), drop_probs[0], mask1)
            H2 = drop(torch.relu(torch.matmul(H1, W2) + b2), drop_probs[1], mask2)
            return torch.matmul(H2, W3) + b3

        def updater(_: int) -> None:
            book.sgd(params, learning_rate, batch_size)

        on_device = batches if device == "cpu" else moved(batches, device)
        return book.train_epoch_ch3(net, on_device, loss, updater)

    def results() -> Results:
        with torch.no_grad():
            for param, start in zip(params, starts, strict=True):
                param.copy_(torch.tensor(start))
        train(in_order, iter(given["masks"]))
        return updates(NAMES, starts, [param.detach().cpu().numpy() for param in params])

    return Program(lambda: train(shuffled), synchronizer(device), results)


def moved(batches: Any, device: str) -> Iterator[Any]:
    """The chapter trains on the CPU only."""
    for X, y in batches:
        yield X.to(device), y.to(device)
