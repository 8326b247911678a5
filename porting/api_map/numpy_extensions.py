"""Functions of ``mxnet.npx``: what NumPy has no name for."""

from __future__ import annotations

from collections.abc import Iterator

from porting.api_map.numpy_arrays import row
from porting.api_map.row import Row


def _activations() -> Iterator[Row]:
    for name in ("relu", "sigmoid", "erf", "erfinv"):
        yield row(f"npx.{name}", f"torch.{name}({{}})", "data>input", "u", f"torch.{name}(u)", "u:2x3")  # fmt: skip
    for name in ("softmax", "log_softmax"):
        yield row(f"npx.{name}", f"torch.{name}({{}})", "data>input axis>dim:=-1", "a", f"torch.{name}(a, dim=-1)", notes=("axis",))  # fmt: skip
    yield row("npx.gammaln", "torch.lgamma({})", "data>input", "p", "torch.lgamma(p)", "p:2x3")
    yield row("npx.activation", "torch.relu({data})", "data act_type", "a, act_type='tanh'", "torch.tanh(a)", rule="activation")  # fmt: skip
    yield row("npx.leaky_relu", "F.leaky_relu({})", "data gamma act_type='leaky' slope=0.25", "a, act_type='elu', slope=0.5", "F.elu(a, alpha=0.5)", rule="npx_leaky_relu", notes=("optimizer-defaults",))  # fmt: skip
    yield row("npx.smooth_l1", "F.smooth_l1_loss({data})", "data scalar=1.0", "a, scalar=1.0", "F.smooth_l1_loss(a, torch.zeros_like(a), reduction='none')", rule="smooth_l1")  # fmt: skip


def _indexing() -> Iterator[Row]:
    yield row("npx.one_hot", "F.one_hot({indices}.long(), {depth}).float()", "indices depth dtype='float32'", "i, 4", "F.one_hot(i.long(), 4).float()", "i:2", ("index", "float-array"))  # fmt: skip
    yield row("npx.pick", "{data}.gather(1, index)", "data index axis=-1 keepdims=False", "a, i", "a.gather(-1, i.long().unsqueeze(-1)).squeeze(-1)", "a:2x3 i:2", ("index",), "pick")  # fmt: skip
    yield row(
        "npx.topk", "torch.topk({}).indices.float()", "data>input axis>dim:=-1 k:=1 ret_typ='indices' is_ascend=False dtype!",
        "a, k=2, axis=1", "torch.topk(a, dim=1, k=2).indices.float()", notes=("axis", "float-argmax"), rule="topk",
    )  # fmt: skip
    yield row("npx.nonzero", "torch.nonzero({})", "x>input", "i", "torch.nonzero(i)", "i:2x3")
    yield row("npx.embedding", "F.embedding({data}.long(), {weight})", "data weight input_dim! output_dim! dtype!", "i, a, input_dim=4, output_dim=3", "F.embedding(i.long(), a)", "i:2 a:4x3", ("index",))  # fmt: skip
    yield row(
        "npx.sequence_mask", "runtime.sequence_mask({})", "data sequence_length use_sequence_length=False value=0 axis=0",
        "a, i, True, value=-1, axis=1", "runtime.sequence_mask(a, i, value=-1, axis=1)", "a:2x3x4 i:2<4",
        ("sequence-mask",), "npx_sequence_mask",
    )  # fmt: skip
    yield row("npx.arange_like", "torch.arange({data}.shape[{axis}])", "data start=0.0 step=1.0 axis ctx!", "a, axis=1", "torch.arange(a.shape[1], dtype=torch.float32)", notes=("float-array",), rule="npx_arange_like")  # fmt: skip


def _shapes() -> Iterator[Row]:
    yield row("npx.reshape", "{a}.reshape({newshape})", "a newshape reverse=False", "a, (-2, -5)", "a.reshape((a.shape[0], a.shape[1] * a.shape[2]))", "a:2x3x4", ("npx-reshape",), "npx_reshape")  # fmt: skip
    yield row("npx.batch_flatten", "{data}.flatten(1)", "data", "a", "a.flatten(1)", "a:2x3x4", ("flatten",))  # fmt: skip
    yield row("npx.reshape_like", "{lhs}.reshape({rhs}.shape)", "lhs rhs", "a, b", "a.reshape(b.shape)", "a:2x3 b:3x2")  # fmt: skip
    yield row("npx.shape_array", "torch.tensor({data}.shape)", "data", "a", "torch.tensor(a.shape)")
    yield row("npx.cast", "{data}.to({dtype})", "data dtype", "i, dtype='int32'", "i.to(torch.int32)", "i:2x3", rule="astype")  # fmt: skip


def _layers() -> Iterator[Row]:
    yield row("npx.batch_dot", "torch.bmm({lhs}, {rhs})", "lhs rhs transpose_a=False transpose_b=False", "a, b, transpose_b=True", "torch.bmm(a, b.mT)", "a:2x3x4 b:2x5x4", rule="dot")  # fmt: skip
    yield row(
        "npx.fully_connected", "F.linear({data}.flatten(1), {weight}, {bias})", "data weight bias num_hidden! no_bias=False flatten=True",
        "a, b, c, num_hidden=5", "F.linear(a.flatten(1), b, c)", "a:2x3x4 b:5x12 c:5", ("dense-flatten",), "npx_fully_connected",
    )  # fmt: skip
    yield row(
        "npx.convolution", "F.conv2d({})", "data>input weight bias kernel! num_filter! stride pad>padding num_group=1>groups dilate>dilation no_bias! layout='NCHW'",
        "data=a, weight=b, bias=c, kernel=(3, 3), num_filter=5, pad=(1, 1)", "F.conv2d(a, b, c, padding=(1, 1))", "a:2x3x4x4 b:5x3x3x3 c:5", rule="npx_convolution",
    )  # fmt: skip
    yield row(
        "npx.pooling", "F.max_pool2d({})", "data kernel pool_type='max' stride pad global_pool=False pooling_convention='valid' count_include_pad=True",
        "data=a, kernel=(2, 2), stride=(2, 2), pool_type='avg'", "F.avg_pool2d(a, kernel_size=(2, 2), stride=(2, 2))", "a:2x3x4x4", ("pooling",), "pooling",
    )  # fmt: skip
    yield row(
        "npx.layer_norm", "F.layer_norm({data}, {data}.shape[-1:], {gamma}, {beta}, {eps})", "data gamma beta axis=-1 eps=1e-5",
        "a, b, c", "F.layer_norm(a, a.shape[-1:], b, c, 1e-5)", "a:2x3x4 b:4 c:4",
    )  # fmt: skip
    yield Row(
        "npx.dropout", "F.dropout({data}, {p}, training=torch.is_grad_enabled())", "data p=0.5", "npx_dropout",
        ("is-training",), shown_by="test_numpy.py::test_dropout_follows_the_mode",
    )  # fmt: skip


def _state() -> Iterator[Row]:
    for name in ("set_np", "reset_np"):
        yield Row(
            f"npx.{name}", "", "shape! array! dtype!", f"npx_{name}", ("set-np",), kind="py",
            shown_by="test_numpy.py::test_the_mode_decides_what_a_comparison_gives",
        )  # fmt: skip
    yield Row("npx.waitall", "", "", "remove", ("async",), kind="py", shown_by="test_numpy.py::test_devices")  # fmt: skip
    yield Row("npx.cpu", "torch.device('cpu')", "device_id!", "call", ("device",), kind="device", shown_by="test_numpy.py::test_devices")  # fmt: skip
    yield Row("npx.gpu", "torch.device('cuda', {device_id})", "device_id=0", "call", ("device",), kind="device")  # fmt: skip
    yield Row("npx.num_gpus", "torch.cuda.device_count()", "", "call", ("device",), kind="py", shown_by="test_numpy.py::test_devices")  # fmt: skip
    yield Row("npx.current_context", "torch.get_default_device()", "", "call", ("device",), kind="device")  # fmt: skip
    yield Row("npx.Context", "torch.device", "", "attribute", ("device",), kind="class")
    yield Row("npx.random.seed", "torch.manual_seed({seed})", "seed ctx!", "call", ("seed",), kind="py")  # fmt: skip
    for name in ("save", "load"):
        form = "torch.save({arr}, {file})" if name == "save" else "torch.load({file})"
        yield Row(
            f"npx.{name}", form, "file arr" if name == "save" else "file",
            "save" if name == "save" else "call",
            ("np-save",), kind="py", shown_by="test_numpy.py::test_saved_arrays",
        )  # fmt: skip


def rows() -> Iterator[Row]:
    for family in (_activations, _indexing, _shapes, _layers, _state):
        yield from family()
