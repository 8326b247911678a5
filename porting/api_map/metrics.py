"""Metrics, recurrent cells, and what a Trainer keeps."""

from __future__ import annotations

from collections.abc import Iterator

from porting.api_map.row import Row

METRICS = {
    "MSE": "a:4x1 b:4x1",
    "RMSE": "a:4x1 b:4x1",
    "MAE": "a:4x1 b:4x1",
    "Loss": "a:4 b:4",
    "CrossEntropy": "i:4<3 p:4x3",
    "TopKAccuracy": "i:4<3 p:4x3",
}


def _metrics() -> Iterator[Row]:
    for name, inputs in METRICS.items():
        signature = "top_k=1" if name == "TopKAccuracy" else ""
        options = "top_k=2" if signature else ""
        label, prediction = (item.partition(":")[0] for item in inputs.split())
        yield Row(
            f"metric.{name}",
            f"runtime.metrics.{name}({{}})",
            signature,
            "call",
            ("metric",),
            f"measured(mx.metric.{name}({options}), {label}, {prediction})",
            f"measured(runtime.metrics.{name}({options}), {label}, {prediction})",
            inputs,
            kind="py",
        )


def _cells() -> Iterator[Row]:
    for name in ("RNN", "LSTM", "GRU"):
        activation = " activation='tanh'>nonlinearity" if name == "RNN" else ""
        yield Row(
            f"gluon.rnn.{name}Cell",
            f"runtime.{name}Cell({{}})",
            f"hidden_size{activation} input_size=0",
            "call",
            ("cell", "deferred"),
            kind="module",
            shown_by="test_cells.py::test_cell",
        )


def _trainers() -> Iterator[Row]:
    yield Row(
        "Trainer.save_states",
        "torch.save({self}.state_dict(), {fname})",
        "fname",
        "call",
        ("state-dict",),
        kind="py",
        shown_by="test_training.py::test_saved_states_of_a_trainer",
    )
    yield Row(
        "Trainer.load_states",
        "{self}.load_state_dict(torch.load({fname}))",
        "fname",
        "call",
        ("state-dict",),
        kind="py",
        shown_by="test_training.py::test_saved_states_of_a_trainer",
    )
    yield Row(
        "Module.cast",
        "{self}.to({dtype})",
        "dtype",
        "cast",
        ("same",),
        kind="py",
        shown_by="test_networks.py::test_cast",
    )


def _losses() -> Iterator[Row]:
    for name, signature, inputs in (
        ("HingeLoss", "margin=1 weight=1.0 batch_axis=0", "a:4x3 b:4x3"),
        ("SquaredHingeLoss", "margin=1 weight=1.0 batch_axis=0", "a:4x3 b:4x3"),
        ("LogisticLoss", "weight=1.0 batch_axis=0 label_format='signed'", "a:4x3 b:4x3"),
        ("KLDivLoss", "from_logits=True axis=-1 weight=1.0 batch_axis=0", "a:4x3 p:4x3"),
    ):
        second = inputs.split()[1][0]
        yield Row(
            f"gluon.loss.{name}",
            f"runtime.{name}({{}})",
            signature,
            "call",
            ("loss-per-sample", "label-shape"),
            f"gloss.{name}()(a, {second})",
            f"runtime.{name}()(a, {second})",
            inputs,
            kind="loss",
        )
    yield Row(
        "gluon.loss.Loss",
        "runtime.Loss",
        "",
        "attribute",
        ("module",),
        kind="class",
        shown_by="test_networks.py::test_loss_of_its_own",
    )
    yield Row(
        "gluon.utils.clip_global_norm",
        "runtime.clip_global_norm({arrays}, {max_norm})",
        "arrays max_norm check_isfinite!",
        "call",
        ("same",),
        "gluon.utils.clip_global_norm([nd.ones(3), nd.ones(2)], 0.5)",
        "runtime.clip_global_norm([torch.ones(3), torch.ones(2)], 0.5)",
        kind="py",
    )


def rows() -> Iterator[Row]:
    for family in (_metrics, _cells, _trainers, _losses):
        yield from family()
