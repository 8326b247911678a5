"""Names of the book's helper library ``d2lzh`` 1.0.0, served by ``porting.d2lzh``."""

from __future__ import annotations

from collections.abc import Iterator

from porting.api_map.row import Row
from porting.names import PLAIN_MODULES
from porting.not_ported import HELPERS, MXNET_MODULES

# The names that each test of tests/porting/d2lzh holds to the original.
PROVEN = {
    "test_chapter7.py": {
        "test_get_data_ch7": "get_data_ch7",
        "test_train_2d": "train_2d",
        "test_train_ch7": "train_ch7",
        "test_train_gluon_ch7": "train_gluon_ch7",
    },
    "test_data.py": {
        "test_load_data_fashion_mnist": "load_data_fashion_mnist",
        "test_load_data_jay_lyrics": "load_data_jay_lyrics",
        "test_load_data_time_machine": "load_data_time_machine",
    },
    "test_functions.py": {
        "test_benchmark": "Benchmark",
        "test_corr2d": "corr2d",
        "test_count_tokens": "count_tokens",
        "test_data_iter": "data_iter",
        "test_devices": "try_all_gpus try_gpu",
        "test_get_fashion_mnist_labels": "get_fashion_mnist_labels",
        "test_grad_clipping": "grad_clipping",
        "test_linreg_and_squared_loss": "linreg squared_loss",
        "test_mkdir_if_not_exist": "mkdir_if_not_exist",
        "test_sequences": "data_iter_consecutive data_iter_random",
        "test_sgd": "sgd",
        "test_to_onehot": "to_onehot",
    },
    "test_namespace.py": {
        "test_constants": "VOC_CLASSES VOC_COLORMAP",
        "test_modules": " ".join(PLAIN_MODULES),
    },
    "test_plotting.py": {
        "test_bbox_to_rect": "bbox_to_rect",
        "test_semilogy": "semilogy",
        "test_set_figsize": "set_figsize",
        "test_show_bboxes": "show_bboxes",
        "test_show_fashion_mnist": "show_fashion_mnist",
        "test_show_images": "show_images",
        "test_show_trace_2d": "show_trace_2d",
        "test_use_svg_display": "use_svg_display",
    },
    "test_rnn.py": {
        "test_predict_rnn": "predict_rnn",
        "test_rnn_model": "RNNModel",
        "test_train_and_predict_rnn": "train_and_predict_rnn",
        "test_train_and_predict_rnn_gluon": "predict_rnn_gluon train_and_predict_rnn_gluon",
    },
    "test_sentiment.py": {
        "test_predict_sentiment": "predict_sentiment",
        "test_reviews": "get_tokenized_imdb get_vocab_imdb preprocess_imdb read_imdb",
    },
    "test_training.py": {
        "test_evaluate_accuracy": "evaluate_accuracy",
        "test_train": "train",
        "test_train_ch3_with_parameters": "train_ch3",
        "test_train_ch5": "train_ch5",
    },
    "test_vision.py": {"test_residual": "Residual", "test_resnet18": "resnet18"},
    "test_voc.py": {
        "test_read_voc_images": "read_voc_images",
        "test_voc_dataset": "VOCSegDataset voc_rand_crop",
        "test_voc_label_indices": "voc_label_indices",
    },
}
KINDS = {
    "RNNModel": "module",
    "Residual": "module",
    "corr2d": "tensor",
    "linreg": "tensor",
    "resnet18": "module",
    "squared_loss": "tensor",
    "to_onehot": "tensors",
    "try_gpu": "device",
}


def rows() -> Iterator[Row]:
    for file, tests in PROVEN.items():
        for test, names in tests.items():
            for name in names.split():
                yield Row(
                    f"d2lzh.{name}",
                    f"d2l.{name}",
                    rule="helper",
                    notes=("helper",),
                    kind=KINDS.get(name, "py"),
                    shown_by=f"d2lzh/{file}::{test}",
                )
    for name, reason in HELPERS.items():
        if name not in MXNET_MODULES:
            yield Row(f"d2lzh.{name}", "", rule="unknown", notes=("unknown",), reason=reason)
