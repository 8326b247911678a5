"""Rules of ``mxnet.np``."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import libcst as cst
import libcst.matchers as m

from porting.rules.registry import REMOVED, literal, parse, rule, suffixed
from porting.templates import Bound, UnsupportedError, atom, code, fill, torch_dtype

if TYPE_CHECKING:
    from porting.rewrite import Rewriter

# Functions of `math` that take the number which np.NAME was given.
OF_NUMBERS = {
    name: f"math.{name}"
    for name in (
        "ceil", "cos", "cosh", "exp", "expm1", "floor", "log", "log10", "log1p", "log2", "sin",
        "sinh", "sqrt", "tan", "tanh", "trunc", "cbrt",
    )
} | {"abs": "abs"}  # fmt: skip


def _text(bound: Bound, name: str) -> str:
    return code(atom(bound.given[name].value))


def is_shape(node: cst.BaseExpression) -> bool:
    """Whether the text shows a tuple; a name may hold a number."""
    return isinstance(node, (cst.Tuple, cst.List)) or code(node).endswith(".shape")


def shape(bound: Bound, name: str = "size") -> str:
    """The shape of a draw: (n,) for a number, () for none."""
    if name not in bound.given or bound.text(name) == "None":
        return "()"
    node = bound.given[name].value
    return f"({code(node)},)" if isinstance(node, cst.Integer) else code(node)


def shown(bound: Bound, name: str = "size") -> bool:
    """Whether ``shape`` is a tuple for certain."""
    if name not in bound.given or bound.text(name) == "None":
        return True
    node = bound.given[name].value
    return isinstance(node, cst.Integer) or is_shape(node)


def tail(bound: Bound, dtype: str = "") -> str:
    text = f", device={bound.text('ctx')}" if "ctx" in bound.given else ""
    if bound.given.get("dtype") is not None and bound.text("dtype") != "None":
        dtype = code(torch_dtype(bound.given["dtype"].value))
    return text + (f", dtype={dtype}" if dtype else "")


def original(call: cst.Call, bound: Bound, name: str) -> cst.BaseExpression | None:
    """An argument as it stood before it was ported."""
    if bound.receiver is not None and isinstance(call.func, cst.Attribute):
        return call.func.value
    names = [p.name for p in bound.parameters]
    for position, arg in enumerate(call.args):
        if (arg.keyword is None and names[position : position + 1] == [name]) or (
            arg.keyword is not None and arg.keyword.value == name
        ):
            return arg.value
    return None


@rule
def np_unary(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    """np.sqrt(2) is a number."""
    name = bound.row.name.partition(".")[2]
    if name in OF_NUMBERS and port.kind(call.args[0].value).name == "py":
        target = OF_NUMBERS[name]
        if target.startswith("math."):
            port.need_import("math")
        return parse(f"{target}({bound.text('x')})")
    return fill(bound.row.torch, bound)


@rule
def np_mean(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    """The mean of bools is a float in MXNet."""
    source = original(call, bound, "a")
    if source is not None and port.kind(source).boolean:
        if bound.receiver is not None:
            bound.receiver = suffixed(bound.receiver, ".float()")
        else:
            given = bound.given["a"]
            bound.given["a"] = given.with_changes(value=suffixed(given.value, ".float()"))
    return fill(bound.row.torch, bound)


@rule
def np_round(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    if bound.has("decimals"):
        return parse(f"torch.round({bound.text('x')}, decimals={bound.text('decimals')})")
    return fill("torch.round({x})", bound)


@rule
def np_cumsum(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    if bound.has("axis"):
        return fill(bound.row.torch, bound)
    source = bound.self_text if bound.receiver is not None else _text(bound, "a")
    return parse(f"{source}.flatten().cumsum(dim=0)")


@rule
def np_reshape(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    """NumPy's meaning in both; an axis of -1 is the only code."""
    assert bound.receiver is not None
    args = [
        a.with_changes(keyword=None, equal=cst.MaybeSentinel.DEFAULT)
        for a in (*bound.variadic, *bound.given.values())
    ]
    return call.with_changes(
        func=cst.Attribute(atom(bound.receiver), cst.Name("reshape")), args=args
    )


@rule
def np_tile(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    return parse(f"torch.tile({bound.text('A')}, {shape(bound, 'reps')})")


@rule
def np_flip(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    source = bound.text("m")
    if not bound.has("axis"):
        return parse(f"torch.flip({source}, dims=tuple(range({_text(bound, 'm')}.ndim)))")
    axis = bound.text("axis")
    return parse(
        f"torch.flip({source}, dims={axis if axis.startswith(('(', '[')) else f'({axis},)'})"
    )


@rule
def np_meshgrid(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    parts = [("*" if a.star else "") + code(a.value) for a in bound.variadic if a.keyword is None]
    return parse(f"torch.meshgrid({', '.join(parts)}, indexing={bound.text('indexing')})")


@rule
def np_pad(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    """F.pad starts at the last axis."""
    if literal(bound, "mode") != "constant":
        raise UnsupportedError(f"mode={bound.text('mode')} of np.pad")
    widths = bound.given["pad_width"].value
    if not isinstance(widths, (cst.Tuple, cst.List)) or not all(
        isinstance(e.value, (cst.Tuple, cst.List)) and len(e.value.elements) == 2
        for e in widths.elements
    ):
        raise UnsupportedError(f"pad_width={code(widths)} of np.pad, without a pair for each axis")
    pairs = [
        [code(side.value) for side in cst.ensure_type(e.value, type(e.value)).elements]
        for e in reversed(widths.elements)
        if isinstance(e.value, (cst.Tuple, cst.List))
    ]
    value = f", value={bound.text('constant_values')}" if bound.has("constant_values") else ""
    flat = ", ".join(side for pair in pairs for side in pair)
    return parse(f"F.pad({bound.text('x')}, ({flat}){value})")


@rule
def np_where(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    condition = bound.given["condition"].value
    source = original(call, bound, "condition")
    text = code(condition)
    if source is None or not port.kind(source).boolean:
        text = code(atom(condition)) + ".bool()"
    rest = [bound.text(name) for name in ("x", "y") if name in bound.given]
    return parse(f"torch.where({', '.join([text, *rest])})")


@rule
def np_take(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    if bound.has("mode"):
        raise UnsupportedError(f"mode={bound.text('mode')} of {bound.row.name}")
    source = bound.self_text if bound.receiver is not None else _text(bound, "a")
    indices = f"{_text(bound, 'indices')}.long()"
    if not bound.has("axis"):
        return parse(f"{source}.flatten()[{indices}]")
    axis = literal(bound, "axis")
    if not isinstance(axis, int) or axis < -1:
        raise UnsupportedError(f"axis={bound.text('axis')} of {bound.row.name}")
    return parse(f"{source}[{'..., ' if axis == -1 else ':, ' * axis}{indices}]")


@rule
def np_full(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    where = shape(bound, "shape")
    return parse(f"torch.full({where}, {bound.text('fill_value')}{tail(bound, 'torch.float32')})")


def _is_float(node: cst.BaseExpression) -> bool:
    """Whether PyTorch makes float32 of it unasked: numbers, one of them with a point."""
    return bool(m.findall(node, m.Float())) and not m.findall(node, m.Name())


@rule
def np_arange(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    limits = [bound.given[n].value for n in ("start", "stop", "step") if n in bound.given]
    node = fill(bound.row.torch, bound)
    if "dtype" not in bound.given and any(_is_float(n) for n in limits):
        return parse(code(node).replace(", dtype=torch.float32", ""))
    return node


@rule
def np_array(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    """A copy: an array and NumPy's keep their type, everything else becomes float32."""
    source = original(call, bound, "object")
    kind = port.kind(source).name if source is not None else "unknown"
    if kind == "tensor":
        text = _text(bound, "object") + ".clone()"
        for name in ("dtype", "ctx"):
            if name in bound.given:
                value = bound.given[name].value
                text += f".to({code(torch_dtype(value) if name == 'dtype' else value)})"
        return parse(text)
    known = kind == "numpy" or _is_float(bound.given["object"].value)
    dtype = "" if known else "torch.float32"
    return parse(f"torch.tensor({bound.text('object')}{tail(bound, dtype)})")


# ---- draws ----


def _float(text: str) -> str:
    return text + ".0" if text.lstrip("-").isdigit() else text


def _is_array(port: Rewriter, call: cst.Call, bound: Bound, name: str) -> bool:
    source = original(call, bound, name)
    return source is not None and port.kind(source).name == "tensor"


def _is_number(text: str) -> bool:
    try:
        return isinstance(ast.literal_eval(text), (int, float))
    except (ValueError, SyntaxError):
        return False


@rule
def np_normal(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    mean, deviation = bound.text("loc"), bound.text("scale")
    if any(_is_array(port, call, bound, name) for name in ("loc", "scale")):
        if "size" in bound.given:
            return parse(f"{mean} + {deviation} * torch.randn({shape(bound)}{tail(bound)})")
        return parse(f"torch.normal({_float(mean)}, {_float(deviation)})")
    if shown(bound) and _is_number(mean) and _is_number(deviation):
        numbers = f"{_float(mean)}, {_float(deviation)}"
        return parse(f"torch.normal({numbers}, size={shape(bound)}{tail(bound)})")
    return parse(f"torch.empty({shape(bound)}{tail(bound)}).normal_({mean}, {deviation})")


@rule
def np_uniform(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    if any(_is_array(port, call, bound, name) for name in ("low", "high")):
        raise UnsupportedError("an array as a bound of np.random.uniform")
    low, high = bound.text("low"), bound.text("high")
    if (literal(bound, "low"), literal(bound, "high")) == (0, 1):
        return parse(f"torch.rand({shape(bound)}{tail(bound)})")
    return parse(f"torch.empty({shape(bound)}{tail(bound)}).uniform_({low}, {high})")


@rule
def np_randint(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    low, high = "0", bound.text("low")
    if "high" in bound.given and bound.text("high") != "None":
        low, high = high, bound.text("high")
    if shown(bound):
        return parse(f"torch.randint({low}, {high}, {shape(bound)}{tail(bound)})")
    return parse(f"torch.empty({shape(bound)}{tail(bound, 'torch.int64')}).random_({low}, {high})")


@rule
def np_choice(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    """Draw places, then read them if the population is an array."""
    population = original(call, bound, "a")
    kind = port.kind(population).name if population is not None else ""
    if kind not in ("py", "tensor") or isinstance(population, (cst.List, cst.Tuple)):
        raise UnsupportedError("np.random.choice of what may be a number or an array")
    source = bound.text("a")
    count = source if kind == "py" else f"len({source})"
    replaced = literal(bound, "replace")
    if replaced is None or not shown(bound):
        raise UnsupportedError("size or replace of np.random.choice, known at run time only")
    if replaced and "p" not in bound.given:
        places = f"torch.randint(0, {count}, {shape(bound)}{tail(bound)})"
    elif is_shape(bound.given["size"].value) if "size" in bound.given else True:
        raise UnsupportedError(
            f"size={shape(bound)} of np.random.choice without replacement or with p"
        )
    elif "p" in bound.given:
        weights = f"torch.as_tensor({bound.text('p')})"
        size = bound.text("size")
        places = f"torch.multinomial({weights}, {size}{', replacement=True' if replaced else ''})"
    else:
        places = f"torch.randperm({count}{tail(bound)})[:{bound.text('size')}]"
    return parse(places if kind == "py" else f"{_text(bound, 'a')}[{places}]")


@rule
def np_shuffle(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    """In place along the first axis."""
    source = bound.text("x")
    port.before.append(f"{source}[:] = {source}[torch.randperm(len({source}))]\n")
    port.need_import("torch")
    return REMOVED


@rule
def np_multinomial(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    """Counts of each outcome, not drawn outcomes."""
    weights = bound.text("pvals")
    if not _is_array(port, call, bound, "pvals"):
        weights = f"torch.as_tensor({weights})"
    drawn = f"torch.distributions.Multinomial({bound.text('n')}, {weights})"
    return parse(f"{drawn}.sample({shape(bound) if 'size' in bound.given else ''}).long()")


@rule
def np_distribution(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    if "dtype" in bound.given or "ctx" in bound.given:
        raise UnsupportedError(f"dtype or ctx of {bound.row.name}")
    if not shown(bound):
        raise UnsupportedError(f"size={bound.text('size')} of {bound.row.name}, may be a number")
    if bound.row.name.endswith("gamma"):
        made = f"Gamma({bound.text('shape')}, 1 / {code(atom(parse(bound.text('scale'))))})"
    else:
        made = f"Beta({bound.text('a')}, {bound.text('b')})"
    return parse(
        f"torch.distributions.{made}.sample({shape(bound) if 'size' in bound.given else ''})"
    )


@rule
def np_filled(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    if any(_is_array(port, call, bound, p.name) for p in bound.parameters if p.name != "size"):
        raise UnsupportedError(f"an array as a parameter of {bound.row.name}")
    made = f"torch.empty({shape(bound)}{tail(bound)})"
    if bound.row.name.endswith("exponential"):
        return parse(f"{made}.exponential_(1 / {code(atom(parse(bound.text('scale'))))})")
    return parse(f"{made}.log_normal_({bound.text('mean')}, {bound.text('sigma')})")
