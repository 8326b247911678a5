"""What ports need at run time: Gluon's conventions that PyTorch has no layer for."""

from porting.not_ported import not_ported
from porting.runtime.data import TransformFirst, download, fixed_crop, imread, random_crop
from porting.runtime.initialisation import Initializer, initialize, parameter, uniform
from porting.runtime.layers import BatchNorm, Embedding
from porting.runtime.losses import (
    HuberLoss,
    L1Loss,
    L2Loss,
    SigmoidBinaryCrossEntropyLoss,
    SoftmaxCrossEntropyLoss,
)
from porting.runtime.metrics import Accuracy
from porting.runtime.optimisers import NAG, SGD, Adadelta, Adagrad, Adam, RMSprop, optimizer
from porting.runtime.recurrent import GRU, LSTM, RNN
from porting.runtime.sequences import sequence_mask
from porting.runtime.updates import stepper, zero_grad, zeroing
from porting.runtime.vocabulary import Vocabulary

__all__ = [
    "GRU",
    "LSTM",
    "NAG",
    "RNN",
    "SGD",
    "Accuracy",
    "Adadelta",
    "Adagrad",
    "Adam",
    "BatchNorm",
    "Embedding",
    "HuberLoss",
    "Initializer",
    "L1Loss",
    "L2Loss",
    "RMSprop",
    "SigmoidBinaryCrossEntropyLoss",
    "SoftmaxCrossEntropyLoss",
    "TransformFirst",
    "Vocabulary",
    "download",
    "fixed_crop",
    "imread",
    "initialize",
    "not_ported",
    "optimizer",
    "parameter",
    "random_crop",
    "sequence_mask",
    "stepper",
    "uniform",
    "zero_grad",
    "zeroing",
]
