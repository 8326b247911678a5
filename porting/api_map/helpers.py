"""Names of the book's helper library ``d2lzh`` 1.0.0, served by ``porting.d2lzh``."""

from __future__ import annotations

from collections.abc import Iterator

from porting.api_map.row import Row

NAMES = [
    "Benchmark",
    "Residual",
    "RNNModel",
    "VOCSegDataset",
    "VOC_CLASSES",
    "VOC_COLORMAP",
    "bbox_to_rect",
    "corr2d",
    "count_tokens",
    "data_iter",
    "data_iter_consecutive",
    "data_iter_random",
    "download_imdb",
    "download_voc_pascal",
    "evaluate_accuracy",
    "get_data_ch7",
    "get_fashion_mnist_labels",
    "get_tokenized_imdb",
    "get_vocab_imdb",
    "grad_clipping",
    "linreg",
    "load_data_fashion_mnist",
    "load_data_jay_lyrics",
    "load_data_pikachu",
    "load_data_time_machine",
    "mkdir_if_not_exist",
    "plt",
    "predict_rnn",
    "predict_rnn_gluon",
    "predict_sentiment",
    "preprocess_imdb",
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
]


def rows() -> Iterator[Row]:
    for name in NAMES:
        kind = {
            "linreg": "tensor",
            "squared_loss": "tensor",
            "corr2d": "tensor",
            "try_gpu": "device",
            "resnet18": "module",
            "RNNModel": "module",
            "Residual": "module",
        }.get(name, "py")
        yield Row(f"d2lzh.{name}", f"d2l.{name}", "*args", "helper", ("helper",), kind=kind)
