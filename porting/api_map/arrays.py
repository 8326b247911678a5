"""Functions of ``mxnet.nd`` and methods of NDArray."""

from __future__ import annotations

from collections.abc import Iterator

from porting.api_map.row import Row

# Same name, same meaning: exp(x), x.exp().
SAME = [
    "exp",
    "log",
    "sqrt",
    "rsqrt",
    "square",
    "abs",
    "sign",
    "floor",
    "ceil",
    "trunc",
    "sin",
    "cos",
    "tan",
    "tanh",
    "sigmoid",
    "relu",
    "log2",
    "log10",
    "log1p",
    "expm1",
    "sinh",
    "cosh",
    "arcsinh",
    "arctan",
    "reciprocal",
    "erf",
]
# Other name, functions only: nd.arcsin(x) -> torch.arcsin(x).
RENAMED = {
    "arcsin": "torch.arcsin",
    "arctanh": "torch.arctanh",
    "arccos": "torch.arccos",
    "degrees": "torch.rad2deg",
    "radians": "torch.deg2rad",
    "gammaln": "torch.lgamma",
    "fix": "torch.fix",
    "negative": "torch.negative",
    "softsign": "F.softsign",
    "erfinv": "torch.erfinv",
    "zeros_like": "torch.zeros_like",
    "ones_like": "torch.ones_like",
    "identity": "torch.clone",
    "stop_gradient": "torch.detach",
    "BlockGrad": "torch.detach",
    "cbrt": "torch.sign({data}) * torch.abs({data}) ** (1 / 3)",
}
BINARY = {
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "divide": "/",
    "power": "**",
    "modulo": "%",
    "broadcast_add": "+",
    "broadcast_plus": "+",
    "broadcast_sub": "-",
    "broadcast_minus": "-",
    "broadcast_mul": "*",
    "broadcast_div": "/",
    "broadcast_power": "**",
    "broadcast_mod": "%",
    "elemwise_add": "+",
    "elemwise_sub": "-",
    "elemwise_mul": "*",
    "elemwise_div": "/",
}
COMPARISONS = {
    "equal": "==",
    "not_equal": "!=",
    "greater": ">",
    "greater_equal": ">=",
    "lesser": "<",
    "lesser_equal": "<=",
    "broadcast_equal": "==",
    "broadcast_not_equal": "!=",
    "broadcast_greater": ">",
    "broadcast_greater_equal": ">=",
    "broadcast_lesser": "<",
    "broadcast_lesser_equal": "<=",
}


def _both(
    name: str,
    signature: str,
    suffix: str = "",
    torch: str = "",
    rule: str = "call",
    notes: tuple[str, ...] = ("axis",),
    cases: str = "",
    port: str = "",
    inputs: str = "a:2x3",
    kind: str = "tensor",
) -> Iterator[Row]:
    """The row of nd.NAME(data, ...) and the row of the method."""
    target = torch or name
    array = inputs[0]
    for function in (True, False):
        receiver, prefix = ("nd.", "torch.") if function else (f"{array}.", f"{array}.")
        first = f"{array}, " if function else ""
        example = f"{receiver}{name}({first}{cases})".replace(", )", ")")
        expected = f"{prefix}{target}({first}{port})".replace(", )", ")") + suffix
        yield Row(
            f"nd.{name}" if function else f"NDArray.{name}",
            (f"torch.{target}({{}})" if function else f"{{self}}.{target}({{}})") + suffix,
            f"data {signature}" if function else signature,
            rule,
            notes,
            example,
            expected,
            inputs,
            kind,
        )


def _elementwise() -> Iterator[Row]:
    for name in SAME:
        inputs = "p:2x3"
        yield Row(
            f"nd.{name}",
            f"torch.{name}({{}})",
            "data name!",
            "call",
            ("same",),
            f"nd.{name}(p)",
            f"torch.{name}(p)",
            inputs,
        )
        if name not in ("erf",):
            yield Row(
                f"NDArray.{name}",
                f"{{self}}.{name}()",
                "",
                "call",
                ("same",),
                f"p.{name}()",
                f"p.{name}()",
                inputs,
            )
    for name, form in RENAMED.items():
        torch = form if "{" in form else f"{form}({{}})"
        port = form.format(data="u") if "{" in form else f"{form}(u)"
        yield Row(
            f"nd.{name}",
            torch,
            "data name!",
            "call",
            ("same",),
            f"nd.{name}(u)",
            port,
            "u:2x3",
        )
    for name, operator in BINARY.items():
        yield Row(
            f"nd.{name}",
            f"{{lhs}} {operator} {{rhs}}",
            "lhs rhs",
            "call",
            ("same",),
            f"nd.{name}(p, q)",
            f"p {operator} q",
            "p:2x3 q:2x3",
        )
    for name, operator in COMPARISONS.items():
        yield Row(
            f"nd.{name}",
            f"({{lhs}} {operator} {{rhs}}).float()",
            "lhs rhs",
            "call",
            ("float-comparison",),
            f"nd.{name}(i, j)",
            f"(i {operator} j).float()",
            "i:2x3 j:2x3",
        )
    for name in ("and", "or", "xor"):
        yield Row(
            f"nd.logical_{name}",
            f"torch.logical_{name}({{}}).float()",
            "lhs rhs",
            "call",
            ("float-comparison",),
            f"nd.logical_{name}(i, j)",
            f"torch.logical_{name}(i, j).float()",
            "i:2x3 j:2x3",
        )
    yield Row(
        "nd.logical_not",
        "torch.logical_not({}).float()",
        "data",
        "call",
        ("float-comparison",),
        "nd.logical_not(i)",
        "torch.logical_not(i).float()",
        "i:2x3",
    )
    for name, bound in (("maximum", "min"), ("minimum", "max")):
        notes = ("same", "scalar-operand")
        for prefix in ("", "broadcast_"):
            yield Row(
                f"nd.{prefix}{name}",
                f"torch.{name}({{}})",
                "lhs rhs",
                bound + "imum",
                notes,
                f"nd.{prefix}{name}(a, b)",
                f"torch.{name}(a, b)",
                "a:2x3 b:2x3",
            )
    yield Row(
        "nd.round",
        "runtime.round({})",
        "data name!",
        "call",
        ("round",),
        "nd.round(i / 2 - 1.5)",
        "runtime.round(i / 2 - 1.5)",
        "i:3x4<7",
    )
    yield Row(
        "NDArray.round",
        "runtime.round({self})",
        "",
        "call",
        ("round",),
        "(i / 2 - 1.5).round()",
        "runtime.round((i / 2 - 1.5))",
        "i:3x4<7",
    )
    yield Row(
        "nd.rint",
        "torch.round({})",
        "data name!",
        "call",
        ("round-even",),
        "nd.rint(a)",
        "torch.round(a)",
        "a:2x3",
    )
    yield Row(
        "nd.broadcast_hypot",
        "torch.hypot({})",
        "lhs rhs",
        "call",
        ("same",),
        "nd.broadcast_hypot(p, q)",
        "torch.hypot(p, q)",
        "p:2x3 q:2x3",
    )


def _reductions() -> Iterator[Row]:
    signature = "axis>dim keepdims=False>keepdim exclude=False"
    for name in ("sum", "mean", "prod", "nansum"):
        yield from _both(
            name,
            signature,
            rule="reduction",
            notes=("axis", "reduction-shape"),
            cases="axis=1, keepdims=True",
            port="dim=1, keepdim=True",
        )
    for name in ("max", "min"):
        yield from _both(
            name,
            signature,
            rule="extremum",
            torch=f"a{name}",
            notes=("axis", "reduction-shape"),
            cases="axis=1",
            port="dim=1",
        )
    for name in ("argmax", "argmin"):
        yield from _both(
            name,
            signature,
            rule="index",
            notes=("axis", "float-argmax"),
            cases="axis=1",
            port="dim=1",
            suffix=".float()",
        )
    yield from _both(
        "argsort",
        "axis>dim:=-1 is_ascend=True dtype!",
        rule="argsort",
        notes=("axis", "float-argmax"),
        cases="",
        port="dim=-1",
        suffix=".float()",
    )
    yield from _both(
        "sort",
        "axis>dim:=-1 is_ascend=True",
        rule="sort",
        cases="",
        port="dim=-1",
        suffix=".values",
        inputs="i:2x3<9",
    )
    yield Row(
        "nd.norm",
        "torch.linalg.vector_norm({})",
        "data ord=2 axis>dim keepdims=False>keepdim",
        "call",
        ("axis", "reduction-shape"),
        "nd.norm(a, axis=1)",
        "torch.linalg.vector_norm(a, dim=1)",
        "a:2x3",
    )
    yield Row(
        "NDArray.norm",
        "{self}.norm({})",
        "ord=2>p axis>dim keepdims=False>keepdim",
        "call",
        ("axis", "reduction-shape"),
        "a.norm()",
        "a.norm()",
        "a:2x3",
    )
    yield from _both("softmax", "axis>dim:=-1", cases="", port="dim=-1")
    yield from _both("log_softmax", "axis>dim:=-1", cases="", port="dim=-1")
    yield from _both(
        "topk",
        "axis>dim:=-1 k:=1 ret_typ='indices' is_ascend=False dtype!",
        rule="topk",
        notes=("axis", "float-argmax"),
        cases="k=2, axis=1",
        port="dim=1, k=2",
        suffix=".indices.float()",
    )


def _shapes() -> Iterator[Row]:
    yield Row(
        "nd.reshape",
        "torch.reshape({})",
        "data shape reverse=False",
        "reshape",
        ("reshape",),
        "nd.reshape(a, shape=(3, 2))",
        "a.reshape((3, 2))",
        "a:2x3",
    )
    yield Row(
        "NDArray.reshape",
        "{self}.reshape({})",
        "*shape reverse=False",
        "reshape",
        ("reshape",),
        "a.reshape((0, -1))",
        "a.reshape((a.shape[0], -1))",
        "a:2x3x4",
    )
    yield Row(
        "NDArray.reshape_like",
        "{self}.reshape({rhs}.shape)",
        "rhs",
        "call",
        ("same",),
        "a.reshape_like(b)",
        "a.reshape(b.shape)",
        "a:2x3 b:3x2",
    )
    yield Row(
        "NDArray.transpose",
        "{self}.permute({})",
        "*axes",
        "transpose",
        ("axis",),
        "a.transpose((1, 0, 2))",
        "a.permute((1, 0, 2))",
        "a:2x3x4",
    )
    yield Row(
        "nd.transpose",
        "torch.permute({})",
        "data axes>dims",
        "transpose",
        ("axis",),
        "nd.transpose(a, (1, 0, 2))",
        "a.permute((1, 0, 2))",
        "a:2x3x4",
    )
    yield from _both("expand_dims", "axis>dim", torch="unsqueeze", cases="axis=1", port="dim=1")
    yield from _both("squeeze", "axis>dim", cases="axis=1", port="dim=1", inputs="a:2x1x3")
    yield from _both(
        "swapaxes", "dim1 dim2", torch="transpose", cases="0, 1", port="0, 1", notes=("same",)
    )
    yield Row(
        "nd.SwapAxis",
        "torch.transpose({})",
        "data dim1>dim0 dim2>dim1",
        "call",
        ("same",),
        "nd.SwapAxis(a, dim1=0, dim2=1)",
        "torch.transpose(a, dim0=0, dim1=1)",
        "a:2x3",
    )
    yield Row(
        "nd.flatten",
        "{data}.flatten(1)",
        "data",
        "call",
        ("flatten",),
        "nd.flatten(a)",
        "a.flatten(1)",
        "a:2x3x4",
    )
    yield Row(
        "NDArray.flatten",
        "{self}.flatten(1)",
        "",
        "call",
        ("flatten",),
        "a.flatten()",
        "a.flatten(1)",
        "a:2x3x4",
    )
    for name in ("concat", "Concat"):
        yield Row(
            f"nd.{name}",
            "torch.cat(({args}), dim={dim})",
            "*args dim=1 name!",
            "concat",
            ("concat-axis",),
            f"nd.{name}(a, b)",
            "torch.cat((a, b), dim=1)",
            "a:2x3 b:2x3",
        )
    yield Row(
        "nd.concatenate",
        "torch.cat({})",
        "arrays axis>dim:=0 always_copy!",
        "call",
        ("axis",),
        shown_by="test_rules.py::test_concatenate",
    )
    yield Row(
        "nd.stack",
        "torch.stack(({args}), dim={axis})",
        "*args axis=0",
        "stack",
        ("axis",),
        "nd.stack(a, b, axis=1)",
        "torch.stack((a, b), dim=1)",
        "a:2x3 b:2x3",
    )
    yield from _both(
        "split",
        "num_outputs axis>dim:=1 squeeze_axis=False",
        torch="chunk",
        notes=("axis", "concat-axis"),
        cases="2",
        port="2, dim=1",
        inputs="a:2x4",
        kind="tensors",
    )
    yield from _both("tile", "reps", cases="(2, 2)", port="(2, 2)", notes=("same",))
    yield from _both(
        "repeat",
        "repeats axis>dim",
        torch="repeat_interleave",
        cases="2, axis=0",
        port="2, dim=0",
        notes=("repeat", "axis"),
    )
    yield from _both("flip", "axis>dims", cases="axis=1", port="dims=(1,)", rule="flip")
    yield from _both(
        "broadcast_to", "shape>size", cases="(2, 3)", port="(2, 3)", inputs="a:1x3", notes=("same",)
    )
    yield Row(
        "NDArray.broadcast_like",
        "{self}.broadcast_to({other}.shape)",
        "other",
        "call",
        ("same",),
        "a.broadcast_like(b)",
        "a.broadcast_to(b.shape)",
        "a:1x3 b:2x3",
    )
    yield Row(
        "nd.slice_axis",
        "{data}.movedim({axis}, 0)[{begin}:{end}].movedim(0, {axis})",
        "data axis begin end",
        "call",
        ("axis",),
        "nd.slice_axis(a, axis=1, begin=0, end=2)",
        "a.movedim(1, 0)[0:2].movedim(0, 1)",
        "a:2x3",
    )
    yield from _both(
        "clip",
        "a_min>min a_max>max",
        torch="clamp",
        cases="-0.5, 0.5",
        port="-0.5, 0.5",
        notes=("same",),
    )
    yield from _both("diag", "k>diagonal", cases="", port="", inputs="a:3x3", notes=("same",))
    yield Row("NDArray.as_nd_ndarray", "{self}", "", "call", ("same",))
    yield Row("NDArray.as_np_ndarray", "{self}", "", "call", ("same",))


def _indexing() -> Iterator[Row]:
    yield Row(
        "nd.take",
        "torch.index_select({a}, {axis}, {indices})",
        "a indices axis=0 mode='clip'",
        "take",
        ("index",),
        "nd.take(a, i)",
        "a[i.long()]",
        "a:4x3 i:2",
    )
    yield Row(
        "NDArray.take",
        "{self}[{indices}.long()]",
        "indices axis=0 mode='clip'",
        "take",
        ("index",),
        "a.take(i)",
        "a[i.long()]",
        "a:4x3 i:2",
    )
    yield Row(
        "nd.pick",
        "{data}.gather(1, index)",
        "data index axis=-1 keepdims=False",
        "pick",
        ("index",),
        "nd.pick(a, i)",
        "a.gather(-1, i.long().unsqueeze(-1)).squeeze(-1)",
        "a:2x3 i:2",
    )
    yield Row(
        "NDArray.pick",
        "{self}.gather(1, index)",
        "index axis=-1 keepdims=False",
        "pick",
        ("index",),
        "a.pick(i)",
        "a.gather(-1, i.long().unsqueeze(-1)).squeeze(-1)",
        "a:2x3 i:2",
    )
    one_hot = "F.one_hot({%s}.long(), {depth}).float()"
    yield Row(
        "nd.one_hot",
        one_hot % "indices",
        "indices depth dtype='float32'",
        "call",
        ("index", "float-array"),
        "nd.one_hot(i, 4)",
        "F.one_hot(i.long(), 4).float()",
        "i:2",
    )
    yield Row(
        "NDArray.one_hot",
        one_hot % "self",
        "depth dtype='float32'",
        "call",
        ("index", "float-array"),
        "i.one_hot(4)",
        "F.one_hot(i.long(), 4).float()",
        "i:2",
    )
    yield Row(
        "nd.where",
        "torch.where({condition}.bool(), {x}, {y})",
        "condition x y",
        "call",
        ("where",),
        "nd.where(i, a, b)",
        "torch.where(i.bool(), a, b)",
        "i:2x3 a:2x3 b:2x3",
    )
    yield Row(
        "nd.Embedding",
        "F.embedding({data}.long(), {weight})",
        "data weight input_dim! output_dim!",
        "call",
        ("index",),
        "nd.Embedding(i, a, input_dim=4, output_dim=3)",
        "F.embedding(i.long(), a)",
        "i:2 a:4x3",
    )


def _products() -> Iterator[Row]:
    yield Row(
        "nd.dot",
        "torch.matmul({lhs}, {rhs})",
        "lhs rhs transpose_a=False transpose_b=False",
        "dot",
        ("dot",),
        "nd.dot(a, b)",
        "torch.matmul(a, b)",
        "a:2x3 b:3x4",
    )
    yield Row(
        "nd.batch_dot",
        "torch.bmm({lhs}, {rhs})",
        "lhs rhs transpose_a=False transpose_b=False",
        "dot",
        ("same",),
        "nd.batch_dot(a, b, transpose_b=True)",
        "torch.bmm(a, b.mT)",
        "a:2x3x4 b:2x5x4",
    )
    yield Row(
        "nd.linalg_gemm2",
        "torch.matmul({lhs}, {rhs})",
        "lhs rhs transpose_a=False transpose_b=False",
        "dot",
        ("same",),
        "nd.linalg_gemm2(a, b)",
        "torch.matmul(a, b)",
        "a:2x3 b:3x4",
    )
    yield Row(
        "nd.add_n",
        "sum(({args}))",
        "*args",
        "stack",
        ("same",),
        "nd.add_n(a, b)",
        "sum((a, b))",
        "a:2x3 b:2x3",
    )
    yield Row(
        "nd.FullyConnected",
        "F.linear({data}.flatten(1), {weight}, {bias})",
        "data weight bias num_hidden! no_bias=False flatten=True",
        "call",
        ("dense-flatten",),
        "nd.FullyConnected(a, b, c, num_hidden=5)",
        "F.linear(a.flatten(1), b, c)",
        "a:2x3x4 b:5x12 c:5",
    )
    yield Row(
        "nd.Convolution",
        "F.conv2d({})",
        "data>input weight bias kernel! stride pad>padding num_filter! num_group>groups dilate>dilation no_bias=False layout!",
        "convolution_function",
        ("same",),
        "nd.Convolution(a, b, c, kernel=(3, 3), num_filter=5, pad=(1, 1))",
        "F.conv2d(a, b, c, padding=(1, 1))",
        "a:2x3x4x4 b:5x3x3x3 c:5",
    )
    yield Row(
        "nd.Pooling",
        "F.max_pool2d({})",
        "data kernel pool_type='max' stride pad global_pool=False pooling_convention='valid' count_include_pad=True",
        "pooling",
        ("pooling",),
        "nd.Pooling(a, kernel=(2, 2), stride=(2, 2), pool_type='avg')",
        "F.avg_pool2d(a, kernel_size=(2, 2), stride=(2, 2))",
        "a:2x3x4x4",
    )
    yield Row(
        "nd.Activation",
        "torch.relu({data})",
        "data act_type",
        "activation",
        ("same",),
        "nd.Activation(a, act_type='tanh')",
        "torch.tanh(a)",
        "a:2x3",
    )
    yield Row(
        "nd.LeakyReLU",
        "F.leaky_relu({})",
        "data act_type='leaky' slope=0.25>negative_slope",
        "leaky",
        ("optimizer-defaults",),
        "nd.LeakyReLU(a, act_type='leaky', slope=0.1)",
        "F.leaky_relu(a, negative_slope=0.1)",
        "a:2x3",
    )
    yield Row(
        "nd.smooth_l1",
        "F.smooth_l1_loss({data})",
        "data scalar=1.0",
        "smooth_l1",
        ("same",),
        "nd.smooth_l1(a, scalar=1.0)",
        "F.smooth_l1_loss(a, torch.zeros_like(a), reduction='none')",
        "a:2x3",
    )


def _creation() -> Iterator[Row]:
    tail = "ctx>device dtype='float32'"
    for name in ("zeros", "ones", "empty"):
        yield Row(
            f"nd.{name}",
            f"torch.{name}({{}})",
            f"shape>size {tail} stype!",
            "creation",
            ("device",),
            f"nd.{name}(shape=(2, 3))" if name != "empty" else "",
            f"torch.{name}((2, 3))" if name != "empty" else "",
        )
    yield Row(
        "nd.full",
        "torch.full({})",
        f"shape>size val>fill_value {tail}",
        "full",
        ("device", "float-array"),
        "nd.full((2, 3), 7)",
        "torch.full((2, 3), 7, dtype=torch.float32)",
    )
    yield Row(
        "nd.eye",
        "torch.eye({})",
        f"N>n M=0>m k! {tail}",
        "call",
        ("device",),
        "nd.eye(3)",
        "torch.eye(3)",
    )
    yield Row(
        "nd.arange",
        "torch.arange({})",
        "start stop>end step repeat! ctx>device dtype:=float32",
        "call",
        ("float-array",),
        "nd.arange(5)",
        "torch.arange(5, dtype=torch.float32)",
    )
    yield Row(
        "nd.linspace",
        "torch.linspace({})",
        f"start stop>end num>steps endpoint! {tail}",
        "call",
        ("same",),
        "nd.linspace(0, 1, 5)",
        "torch.linspace(0, 1, 5)",
    )
    yield Row(
        "nd.array",
        "torch.tensor({})",
        "source_array ctx>device dtype:=float32",
        "array",
        ("float-array",),
        "nd.array([1, 2, 3])",
        "torch.tensor([1, 2, 3], dtype=torch.float32)",
    )
    for name in ("random.normal", "random_normal", "normal"):
        yield Row(
            f"nd.{name}",
            "torch.normal({loc}, {scale}, size={shape})",
            "loc=0.0 scale=1.0 shape=(1,) dtype='float32' ctx>device",
            "normal",
            ("random-names",),
            shown_by="test_rules.py::test_random_arguments",
        )
    for name in ("random.uniform", "random_uniform", "uniform"):
        yield Row(
            f"nd.{name}",
            "torch.rand({shape})",
            "low=0.0 high=1.0 shape=(1,) dtype='float32' ctx>device",
            "uniform",
            ("random-names",),
            shown_by="test_rules.py::test_random_arguments",
        )
    yield Row(
        "nd.random.randn",
        "torch.randn({})",
        "*shape dtype='float32' ctx>device",
        "call",
        ("random-names",),
    )
    yield Row(
        "nd.random.randint",
        "torch.randint({low}, {high}, {shape})",
        "low high shape=(1,) dtype='int32' ctx>device",
        "call",
        ("random-names",),
    )
    yield Row(
        "nd.random.shuffle",
        "{data}[torch.randperm(len({data}))]",
        "data",
        "call",
        ("random-names",),
    )
    yield Row(
        "nd.shuffle", "{data}[torch.randperm(len({data}))]", "data", "call", ("random-names",)
    )
    yield Row(
        "nd.random.multinomial",
        "torch.multinomial({data}, 1).squeeze(-1)",
        "data",
        "call",
        ("random-names",),
    )
    for name in ("nd.random.seed", "random.seed"):
        yield Row(
            name, "torch.manual_seed({seed_state})", "seed_state ctx!", "call", ("seed",), kind="py"
        )


def _life() -> Iterator[Row]:
    yield Row(
        "NDArray.asscalar",
        "{self}.item()",
        "",
        "call",
        ("item",),
        "a.sum().asscalar()",
        "a.sum().item()",
        "a:2x3",
        kind="py",
    )
    yield Row(
        "NDArray.asnumpy",
        "{self}.detach().cpu().numpy()",
        "",
        "call",
        ("numpy",),
        "a.asnumpy()",
        "a.detach().cpu().numpy()",
        "a:2x3",
        kind="numpy",
    )
    yield Row(
        "NDArray.astype",
        "{self}.to({dtype})",
        "dtype copy!",
        "astype",
        ("same",),
        "i.astype('int32')",
        "i.to(torch.int32)",
        "i:2x3",
    )
    yield Row(
        "nd.cast",
        "{data}.to({dtype})",
        "data dtype",
        "astype",
        ("same",),
        "nd.cast(i, 'int32')",
        "i.to(torch.int32)",
        "i:2x3",
    )
    yield Row(
        "nd.Cast",
        "{data}.to({dtype})",
        "data dtype",
        "astype",
        ("same",),
        "nd.Cast(i, 'int32')",
        "i.to(torch.int32)",
        "i:2x3",
    )
    yield Row(
        "NDArray.copy", "{self}.clone()", "", "call", ("same",), "a.copy()", "a.clone()", "a:2x3"
    )
    yield Row(
        "NDArray.as_in_context",
        "{self}.to({})",
        "context",
        "call",
        ("device",),
        "a.as_in_context(mx.cpu())",
        "a.to(torch.device('cpu'))",
        "a:2x3",
    )
    yield Row("NDArray.as_in_ctx", "{self}.to({})", "context", "call", ("device",))
    yield Row(
        "NDArray.copyto",
        "{self}.to({})",
        "other",
        "copyto",
        ("device",),
        "a.copyto(mx.cpu())",
        "a.to(torch.device('cpu'))",
        "a:2x3",
    )
    for name in ("wait_to_read", "wait_to_write"):
        yield Row(f"NDArray.{name}", "", "", "remove", ("async",), kind="py")
    yield Row("nd.waitall", "", "", "remove", ("async",), kind="py")
    yield Row(
        "NDArray.attach_grad",
        "{self}.requires_grad_()",
        "grad_req='write' stype!",
        "attach_grad",
        ("zero-grad",),
        kind="py",
        shown_by="test_training.py::test_gradient_of_leaf",
    )
    yield Row(
        "NDArray.detach",
        "{self}.detach()",
        "",
        "detach",
        ("detach",),
        "a.detach()",
        "a.detach()",
        "a:2x3",
    )
    yield Row(
        "NDArray.backward",
        "{self}.sum().backward()",
        "out_grad retain_graph=False train_mode!",
        "backward",
        ("backward-sum", "zero-grad"),
        kind="py",
        shown_by="test_training.py::test_backward_overwrites",
    )
    yield Row(
        "NDArray.zeros_like",
        "torch.zeros_like({self})",
        "",
        "call",
        ("same",),
        "a.zeros_like()",
        "torch.zeros_like(a)",
        "a:2x3",
    )
    yield Row(
        "NDArray.ones_like",
        "torch.ones_like({self})",
        "",
        "call",
        ("same",),
        "a.ones_like()",
        "torch.ones_like(a)",
        "a:2x3",
    )
    yield Row(
        "NDArray.size",
        "{self}.numel()",
        "",
        "attribute",
        ("size",),
        "nd.ones(a.size)",
        "torch.ones(a.numel())",
        "a:2x3",
        kind="py",
    )
    yield Row(
        "NDArray.context",
        "{self}.device",
        "",
        "attribute",
        ("device",),
        kind="device",
        shown_by="test_rules.py::test_devices",
    )
    yield Row("NDArray.ctx", "{self}.device", "", "attribute", ("device",), kind="device")
    yield Row(
        "nd.NDArray",
        "torch.Tensor",
        "",
        "attribute",
        ("same",),
        "isinstance(a, nd.NDArray)",
        "isinstance(a, torch.Tensor)",
        "a:2x3",
        kind="py",
    )
    yield Row(
        "nd.save", "torch.save({data}, {fname})", "fname data", "save", ("np-save",), kind="py",
        shown_by="test_files.py::test_saved_arrays",
    )  # fmt: skip
    yield Row(
        "nd.load", "torch.load({fname})", "fname", "call", ("np-save",), kind="tensors",
        shown_by="test_files.py::test_saved_arrays",
    )  # fmt: skip


def rows() -> Iterator[Row]:
    for family in (_elementwise, _reductions, _shapes, _indexing, _products, _creation, _life):
        yield from family()
