"""A perceptron with dropout of the first edition on MXNet, with its data loader.

The package's: `train_ch3` for an epoch, with everything that it calls (`sgd`, `evaluate_accuracy`,
on one test image). Glue: the network's formula with its masks, as its chapter writes them out, and
the data set: `load_data_fashion_mnist` would download all of Fashion-MNIST, so its `DataLoader` is
made here with the same arguments (4 processes, `ToTensor` on one image after the other) on given
images.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import redirect_stdout
from typing import Any

from benchmarks.book.mxnet_rnn import context
from benchmarks.book.packages import allow_children, d2lzh
from benchmarks.book.updates import updates
from benchmarks.programs import Given, Program, Results

NAMES = ("W1", "b1", "W2", "b2", "W3", "b3")
WORKERS = 4


def epoch(
    given: Given, device: str, batch_size: int, learning_rate: float, drop_probs: tuple[float, ...]
) -> Program:
    allow_children()
    book, ctx = d2lzh(), context(device)
    nd, gdata, starts = book.nd, book.gdata, [given["weights"][name] for name in NAMES]
    images = nd.array(given["pixels"].reshape((-1, 28, 28, 1)), dtype="uint8")
    data = gdata.ArrayDataset(images, given["labels"].astype("int32"))
    data = data.transform_first(gdata.vision.transforms.ToTensor())
    shuffled = gdata.DataLoader(data, batch_size, shuffle=True, num_workers=WORKERS)
    in_order = gdata.DataLoader(data, batch_size, shuffle=False, num_workers=WORKERS)
    test = [(nd.zeros((1, 784), ctx=ctx), nd.zeros((1,), ctx=ctx))]
    params = [nd.array(start, ctx=ctx) for start in starts]
    for param in params:
        param.attach_grad()
    loss = book.gloss.SoftmaxCrossEntropyLoss()

    def drop(H: Any, p: float, mask: Any) -> Any:
        if mask is None:
            mask = nd.random.uniform(0, 1, H.shape, ctx=ctx) < 1 - p
        return mask * H / (1 - p)

    def train(batches: Any, given_masks: Iterator[Any] | None = None) -> None:
        W1, b1, W2, b2, W3, b3 = params

        def net(X: Any) -> Any:
            masks: Any = (None, None)
            if book.autograd.is_training() and given_masks is not None:
                masks = (nd.array(mask, ctx=ctx) for mask in next(given_masks))
            mask1, mask2 = masks
            H1 = nd.relu(nd.dot(X.reshape((-1, 784)), W1) + b1)
            H1 = drop(H1, drop_probs[0], mask1) if book.autograd.is_training() else H1
            H2 = nd.relu(nd.dot(H1, W2) + b2)
            H2 = drop(H2, drop_probs[1], mask2) if book.autograd.is_training() else H2
            return nd.dot(H2, W3) + b3

        on_device = batches if device == "cpu" else moved(batches, ctx)
        with redirect_stdout(io.StringIO()):
            book.train_ch3(net, on_device, test, loss, 1, batch_size, params, learning_rate)

    def results() -> Results:
        for param, start in zip(params, starts, strict=True):
            param[:] = nd.array(start, ctx=ctx)
        train(in_order, iter(given["masks"]))
        return updates(NAMES, starts, [param.asnumpy() for param in params])

    return Program(lambda: train(shuffled), nd.waitall, results)


def moved(batches: Any, ctx: Any) -> Iterator[Any]:
    """The chapter trains on the CPU only."""
    for X, y in batches:
        yield X.as_in_context(ctx), y.as_in_context(ctx)
