"""The API map holds every MXNet name that the book's helper library and chapters use."""

from __future__ import annotations

import pytest

from porting.api_map import TABLE

# What d2lzh 1.0.0 and the book's chapters call, by family.
USED = [
    "nd.zeros",
    "nd.ones",
    "nd.array",
    "nd.arange",
    "nd.dot",
    "nd.concat",
    "nd.one_hot",
    "nd.relu",
    "nd.tanh",
    "nd.sigmoid",
    "nd.argmax",
    "nd.random.normal",
    "nd.random.uniform",
    "nd.stack",
    "nd.add_n",
    "nd.maximum",
    "nd.pick",
    "nd.power",
    "nd.elemwise_add",
    "nd.batch_dot",
    "nd.waitall",
    "nd.save",
    "nd.load",
    "nd.sqrt",
    "nd.random.shuffle",
    "NDArray.reshape",
    "NDArray.sum",
    "NDArray.mean",
    "NDArray.norm",
    "NDArray.asscalar",
    "NDArray.asnumpy",
    "NDArray.take",
    "NDArray.astype",
    "NDArray.argmax",
    "NDArray.copyto",
    "NDArray.as_in_context",
    "NDArray.wait_to_read",
    "NDArray.sqrt",
    "NDArray.square",
    "NDArray.exp",
    "NDArray.log",
    "NDArray.relu",
    "NDArray.transpose",
    "NDArray.zeros_like",
    "NDArray.size",
    "NDArray.attach_grad",
    "NDArray.detach",
    "NDArray.backward",
    "NDArray.context",
    "NDArray.max",
    "NDArray.expand_dims",
    "autograd.record",
    "autograd.is_training",
    "gluon.Trainer",
    "Trainer.step",
    "Trainer.set_learning_rate",
    "Trainer.learning_rate",
    "gluon.nn.Block",
    "gluon.nn.HybridBlock",
    "gluon.nn.Sequential",
    "gluon.nn.HybridSequential",
    "gluon.nn.Dense",
    "gluon.nn.Conv2D",
    "gluon.nn.BatchNorm",
    "gluon.nn.Activation",
    "gluon.nn.MaxPool2D",
    "gluon.nn.AvgPool2D",
    "gluon.nn.GlobalAvgPool2D",
    "gluon.nn.Dropout",
    "gluon.nn.Embedding",
    "gluon.nn.Flatten",
    "gluon.nn.Conv2DTranspose",
    "Module.add",
    "Module.initialize",
    "Module.collect_params",
    "Module.hybridize",
    "Module.save_parameters",
    "Module.load_parameters",
    "Module.params.get",
    "Module.params.get_constant",
    "Parameter.data",
    "Parameter.grad",
    "Parameter.set_data",
    "gluon.rnn.RNN",
    "gluon.rnn.LSTM",
    "gluon.rnn.GRU",
    "gluon.loss.L2Loss",
    "gluon.loss.SoftmaxCrossEntropyLoss",
    "gluon.loss.SigmoidBinaryCrossEntropyLoss",
    "gluon.loss.L1Loss",
    "gluon.data.ArrayDataset",
    "gluon.data.DataLoader",
    "gluon.data.Dataset",
    "gluon.data.vision.FashionMNIST",
    "gluon.data.vision.transforms.ToTensor",
    "gluon.data.vision.transforms.Resize",
    "gluon.data.vision.transforms.Compose",
    "Dataset.transform_first",
    "gluon.utils.download",
    "gluon.utils.split_and_load",
    "init.Normal",
    "init.Xavier",
    "init.Constant",
    "init.Zero",
    "init.One",
    "init.Uniform",
    "init.Initializer",
    "cpu",
    "gpu",
    "Context",
    "base.MXNetError",
    "image.imread",
    "image.random_crop",
    "image.fixed_crop",
    "image.ImageDetIter",
    "contrib.text.vocab.Vocabulary",
    "random.seed",
]


@pytest.mark.parametrize("name", USED)
def test_name_has_a_row(name: str) -> None:
    assert name in TABLE


def test_every_helper_has_a_proof_or_a_reason() -> None:
    found = [row for row in TABLE.values() if row.name.startswith("d2lzh.")]
    assert len(found) >= 65
    assert all(bool(row.proven) != bool(row.reason) for row in found)


def test_rows_without_a_proof_are_few() -> None:
    without = [
        row.name
        for row in TABLE.values()
        if not row.proven and not row.reason and row.rule not in ("helper", "differs")
    ]
    assert len(without) <= 70, without
