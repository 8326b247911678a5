"""The rules of the API map that a template cannot say."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import libcst as cst

from porting.kinds import Layer
from porting.templates import (
    MODULE,
    Bound,
    UnsupportedError,
    atom,
    bind,
    code,
    fill,
    keyword,
    torch_dtype,
)

if TYPE_CHECKING:
    from porting.rewrite import Rewriter

Rule = Callable[["Rewriter", cst.Call, Bound], cst.BaseExpression]
RULES: dict[str, Rule] = {}
REMOVED = cst.Name("__mx2torch_removed__")
ACTIVATIONS = {
    "relu": ("nn.ReLU()", "torch.relu"),
    "sigmoid": ("nn.Sigmoid()", "torch.sigmoid"),
    "tanh": ("nn.Tanh()", "torch.tanh"),
    "softrelu": ("nn.Softplus()", "F.softplus"),
    "softsign": ("nn.Softsign()", "F.softsign"),
}


def rule(function: Rule) -> Rule:
    RULES[function.__name__.strip("_")] = function
    return function


def parse(text: str) -> cst.BaseExpression:
    return cst.parse_expression(text)


def literal(bound: Bound, name: str) -> object:
    """The Python value of an argument written as a literal, else None."""
    import ast

    try:
        return ast.literal_eval(bound.text(name))
    except (ValueError, SyntaxError):
        return None


def suffixed(node: cst.BaseExpression, suffix: str) -> cst.BaseExpression:
    return parse(code(atom(node)) + suffix)


def _plain(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    return fill(bound.row.torch, bound)


for _name in ("call", "attribute", "helper"):
    RULES[_name] = _plain


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
    if bound.row.name == "nd.add_n":
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


def _activation_name(bound: Bound, name: str) -> str:
    wanted = literal(bound, name)
    if wanted not in ACTIVATIONS:
        raise UnsupportedError(f"activation {bound.text(name)}")
    return str(wanted)


@rule
def activation(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    return parse(f"{ACTIVATIONS[_activation_name(bound, 'act_type')][1]}({bound.text('data')})")


@rule
def activation_layer(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    return parse(ACTIVATIONS[_activation_name(bound, "activation")][0])


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


@rule
def array(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    """A copy: torch.tensor for lists and NumPy, clone for tensors."""
    source = call.args[0].value if call.args else None
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


@rule
def attach_grad(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    if bound.has("grad_req"):
        raise UnsupportedError(f"grad_req={bound.text('grad_req')} of attach_grad")
    port.attached(call)
    return parse(f"{bound.self_text}.requires_grad_()")


@rule
def detach(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    return fill(bound.row.torch, bound)


@rule
def backward(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    """Sum first; divide by what a later step would divide by."""
    assert bound.receiver is not None
    assert isinstance(call.func, cst.Attribute)
    head = code(atom(bound.receiver))
    arguments = ["retain_graph=" + bound.text("retain_graph")] if bound.has("retain_graph") else []
    if "out_grad" in bound.given:
        return parse(f"{head}.backward({', '.join([bound.text('out_grad'), *arguments])})")
    divide = port.plan.divide.get(call)
    if not port.kind(call.func.value).scalar:
        head += ".sum()"
    if divide:
        port.note("step", call)
        divisor = divide if divide.isidentifier() or divide.isdigit() else f"({divide})"
        head = f"({head} / {divisor})"
    return parse(f"{head}.backward({', '.join(arguments)})")


@rule
def step(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    divisor = port.plan.rescale.get(call, bound.text("batch_size"))
    if divisor and divisor != "1":
        port.note("step-rescale", call)
        port.rescale(bound.self_text, divisor)
    return parse(f"{bound.self_text}.step()")


@rule
def sequential(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    return parse("nn.Sequential()")


def _group(
    port: Rewriter, call: cst.Call, parts: list[str], main: int, flat: bool | None
) -> cst.BaseExpression:
    """One layer, or several in a Sequential; the place of its parameters is remembered."""
    port.groups[call] = Layer(len(parts), main, flat)
    return parse(parts[0] if len(parts) == 1 else f"nn.Sequential({', '.join(parts)})")


def _shared(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    """A layer with the parameters of another one that was written alike is that layer."""
    name = bound.text("params").removesuffix(".params")
    own = [code(a.value) for a in call.args if a.keyword is None or a.keyword.value != "params"]
    if port.state.layers.get(name) != own:
        raise UnsupportedError("params of nn.Dense, shared with a layer that was written otherwise")
    return parse(name)


@rule
def dense(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    if "params" in bound.given:
        return _shared(port, call, bound)
    units = bound.text("units")
    bias = f", bias={bound.text('use_bias')}" if bound.has("use_bias") else ""
    if bound.has("bias_initializer"):
        raise UnsupportedError("bias_initializer of nn.Dense")
    linear = (
        f"nn.Linear({bound.text('in_units')}, {units}{bias})"
        if bound.has("in_units")
        else f"nn.LazyLinear({units}{bias})"
    )
    flattens = not bound.has("flatten")
    parts = [linear]
    main = 0
    if flattens and not port.input_is_flat(call):
        parts.insert(0, "nn.Flatten()")
        main = 1
    if bound.has("activation") and code(bound.given["activation"].value) != "None":
        parts.append(ACTIVATIONS[_activation_name(bound, "activation")][0])
    return _group(port, call, parts, main, flattens or None)


@rule
def convolution(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    activation = bound.given.pop("activation", None)
    channels = bound.given.pop("in_channels", None)
    for name in ("bias_initializer",):
        if bound.has(name):
            raise UnsupportedError(f"{name} of {bound.row.name}")
        bound.given.pop(name, None)
    if channels is not None and code(channels.value) != "0":
        kept = bound.given.pop("channels")
        bare = fill(
            bound.row.torch.replace("Lazy", "").replace(
                "({})", f"({code(channels.value)}, {code(kept.value)}, {{}})"
            ),
            bound,
        )
        text = code(bare).replace(", )", ")")
    else:
        text = code(fill(bound.row.torch, bound))
    parts = [text]
    if activation is not None and code(activation.value) != "None":
        bound.given["activation"] = activation
        parts.append(ACTIVATIONS[_activation_name(bound, "activation")][0])
    return _group(port, call, parts, 0, False)


@rule
def batch_norm(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    for name in ("axis", "center", "scale", "use_global_stats"):
        if bound.has(name):
            raise UnsupportedError(f"argument {name} of nn.BatchNorm")
        parts = []
    if "momentum" in bound.given:
        value = literal(bound, "momentum")
        new = (
            f"{round(1 - value, 10):g}"
            if isinstance(value, (int, float))
            else f"1 - {bound.text('momentum')}"
        )
        if new != "0.1":
            parts.append(f"momentum={new}")
    if "epsilon" in bound.given:
        parts.append(f"eps={bound.text('epsilon')}")
    return parse(f"runtime.BatchNorm({', '.join(parts)})")


@rule
def recurrent(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    if "layout" in bound.given and literal(bound, "layout") != "TNC":
        raise UnsupportedError(f"layout={bound.text('layout')} of {bound.row.name}")
    bound.given.pop("layout", None)
    return fill(bound.row.torch, bound)


@rule
def add(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    """Layers to extend the network by, those of one `Dense` side by side."""
    elements: list[cst.Element | cst.StarredElement] = []
    assert isinstance(call.func, cst.Attribute)
    layers = port.kind(call.func.value).layers
    for arg, original in zip(bound.variadic, call.args, strict=True):
        group = port.groups.get(original.value) if isinstance(original.value, cst.Call) else None
        values = [arg.value]
        if group and group.width > 1 and isinstance(arg.value, cst.Call):
            values = [a.value for a in arg.value.args]
        for position, value in enumerate(values):
            comma: cst.Comma | cst.MaybeSentinel = cst.Comma(
                whitespace_after=cst.SimpleWhitespace(" ")
            )
            if position == len(values) - 1:
                comma = arg.comma if isinstance(arg.comma, cst.Comma) else cst.MaybeSentinel.DEFAULT
            element = cst.StarredElement if arg.star else cst.Element
            elements.append(element(value, comma=comma))
        if layers is not None:
            if arg.star:
                layers.append(Layer(-1))
            else:
                layers.append(group or Layer(flat=port.layer_flatness(original.value)))
    receiver = bound.receiver
    assert receiver is not None
    layout = cst.List(
        elements,
        lbracket=cst.LeftSquareBracket(call.whitespace_before_args),
    )
    if len(elements) == 1 and isinstance(elements[0], cst.Element):
        return cst.Call(
            cst.Attribute(atom(receiver), cst.Name("append")), [cst.Arg(elements[0].value)]
        )
    return cst.Call(cst.Attribute(atom(receiver), cst.Name("extend")), [cst.Arg(layout)])


@rule
def initialize(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    parts = [code(bound.receiver)] if bound.receiver is not None else []
    if "init" in bound.given and bound.text("init") != "None":
        named = literal(bound, "init")
        known = {
            "xavier": "nn.init.xavier_uniform_",
            "normal": "lambda w: nn.init.normal_(w, std=0.01)",
            "zeros": "nn.init.zeros_",
            "ones": "nn.init.ones_",
            "uniform": "lambda w: nn.init.uniform_(w, -0.07, 0.07)",
        }
        if isinstance(named, str):
            if named.lower() not in known:
                raise UnsupportedError(f"initialiser {named!r}")
            parts.append(known[named.lower()])
        else:
            parts.append(bound.text("init"))
    if "ctx" in bound.given:
        parts.append(f"device={bound.text('ctx')}")
    if "force_reinit" in bound.given:
        parts.append(f"force_reinit={bound.text('force_reinit')}")
    return parse(f"runtime.initialize({', '.join(parts)})")


@rule
def collect_params(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    if "select" not in bound.given:
        return fill("{self}.parameters()", bound)
    pattern = literal(bound, "select")
    port.note("parameter-pattern", call)
    if (
        isinstance(pattern, str)
        and pattern.startswith(".*")
        and pattern[2:].rstrip("$").isidentifier()
    ):
        test = (
            f"name.endswith('{pattern[2:-1]}')"
            if pattern.endswith("$")
            else f"'{pattern[2:]}' in name"
        )
    else:
        port.need_import("re")
        test = f"re.match({bound.text('select')}, name)"
    return parse(f"[param for name, param in {bound.self_text}.named_parameters() if {test}]")


@rule
def load(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    device = f", map_location={bound.text('ctx')}" if "ctx" in bound.given else ""
    return parse(f"{bound.self_text}.load_state_dict(torch.load({bound.text('filename')}{device}))")


@rule
def parameter_data(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    return fill(bound.row.torch, bound)


@rule
def zero_grad(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    return parse(f"setattr({bound.self_text}, 'grad', None)")


@rule
def params_get(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    if "init" in {p.name for p in bound.parameters} and "init" in bound.given:
        return parse(f"runtime.parameter({bound.text('shape')}, {bound.text('init')})")
    return parse(f"nn.Parameter(torch.empty({bound.text('shape')}))")


@rule
def cross_entropy(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    if bound.has("axis"):
        raise UnsupportedError(f"axis={bound.text('axis')} of {bound.row.name}")
    if bound.has("from_logits"):
        return parse("nn.NLLLoss(reduction='none')")
    return parse("nn.CrossEntropyLoss(reduction='none')")


@rule
def array_dataset(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    if len(bound.variadic) == 1 and not bound.variadic[0].star:
        return bound.variadic[0].value
    kinds = {port.kind(a.value).name for a in call.args}
    if kinds & {"py", "numpy", "dataset"}:
        return parse(f"list(zip({', '.join(code(a.value) for a in bound.variadic)}))")
    return call.with_changes(func=parse(f"{port.data_module()}.TensorDataset"), args=bound.variadic)


@rule
def data_loader(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    last = literal(bound, "last_batch")
    if last not in ("keep", "discard"):
        raise UnsupportedError(f"last_batch={bound.text('last_batch')} of DataLoader")
    dropped = bound.given.pop("last_batch", None)
    node = fill(bound.row.torch.replace("data.", port.data_module() + ".", 1), bound)
    if dropped is not None and last == "discard" and isinstance(node, cst.Call):
        return parse(code(node).rstrip()[:-1] + ", drop_last=True)")
    return node


@rule
def vision(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    port.need_import("torchvision")
    return fill(bound.row.torch, bound)


@rule
def split_and_load(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    """Equal parts along axis 0, one for each device."""
    if bound.has("batch_axis"):
        raise UnsupportedError(f"batch_axis={bound.text('batch_axis')} of split_and_load")
    data, devices = bound.text("data"), bound.text("ctx_list")
    return parse(
        f"[part.to(device) for part, device in "
        f"zip(torch.tensor_split({data}, len({devices})), {devices})]"
    )


@rule
def initialiser(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    text = bound.row.torch
    for parameter in bound.parameters:
        value = bound.text(parameter.name)
        simple = value.replace(".", "").replace("_", "").isalnum()
        text = text.replace(f"{{{parameter.name}}}", value if simple else f"({value})")
    return cst.ensure_type(parse(text), cst.Lambda)


@rule
def xavier(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    values = tuple(literal(bound, name) for name in ("rnd_type", "factor_type", "magnitude"))
    known = {
        ("uniform", "avg", 3): "nn.init.xavier_uniform_",
        ("gaussian", "avg", 2): "nn.init.xavier_normal_",
        ("gaussian", "in", 2): "lambda w: nn.init.kaiming_normal_(w)",
        ("uniform", "in", 3): "lambda w: nn.init.kaiming_uniform_(w, nonlinearity='linear')",
    }
    # xavier_normal_ has variance 2 / (in + out) = 1 / average: magnitude 1.
    known[("gaussian", "avg", 1)] = known.pop(("gaussian", "avg", 2))
    if values not in known:
        raise UnsupportedError(f"init.Xavier with rnd_type, factor_type, magnitude = {values}")
    return parse(known[values])


OPTIMIZERS = {
    "sgd": ("torch.optim.SGD", {"momentum": "momentum"}, {"lr": "0.01"}),
    "adam": ("torch.optim.Adam", {"epsilon": "eps"}, {"lr": "0.001"}),
    "adagrad": ("runtime.Adagrad", {"eps": "eps"}, {"lr": "0.01"}),
    "rmsprop": ("runtime.RMSprop", {"gamma1": "alpha", "epsilon": "eps"}, {"lr": "0.001"}),
    "adadelta": ("torch.optim.Adadelta", {"rho": "rho", "epsilon": "eps"}, {}),
}


@rule
def trainer(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    """An optimizer by name and options, where both can be read; else chosen at run time."""
    params = bound.text("params")
    options = bound.given["optimizer_params"].value if "optimizer_params" in bound.given else None
    name = literal(bound, "optimizer")
    readable = options is None or (
        isinstance(options, cst.Dict)
        and all(
            isinstance(e, cst.DictElement) and isinstance(e.key, cst.SimpleString)
            for e in options.elements
        )
    )
    if isinstance(options, cst.Call) and code(options.func) == "dict":
        readable = False
    given: dict[str, str] = {}
    if isinstance(options, cst.Dict):
        for e in options.elements:
            if isinstance(e, cst.DictElement) and isinstance(e.key, cst.SimpleString):
                given[str(e.key.evaluated_value)] = code(e.value)
    if not isinstance(name, str) or not readable or name.lower() not in OPTIMIZERS:
        if isinstance(name, str) and name.lower() not in (*OPTIMIZERS, "nag"):
            raise UnsupportedError(f"optimizer {name!r}")
        port.note("optimizer-runtime", call)
        parts = [params, bound.text("optimizer")]
        if options is not None:
            parts.append(code(options))
        return parse(f"runtime.optimizer({', '.join(parts)})")
    target, renamed, defaults = OPTIMIZERS[name.lower()]
    names = {"learning_rate": "lr", "wd": "weight_decay", **renamed}
    settings: dict[str, str] = {}
    betas = {"beta1": "0.9", "beta2": "0.999"}
    for key, value in given.items():
        if name.lower() == "adam" and key in betas:
            betas[key] = value
            settings["betas"] = f"({betas['beta1']}, {betas['beta2']})"
        elif name.lower() == "adadelta" and key in ("learning_rate", "wd"):
            if key == "wd" and value not in ("0", "0.0"):
                raise UnsupportedError("wd of adadelta")
        elif key not in names:
            raise UnsupportedError(f"option {key!r} of optimizer {name!r}")
        elif not (key in ("momentum", "wd") and value in ("0", "0.0")):
            settings[names[key]] = value
    for key, value in defaults.items():
        if key not in settings:
            settings = {key: value, **settings}
    if name.lower() == "adadelta" and "eps" not in settings:
        settings["eps"] = "1e-05"
    arguments = ", ".join([params, *(f"{key}={value}" for key, value in settings.items())])
    return parse(f"{target}({arguments})")


@rule
def learning_rate(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    return parse(
        f"[group.update(lr={bound.text('lr')}) for group in {bound.self_text}.param_groups]"
    )


@rule
def autograd_grad(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    return fill("torch.autograd.grad({heads}.sum(), {variables}, {})", bound)


@rule
def record(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    """Stays only where the with statement could not be taken away."""
    return parse("torch.enable_grad()")


@rule
def optimizer(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    raise UnsupportedError("optimizer objects are ported where a Trainer is given a name")


@rule
def unknown(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    raise UnsupportedError("no PyTorch form is known")


__all__ = ["MODULE", "REMOVED", "RULES", "bind", "keyword", "suffixed"]
