"""Rules of layers, networks and their parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from porting.kinds import Layer
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
    port.groups[call] = Layer(flat=True, inner=port.kind(parse(name)).main)
    return parse(name)


def _no_own_initialiser(bound: Bound) -> None:
    given = bound.given.get("weight_initializer")
    if given is not None and code(given.value) != "None":
        raise UnsupportedError(f"weight_initializer of {bound.row.name}; initialise it afterwards")


@rule
def dense(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    if "params" in bound.given:
        return _shared(port, call, bound)
    _no_own_initialiser(bound)
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
        parts.append(ACTIVATIONS[activation_name(bound, "activation")][0])
    return _group(port, call, parts, main, flattens or None)


@rule
def convolution(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    _no_own_initialiser(bound)
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
        parts.append(ACTIVATIONS[activation_name(bound, "activation")][0])
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
def layer_norm(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    """Over the last axis; `nn.LayerNorm` wants its size, which Gluon learns."""
    for name in ("axis", "center", "scale", "beta_initializer", "gamma_initializer"):
        if bound.has(name):
            raise UnsupportedError(f"argument {name} of nn.LayerNorm")
    parts = [bound.text("in_channels")] if bound.has("in_channels") else []
    parts += [f"eps={bound.text('epsilon')}"] if bound.has("epsilon") else []
    return parse(f"{'nn' if bound.has('in_channels') else 'runtime'}.LayerNorm({', '.join(parts)})")


@rule
def recurrent(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    if "layout" in bound.given and literal(bound, "layout") != "TNC":
        raise UnsupportedError(f"layout={bound.text('layout')} of {bound.row.name}")
    bound.given.pop("layout", None)
    return fill(bound.row.torch, bound)


@rule
def cast(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    return parse(f"{bound.self_text}.to({code(torch_dtype(bound.given['dtype'].value))})")


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
                made = Layer(flat=port.layer_flatness(original.value))
                made.inner = port.kind(original.value).main if group is None else None
                layers.append(group or made)
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


NAMED_INITIALISERS = {
    "xavier": "nn.init.xavier_uniform_",
    "normal": "lambda w: nn.init.normal_(w, std=0.01)",
    "zeros": "nn.init.zeros_",
    "ones": "nn.init.ones_",
    "uniform": "lambda w: nn.init.uniform_(w, -0.07, 0.07)",
}


def _initialiser(bound: Bound) -> str:
    """An initialiser by name, or as it is written."""
    named = literal(bound, "init")
    if not isinstance(named, str):
        return bound.text("init")
    if named.lower() not in NAMED_INITIALISERS:
        raise UnsupportedError(f"initialiser {named!r}")
    return NAMED_INITIALISERS[named.lower()]


@rule
def initialize(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    parts = [code(bound.receiver)] if bound.receiver is not None else []
    if "init" in bound.given and bound.text("init") != "None":
        parts.append(_initialiser(bound))
    if "ctx" in bound.given:
        parts.append(f"device={bound.text('ctx')}")
    if "force_reinit" in bound.given:
        parts.append(f"force_reinit={bound.text('force_reinit')}")
    return parse(f"runtime.initialize({', '.join(parts)})")


@rule
def collect_params(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    named = port.is_named(call)
    if "select" not in bound.given:
        return fill("dict({self}.named_parameters())" if named else "{self}.parameters()", bound)
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
    rest = f"for name, param in {bound.self_text}.named_parameters() if {test}"
    return parse(f"{{name: param {rest}}}" if named else f"[param {rest}]")


@rule
def load(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    device = f", map_location={bound.text('ctx')}" if "ctx" in bound.given else ""
    return parse(f"{bound.self_text}.load_state_dict(torch.load({bound.text('filename')}{device}))")


@rule
def parameter_data(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    if port.state.divided and bound.row.name == "Parameter.grad":
        port.note("divided-gradient", call)
    return fill(bound.row.torch, bound)


@rule
def zero_grad(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    port.before.append(f"{bound.self_text}.grad = None\n")
    return REMOVED


@rule
def parameter_dict(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    """The prefix becomes part of each name, as in MXNet."""
    prefix = literal(bound, "prefix") if "prefix" in bound.given else ""
    if not isinstance(prefix, str) or bound.has("shared"):
        raise UnsupportedError("prefix or shared of gluon.ParameterDict")
    port.state.prefixes[port.assigned.get(id(call), "")] = prefix
    return parse("nn.ParameterDict()")


@rule
def params_get(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    for name in ("lr_mult", "wd_mult"):
        if name in {p.name for p in bound.parameters} and bound.has(name):
            raise UnsupportedError(f"{name} of {bound.row.name}")
    made = f"nn.Parameter(torch.empty({bound.text('shape')}))"
    if "init" in bound.given:
        made = f"runtime.parameter({bound.text('shape')}, {_initialiser(bound)})"
    if bound.row.name == "ParameterDict.get":
        prefix = port.state.prefixes.get(bound.self_text)
        if prefix:
            whole = prefix + str(literal(bound, "name"))
            return parse(f"{bound.self_text}.setdefault({whole!r}, {made})")
        return parse(f"{bound.self_text}.setdefault({bound.text('name')}, {made})")
    return parse(made)
