"""Rules of ``mxnet.npx``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from porting.rules.numpy_arrays import original
from porting.rules.registry import REMOVED, literal, parse, rule
from porting.templates import Bound, UnsupportedError, atom, code, fill

if TYPE_CHECKING:
    from porting.rewrite import Rewriter


@rule
def npx_set_np(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    port.state.numpy_mode = True
    return REMOVED


@rule
def npx_reset_np(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    port.state.numpy_mode = False
    return REMOVED


@rule
def npx_leaky_relu(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    data, slope = bound.text("data"), bound.text("slope")
    forms = {
        "leaky": f"F.leaky_relu({data}, negative_slope={slope})",
        "elu": f"F.elu({data}, alpha={slope})",
        "gelu": f"F.gelu({data})",
    }
    wanted = literal(bound, "act_type")
    if wanted == "prelu" and "gamma" in bound.given:
        return parse(f"F.prelu({data}, {bound.text('gamma')})")
    if not isinstance(wanted, str) or wanted not in forms:
        raise UnsupportedError(f"act_type={bound.text('act_type')} of npx.leaky_relu")
    return parse(forms[wanted])


@rule
def npx_sequence_mask(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    used = literal(bound, "use_sequence_length")
    if used is None:
        raise UnsupportedError("use_sequence_length of npx.sequence_mask, known at run time only")
    if not used:
        return bound.given["data"].value
    parts = [bound.text("data"), bound.text("sequence_length")]
    parts += [f"{name}={bound.text(name)}" for name in ("value", "axis") if bound.has(name)]
    return parse(f"runtime.sequence_mask({', '.join(parts)})")


@rule
def npx_arange_like(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    data = code(atom(bound.given["data"].value))
    if bound.has("axis"):
        text = f"torch.arange({data}.shape[{bound.text('axis')}], dtype=torch.float32)"
    else:
        text = f"torch.arange({data}.numel(), dtype=torch.float32).reshape({data}.shape)"
    if bound.has("step"):
        text = f"{text} * {code(atom(bound.given['step'].value))}"
    return parse(
        f"{text} + {code(atom(bound.given['start'].value))}" if bound.has("start") else text
    )


@rule
def npx_reshape(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    """Write out the codes -2 to -6: copy, drop 1, copy the rest, multiply two, split in two."""
    if bound.has("reverse"):
        raise UnsupportedError("reverse of npx.reshape")
    node, source = bound.given["newshape"].value, bound.given["a"].value
    items = (
        [code(e.value).replace(" ", "") for e in node.elements]
        if isinstance(node, (cst.Tuple, cst.List))
        else [code(node).replace(" ", "")]
    )
    receiver = code(atom(source))
    if not any(i in ("-2", "-3", "-4", "-5", "-6") for i in items):
        if not isinstance(node, (cst.Tuple, cst.List, cst.Integer, cst.UnaryOperation)):
            raise UnsupportedError("a shape that npx.reshape learns at run time")
        return parse(f"{receiver}.reshape({code(node)})")
    if not isinstance(source, (cst.Name, cst.Attribute)):
        raise UnsupportedError(
            "a reshape code other than -1 on an expression; give it a name first"
        )
    written: list[str] = []
    axis = position = 0
    while position < len(items):
        current = items[position]
        size = f"{receiver}.shape[{axis}]"
        if current == "-2":
            written.append(size)
        elif current == "-4":
            written.append(f"*{receiver}.shape[{axis}:]")
        elif current == "-5":
            written.append(f"{size} * {receiver}.shape[{axis + 1}]")
            axis += 1
        elif current == "-6":
            first, second = items[position + 1 : position + 3]
            written += [
                f"{size} // {second}" if first == "-1" else first,
                f"{size} // {first}" if second == "-1" else second,
            ]
            position += 2
        elif current != "-3":
            written.append(current)
        axis += 1
        position += 1
    inner = ", ".join(written) + ("," if len(written) == 1 else "")
    return parse(f"{receiver}.reshape(({inner}))")


@rule
def npx_fully_connected(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    flatten = literal(bound, "flatten")
    if flatten is None:
        raise UnsupportedError("flatten of npx.fully_connected, known at run time only")
    data = code(atom(bound.given["data"].value)) + ".flatten(1)" if flatten else bound.text("data")
    parts = [data, bound.text("weight")]
    if "bias" in bound.given and literal(bound, "no_bias") is not True:
        parts.append(bound.text("bias"))
    return parse(f"F.linear({', '.join(parts)})")


@rule
def npx_convolution(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    """The function for as many axes as the kernel has."""
    kernel = bound.given["kernel"].value if "kernel" in bound.given else None
    if not isinstance(kernel, (cst.Tuple, cst.List)):
        raise UnsupportedError("kernel of npx.convolution without a tuple")
    axes = len(kernel.elements)
    if "layout" in bound.given and literal(bound, "layout") not in ("NCW", "NCHW", "NCDHW"):
        raise UnsupportedError(f"layout={bound.text('layout')} of npx.convolution")
    bound.given.pop("layout", None)
    for name, given in bound.given.items():
        if name in ("data", "weight", "bias"):
            bound.given[name] = given.with_changes(keyword=None, equal=cst.MaybeSentinel.DEFAULT)
    return fill(f"F.conv{axes}d({{}})", bound)


@rule
def npx_dropout(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    if any(scope.is_module_class for scope in port.scopes):
        training = "self.training"
    else:
        training = "torch.is_grad_enabled()"
        port.state.uses_is_training = True
    return parse(f"F.dropout({bound.text('data')}, {bound.text('p')}, training={training})")


@rule
def save(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    """One array is saved as a list of one."""
    given = bound.parameters[1].name
    source = original(call, bound, given)
    text = bound.text(given)
    if source is not None and port.kind(source).name == "tensor":
        text = f"[{text}]"
    return parse(f"torch.save({text}, {bound.text(bound.parameters[0].name)})")
