"""Rules of arrays: reductions, shapes, indices, creation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from porting.rules.registry import (
    ACTIVATIONS,
    REMOVED,
    activation_name,
    literal,
    parse,
    rule,
)
from porting.templates import (
    Bound,
    UnsupportedError,
    atom,
    code,
    fill,
    torch_dtype,
)

if TYPE_CHECKING:
    from porting.rewrite import Rewriter


@rule
def remove(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    return REMOVED


@rule
def reduction(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    """exclude=True reduces over all axes but the one named."""
    if not bound.has("exclude"):
        return fill(bound.row.torch, bound)
    if (
        literal(bound, "exclude") is not True
        or literal(bound, "axis") != 0
        or bound.has("keepdims")
    ):
        raise UnsupportedError(f"exclude with axis={bound.text('axis')} of {bound.row.name}")
    source = bound.receiver if bound.receiver is not None else bound.given["data"].value
    name = bound.row.name.split(".")[-1]
    return parse(f"{code(atom(source))}.flatten(1).{name}(dim=1)")


@rule
def extremum(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    if bound.has("axis"):
        return fill(bound.row.torch, bound)
    return fill(bound.row.torch.replace(".a", ".", 1), bound)


def _clamp(port: Rewriter, call: cst.Call, bound: Bound, side: str) -> cst.BaseExpression:
    left, right = bound.given["lhs"].value, bound.given["rhs"].value
    numbers = (cst.Integer, cst.Float, cst.UnaryOperation)
    if isinstance(right, numbers):
        return parse(f"torch.clamp({code(left)}, {side}={code(right)})")
    if isinstance(left, numbers):
        return parse(f"torch.clamp({code(right)}, {side}={code(left)})")
    return fill(bound.row.torch, bound)


@rule
def minimum(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    return _clamp(port, call, bound, "min")


@rule
def maximum(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    return _clamp(port, call, bound, "max")


@rule
def index(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    if port.only_value(call):
        return fill(bound.row.torch.removesuffix(".float()"), bound)
    return fill(bound.row.torch, bound)


def _descending(bound: Bound, template: str) -> str:
    value = literal(bound, "is_ascend")
    if value is None:
        raise UnsupportedError(f"is_ascend={bound.text('is_ascend')} of {bound.row.name}")
    return template if value else template.replace("({})", "({}, descending=True)")


@rule
def argsort(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    template = _descending(bound, bound.row.torch)
    bound.given.pop("is_ascend", None)
    node = fill(template.replace("({}, descending=True)", "({})"), bound)
    text = code(node)
    if "descending" in template:
        text = text.replace(").float()", ", descending=True).float()")
    return parse(text.removesuffix(".float()") if port.only_value(call) else text)


@rule
def sort(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    descending = "descending" in _descending(bound, "({})")
    bound.given.pop("is_ascend", None)
    text = code(fill(bound.row.torch, bound))
    return parse(text.replace(").values", ", descending=True).values") if descending else text)


@rule
def topk(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    wanted = literal(bound, "ret_typ")
    ascending = literal(bound, "is_ascend")
    if wanted not in ("indices", "value", "both") or ascending is None:
        raise UnsupportedError(f"ret_typ={bound.text('ret_typ')} of {bound.row.name}")
    bound.given.pop("ret_typ", None)
    bound.given.pop("is_ascend", None)
    text = code(fill(bound.row.torch, bound)).removesuffix(".indices.float()")
    if ascending:
        text = text[:-1] + ", largest=False)"
    if wanted == "both":
        raise UnsupportedError(f"ret_typ='both' of {bound.row.name}")
    return parse(text + (".values" if wanted == "value" else ".indices.float()"))


def _shape_items(nodes: list[cst.BaseExpression]) -> list[cst.BaseExpression] | None:
    if len(nodes) == 1 and isinstance(nodes[0], (cst.Tuple, cst.List)):
        return [e.value for e in nodes[0].elements]
    if len(nodes) == 1 and not isinstance(nodes[0], (cst.Integer, cst.UnaryOperation)):
        return None
    return nodes


@rule
def reshape(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    """Write out the codes 0, -2, -3 and -4."""
    if bound.has("reverse"):
        raise UnsupportedError(f"reverse of {bound.row.name}")
    function = bound.receiver is None
    source = bound.given["data"].value if function else bound.receiver
    assert source is not None
    shape = [bound.given["shape"]] if function else bound.variadic
    items = _shape_items([a.value for a in shape])
    receiver = code(atom(source))
    codes = [code(i).replace(" ", "") for i in items or []]
    if not any(c in ("0", "-2", "-3", "-4") for c in codes):
        if not function:
            return call.with_changes(
                func=cst.Attribute(atom(source), cst.Name("reshape")),
                args=[a.with_changes(keyword=None, equal=cst.MaybeSentinel.DEFAULT) for a in shape],
            )
        return parse(f"{receiver}.reshape({code(shape[0].value)})")
    if not isinstance(source, (cst.Name, cst.Attribute)):
        raise UnsupportedError(
            "a reshape code other than -1 on an expression; give it a name first"
        )
    written: list[str] = []
    axis, position = 0, 0
    while position < len(codes):
        current = codes[position]
        if current == "0":
            written.append(f"{receiver}.shape[{axis}]")
            axis += 1
        elif current == "-2":
            written.append(f"*{receiver}.shape[{axis}:]")
        elif current == "-3":
            written.append(f"{receiver}.shape[{axis}] * {receiver}.shape[{axis + 1}]")
            axis += 2
        elif current == "-4":
            first, second = codes[position + 1 : position + 3]
            whole = f"{receiver}.shape[{axis}]"
            written += [
                f"{whole} // {second}" if first == "-1" else first,
                f"{whole} // {first}" if second == "-1" else second,
            ]
            axis += 1
            position += 2
        else:
            written.append(codes[position])
            axis += 1
        position += 1
    inner = ", ".join(written) + ("," if len(written) == 1 else "")
    return parse(f"{receiver}.reshape(({inner}))")


@rule
def transpose(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    function = bound.receiver is None
    source = bound.given["data"].value if function else bound.receiver
    assert source is not None
    receiver = code(atom(source))
    if function:
        axes = [code(bound.given["axes"].value)] if "axes" in bound.given else []
    else:
        axes = [code(a.value) for a in bound.variadic]
    return parse(f"{receiver}.permute({', '.join(axes)})" if axes else f"{receiver}.T")


def _joined(bound: Bound) -> str:
    parts = [("*" if a.star else "") + code(a.value) for a in bound.variadic]
    if len(parts) == 1 and parts[0].startswith("*"):
        return parts[0][1:]
    return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"


@rule
def concat(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    return parse(f"torch.cat({_joined(bound)}, dim={bound.text('dim')})")


@rule
def stack(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    if bound.row.torch.startswith("sum("):
        return parse(f"sum({_joined(bound)})")
    return parse(f"torch.stack({_joined(bound)}, dim={bound.text('axis')})")


@rule
def flip(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    axis = bound.text("axis")
    dims = axis if axis.startswith(("(", "[")) else f"({axis},)"
    source = bound.text("data") + ", " if bound.receiver is None else ""
    return parse(
        f"{'torch' if bound.receiver is None else bound.self_text}.flip({source}dims={dims})"
    )


@rule
def take(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    if bound.has("mode"):
        raise UnsupportedError(f"argument mode of {bound.row.name}")
    source = bound.self_text if bound.receiver else code(atom(bound.given["a"].value))
    indices = code(atom(bound.given["indices"].value))
    axis = literal(bound, "axis")
    if not isinstance(axis, int) or axis < 0:
        raise UnsupportedError(f"axis={bound.text('axis')} of {bound.row.name}")
    return parse(f"{source}[{':, ' * axis}{indices}.long()]")


@rule
def pick(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    source = bound.self_text if bound.receiver else code(atom(bound.given["data"].value))
    axis = bound.text("axis")
    indices = f"{code(atom(bound.given['index'].value))}.long().unsqueeze({axis})"
    text = f"{source}.gather({axis}, {indices})"
    return parse(text if bound.has("keepdims") else f"{text}.squeeze({axis})")


@rule
def dot(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    left = bound.receiver if bound.receiver is not None else bound.given["lhs"].value
    right = bound.given["rhs"].value
    texts = [code(left), code(right)]
    for side, (name, node) in enumerate((("transpose_a", left), ("transpose_b", right))):
        if bound.has(name):
            if literal(bound, name) is not True:
                raise UnsupportedError(f"{name}={bound.text(name)} of {bound.row.name}")
            texts[side] = code(atom(node)) + ".mT"
    function = bound.row.torch.partition("(")[0]
    return parse(f"{function}({', '.join(texts)})")


@rule
def pooling(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    wanted = literal(bound, "pool_type")
    if wanted not in ("max", "avg"):
        raise UnsupportedError(f"pool_type={bound.text('pool_type')} of nd.Pooling")
    data = bound.text("data")
    if bound.has("global_pool"):
        return parse(f"F.adaptive_{wanted}_pool2d({data}, 1)")
    parts = [data, f"kernel_size={bound.text('kernel')}"]
    # nd.Pooling strides by 1 unless told otherwise, F.max_pool2d by its window.
    parts.append(f"stride={bound.text('stride') if 'stride' in bound.given else 1}")
    if "pad" in bound.given:
        parts.append(f"padding={bound.text('pad')}")
    if literal(bound, "pooling_convention") == "full":
        parts.append("ceil_mode=True")
    if bound.has("count_include_pad"):
        parts.append(f"count_include_pad={bound.text('count_include_pad')}")
    return parse(f"F.{wanted}_pool2d({', '.join(parts)})")


@rule
def activation(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    return parse(f"{ACTIVATIONS[activation_name(bound, 'act_type')][1]}({bound.text('data')})")


@rule
def activation_layer(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    return parse(ACTIVATIONS[activation_name(bound, "activation")][0])


@rule
def leaky(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    if bound.has("act_type"):
        raise UnsupportedError(f"act_type={bound.text('act_type')} of nd.LeakyReLU")
    return parse(f"F.leaky_relu({bound.text('data')}, negative_slope={bound.text('slope')})")


@rule
def smooth_l1(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    if literal(bound, "scalar") != 1:
        raise UnsupportedError(f"scalar={bound.text('scalar')} of nd.smooth_l1")
    data = bound.text("data")
    return parse(f"F.smooth_l1_loss({data}, torch.zeros_like({data}), reduction='none')")


@rule
def creation(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    """Torch takes the shape by position or as size."""
    shape = bound.given.get("shape")
    if shape is not None and shape.keyword is not None:
        bound.given["shape"] = shape.with_changes(keyword=None, equal=cst.MaybeSentinel.DEFAULT)
    return fill(bound.row.torch, bound)


@rule
def full(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    parts = [bound.text("shape"), bound.text("val")]
    if "ctx" in bound.given:
        parts.append(f"device={bound.text('ctx')}")
    dtype = (
        code(torch_dtype(bound.given["dtype"].value)) if "dtype" in bound.given else "torch.float32"
    )
    parts.append(f"dtype={dtype}")
    return parse(f"torch.full({', '.join(parts)})")


def _names(arg: cst.Arg, first: str) -> bool:
    """Whether it is the first argument: the one without a name, or of that name."""
    return arg.keyword is None or arg.keyword.value == first


@rule
def array(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    """A copy: torch.tensor for lists and NumPy, clone for tensors."""
    source = next((a.value for a in call.args if _names(a, "source_array")), None)
    if source is not None and port.kind(source).name == "tensor":
        text = code(atom(bound.given["source_array"].value)) + ".clone()"
        if "dtype" in bound.given:
            text += f".to({code(torch_dtype(bound.given['dtype'].value))})"
        if "ctx" in bound.given:
            text += f".to({bound.text('ctx')})"
        return parse(text)
    return fill(bound.row.torch, bound)


def _tail(bound: Bound) -> str:
    text = f", device={bound.text('ctx')}" if "ctx" in bound.given else ""
    if bound.has("dtype"):
        text += f", dtype={code(torch_dtype(bound.given['dtype'].value))}"
    return text


def _is_shape(node: cst.BaseExpression | None) -> bool:
    """Whether the text shows a tuple; a name may hold a number."""
    return node is None or isinstance(node, (cst.Tuple, cst.List)) or code(node).endswith(".shape")


@rule
def normal(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    shape = bound.given["shape"].value if "shape" in bound.given else None
    mean, deviation = bound.text("loc"), bound.text("scale")
    for name in ("loc", "scale"):
        if name in bound.given and port.kind(bound.given[name].value).name == "tensor":
            raise UnsupportedError(f"an array as {name} of {bound.row.name}")
    text = bound.text("shape")
    if _is_shape(shape):
        return parse(
            f"torch.normal({_number(mean)}, {_number(deviation)}, size={text}{_tail(bound)})"
        )
    return parse(f"torch.empty({text}{_tail(bound)}).normal_({mean}, {deviation})")


def _number(text: str) -> str:
    return text + ".0" if text.isdigit() else text


@rule
def uniform(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    low, high, shape = bound.text("low"), bound.text("high"), bound.text("shape")
    if (literal(bound, "low"), literal(bound, "high")) == (0, 1):
        return parse(f"torch.rand({shape}{_tail(bound)})")
    return parse(f"torch.empty({shape}{_tail(bound)}).uniform_({low}, {high})")


@rule
def astype(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    source = bound.self_text if bound.receiver else code(atom(bound.given["data"].value))
    return parse(f"{source}.to({code(torch_dtype(bound.given['dtype'].value))})")


@rule
def copyto(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    if port.kind(call.args[0].value).name == "tensor":
        return parse(f"{bound.text('other')}.copy_({bound.self_text})")
    return fill(bound.row.torch, bound)
