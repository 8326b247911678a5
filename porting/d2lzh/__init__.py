"""The helpers of d2lzh 1.0.0 for PyTorch: `from porting import d2lzh as d2l`.

Names and order of arguments are the original's; arrays are tensors, and `ctx` is a device.
What every helper of a training loop needs stands in `porting/d2lzh/training.py`.
"""

import collections
import math
import os
import random
import sys
import tarfile
import time
import zipfile

import numpy as np
from matplotlib import pyplot as plt

from porting.d2lzh.chapter7 import train_2d, train_ch7, train_gluon_ch7
from porting.d2lzh.devices import try_all_gpus, try_gpu
from porting.d2lzh.fashion_mnist import get_fashion_mnist_labels, load_data_fashion_mnist
from porting.d2lzh.files import mkdir_if_not_exist
from porting.d2lzh.optimisation import grad_clipping, linreg, sgd, squared_loss
from porting.d2lzh.plotting import (
    bbox_to_rect,
    semilogy,
    set_figsize,
    show_bboxes,
    show_fashion_mnist,
    show_images,
    show_trace_2d,
    use_svg_display,
)
from porting.d2lzh.rnn import (
    RNNModel,
    predict_rnn,
    predict_rnn_gluon,
    train_and_predict_rnn,
    train_and_predict_rnn_gluon,
)
from porting.d2lzh.sentiment import (
    count_tokens,
    get_tokenized_imdb,
    get_vocab_imdb,
    predict_sentiment,
    preprocess_imdb,
    read_imdb,
)
from porting.d2lzh.sequences import data_iter_consecutive, data_iter_random, to_onehot
from porting.d2lzh.tables import data_iter, get_data_ch7
from porting.d2lzh.texts import load_data_jay_lyrics, load_data_time_machine
from porting.d2lzh.training import Benchmark, evaluate_accuracy, train, train_ch3, train_ch5
from porting.d2lzh.vision import Residual, corr2d, resnet18
from porting.d2lzh.voc import (
    VOC_CLASSES,
    VOC_COLORMAP,
    VOCSegDataset,
    read_voc_images,
    voc_label_indices,
    voc_rand_crop,
)
from porting.not_ported import HELPERS

# The modules are here because the book writes d2l.plt, d2l.np and d2l.math.
__all__ = [
    "VOC_CLASSES",
    "VOC_COLORMAP",
    "Benchmark",
    "RNNModel",
    "Residual",
    "VOCSegDataset",
    "bbox_to_rect",
    "collections",
    "corr2d",
    "count_tokens",
    "data_iter",
    "data_iter_consecutive",
    "data_iter_random",
    "evaluate_accuracy",
    "get_data_ch7",
    "get_fashion_mnist_labels",
    "get_tokenized_imdb",
    "get_vocab_imdb",
    "grad_clipping",
    "linreg",
    "load_data_fashion_mnist",
    "load_data_jay_lyrics",
    "load_data_time_machine",
    "math",
    "mkdir_if_not_exist",
    "np",
    "os",
    "plt",
    "predict_rnn",
    "predict_rnn_gluon",
    "predict_sentiment",
    "preprocess_imdb",
    "random",
    "read_imdb",
    "read_voc_images",
    "resnet18",
    "semilogy",
    "set_figsize",
    "sgd",
    "show_bboxes",
    "show_fashion_mnist",
    "show_images",
    "show_trace_2d",
    "squared_loss",
    "sys",
    "tarfile",
    "time",
    "to_onehot",
    "train",
    "train_2d",
    "train_and_predict_rnn",
    "train_and_predict_rnn_gluon",
    "train_ch3",
    "train_ch5",
    "train_ch7",
    "train_gluon_ch7",
    "try_all_gpus",
    "try_gpu",
    "use_svg_display",
    "voc_label_indices",
    "voc_rand_crop",
    "zipfile",
]


def __getattr__(name: str) -> object:
    if name in HELPERS:
        raise AttributeError(f"d2lzh.{name} is not ported: {HELPERS[name]}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
