"""Bind the arguments of an MXNet call and fill the template of its row."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import libcst as cst

from porting.api_map.row import Row

MODULE = cst.Module([])
ATOMS = (
    cst.Name,
    cst.Attribute,
    cst.Call,
    cst.Subscript,
    cst.List,
    cst.Dict,
    cst.Integer,
    cst.Float,
    cst.SimpleString,
)
DTYPES = {
    "float16": "torch.float16", "float32": "torch.float32", "float64": "torch.float64",
    "int8": "torch.int8", "int32": "torch.int32", "int64": "torch.int64", "uint8": "torch.uint8",
    "bool": "torch.bool", "int": "torch.int64", "float": "torch.float64",
}  # fmt: skip


# Keywords of MXNet that the PyTorch function of a row spells alike.
SHARED = {
    "arange": "step", "linspace": "start", "logspace": "start base", "eye": "n", "diff": "n",
    "topk": "k", "norm": "ord", "vector_norm": "ord", "bincount": "weights minlength",
    "clamp": "min max", "repeat_interleave": "repeats", "full": "fill_value",
    "full_like": "fill_value", "movedim": "source destination", "quantile": "q",
    "conv1d": "weight bias stride", "conv2d": "weight bias stride", "conv3d": "weight bias stride",
    "conv_transpose2d": "weight bias stride",
}  # fmt: skip
ARRAYS = ("nd.", "np.", "npx.", "NDArray.", "ndarray.", "random.")


class UnsupportedError(Exception):
    """This use of a known name has no PyTorch form; the message is the reason."""


def code(node: cst.CSTNode) -> str:
    return MODULE.code_for_node(node)


def atom(node: cst.BaseExpression) -> cst.BaseExpression:
    """The node, in parentheses if an attribute could not follow it."""
    if isinstance(node, ATOMS) or node.lpar:
        return node
    return node.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])


@dataclass(frozen=True)
class Parameter:
    """One argument of MXNet's signature; see Row.signature for the marks."""

    name: str
    torch: str
    default: str | None
    always: str | None
    dropped: bool
    variadic: bool
    renamed: bool = False


def parse_signature(text: str) -> list[Parameter]:
    found = []
    for token in text.split():
        always = default = None
        head, _, rename = token.partition(">")
        if match := re.match(r"(.*?):=(.*)$", token):
            head, always = match.groups()
            head, _, rename_head = head.partition(">")
            always, _, rename_tail = always.partition(">")
            rename = rename_head or rename_tail
        elif "=" in head:
            head, default = head.split("=", 1)
        name = head.strip("*!")
        found.append(
            Parameter(
                name,
                rename or name,
                default,
                always,
                head.endswith("!"),
                head.startswith("*"),
                bool(rename),
            )
        )
    return found


@dataclass
class Bound:
    """The arguments of one call, by MXNet's names."""

    row: Row
    parameters: list[Parameter]
    given: dict[str, cst.Arg]
    variadic: list[cst.Arg] = field(default_factory=list)
    receiver: cst.BaseExpression | None = None

    def has(self, name: str) -> bool:
        """Whether the argument is there and differs from its default."""
        parameter = next(p for p in self.parameters if p.name == name)
        return name in self.given and code(self.given[name].value) != parameter.default

    def text(self, name: str) -> str:
        """The code of an argument, or of its default."""
        if name in self.given:
            return code(self.given[name].value)
        parameter = next((p for p in self.parameters if p.name == name), None)
        default = (parameter.default or parameter.always) if parameter else None
        if default is None:
            raise UnsupportedError(f"{self.row.name} without {name}")
        return default

    @property
    def self_text(self) -> str:
        assert self.receiver is not None
        return code(atom(self.receiver))


def bind(row: Row, args: list[cst.Arg], receiver: cst.BaseExpression | None) -> Bound:
    parameters = parse_signature(row.signature)
    given: dict[str, cst.Arg] = {}
    variadic: list[cst.Arg] = []
    names = [p.name for p in parameters if not p.variadic]
    takes_rest = any(p.variadic for p in parameters)
    order = iter(names)
    for arg in args:
        if arg.star == "**":
            raise UnsupportedError(f"{row.name} with **{code(arg.value)}")
        if arg.keyword is not None:
            name = arg.keyword.value
            if name not in names and takes_rest and name in [p.name for p in parameters]:
                variadic.append(arg.with_changes(keyword=None, equal=cst.MaybeSentinel.DEFAULT))
                continue
            if name not in names:
                raise UnsupportedError(f"argument {name} of {row.name}")
            given[name] = arg
        elif takes_rest:
            variadic.append(arg)
        elif arg.star:
            raise UnsupportedError(f"{row.name} with *{code(arg.value)}")
        else:
            name = next(order, "")
            if not name:
                raise UnsupportedError(f"{row.name} with more than {len(names)} arguments")
            given[name] = arg
    return Bound(row, parameters, given, variadic, receiver)


def torch_dtype(node: cst.BaseExpression) -> cst.BaseExpression:
    """'float32', np.float32 and x.dtype as a torch dtype."""
    text = code(node)
    if isinstance(node, cst.SimpleString):
        name = str(node.evaluated_value)
        if name not in DTYPES:
            raise UnsupportedError(f"dtype {text}")
        return cst.parse_expression(DTYPES[name])
    name = text.split(".")[-1]
    if name in DTYPES and (text == name or text.startswith(("np.", "numpy."))):
        return cst.parse_expression(DTYPES[name])
    return node


def _rendered(bound: Bound, used: set[str]) -> list[cst.Arg]:
    """The arguments for `{}`: renamed, without defaults, positional where nothing was left out."""
    rendered: list[cst.Arg] = []
    gap = False
    for parameter in bound.parameters:
        if parameter.variadic:
            rendered += bound.variadic
            continue
        if parameter.name in used or parameter.dropped:
            continue
        arg = bound.given.get(parameter.name)
        if arg is None and parameter.always is not None:
            value = cst.parse_expression(
                "torch." + parameter.always if parameter.name == "dtype" else parameter.always
            )
            rendered.append(keyword(parameter.torch, value))
            continue
        if arg is None or not bound.has(parameter.name):
            gap = True
            continue
        value = torch_dtype(arg.value) if parameter.name == "dtype" else arg.value
        if (
            arg.keyword is None
            and not gap
            and not any(a.keyword for a in rendered)
            and (not rendered or parameter.torch not in ("dim", "device", "dtype"))
            and parameter.torch not in ("dim", "device", "dtype", "keepdim")
        ):
            rendered.append(arg.with_changes(value=value))
        elif parameter.renamed or _shared(bound.row, parameter.name):
            rendered.append(keyword(parameter.torch, value).with_changes(comma=arg.comma))
        elif not gap and all(a.keyword is None or a.keyword.value == "input" for a in rendered):
            # MXNet's own name, which PyTorch does not know: by position, as what stands before it.
            rendered = [*map(_positional, rendered), _positional(arg.with_changes(value=value))]
        else:
            raise UnsupportedError(f"argument {parameter.name} of {bound.row.name}")
    return _commas(rendered)


def _positional(arg: cst.Arg) -> cst.Arg:
    return arg.with_changes(keyword=None, equal=cst.MaybeSentinel.DEFAULT)


def _shared(row: Row, name: str) -> bool:
    """Whether the PyTorch function takes the argument under MXNet's name."""
    head = row.torch.partition("({}")[0]
    if name == "dtype" or not row.name.startswith(ARRAYS):
        return True
    if head.startswith("runtime.sequence"):
        return True
    return name in SHARED.get(head.rpartition(".")[2], "").split()


def keyword(name: str, value: cst.BaseExpression) -> cst.Arg:
    return cst.Arg(
        value,
        keyword=cst.Name(name),
        equal=cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace("")),
    )


def _commas(args: list[cst.Arg]) -> list[cst.Arg]:
    """Commas between, none after the last one that had none."""
    fixed = []
    for index, arg in enumerate(args):
        last = index == len(args) - 1
        if last:
            arg = arg.with_changes(
                comma=cst.MaybeSentinel.DEFAULT, whitespace_after_arg=cst.SimpleWhitespace("")
            )
        elif not isinstance(arg.comma, cst.Comma):
            arg = arg.with_changes(
                comma=cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")),
                whitespace_after_arg=cst.SimpleWhitespace(""),
            )
        fixed.append(arg)
    return fixed


class _Fill(cst.CSTTransformer):
    def __init__(self, values: dict[str, cst.BaseExpression], args: list[cst.Arg]):
        self.values, self.args = values, args

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.Call:
        args = list(updated_node.args)
        if any(isinstance(a.value, cst.Name) and a.value.value == "__args__" for a in args):
            before = [
                a
                for a in args
                if not (isinstance(a.value, cst.Name) and a.value.value == "__args__")
            ]
            return updated_node.with_changes(args=_commas([*before, *self.args]))
        return updated_node

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        return self.values.get(updated_node.value, updated_node)


def fill(template: str, bound: Bound) -> cst.BaseExpression:
    """The template of a row as an expression."""
    used = set(re.findall(r"\{(\w+)\}", template))
    values: dict[str, cst.BaseExpression] = {}
    for name in used:
        if name == "self":
            assert bound.receiver is not None
            values["__self__"] = atom(bound.receiver)
        elif name == "args":
            continue
        else:
            value = (
                bound.given[name].value
                if name in bound.given
                else cst.parse_expression(bound.text(name))
            )
            bare = re.search(rf"[(\[]\{{{name}\}}[,)\]]|^\{{{name}\}}$", template)
            values[f"__{name}__"] = value if bare else atom(value)
    args = _rendered(bound, used)
    if "{args}" in template:
        inner = ", ".join(
            code(a.with_changes(comma=cst.MaybeSentinel.DEFAULT)) for a in bound.variadic
        )
        template = template.replace("{args}", inner + ("," if len(bound.variadic) == 1 else ""))
    leftover = [
        p.name
        for p in bound.parameters
        if "{}" not in template and p.name not in used and not p.dropped and not p.variadic
        and p.name in bound.given and bound.has(p.name)
    ]  # fmt: skip
    if leftover:
        raise UnsupportedError(f"argument {leftover[0]} of {bound.row.name}")
    text = re.sub(r"\{(\w+)\}", r"__\1__", template.replace("{}", "__args__"))
    tree = cst.parse_expression(text)
    if not args and "__args__" in text:
        tree = cst.parse_expression(text.replace("__args__", ""))
    filled = tree.visit(_Fill(values, args))
    assert isinstance(filled, cst.BaseExpression)
    return filled
