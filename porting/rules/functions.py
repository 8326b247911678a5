"""Rules of layers written as functions, of sequences and of slices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from porting.rules.registry import literal, parse, rule
from porting.templates import Bound, UnsupportedError, atom, code, fill

if TYPE_CHECKING:
    from porting.rewrite import Rewriter


@rule
def dropout(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    mode = literal(bound, "mode")
    if mode not in ("training", "always") or bound.has("axes"):
        raise UnsupportedError("mode or axes of nd.Dropout")
    training = "True" if mode == "always" else port.training_mode()
    return parse(f"F.dropout({bound.text('data')}, p={bound.text('p')}, training={training})")


@rule
def batch_norm_function(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    """nd.BatchNorm ignores gamma unless told otherwise; momentum weighs the old statistic."""
    fixed = literal(bound, "fix_gamma")
    if not isinstance(fixed, bool) or any(
        bound.has(name) for name in ("axis", "use_global_stats", "output_mean_var")
    ):
        raise UnsupportedError(
            "axis, use_global_stats, output_mean_var or fix_gamma of nd.BatchNorm"
        )
    momentum = literal(bound, "momentum")
    weighed = (
        f"{round(1 - momentum, 10):g}"
        if isinstance(momentum, (int, float))
        else f"1 - {bound.text('momentum')}"
    )
    parts = [bound.text(name) for name in ("data", "moving_mean", "moving_var")]
    parts += ["None" if fixed else bound.text("gamma"), bound.text("beta")]
    parts += [f"training={port.training_mode()}", f"momentum={weighed}", f"eps={bound.text('eps')}"]
    return parse(f"runtime.batch_norm({', '.join(parts)})")


@rule
def upsampling(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    if literal(bound, "sample_type") != "nearest":
        raise UnsupportedError(f"sample_type={bound.text('sample_type')} of nd.UpSampling")
    return fill(bound.row.torch, bound)


PAD_MODES = {"constant": "constant", "edge": "replicate", "reflect": "reflect"}


@rule
def pad(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    """MXNet lists (before, after) from the first axis on, F.pad from the last one back."""
    widths, mode = literal(bound, "pad_width"), literal(bound, "mode")
    if not isinstance(widths, (tuple, list)) or mode not in PAD_MODES:
        raise UnsupportedError("pad_width or mode of nd.pad that is not written out")
    pairs = [widths[i : i + 2] for i in range(0, len(widths), 2)]
    while pairs and tuple(pairs[0]) == (0, 0):
        del pairs[0]
    turned = ", ".join(str(n) for pair in reversed(pairs) for n in pair)
    parts = [bound.text("data"), f"({turned})"]
    if mode != "constant":
        parts.append(f"mode={PAD_MODES[str(mode)]!r}")
    elif bound.has("constant_value"):
        parts.append(f"value={bound.text('constant_value')}")
    return parse(f"F.pad({', '.join(parts)})")


@rule
def sequence(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    """Without use_sequence_length MXNet takes the lengths to be full."""
    if literal(bound, "use_sequence_length") is not True:
        raise UnsupportedError(f"use_sequence_length other than True of {bound.row.name}")
    bound.given.pop("use_sequence_length")
    return fill(bound.row.torch, bound)


@rule
def slices(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    """begin=(0, 1), end=(None, 3) as [:, 1:3]."""
    limits = [bound.given[name].value for name in ("begin", "end") if name in bound.given]
    if bound.has("step") if "step" in bound.given else len(limits) != 2:
        raise UnsupportedError(f"step of {bound.row.name}")
    if not all(isinstance(limit, (cst.Tuple, cst.List)) for limit in limits):
        raise UnsupportedError(f"begin and end of {bound.row.name} that are not written out")
    texts = [
        [code(e.value) for e in limit.elements]
        for limit in limits
        if isinstance(limit, (cst.Tuple, cst.List))
    ]
    parts = [
        f"{'' if begin in ('None', '0') else begin}:{'' if end == 'None' else end}"
        for begin, end in zip(*texts, strict=True)
    ]
    source = bound.self_text if bound.receiver else code(atom(bound.given["data"].value))
    return parse(f"{source}[{', '.join(parts)}]")


@rule
def broadcast_axis(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    if not isinstance(literal(bound, "axis"), int):
        raise UnsupportedError(f"axis={bound.text('axis')} of {bound.row.name}")
    return fill(bound.row.torch, bound)


@rule
def convolution_function(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    """Arrays by position; the number of axes is that of the kernel."""
    if bound.has("no_bias"):
        bound.given.pop("bias", None)
        bound.given.pop("no_bias")
    for name in ("data", "weight", "bias"):
        if name in bound.given:
            arg = bound.given[name]
            bound.given[name] = arg.with_changes(keyword=None, equal=cst.MaybeSentinel.DEFAULT)
    kernel = literal(bound, "kernel") if "kernel" in bound.given else None
    axes = len(kernel) if isinstance(kernel, tuple) else 2
    node = code(fill(bound.row.torch.replace("2d", f"{axes}d"), bound))
    return parse(node.replace("input=", "").replace("weight=", "").replace("bias=", ""))
