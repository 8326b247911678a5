"""Functions of ``mxnet.np`` and methods of its arrays."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from porting.api_map import arrays
from porting.api_map.row import Row

# np.exp(x) -> torch.exp(x); a number becomes math.exp(x).
SAME = [
    "abs", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctanh", "cbrt", "ceil", "cos", "cosh", "exp",
    "expm1", "fix", "floor", "log", "log10", "log1p", "log2", "negative", "reciprocal", "sign", "sin",
    "sinh", "sqrt", "square", "tan", "tanh", "trunc",
]  # fmt: skip
RENAMED = {
    "absolute": "torch.abs",
    "fabs": "torch.abs",
    "degrees": "torch.rad2deg",
    "radians": "torch.deg2rad",
}
BINARY = {
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "divide": "/",
    "true_divide": "/",
    "power": "**",
    "mod": "%",
    "remainder": "%",
    "equal": "==",
    "not_equal": "!=",
    "greater": ">",
    "greater_equal": ">=",
    "less": "<",
    "less_equal": "<=",
}
DTYPES = {
    "float16": "float16",
    "float32": "float32",
    "float64": "float64",
    "int8": "int8",
    "int32": "int32",
    "int64": "int64",
    "uint8": "uint8",
    "bool": "bool",
    "bool_": "bool",
}
CONSTANTS = ("pi", "e", "inf", "nan", "newaxis")

# Methods that mean the same in mxnet.nd and mxnet.np.
SHARED = [
    "asnumpy", "astype", "copy", "copyto", "detach", "repeat", "squeeze",
    "swapaxes", "transpose", "wait_to_read", "as_np_ndarray", "broadcast_to",
]  # fmt: skip


def row(
    name: str,
    torch: str,
    signature: str,
    arguments: str = "",
    port: str = "",
    inputs: str = "a:2x3",
    notes: tuple[str, ...] = ("same",),
    rule: str = "call",
    kind: str = "tensor",
) -> Row:
    """A row whose example is a call with ``arguments``; none if ``port`` is empty."""
    example = f"{name}({arguments})" if port else ""
    return Row(name, torch, signature, rule, notes, example, port, inputs if port else "", kind)


def method(
    name: str,
    torch: str,
    signature: str,
    arguments: str = "",
    port: str = "",
    inputs: str = "a:2x3",
    notes: tuple[str, ...] = ("same",),
    rule: str = "call",
    kind: str = "tensor",
    shown_by: str = "",
) -> Row:
    """The row of a method of arrays."""
    example = f"{inputs[0]}.{name}({arguments})" if port else ""
    return Row(
        f"ndarray.{name}",
        torch,
        signature,
        rule,
        notes,
        example,
        port,
        inputs if port else "",
        kind,
        shown_by,
    )


def _both(
    name: str,
    torch: str,
    signature: str,
    arguments: str,
    port: str,
    inputs: str = "a:2x3",
    notes: tuple[str, ...] = ("axis",),
    rule: str = "call",
    suffix: str = "",
    kind: str = "tensor",
) -> Iterator[Row]:
    """np.NAME(a, ...) and a.NAME(...)."""
    array = inputs[0]
    first = f"{array}, {arguments}" if arguments else array
    ported = f"{array}, {port}" if port else array
    yield row(
        f"np.{name}", f"torch.{torch}({{}}){suffix}", f"a>input {signature}",
        first, f"torch.{torch}({ported}){suffix}", inputs, notes, rule, kind,
    )  # fmt: skip
    yield method(
        name, f"{{self}}.{torch}({{}}){suffix}", signature,
        arguments, f"{array}.{torch}({port}){suffix}", inputs, notes, rule, kind,
    )  # fmt: skip


def _elementwise() -> Iterator[Row]:
    for name in SAME:
        inputs = "a:2x3" if name in ("abs", "negative", "sign") else "u:2x3"
        array = inputs[0]
        if name == "arccosh":
            array, inputs, torch = "(u + 1)", "u:2x3", "torch.arccosh({})"
        elif name == "cbrt":
            torch = "torch.sign({x}) * torch.abs({x}) ** (1 / 3)"
        else:
            torch = f"torch.{name}({{}})"
        port = torch.replace("{}", array.strip("()")).replace("{x}", array)
        yield row(f"np.{name}", torch, "x>input", array.strip("()"), port, inputs, rule="np_unary")
    for name, torch in RENAMED.items():
        yield row(f"np.{name}", f"{torch}({{}})", "x>input", "a", f"{torch}(a)", rule="np_unary")
    for name, operator in BINARY.items():
        inputs = "i:2x3 j:2x3" if operator[0] in "=!<>" else "p:2x3 q:2x3"
        x, y = inputs[0], inputs[6]
        yield row(
            f"np.{name}", f"{{x1}} {operator} {{x2}}", "x1 x2", f"{x}, {y}", f"{x} {operator} {y}",
            inputs, kind="mask" if operator[0] in "=!<>" else "tensor",
        )  # fmt: skip
    yield row("np.logical_not", "torch.logical_not({})", "x>input", "i", "torch.logical_not(i)", "i:2x3", kind="mask")  # fmt: skip
    for name in ("isnan", "isinf", "isfinite"):
        yield row(f"np.{name}", f"torch.{name}({{}})", "x>input", "a", f"torch.{name}(a)", kind="mask")  # fmt: skip
    # The rules are named after the bound that clamp takes.
    for name, bound in (("maximum", "minimum"), ("minimum", "maximum")):
        yield row(
            f"np.{name}", f"torch.{name}({{}})", "lhs rhs", "a, b", f"torch.{name}(a, b)",
            "a:2x3 b:2x3", ("same", "scalar-operand"), bound,
        )  # fmt: skip
    yield row("np.rint", "torch.round({})", "x>input", "a", "torch.round(a)", notes=("round-even",))
    for name in ("round", "around", "round_"):
        yield row(
            f"np.{name}", "torch.round({x})", "x decimals=0", "a * 3, 1",
            "torch.round(a * 3, decimals=1)", rule="np_round",
        )  # fmt: skip
    yield row("np.hypot", "torch.hypot({})", "x1 x2", "p, q", "torch.hypot(p, q)", "p:2x3 q:2x3")
    yield row("np.arctan2", "torch.atan2({})", "x1 x2", "p, q", "torch.atan2(p, q)", "p:2x3 q:2x3")
    yield row("np.clip", "torch.clamp({})", "a>input a_min>min a_max>max", "a, -0.5, 0.5", "torch.clamp(a, -0.5, 0.5)")  # fmt: skip
    yield method("clip", "{self}.clamp({})", "min max", "-0.5, 0.5", "a.clamp(-0.5, 0.5)")
    yield row("np.nan_to_num", "torch.nan_to_num({})", "x>input", "a", "torch.nan_to_num(a)")


def _reductions() -> Iterator[Row]:
    tail = "axis>dim dtype keepdims=False>keepdim"
    for name in ("sum", "prod"):
        yield from _both(name, name, tail, "axis=1, keepdims=True", "dim=1, keepdim=True")
    yield from _both("mean", "mean", tail, "axis=0", "dim=0", rule="np_mean", notes=("axis", "mean-of-bools"))  # fmt: skip
    for name in ("max", "min"):
        yield from _both(name, f"a{name}", "axis>dim keepdims=False>keepdim", "axis=1", "dim=1", rule="extremum")  # fmt: skip
        yield row(
            f"np.a{name}", f"torch.a{name}({{}})", "a>input axis>dim keepdims=False>keepdim",
            "a, axis=1", f"torch.a{name}(a, dim=1)", notes=("axis",), rule="extremum",
        )  # fmt: skip
    for name in ("std", "var"):
        yield from _both(
            name, name, "axis>dim ddof:=0>correction keepdims=False>keepdim", "axis=0",
            "dim=0, correction=0", "i:4x3<9", ("axis", "correction", "no-gradient"),
        )  # fmt: skip
    for name in ("argmax", "argmin"):
        yield from _both(name, name, "axis>dim", "axis=1", "dim=1", notes=("axis", "int-argmax"))
    yield from _both("argsort", "argsort", "axis=-1>dim", "axis=0", "dim=0", notes=("axis", "int-argmax"))  # fmt: skip
    yield row("np.sort", "torch.sort({}).values", "a>input axis=-1>dim", "a, axis=0", "torch.sort(a, dim=0).values", notes=("axis",))  # fmt: skip
    yield from _both("cumsum", "cumsum", "axis>dim", "axis=1", "dim=1", rule="np_cumsum")
    for name in ("all", "any"):
        yield from _both(name, name, "axis>dim keepdims=False>keepdim", "axis=1", "dim=1", inputs="i:2x3", kind="mask")  # fmt: skip
    yield row("np.average", "torch.mean({})", "a>input axis>dim weights returned=False", "a, axis=1", "torch.mean(a, dim=1)", notes=("axis",))  # fmt: skip
    yield row("np.linalg.norm", "torch.linalg.norm({})", "x>input ord axis>dim keepdims=False>keepdim", "a, axis=1", "torch.linalg.norm(a, dim=1)", notes=("axis",))  # fmt: skip
    yield row("np.quantile", "torch.quantile({})", "a>input q axis>dim", "i, 0.5", "torch.quantile(i, 0.5)", "i:2x3<9", ("axis", "no-gradient"))  # fmt: skip
    yield row("np.trace", "torch.trace({})", "a>input", "a", "torch.trace(a)", "a:3x3")
    yield row("np.diff", "torch.diff({})", "a>input n=1 axis=-1>dim", "a", "torch.diff(a)", notes=("axis",))  # fmt: skip
    yield row("np.bincount", "torch.bincount({})", "x>input weights minlength=0", "i.astype('int32'), minlength=3", "torch.bincount(i.to(torch.int32), minlength=3)", "i:4")  # fmt: skip
    yield row("np.unique", "torch.unique({})", "ar>input", "i", "torch.unique(i)", "i:6<3")


def _shapes() -> Iterator[Row]:
    yield row("np.reshape", "{a}.reshape({newshape})", "a newshape", "a, (3, -1)", "a.reshape((3, -1))")  # fmt: skip
    yield method("reshape", "{self}.reshape({})", "*newshape", "3, -1", "a.reshape(3, -1)", rule="np_reshape")  # fmt: skip
    yield row("np.transpose", "torch.permute({})", "data axes", "a, (2, 0, 1)", "a.permute((2, 0, 1))", "a:2x3x4", ("axis",), "transpose")  # fmt: skip
    yield row("np.swapaxes", "{a}.transpose({axis1}, {axis2})", "a axis1 axis2", "a, 0, 1", "a.transpose(0, 1)", notes=("axis",))  # fmt: skip
    yield row("np.moveaxis", "torch.movedim({})", "a>input source destination", "a, 0, 2", "torch.movedim(a, 0, 2)", "a:2x3x4", ("axis",))  # fmt: skip
    yield row("np.expand_dims", "{a}.unsqueeze({axis})", "a axis", "a, axis=1", "a.unsqueeze(1)", notes=("axis",))  # fmt: skip
    yield row("np.squeeze", "torch.squeeze({})", "a>input axis>dim", "a, axis=1", "torch.squeeze(a, dim=1)", "a:2x1x3", ("axis",))  # fmt: skip
    yield row("np.ravel", "{a}.flatten()", "a", "a", "a.flatten()")
    yield method("flatten", "{self}.flatten()", "", "", "a.flatten()", "a:2x3x4")
    yield row("np.concatenate", "torch.cat({})", "seq>tensors axis=0>dim", "[a, b], axis=1", "torch.cat([a, b], dim=1)", "a:2x3 b:2x3", ("axis",))  # fmt: skip
    yield row("np.append", "torch.cat(({arr}, {values}), dim={axis})", "arr values axis", "a, b, axis=0", "torch.cat((a, b), dim=0)", "a:2x3 b:2x3", ("axis",))  # fmt: skip
    yield row("np.stack", "torch.stack({})", "arrays>tensors axis=0>dim", "(a, b), axis=-1", "torch.stack((a, b), dim=-1)", "a:2x3 b:2x3", ("axis",))  # fmt: skip
    for name in ("vstack", "hstack", "dstack", "column_stack"):
        yield row(f"np.{name}", f"torch.{name}({{}})", "arrays>tensors", "(a, b)", f"torch.{name}((a, b))", "a:2x3 b:2x3")  # fmt: skip
    yield row(
        "np.split", "torch.tensor_split({})", "ary>input indices_or_sections axis=0>dim", "a, 2, axis=1",
        "torch.tensor_split(a, 2, dim=1)", "a:2x4", ("axis", "split-sections"), kind="tensors",
    )  # fmt: skip
    yield row(
        "np.array_split", "torch.tensor_split({})", "ary>input indices_or_sections axis=0>dim", "a, 3",
        "torch.tensor_split(a, 3)", "a:5x4", ("axis", "split-sections"), kind="tensors",
    )  # fmt: skip
    for name in ("vsplit", "hsplit"):
        yield row(f"np.{name}", f"torch.{name}({{}})", "ary>input indices_or_sections", "a, 2", f"torch.{name}(a, 2)", "a:2x4", kind="tensors")  # fmt: skip
    yield row("np.repeat", "torch.repeat_interleave({})", "a>input repeats axis>dim", "a, 2, axis=0", "torch.repeat_interleave(a, 2, dim=0)", notes=("repeat", "axis"))  # fmt: skip
    yield row("np.tile", "torch.tile({A}, {reps})", "A reps", "a, (2, 1)", "torch.tile(a, (2, 1))", rule="np_tile")  # fmt: skip
    yield row("np.flip", "torch.flip({m}, dims={axis})", "m axis", "a, axis=1", "torch.flip(a, dims=(1,))", notes=("axis",), rule="np_flip")  # fmt: skip
    for name in ("flipud", "fliplr"):
        yield row(f"np.{name}", f"torch.{name}({{}})", "m>input", "a", f"torch.{name}(a)")
    yield row("np.roll", "torch.roll({})", "a>input shift>shifts axis>dims", "a, 1, axis=1", "torch.roll(a, 1, dims=1)", notes=("axis",))  # fmt: skip
    yield row("np.broadcast_to", "torch.broadcast_to({})", "array>input shape>size", "a, (4, 2, 3)", "torch.broadcast_to(a, (4, 2, 3))")  # fmt: skip
    yield row(
        "np.meshgrid", "torch.meshgrid({args}, indexing={indexing})", "*args indexing='xy' sparse! copy!", "a, b",
        "torch.meshgrid(a, b, indexing='xy')", "a:2 b:3", rule="np_meshgrid", kind="tensors",
    )  # fmt: skip
    yield row("np.tril", "torch.tril({})", "m>input k=0>diagonal", "a, k=1", "torch.tril(a, diagonal=1)", "a:3x3")  # fmt: skip
    yield row("np.diag", "torch.diag({})", "v>input k=0>diagonal", "a", "torch.diag(a)", "a:3")
    yield row("np.pad", "F.pad({x}, {pad_width})", "x pad_width mode='constant' constant_values=0", "a, ((1, 0), (2, 3))", "F.pad(a, (2, 3, 1, 0))", notes=("pad-order",), rule="np_pad")  # fmt: skip
    for name in ("atleast_1d", "atleast_2d"):
        yield row(
            f"np.{name}",
            f"torch.{name}({{}})",
            "*arys",
            "i",
            f"torch.{name}(i)",
            "i:2",
            ("no-gradient",),
        )
    for name, form in (("shape", "{a}.shape"), ("ndim", "{a}.ndim"), ("size", "{a}.numel()")):
        yield Row(
            f"np.{name}", form, "a", "call", ("same",), kind="py",
            shown_by="test_numpy.py::test_what_an_array_says_of_itself",
        )  # fmt: skip


def _indexing() -> Iterator[Row]:
    yield row("np.where", "torch.where({condition}, {x}, {y})", "condition x y", "a > b, a, b", "torch.where(a > b, a, b)", "a:2x3 b:2x3", ("where",), "np_where")  # fmt: skip
    for name in ("np.take", "ndarray.take"):
        function = name.startswith("np.")
        yield Row(
            name, "{a}[{indices}.long()]", f"{'a ' if function else ''}indices axis mode='clip'",
            "np_take", ("index",), "np.take(a, i, axis=1)" if function else "a.take(i, axis=1)",
            "a[:, i.long()]", "a:2x3 i:2",
        )  # fmt: skip
    yield row("np.nonzero", "torch.nonzero({a}, as_tuple=True)", "a", "i", "torch.nonzero(i, as_tuple=True)", "i:2x3", kind="tensors")  # fmt: skip
    yield row("np.argwhere", "torch.argwhere({})", "a>input")


def _products() -> Iterator[Row]:
    for name, notes in (("np.dot", ("dot",)), ("np.matmul", ("same",))):
        yield row(name, "torch.matmul({})", "a>input b>other", "a, b", "torch.matmul(a, b)", "a:2x3 b:3x4", notes)  # fmt: skip
    yield method("dot", "{self}.matmul({})", "b>other", "b", "a.matmul(b)", "a:2x3 b:3x4", ("dot",))
    yield row("np.inner", "torch.inner({})", "a>input b>other", "a, b", "torch.inner(a, b)", "a:3 b:3")  # fmt: skip
    yield row("np.outer", "torch.outer({})", "a>input b>vec2", "a, b", "torch.outer(a, b)", "a:2 b:3")  # fmt: skip
    yield row("np.vdot", "torch.dot({})", "a>input b>tensor", "a, b", "torch.dot(a, b)", "a:3 b:3")
    yield row("np.tensordot", "torch.tensordot({})", "a b axes=2>dims", "a, b, 1", "torch.tensordot(a, b, 1)", "a:2x3 b:3x4")  # fmt: skip
    yield row("np.einsum", "torch.einsum({})", "*operands", "'ij,kj->ik', a, b", "torch.einsum('ij,kj->ik', a, b)", "a:2x3 b:4x3")  # fmt: skip
    yield row("np.linalg.pinv", "torch.linalg.pinv({})", "a>input", "i", "torch.linalg.pinv(i)", "i:3x2<9", ("no-gradient",))  # fmt: skip
    for name in ("inv", "det", "cholesky"):
        example = "a" if name != "cholesky" else "np.dot(a, a.T)"
        port = f"torch.linalg.{name}({'a' if name != 'cholesky' else 'torch.matmul(a, a.T)'})"
        yield row(
            f"np.linalg.{name}",
            f"torch.linalg.{name}({{}})",
            "a>A" if name != "cholesky" else "a>input",
            example,
            port,
            "a:3x3",
        )
    yield row("np.linalg.solve", "torch.linalg.solve({})", "a>A b>B", "a, b", "torch.linalg.solve(a, b)", "a:3x3 b:3x2")  # fmt: skip


def _creation() -> Iterator[Row]:
    tail = "dtype order! ctx>device"
    for name in ("zeros", "ones", "empty"):
        port = f"torch.{name}((2, 3), dtype=torch.int32)" if name != "empty" else ""
        yield row(f"np.{name}", f"torch.{name}({{}})", f"shape>size {tail}", "(2, 3), dtype=np.int32", port, "", ("device",), "creation")  # fmt: skip
    for name in ("zeros_like", "ones_like", "empty_like"):
        port = f"torch.{name}(a)" if name != "empty_like" else ""
        yield row(f"np.{name}", f"torch.{name}({{}})", f"a>input {tail}", "a", port)
    yield row("np.full_like", "torch.full_like({})", f"a>input fill_value {tail}", "a, 3", "torch.full_like(a, 3)")  # fmt: skip
    yield row("np.full", "torch.full({})", "shape fill_value dtype order! ctx", "(2, 3), 7", "torch.full((2, 3), 7, dtype=torch.float32)", "", ("float-array",), "np_full")  # fmt: skip
    yield row("np.eye", "torch.eye({})", "N>n M>m dtype ctx>device", "2, 3", "torch.eye(2, 3)", "", ("device",))  # fmt: skip
    yield row("np.identity", "torch.eye({})", "n dtype ctx>device", "3", "torch.eye(3)", "")
    yield row("np.arange", "torch.arange({})", "start stop>end step dtype:=float32 ctx>device", "1, 5", "torch.arange(1, 5, dtype=torch.float32)", "", ("float-array",), "np_arange")  # fmt: skip
    yield row("np.linspace", "torch.linspace({})", "start stop>end num:=50>steps endpoint=True dtype ctx>device", "0, 1, 5", "torch.linspace(0, 1, 5)", "")  # fmt: skip
    yield row("np.logspace", "torch.logspace({})", "start stop>end num:=50>steps endpoint=True base=10.0 dtype ctx>device", "0, 2, 3", "torch.logspace(0, 2, 3)", "")  # fmt: skip
    yield row("np.array", "torch.tensor({})", "object dtype ctx", "[1, 2]", "torch.tensor([1, 2], dtype=torch.float32)", "", ("np-array",), "np_array")  # fmt: skip
    yield row("np.copy", "{a}.clone()", "a", "a", "a.clone()")
    for name, target in DTYPES.items():
        yield Row(
            f"np.{name}", f"torch.{target}", "", "attribute", ("same",),
            f"np.ones(2, dtype=np.{name})", f"torch.ones(2, dtype=torch.{target})", kind="py",
        )  # fmt: skip
    for name in CONSTANTS:
        torch = "None" if name == "newaxis" else f"torch.{name}"
        example = "a[:, np.newaxis]" if name == "newaxis" else f"a * np.{name}"
        port = "a[:, None]" if name == "newaxis" else f"a * {torch}"
        yield Row(f"np.{name}", torch, "", "attribute", ("same",), example, port, "a:2x3", "py")
    yield Row(
        "np.ndarray", "torch.Tensor", "", "attribute", ("same",),
        "isinstance(a, np.ndarray)", "isinstance(a, torch.Tensor)", "a:2x3", "py",
    )  # fmt: skip


def _random() -> Iterator[Row]:
    def drawn(name: str, torch: str, signature: str, rule: str = "", kind: str = "tensor") -> Row:
        return Row(
            f"np.random.{name}", torch, signature, rule or f"np_{name}", ("np-random",), kind=kind,
            shown_by="test_numpy.py::test_draws",
        )  # fmt: skip

    tail = "size dtype ctx"
    yield drawn("normal", "torch.normal({loc}, {scale}, size={size})", f"loc=0.0 scale=1.0 {tail}")
    yield drawn("uniform", "torch.rand({size})", f"low=0.0 high=1.0 {tail}")
    yield drawn("rand", "torch.rand({})", "*size dtype ctx>device", "call")
    yield drawn("randn", "torch.randn({})", "*size dtype ctx>device", "call")
    yield drawn("randint", "torch.randint({low}, {high}, {size})", f"low high {tail}")
    yield drawn("choice", "torch.randint({a}, {size})", "a size replace=True p ctx")
    yield drawn("shuffle", "{x}[:] = {x}[torch.randperm(len({x}))]", "x", kind="py")
    yield drawn(
        "multinomial", "torch.distributions.Multinomial({n}, {pvals}).sample()", "n pvals size"
    )
    yield drawn(
        "gamma", "torch.distributions.Gamma({shape}, 1 / {scale}).sample({size})", f"shape scale=1.0 {tail}", "np_distribution",
    )  # fmt: skip
    yield drawn("beta", "torch.distributions.Beta({a}, {b}).sample({size})", f"a b {tail}", "np_distribution")  # fmt: skip
    yield drawn("exponential", "torch.empty({size}).exponential_(1 / {scale})", f"scale=1.0 {tail}", "np_filled")  # fmt: skip
    yield drawn("lognormal", "torch.empty({size}).log_normal_({mean}, {sigma})", f"mean=0.0 sigma=1.0 {tail}", "np_filled")  # fmt: skip


def _life() -> Iterator[Row]:
    shared = {row.name: row for row in arrays.rows()}
    for name in SHARED:
        found = shared[f"NDArray.{name}"]
        yield dataclasses.replace(found, name=f"ndarray.{name}")
    # MXNet warns that it is called as_in_ctx now.
    yield method("as_in_context", "{self}.to({context})", "context", notes=("device",))
    yield method("item", "{self}.item()", "", "", "a.item()", "a:1", ("item",), kind="py")
    yield method("tolist", "{self}.tolist()", "", "", "a.tolist()", "a:2x3", kind="py")
    yield method("as_nd_ndarray", "{self}", "")
    yield method("as_in_ctx", "{self}.to({ctx})", "ctx", "mx.cpu()", "a.to(torch.device('cpu'))", notes=("device",))  # fmt: skip
    yield method(
        "attach_grad", "{self}.requires_grad_()", "grad_req='write'", notes=("zero-grad",),
        rule="attach_grad", kind="py", shown_by="test_numpy.py::test_gradients",
    )  # fmt: skip
    yield method(
        "backward", "{self}.sum().backward()", "out_grad retain_graph=False train_mode!",
        notes=("backward-sum", "zero-grad"), rule="backward", kind="py", shown_by="test_numpy.py::test_gradients",
    )  # fmt: skip


def rows() -> Iterator[Row]:
    for family in (
        _elementwise, _reductions, _shapes, _indexing, _products, _creation, _random, _life,
    ):  # fmt: skip
        yield from family()
