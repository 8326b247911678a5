"""What ports need at run time: Gluon's conventions that PyTorch has no layer for."""

from porting.not_ported import not_ported
from porting.runtime import metrics
from porting.runtime.cells import GRUCell, LSTMCell, RNNCell
from porting.runtime.data import download, fixed_crop, imread, random_crop
from porting.runtime.images import Images, Transformed, TransformFirst
from porting.runtime.initialisation import Initializer, initialize, parameter, uniform
from porting.runtime.layers import BatchNorm, Embedding, LayerNorm, batch_norm
from porting.runtime.losses import (
    HingeLoss,
    HuberLoss,
    KLDivLoss,
    L1Loss,
    L2Loss,
    LogisticLoss,
    Loss,
    SigmoidBinaryCrossEntropyLoss,
    SoftmaxCrossEntropyLoss,
    SquaredHingeLoss,
)
from porting.runtime.metrics import Accuracy
from porting.runtime.optimisers import NAG, SGD, Adadelta, Adagrad, Adam, RMSprop, optimizer
from porting.runtime.recurrent import GRU, LSTM, RNN
from porting.runtime.rounding import round
from porting.runtime.sequences import sequence_last, sequence_mask, sequence_reverse
from porting.runtime.updates import clip_global_norm, detached, step, stepper, zero_grad, zeroing
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
    "GRUCell",
    "HingeLoss",
    "HuberLoss",
    "Images",
    "Initializer",
    "KLDivLoss",
    "L1Loss",
    "L2Loss",
    "LSTMCell",
    "LayerNorm",
    "LogisticLoss",
    "Loss",
    "RMSprop",
    "RNNCell",
    "SigmoidBinaryCrossEntropyLoss",
    "SoftmaxCrossEntropyLoss",
    "SquaredHingeLoss",
    "TransformFirst",
    "Transformed",
    "Vocabulary",
    "batch_norm",
    "clip_global_norm",
    "detached",
    "download",
    "fixed_crop",
    "imread",
    "initialize",
    "metrics",
    "not_ported",
    "optimizer",
    "parameter",
    "random_crop",
    "round",
    "sequence_last",
    "sequence_mask",
    "sequence_reverse",
    "step",
    "stepper",
    "uniform",
    "zero_grad",
    "zeroing",
]
