"""What ports need at run time: Gluon's conventions that PyTorch has no layer for."""

from porting.not_ported import not_ported
from porting.runtime.data import TransformFirst, download, fixed_crop, imread, random_crop
from porting.runtime.initialisation import Initializer, initialize, parameter, uniform
from porting.runtime.layers import BatchNorm, Embedding
from porting.runtime.losses import HuberLoss, L1Loss, L2Loss, SigmoidBinaryCrossEntropyLoss
from porting.runtime.metrics import Accuracy
from porting.runtime.optimisers import NAG, SGD, Adadelta, Adagrad, Adam, RMSprop, optimizer
from porting.runtime.recurrent import GRU, LSTM, RNN
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
    "uniform",
]
