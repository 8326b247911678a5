"""Layers that ``mxnet.nd`` writes as functions, sequences, and rarer functions of arrays."""

from __future__ import annotations

from collections.abc import Iterator

from porting.api_map.row import Row


def _layers() -> Iterator[Row]:
    yield Row(
        "nd.Dropout",
        "F.dropout({data}, p={p}, training=torch.is_grad_enabled())",
        "data p=0.5 mode='training' axes=()",
        "dropout",
        ("is-training",),
        shown_by="test_modes.py::test_dropout_function",
    )
    yield Row(
        "nd.BatchNorm",
        "runtime.batch_norm({data}, {moving_mean}, {moving_var}, {gamma}, {beta})",
        "data gamma beta moving_mean moving_var eps=0.001 momentum=0.9 fix_gamma=True "
        "use_global_stats=False output_mean_var=False axis=1",
        "batch_norm_function",
        ("batch-norm", "fix-gamma", "is-training"),
        shown_by="test_modes.py::test_batch_norm_function",
    )
    yield Row(
        "nd.LayerNorm",
        "F.layer_norm({data}, ({data}.shape[-1],), {gamma}, {beta}, eps={eps})",
        "data gamma beta axis=-1 eps=1e-05",
        "call",
        ("same",),
        "nd.LayerNorm(a, b, c)",
        "F.layer_norm(a, (a.shape[-1],), b, c, eps=1e-05)",
        "a:2x3 b:3 c:3",
    )
    yield Row(
        "nd.SoftmaxActivation",
        "{data}.flatten(1).softmax(dim=1)",
        "data mode='instance'",
        "call",
        ("flatten",),
        "nd.SoftmaxActivation(a)",
        "a.flatten(1).softmax(dim=1)",
        "a:2x3",
    )
    yield Row(
        "nd.softmax_cross_entropy",
        "F.cross_entropy({data}, {label}.long(), reduction='sum')",
        "data label",
        "call",
        ("label-long", "reduction-shape"),
        "nd.softmax_cross_entropy(a, i)",
        "F.cross_entropy(a, i.long(), reduction='sum')",
        "a:2x3 i:2<3",
    )
    yield Row(
        "nd.Deconvolution",
        "F.conv_transpose2d({})",
        "data>input weight bias kernel! stride pad>padding adj>output_padding num_filter! "
        "num_group>groups dilate>dilation no_bias!",
        "call",
        ("same",),
        "nd.Deconvolution(a, b, kernel=(3, 3), num_filter=5, stride=(2, 2))",
        "F.conv_transpose2d(a, b, stride=(2, 2))",
        "a:2x3x4x4 b:3x5x3x3",
    )
    yield Row(
        "nd.UpSampling",
        "F.interpolate({data}, scale_factor={scale}, mode={sample_type})",
        "data scale sample_type num_args!",
        "upsampling",
        ("same",),
        "nd.UpSampling(a, scale=2, sample_type='nearest')",
        "F.interpolate(a, scale_factor=2, mode='nearest')",
        "a:2x3x2x2",
    )
    yield Row(
        "nd.pad",
        "F.pad({data}, {pad_width})",
        "data mode pad_width constant_value=0",
        "pad",
        ("pad",),
        "nd.pad(a, mode='edge', pad_width=(0, 0, 0, 0, 1, 2, 3, 1))",
        "F.pad(a, (3, 1, 1, 2), mode='replicate')",
        "a:2x3x4x4",
    )


def _sequences() -> Iterator[Row]:
    for name, function in (("Mask", "mask"), ("Last", "last"), ("Reverse", "reverse")):
        value = " value=0" if name == "Mask" else ""
        example = ", use_sequence_length=True" + (", value=-1" if value else "")
        yield Row(
            f"nd.Sequence{name}",
            f"runtime.sequence_{function}({{}})",
            f"data sequence_length>lengths use_sequence_length=False{value} axis=0>axis",
            "sequence",
            ("sequence",),
            f"nd.Sequence{name}(a, n{example})",
            f"runtime.sequence_{function}(a, n{', value=-1' if value else ''})",
            "a:4x2x3 n:2<4",
        )


def _indexing() -> Iterator[Row]:
    for function in (True, False):
        owner, array = ("nd.", "data") if function else ("NDArray.", "self")
        call = "nd.slice(a, " if function else "a.slice("
        yield Row(
            f"{owner}slice",
            f"{{{array}}}[{{begin}}:{{end}}]",
            ("data " if function else "") + "begin end step",
            "slices",
            ("same",),
            f"{call}begin=(0, 1), end=(None, 3))",
            "a[:, 1:3]",
            "a:2x4",
        )
    yield Row(
        "NDArray.slice_axis",
        "{self}.movedim({axis}, 0)[{begin}:{end}].movedim(0, {axis})",
        "axis begin end",
        "call",
        ("axis",),
        "a.slice_axis(axis=1, begin=0, end=2)",
        "a.movedim(1, 0)[0:2].movedim(0, 1)",
        "a:2x3",
    )
    yield Row(
        "nd.gather_nd",
        "{data}[tuple({indices}.long())]",
        "data indices",
        "call",
        ("index",),
        "nd.gather_nd(a, i)",
        "a[tuple(i.long())]",
        "a:4x3 i:2x5<3",
    )
    yield Row(
        "nd.argmax_channel",
        "torch.argmax({data}, dim=1).float()",
        "data",
        "index",
        ("float-argmax",),
        "nd.argmax_channel(a)",
        "torch.argmax(a, dim=1).float()",
        "a:2x3",
    )


def _shapes() -> Iterator[Row]:
    yield Row(
        "nd.broadcast_like",
        "{lhs}.broadcast_to({rhs}.shape)",
        "lhs rhs",
        "call",
        ("same",),
        "nd.broadcast_like(a, b)",
        "a.broadcast_to(b.shape)",
        "a:1x3 b:2x3",
    )
    for function in (True, False):
        owner, array = ("nd.", "data") if function else ("NDArray.", "self")
        yield Row(
            f"{owner}broadcast_ax{'i' if function else 'e'}s",
            f"{{{array}}}.repeat_interleave({{size}}, dim={{axis}})",
            ("data " if function else "") + "axis size",
            "broadcast_axis",
            ("repeat",),
            "nd.broadcast_axis(a, axis=1, size=4)" if function else "a.broadcast_axes(axis=1, size=4)",
            "a.repeat_interleave(4, dim=1)",
            "a:2x1",
        )  # fmt: skip
    yield Row(
        "nd.moveaxis",
        "torch.movedim({})",
        "tensor source destination",
        "call",
        ("axis",),
        "nd.moveaxis(a, 0, 2)",
        "torch.movedim(a, 0, 2)",
        "a:2x3x4",
    )
    yield Row(
        "NDArray.item",
        "{self}.item()",
        "",
        "call",
        ("item",),
        kind="py",
        shown_by="test_rules.py::test_argmax_is_a_float",
    )


def _mathematics() -> Iterator[Row]:
    yield Row(
        "nd.cumsum",
        "torch.cumsum({})",
        "a axis>dim dtype",
        "call",
        ("axis",),
        "nd.cumsum(a, axis=1)",
        "torch.cumsum(a, dim=1)",
        "a:2x3",
    )
    yield Row(
        "nd.softmin",
        "F.softmin({})",
        "data axis>dim:=-1",
        "call",
        ("axis",),
        "nd.softmin(a)",
        "F.softmin(a, dim=-1)",
        "a:2x3",
    )
    yield Row(
        "nd.hard_sigmoid",
        "torch.clamp({alpha} * {data} + {beta}, 0, 1)",
        "data alpha=0.2 beta=0.5",
        "call",
        ("same",),
        "nd.hard_sigmoid(a)",
        "torch.clamp(0.2 * a + 0.5, 0, 1)",
        "a:2x3",
    )
    yield Row(
        "nd.gamma",
        "torch.lgamma({data}).exp()",
        "data",
        "call",
        ("same",),
        "nd.gamma(p)",
        "torch.lgamma(p).exp()",
        "p:2x3",
    )
    yield Row(
        "nd.L2Normalization",
        "{data} / ({data}.square().flatten(1).sum(1) + {eps}).sqrt().reshape(-1, 1)",
        "data eps=1e-10 mode='instance'",
        "call",
        ("same",),
        "nd.L2Normalization(a)",
        "a / (a.square().flatten(1).sum(1) + 1e-10).sqrt().reshape(-1, 1)",
        "a:2x3",
    )
    yield Row(
        "nd.linalg_potrf",
        "torch.linalg.cholesky({A})",
        "A",
        "call",
        ("same",),
        "nd.linalg_potrf(nd.dot(a, a, transpose_b=True) + nd.eye(3))",
        "torch.linalg.cholesky(torch.matmul(a, a.mT) + torch.eye(3))",
        "a:3x4",
    )
    yield Row(
        "nd.linalg_inverse",
        "torch.linalg.inv({A})",
        "A",
        "call",
        ("same",),
        "nd.linalg_inverse(a)",
        "torch.linalg.inv(a)",
        "a:3x3",
    )
    yield Row(
        "nd.from_numpy",
        "torch.from_numpy({ndarray})",
        "ndarray zero_copy!",
        "call",
        ("same",),
        shown_by="test_functions.py::test_from_numpy",
    )
    yield Row(
        "nd.random.exponential",
        "torch.empty({shape}).exponential_(1 / {scale})",
        "scale=1.0 shape=(1,)",
        "call",
        ("random-names",),
        shown_by="test_functions.py::test_draws",
    )
    yield Row(
        "nd.random.poisson",
        "torch.poisson(torch.full({shape}, {lam}))",
        "lam=1.0 shape=(1,)",
        "call",
        ("random-names",),
        shown_by="test_functions.py::test_draws",
    )


def rows() -> Iterator[Row]:
    for family in (_layers, _sequences, _indexing, _shapes, _mathematics):
        yield from family()
