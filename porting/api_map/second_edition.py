"""Names of ``d2l.mxnet``, the helpers of the book's second edition, in ``d2l.torch`` 0.17.6."""

from __future__ import annotations

from collections.abc import Iterator

from porting.api_map.row import Row

# The same call in both modules.
SAME = [
    "Accumulator", "Animator", "AttentionDecoder", "BananasDataset", "Benchmark", "DATA_HUB", "DATA_URL",
    "Decoder", "DotProductAttention", "Encoder", "EncoderDecoder", "MaskedSoftmaxCELoss",
    "PositionalEncoding", "RandomGenerator", "SNLIDataset", "SeqDataLoader", "Timer", "TokenEmbedding",
    "VOC_CLASSES", "VOC_COLORMAP", "Vocab", "accuracy", "annotate", "argmax", "assign_anchor_to_bbox",
    "astype", "batchify", "bbox_to_rect", "bleu", "box_center_to_corner", "box_corner_to_center", "box_iou",
    "build_array_nmt", "copyfile", "corr2d", "count_corpus", "download", "download_all",
    "download_extract", "evaluate_accuracy", "evaluate_accuracy_gpu",
    "get_centers_and_contexts", "get_data_ch11", "get_dataloader_workers", "get_fashion_mnist_labels",
    "get_negatives", "get_tokens_and_segments", "grad_clipping", "linreg", "load_array",
    "load_corpus_time_machine", "load_data_bananas", "load_data_fashion_mnist", "load_data_imdb",
    "load_data_nmt", "load_data_ptb", "load_data_snli", "load_data_time_machine", "load_data_wiki",
    "masked_softmax", "multibox_detection", "multibox_prior", "multibox_target", "nms", "numpy",
    "offset_boxes", "offset_inverse", "plot", "plt", "predict_ch3", "predict_sentiment",
    "predict_seq2seq", "predict_snli", "preprocess_nmt", "read_csv_labels", "read_data_bananas",
    "read_data_nmt", "read_imdb", "read_ptb", "read_snli", "read_time_machine", "reduce_sum",
    "reorg_test", "reorg_train_valid", "reshape", "seq_data_iter_random", "seq_data_iter_sequential",
    "set_axes", "set_figsize", "sgd", "show_bboxes", "show_heatmaps", "show_images",
    "show_list_len_pair_hist", "show_trace_2d", "size", "squared_loss", "subsample", "synthetic_data", "to",
    "tokenize", "tokenize_nmt", "train_2d", "transpose", "transpose_output", "transpose_qkv",
    "truncate_pad", "try_all_gpus", "try_gpu", "use_svg_display",
]  # fmt: skip
# The same call, with something to know.
NOTED = {
    "evaluate_loss": "d2l-labels",
    "train_ch3": "d2l-updater",
    "train_epoch_ch3": "d2l-updater",
    "RNNModelScratch": "d2l-device",
    "predict_ch8": "d2l-device",
    "train_epoch_ch8": "d2l-updater",
    "resnet18": "d2l-channels",
    "split_batch": "d2l-cuda",
}
# Another meaning under the same name: a stub that says so.
DIFFERENT = {
    "d2l-sizes": [
        "AddNorm", "AdditiveAttention", "BERTEncoder", "BERTModel", "EncoderBlock", "MaskLM",
        "MultiHeadAttention", "NextSentencePred", "PositionWiseFFN", "Residual", "TransformerEncoder",
    ],
    "d2l-state": ["RNNModel", "Seq2SeqEncoder"],
    "d2l-loss-scale": ["train_batch_ch13", "train_ch13", "train_concise_ch11", "update_D", "update_G"],
    "d2l-axes": ["VOCSegDataset", "load_data_voc", "read_voc_images", "voc_colormap2label", "voc_label_indices", "voc_rand_crop"],
}  # fmt: skip
KINDS = {
    "linreg": "tensor", "squared_loss": "tensor", "corr2d": "tensor", "reshape": "tensor",
    "reduce_sum": "tensor", "transpose": "tensor", "masked_softmax": "tensor", "argmax": "tensor",
    "astype": "tensor", "to": "tensor", "numpy": "numpy", "synthetic_data": "tensors",
    "try_gpu": "device", "load_array": "loader", "resnet18": "module", "Encoder": "module",
    "Decoder": "module", "EncoderDecoder": "module", "AttentionDecoder": "module",
    "DotProductAttention": "module", "PositionalEncoding": "module", "MaskedSoftmaxCELoss": "module",
}  # fmt: skip


def rows() -> Iterator[Row]:
    for name in SAME:
        yield _helper(name, "d2l")
    for name, note in NOTED.items():
        yield _helper(name, "d2l", note)
    for note, names in DIFFERENT.items():
        for name in names:
            yield Row(f"d2l.{name}", "", "*args", "differs", (note,))
    proof = "test_second_edition.py::"
    yield Row(
        "d2l.train_ch6", "d2l.train_ch6({})", "net train_iter test_iter num_epochs lr device",
        "d2l_train", ("d2l", "d2l-init"), kind="py", shown_by=f"{proof}test_networks_are_initialised_first",
    )  # fmt: skip
    yield Row(
        "d2l.train_ch8", "d2l.train_ch8({})", "net train_iter vocab lr num_epochs device use_random_iter",
        "d2l_train", ("d2l", "d2l-init"), kind="py", shown_by=f"{proof}test_networks_are_initialised_first",
    )  # fmt: skip
    yield Row(
        "d2l.train_seq2seq", "d2l.train_seq2seq({})", "net data_iter lr num_epochs tgt_vocab device",
        "d2l_train", ("d2l", "d2l-init"), kind="py", shown_by=f"{proof}test_networks_are_initialised_first",
    )  # fmt: skip
    yield Row(
        "d2l.train_ch11", "d2l.train_ch11(runtime.zeroing({trainer_fn}))",
        "trainer_fn states hyperparams data_iter feature_dim num_epochs",
        "d2l_train_ch11", ("d2l", "zero-grad"), kind="tensors", shown_by=f"{proof}test_updates_reset_the_gradients",
    )  # fmt: skip


def _helper(name: str, *notes: str) -> Row:
    return Row(f"d2l.{name}", f"d2l.{name}", "*args", "helper", notes, kind=KINDS.get(name, "py"))
