"""The rewrite of one cell or file; what is not MXNet keeps its bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import libcst as cst
import libcst.matchers as m
from libcst.metadata import MetadataWrapper, PositionProvider

from porting import names as mxnet_names
from porting import training
from porting.api_map import Row, find
from porting.findings import Finding
from porting.kinds import PYTHON, TENSOR, UNKNOWN, Kind, Layer, Scope
from porting.rules import REMOVED, RULES
from porting.templates import UnsupportedError, atom, bind, code

# Methods that lists, strings, dicts and sets have too: left alone unless the text shows an array.
ALSO_PYTHON = {
    "split",
    "sort",
    "copy",
    "add",
    "index",
    "round",
    "pop",
    "format",
    "flip",
    "data",
    "grad",
    "step",
}
MODULE_METHODS = {
    "initialize", "hybridize", "collect_params", "name_scope", "save_parameters", "load_parameters",
    "save_params", "load_params", "register_child",
}  # fmt: skip
BUILTIN_CALLS = {
    "len",
    "range",
    "zip",
    "enumerate",
    "list",
    "dict",
    "set",
    "tuple",
    "int",
    "float",
    "str",
    "sum",
    "open",
    "print",
    "sorted",
    "isinstance",
    "max",
    "min",
    "abs",
    "round",
}
NETWORK_NAMES = ("net", "model", "blk", "block")
IMPORT = "__mx2torch_import_"


def dotted(node: cst.CSTNode) -> str:
    """a.b.c, or nothing for anything else."""
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute) and (base := dotted(node.value)):
        return f"{base}.{node.attr.value}"
    return ""


class State:
    """What the cells of one document share."""

    def __init__(self) -> None:
        self.document = Scope()
        self.aliases: dict[str, str] = {}
        self.imports: dict[str, None] = {}
        self.findings: list[Finding] = []
        self.data_alias = ""
        self.helper_alias = ""
        self.uses_is_training = False
        self.depends: dict[str, set[str]] = {}
        self.differentiated: list[tuple[str, str]] = []
        self.leaves: list[str] = []
        self.import_lines: list[list[cst.BaseSmallStatement]] = []


class Rewriter(cst.CSTTransformer):
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, state: State, cell: int, plan: training.Plan, interactive: bool):
        super().__init__()
        self.state, self.cell, self.plan, self.interactive = state, cell, plan, interactive
        self.scopes: list[Scope] = [state.document]
        self.groups: dict[cst.CSTNode, Layer] = {}
        self.quiet: set[int] = set()
        self.values_only: set[int] = set()
        self.boolean: set[int] = set()
        self.assigned: dict[int, str] = {}
        self.adding: dict[int, tuple[cst.Call, int]] = {}
        self.reasons: list[str] = []
        self.before: list[str] = []
        self.tags: dict[int, tuple[str, Any, cst.CSTNode]] = {}
        self.recording = 0
        self.suspended: list[Any] = []
        self.mode: dict[str, str] = {}

    # ---- names and kinds ----

    def scope(self) -> Scope:
        return self.scopes[-1]

    def lookup(self, name: str) -> Kind | None:
        for position, scope in enumerate(reversed(self.scopes)):
            if scope.is_class and position and "." not in name:
                continue
            if name in scope.names:
                return scope.names[name]
        return None

    def bind_name(self, name: str, kind: Kind) -> None:
        if name.startswith("self."):
            for scope in reversed(self.scopes):
                if scope.is_class:
                    scope.names[name] = kind
                    return
        scope = self.scope()
        scope.names[name] = kind
        if scope is self.state.document:
            self.state.aliases.pop(name, None)

    def canonical(self, node: cst.CSTNode) -> str:
        """The MXNet name a chain of names stands for, or nothing."""
        chain = dotted(node)
        if not chain:
            return ""
        root, _, rest = chain.partition(".")
        kind = self.lookup(root)
        target = kind.alias if kind is not None else self.state.aliases.get(root, "")
        if not target:
            return ""
        return mxnet_names.canonical(f"{target}.{rest}".rstrip("."))

    def kind(self, node: cst.BaseExpression) -> Kind:
        """What the text says about the type of an expression."""
        if isinstance(node, cst.Name):
            return self.lookup(node.value) or UNKNOWN
        if isinstance(node, (cst.Integer, cst.Float, cst.SimpleString, cst.List, cst.Dict, cst.Tuple,
                             cst.ListComp, cst.FormattedString, cst.Lambda, cst.DictComp, cst.Set)):  # fmt: skip
            return PYTHON
        if isinstance(node, cst.Call):
            return self._call_kind(node)
        if isinstance(node, cst.Attribute):
            return self._attribute_kind(node)
        if isinstance(node, cst.Subscript):
            base = self.kind(node.value)
            if base.name == "tensors":
                return TENSOR
            return Kind(base.name) if base.name in ("tensor", "numpy", "module") else UNKNOWN
        if isinstance(node, (cst.BinaryOperation, cst.Comparison)):
            sides = (
                [node.left, node.right]
                if isinstance(node, cst.BinaryOperation)
                else [node.left, *(c.comparator for c in node.comparisons)]
            )
            kinds = [self.kind(s) for s in sides]
            found = {k.name for k in kinds}
            if "tensor" in found:
                scalar = all(k.scalar or k.name == "py" for k in kinds)
                return Kind("tensor", scalar=scalar)
            if "numpy" in found:
                return Kind("numpy")
            return PYTHON if found == {"py"} else UNKNOWN
        if isinstance(node, cst.UnaryOperation):
            return self.kind(node.expression)
        return UNKNOWN

    def _row_kind(self, row: Row, call: cst.Call) -> Kind:
        if row.kind == "loss":
            return Kind("loss", detail=row.rule)
        if row.rule == "sequential":
            return Kind("module", layers=[])
        if row.kind == "module":
            group = self.groups.get(call)
            return Kind(
                "module", main=group.main if group and group.width > 1 else None, detail=row.name
            )
        return Kind(row.kind)

    def _call_kind(self, node: cst.Call) -> Kind:
        name = self.canonical(node.func)
        if name:
            row = find(name)
            if row is None:
                return UNKNOWN
            kind = self._row_kind(row, node)
            if row.rule in ("call", "extremum") and name.split(".")[-1] in (
                "sum",
                "mean",
                "max",
                "min",
                "norm",
            ):
                kind.scalar = len(node.args) == 1
            return kind
        if isinstance(node.func, cst.Name):
            known = self.lookup(node.func.value)
            if known is None:
                return PYTHON if node.func.value in BUILTIN_CALLS else UNKNOWN
            if known.name == "class":
                return Kind("module") if known.detail == "module" else UNKNOWN
            if known.name == "function":
                return known.returns or UNKNOWN
            return TENSOR if known.name in ("module", "loss") else UNKNOWN
        if isinstance(node.func, cst.Attribute):
            row = self.method(node)
            if row is not None and row.name.startswith("Module.params"):
                return Kind(row.kind)
            base = self.kind(node.func.value)
            attribute = node.func.attr.value
            if row is not None:
                kind = self._row_kind(row, node)
                if kind.name == "tensor" and attribute in (
                    "sum",
                    "mean",
                    "max",
                    "min",
                    "norm",
                    "prod",
                ):
                    kind.scalar = not node.args
                if kind.name == "tensor" and base.scalar:
                    kind.scalar = True
                return kind
            if base.name in ("numpy", "py"):
                return Kind(base.name)
            member = self.lookup(dotted(node.func))
            if member is not None and member.name in ("module", "loss"):
                return TENSOR
            root = dotted(node.func).partition(".")[0]
            if root in ("np", "numpy") and self.lookup(root) is None:
                return Kind("numpy")
            if root in ("math", "os", "time", "random", "sys", "plt"):
                return PYTHON
        return UNKNOWN

    def _attribute_kind(self, node: cst.Attribute) -> Kind:
        chain = dotted(node)
        if chain and (known := self.lookup(chain)):
            return known
        name = self.canonical(node)
        if name:
            row = find(name)
            if row is None:
                return UNKNOWN
            if row.kind == "class":
                return Kind("class", detail="module" if row.torch == "nn.Module" else "")
            return Kind("function", returns=Kind(row.kind)) if row.rule == "helper" else UNKNOWN
        base = self.kind(node.value)
        attribute = node.attr.value
        if attribute in ("shape", "dtype", "ndim", "stype"):
            return PYTHON
        if attribute in ("weight", "bias", "gamma", "beta") and base.name != "numpy":
            return Kind("param")
        if attribute == "grad" or (attribute == "T" and base.name == "tensor"):
            return TENSOR
        if base.name == "numpy":
            return base
        return UNKNOWN

    # ---- what the rules ask for ----

    def only_value(self, call: cst.Call) -> bool:
        return id(call) in self.values_only

    def need_import(self, name: str) -> None:
        self.state.imports[name] = None

    def data_module(self) -> str:
        if not self.state.data_alias:
            self.state.data_alias = "data"
        self.need_import("data")
        return self.state.data_alias

    def rescale(self, optimizer: str, divisor: str) -> None:
        self.before.append(
            f"for group in {optimizer}.param_groups:\n"
            f"    for param in group['params']:\n"
            f"        if param.grad is not None:\n"
            f"            param.grad /= {divisor}\n"
        )

    def line(self, node: cst.CSTNode) -> int:
        return self.get_metadata(PositionProvider, node).start.line

    def note(self, key: str, node: cst.CSTNode) -> None:
        """A note of its own, for a change that belongs to no name alone."""
        text = code(node)
        self.state.findings.append(
            Finding(self.cell, self.line(node), key, text, "", key, (key,), "note")
        )

    def attached(self, call: cst.Call) -> None:
        assert isinstance(call.func, cst.Attribute)
        if isinstance(call.func.value, cst.Name):
            self.state.leaves.append(call.func.value.value)

    def found(
        self, row: Row, node: cst.CSTNode, new: cst.CSTNode, extra: tuple[str, ...] = ()
    ) -> None:
        status = "proven" if row.proven else "known"
        text = code(new)
        shown = "" if text == REMOVED.value else text
        self.state.findings.append(
            Finding(
                self.cell,
                self.line(node),
                row.name,
                code(node),
                shown,
                row.rule,
                (*row.notes, *extra),
                status,
                row.proof,
            )
        )
        for name, need in (
            ("torch.", "torch"),
            ("nn.", "nn"),
            ("F.", "F"),
            ("runtime.", "runtime"),
        ):
            if any(part.startswith(name) for part in _words(text)):
                self.need_import(need)
        if row.rule == "optimizer" or row.name.startswith("gluon.Trainer"):
            self.need_import("torch")

    def stub(
        self,
        name: str,
        node: cst.BaseExpression,
        updated: cst.BaseExpression,
        reason: str,
        key: str,
    ) -> cst.BaseExpression:
        """A call that raises the reason; the original stays visible in it."""
        self.need_import("runtime")
        self.reasons.append(f"{name}: {reason}")
        target = cst.parse_expression(f"runtime.not_ported({name!r}, {reason!r})")
        new: cst.BaseExpression = target
        if isinstance(updated, cst.Call):
            new = updated.with_changes(func=target)
        self.state.findings.append(
            Finding(
                self.cell,
                self.line(node),
                name,
                code(node),
                code(new),
                "stub",
                (key,),
                "unknown",
                "",
                reason,
            )
        )
        return new

    def method(self, node: cst.Call) -> Row | None:
        """The row of a method call, by the kind of its receiver."""
        assert isinstance(node.func, cst.Attribute)
        attribute = node.func.attr.value
        base = self.kind(node.func.value)
        receiver = node.func.value
        if dotted(receiver).endswith(".params") and attribute in ("get", "get_constant"):
            return find(f"Module.params.{attribute}")
        if attribute in MODULE_METHODS and base.name in ("unknown", "module", "param"):
            return find(f"Module.{attribute}")
        if isinstance(receiver, cst.Call) and code(receiver.func) == "super":
            return None
        owner = {
            "module": "Module",
            "trainer": "Trainer",
            "param": "Parameter",
            "dataset": "Dataset",
            "tensor": "NDArray",
        }.get(base.name)
        if owner == "Module" and attribute == "add":
            return find("Module.add")
        if owner:
            row = find(f"{owner}.{attribute}")
            if row is None and owner == "Parameter":
                row = find(f"NDArray.{attribute}")
            return row if row is None or row.rule != "attribute" else None
        if base.name != "unknown" or dotted(receiver) in ("self", "cls", "super"):
            return None
        if attribute == "step" and len(node.args) == 1 and self.has_mxnet():
            return find("Trainer.step")
        if attribute in ("data", "grad", "set_data") and (
            not node.args if attribute != "set_data" else True
        ):
            return find(f"Parameter.{attribute}") if self.has_mxnet() else None
        if attribute in ("set_learning_rate", "transform_first"):
            return find(f"{'Trainer' if attribute.startswith('set') else 'Dataset'}.{attribute}")
        if attribute == "add" and _is_network_name(dotted(receiver)):
            return find("Module.add")
        if (
            attribute in ALSO_PYTHON
            or isinstance(receiver, cst.SimpleString)
            or not self.has_mxnet()
        ):
            return None
        root = dotted(receiver).partition(".")[0]
        if (
            root
            in ("np", "numpy", "math", "random", "time", "os", "sys", "plt", "torch", "F", "nn")
            and self.lookup(root) is None
        ):
            return None
        row = find(f"NDArray.{attribute}")
        return row if row is None or row.rule != "attribute" else None

    def has_mxnet(self) -> bool:
        return bool(self.state.aliases) or bool(self.state.findings)

    # ---- expressions ----

    def visit_Call(self, node: cst.Call) -> bool:
        self.quiet.add(id(node.func))
        for arg in node.args:
            if arg.keyword is not None:
                self.quiet.add(id(arg.keyword))
        if isinstance(node.func, cst.Attribute):
            if node.func.attr.value in ("asscalar", "astype", "item"):
                self.values_only.add(id(node.func.value))
            if node.func.attr.value == "add":
                for position, arg in enumerate(node.args):
                    self.adding[id(arg.value)] = (node, position)
        return True

    def visit_Attribute(self, node: cst.Attribute) -> bool:
        self.quiet.add(id(node.attr))
        if isinstance(node.value, (cst.Name, cst.Attribute)):
            if self.canonical(node):
                self.quiet.add(id(node.value))
        return True

    def visit_AssignTarget(self, node: cst.AssignTarget) -> bool:
        self.quiet.add(id(node.target))
        return True

    def visit_Comparison(self, node: cst.Comparison) -> bool:
        for side in (node.left, *(c.comparator for c in node.comparisons)):
            self.values_only.add(id(side))
        return True

    def visit_Subscript(self, node: cst.Subscript) -> bool:
        for element in node.slice:
            if isinstance(element.slice, cst.Index):
                self.values_only.add(id(element.slice.value))
                self.boolean.add(id(element.slice.value))
        return True

    def visit_BooleanOperation(self, node: cst.BooleanOperation) -> bool:
        self.boolean |= {id(node.left), id(node.right)}
        return True

    def visit_UnaryOperation(self, node: cst.UnaryOperation) -> bool:
        if isinstance(node.operator, cst.Not):
            self.boolean.add(id(node.expression))
        return True

    def visit_IfExp(self, node: cst.IfExp) -> bool:
        self.boolean.add(id(node.test))
        return True

    def visit_Assert(self, node: cst.Assert) -> bool:
        self.boolean.add(id(node.test))
        return True

    def visit_While(self, node: cst.While) -> bool:
        self.boolean.add(id(node.test))
        return True

    def visit_If(self, node: cst.If) -> bool:
        self.boolean.add(id(node.test))
        return True

    def visit_Lambda(self, node: cst.Lambda) -> bool:
        self.scopes.append(Scope(is_function=True))
        self._parameters(node.params)
        return True

    def leave_Lambda(self, original_node: cst.Lambda, updated_node: cst.Lambda) -> cst.Lambda:
        self.scopes.pop()
        return updated_node

    def visit_Param(self, node: cst.Param) -> bool:
        self.quiet.add(id(node.name))
        return True

    def _comprehension(self, node: Any) -> bool:
        inner = node.for_in
        while inner is not None:
            self._bind_target(inner.target, self._element(inner.iter))
            inner = inner.inner_for_in
        return True

    visit_ListComp = visit_SetComp = visit_GeneratorExp = visit_DictComp = _comprehension

    def leave_Comparison(
        self, original_node: cst.Comparison, updated_node: cst.Comparison
    ) -> cst.BaseExpression:
        sides = [original_node.left, *(c.comparator for c in original_node.comparisons)]
        operators = [c.operator for c in original_node.comparisons]
        if any(isinstance(o, (cst.Is, cst.IsNot, cst.In, cst.NotIn)) for o in operators):
            return updated_node
        if id(original_node) in self.boolean or not any(
            self.kind(s).name == "tensor" for s in sides
        ):
            return updated_node
        self.state.findings.append(
            Finding(self.cell, self.line(original_node), "comparison", code(original_node), code(atom(updated_node)) + ".float()",
                    "comparison", ("float-comparison",), "proven", find("nd.greater").proof)  # type: ignore[union-attr]
        )  # fmt: skip
        return cst.Call(cst.Attribute(atom(updated_node), cst.Name("float")))

    def leave_Attribute(
        self, original_node: cst.Attribute, updated_node: cst.Attribute
    ) -> cst.BaseExpression:
        quiet = id(original_node) in self.quiet
        name = self.canonical(original_node)
        if name:
            if quiet:
                return updated_node
            return self._reference(name, original_node, updated_node)
        if quiet:
            return updated_node
        attribute = original_node.attr.value
        base = self.kind(original_node.value)
        if attribute in ("weight", "bias") and base.main is not None:
            inner = cst.Subscript(
                updated_node.value, [cst.SubscriptElement(cst.Index(cst.Integer(str(base.main))))]
            )
            return updated_node.with_changes(value=inner)
        if attribute in ("size", "context", "ctx"):
            plain = dotted(original_node.value) in ("self", "cls")
            if base.name == "tensor" or (base.name == "unknown" and not plain and self.has_mxnet()):
                row = find(f"NDArray.{attribute}")
                assert row is not None
                new = cst.parse_expression(row.torch.format(self=code(atom(updated_node.value))))
                self.found(
                    row, original_node, new, () if base.name == "tensor" else ("assumed-array",)
                )
                return new
        if attribute == "learning_rate" and base.name == "trainer":
            row = find("Trainer.learning_rate")
            assert row is not None
            new = cst.parse_expression(row.torch.format(self=code(updated_node.value)))
            self.found(row, original_node, new)
            return new
        if attribute == "_children" and dotted(original_node.value) == "self":
            return updated_node.with_changes(attr=cst.Name("_modules"))
        return updated_node

    def _reference(
        self, name: str, original: cst.BaseExpression, updated: cst.BaseExpression
    ) -> cst.BaseExpression:
        """An MXNet name that is not called here."""
        row = find(name)
        if row is None:
            if name.startswith("d2lzh."):
                return self.stub(
                    name,
                    original,
                    updated,
                    "the helper library of ported code has no such name",
                    "unknown",
                )
            if any(key.startswith(name + ".") for key in _prefixes()):
                return updated
            return self.stub(name, original, updated, "no PyTorch form is known", "unknown")
        if row.rule == "helper":
            self.found(row, original, updated)
            return updated
        head = row.torch.partition("(")[0]
        if row.rule == "attribute" or (
            row.rule in ("call", "recurrent", "convolution")
            and row.torch.startswith(head + "({}")
            and row.torch.endswith("({})")
        ):
            text = row.torch if row.rule == "attribute" else head
            new = cst.parse_expression(text)
            self.found(row, original, new)
            return new
        return self.stub(name, original, updated, "has a PyTorch form for calls only", "unknown")

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        if id(original_node) in self.quiet:
            return updated_node
        name = self.canonical(original_node)
        if not name or name == "mxnet" or "." not in name:
            if not name or find(name) is None:
                return updated_node
        return self._reference(name, original_node, updated_node)

    def leave_Subscript(
        self, original_node: cst.Subscript, updated_node: cst.Subscript
    ) -> cst.BaseExpression:
        base = self.kind(original_node.value)
        layers = base.layers
        if not layers or all(layer.width == 1 for layer in layers):
            return updated_node
        index = original_node.slice[0].slice
        if (
            len(original_node.slice) == 1
            and isinstance(index, cst.Index)
            and isinstance(index.value, cst.Integer)
        ):
            wanted = int(index.value.value)
            before = layers[:wanted]
            if wanted < len(layers) and all(layer.width > 0 for layer in before):
                place = sum(layer.width for layer in before) + max(layers[wanted].main, 0)
                if place != wanted:
                    self.note("dense-activation", original_node)
                return updated_node.with_changes(
                    slice=[cst.SubscriptElement(cst.Index(cst.Integer(str(place))))]
                )
        return self.stub(
            "Sequential[...]",
            original_node,
            updated_node,
            "layers moved; this index cannot be followed",
            "dense-activation",
        )

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        name = self.canonical(original_node.func)
        if name:
            return self._named_call(name, original_node, updated_node)
        if not isinstance(original_node.func, cst.Attribute):
            return self._loss_call(original_node, updated_node)
        if (listed := self._listed_parameters(original_node, updated_node)) is not None:
            return listed
        row = self.method(original_node)
        if row is None:
            return self._loss_call(original_node, updated_node)
        assert isinstance(updated_node.func, cst.Attribute)
        base = self.kind(original_node.func.value)
        assumed = (
            base.name == "unknown"
            and row.name.startswith("NDArray.")
            and row.rule not in ("remove",)
            and row.notes != ("item",)
        )
        return self._apply(
            row,
            original_node,
            updated_node,
            updated_node.func.value,
            ("assumed-array",) if assumed else (),
        )

    def _listed_parameters(
        self, original: cst.Call, updated: cst.Call
    ) -> cst.BaseExpression | None:
        """collect_params().values() and .items(); keys keep their meaning."""
        assert isinstance(original.func, cst.Attribute) and isinstance(updated.func, cst.Attribute)
        inner, ported = original.func.value, updated.func.value
        if not (
            isinstance(inner, cst.Call)
            and isinstance(inner.func, cst.Attribute)
            and inner.func.attr.value == "collect_params"
            and not inner.args
        ):
            return None
        wanted = original.func.attr.value
        if wanted == "values":
            return ported
        if (
            wanted in ("items", "keys")
            and isinstance(ported, cst.Call)
            and isinstance(ported.func, cst.Attribute)
        ):
            named = ported.with_changes(
                func=ported.func.with_changes(attr=cst.Name("named_parameters"))
            )
            return (
                named if wanted == "items" else cst.parse_expression(f"dict({code(named)}).keys()")
            )
        if wanted in ("reset_ctx", "zero_grad"):
            assert isinstance(ported, cst.Call) and isinstance(ported.func, cst.Attribute)
            name = "to" if wanted == "reset_ctx" else "zero_grad"
            return updated.with_changes(func=ported.func.with_changes(attr=cst.Name(name)))
        if wanted == "initialize":
            return None
        return self.stub(
            f"ParameterDict.{wanted}", original, updated, "no PyTorch form is known", "unknown"
        )

    def _loss_call(self, original: cst.Call, updated: cst.Call) -> cst.BaseExpression:
        known = self.lookup(dotted(original.func)) if dotted(original.func) else None
        if isinstance(original.func, cst.Call):
            known = self.kind(original.func)
        if known is None or known.name != "loss":
            if (
                dotted(original.func) == "loss"
                and len(original.args) == 2
                and self.has_mxnet()
                and (known is None or known.name == "unknown")
            ):
                self.note("unknown-loss", original)
            return updated
        if known.detail == "cross_entropy" and len(updated.args) == 2:
            label = updated.args[1]
            new = cst.Call(cst.Attribute(atom(label.value), cst.Name("long")))
            self.note("label-long", original)
            return updated.with_changes(args=[updated.args[0], label.with_changes(value=new)])
        if known.detail == "cross_entropy":
            return self.stub(
                "SoftmaxCrossEntropyLoss.__call__",
                original,
                updated,
                "sample weights have no PyTorch form",
                "argument",
            )
        return updated

    def _named_call(self, name: str, original: cst.Call, updated: cst.Call) -> cst.BaseExpression:
        row = find(name)
        if row is None:
            reason = (
                "the helper library of ported code has no such name"
                if name.startswith("d2lzh.")
                else "no PyTorch form is known"
            )
            return self.stub(name, original, updated, reason, "unknown")
        if row.rule == "helper":
            self.found(row, original.func, updated.func)
            return updated
        if name == "autograd.is_training":
            self.state.uses_is_training = True
        if row.kind == "class" and not row.signature:
            return updated.with_changes(func=self._reference(name, original.func, updated.func))
        return self._apply(row, original, updated, None, ())

    def _apply(
        self,
        row: Row,
        original: cst.Call,
        updated: cst.Call,
        receiver: cst.BaseExpression | None,
        extra: tuple[str, ...],
    ) -> cst.BaseExpression:
        marked = (len(self.before), len(self.state.findings))
        if (
            row.name.startswith("Module.")
            and isinstance(original.func, cst.Attribute)
            and isinstance(original.func.value, cst.Name)
        ):
            name = original.func.value.value
            if self.kind(original.func.value).name == "unknown":
                self.bind_name(name, Kind("module"))
        try:
            bound = bind(row, list(updated.args), receiver)
            new = RULES[row.rule](self, original, bound)
        except UnsupportedError as error:
            del self.before[marked[0] :]
            if (
                receiver is not None
                and not row.name.startswith(("Module", "Trainer", "Parameter"))
                and "argument" in str(error)
                and self.kind(original.func.value).name == "unknown"
            ):  # type: ignore[attr-defined]
                return updated
            return self.stub(row.name, original, updated, str(error), "argument")
        if isinstance(new, cst.Call) and new.args and len(new.args) == len(updated.args):
            last, kept = new.args[-1], updated.args[-1]
            if code(last.value) == code(kept.value):
                last = last.with_changes(
                    whitespace_after_arg=kept.whitespace_after_arg, comma=kept.comma
                )
            new = new.with_changes(
                whitespace_before_args=updated.whitespace_before_args, args=[*new.args[:-1], last]
            )
        if code(new) != code(original) or row.rule != "call" or receiver is None:
            self.found(row, original, new, extra)
        return (
            new
            if not original.lpar or new.lpar
            else new.with_changes(lpar=original.lpar, rpar=original.rpar)
        )

    # ---- layers ----

    def layer_flatness(self, node: cst.BaseExpression) -> bool | None:
        if isinstance(node, cst.Call):
            if node in self.groups:
                return self.groups[node].flat
            name = self.canonical(node.func)
            if name.endswith((".Dropout", ".Activation", ".BatchNorm", ".LeakyReLU", ".ELU")):
                return None
            if name.endswith(".Flatten"):
                return True
        return False

    def input_is_flat(self, call: cst.Call) -> bool:
        """Whether a Dense gets two axes for certain."""
        if id(call) in self.adding:
            add, position = self.adding[id(call)]
            assert isinstance(add.func, cst.Attribute)
            earlier: list[bool | None] = [
                layer.flat for layer in self.kind(add.func.value).layers or []
            ]
            earlier += [self.layer_flatness(arg.value) for arg in add.args[:position]]
            known = [flat for flat in earlier if flat is not None]
            return bool(known and known[-1])
        target = self.assigned.get(id(call), "")
        if target.startswith("self."):
            for scope in reversed(self.scopes):
                if scope.is_class:
                    return scope.flat_calls.get(target, False)
        return False

    def _flat_calls(self, node: cst.ClassDef) -> dict[str, bool]:
        """For each self.layer of a class: whether all its calls get two axes."""
        dense: set[str] = set()
        for assign in m.findall(node, m.Assign()):
            assert isinstance(assign, cst.Assign)
            value = assign.value
            if isinstance(value, cst.Call) and self.canonical(value.func) == "gluon.nn.Dense":
                dense.add(code(assign.targets[0].target))
        flat: dict[str, bool] = {}
        for call in m.findall(node, m.Call(func=m.Attribute(value=m.Name("self")))):
            assert isinstance(call, cst.Call)
            name = dotted(call.func)
            if name in dense and call.args:
                flat[name] = flat.get(name, True) and _has_two_axes(call.args[0].value, dense)
        return flat

    # ---- scopes ----

    def _parameters(self, params: cst.Parameters) -> None:
        for param in (*params.posonly_params, *params.params, *params.kwonly_params):
            self.scope().names[param.name.value] = Kind()
        for star in (params.star_arg, params.star_kwarg):
            if isinstance(star, cst.Param):
                self.scope().names[star.name.value] = PYTHON

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        self.quiet.add(id(node.name))
        if self.scope() is self.state.document:
            self.bind_name(node.name.value, Kind("function"))
        else:
            self.scope().names[node.name.value] = Kind("function")
        self.scopes.append(Scope(is_function=True, has_record=self._has_record(node)))
        self._parameters(node.params)
        if node.name.value == "hybrid_forward" and len(node.params.params) > 1:
            self.scope().names[node.params.params[1].name.value] = Kind(
                "alias", alias="mxnet.ndarray"
            )
        self.suspended.append((self.recording, self.mode))
        self.recording, self.mode = 0, {}
        return True

    def _has_record(self, node: cst.CSTNode) -> bool:
        return any(self._is_record(w) for w in m.findall(node, m.With()))

    def leave_FunctionDef(
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> Any:
        scope = self.scopes.pop()
        self.recording, self.mode = self.suspended.pop()
        self.scope().names[original_node.name.value] = Kind("function", returns=scope.returned)
        if original_node.name.value == "hybrid_forward" and len(updated_node.params.params) > 1:
            params = list(updated_node.params.params)
            del params[1]
            params[-1] = params[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
            updated_node = updated_node.with_changes(
                name=cst.Name("forward"), params=updated_node.params.with_changes(params=params)
            )
        return self._with_todos(updated_node)

    def visit_ClassDef(self, node: cst.ClassDef) -> bool:
        self.quiet.add(id(node.name))
        bases = [self.kind(arg.value) for arg in node.bases]
        is_module = any(base.name == "class" and base.detail == "module" for base in bases) or any(
            self.canonical(arg.value) in ("gluon.nn.Sequential", "gluon.nn.HybridSequential")
            for arg in node.bases
        )
        self.bind_name(node.name.value, Kind("class", detail="module" if is_module else ""))
        self.scopes.append(
            Scope(is_class=True, is_module_class=is_module, flat_calls=self._flat_calls(node))
        )
        return True

    def leave_ClassDef(self, original_node: cst.ClassDef, updated_node: cst.ClassDef) -> Any:
        self.scopes.pop()
        return self._with_todos(updated_node)

    def _element(self, node: cst.BaseExpression) -> list[Kind] | Kind:
        """The kind of what a loop over the expression yields."""
        base = self.kind(node)
        if base.name == "loader":
            return [TENSOR, TENSOR]
        if base.name in ("tensor", "tensors"):
            return TENSOR
        if base.name in ("params",):
            return Kind("param")
        if isinstance(node, cst.Call):
            name = dotted(node.func)
            if name == "range":
                return PYTHON
            if name == "enumerate" and node.args:
                inner = self._element(node.args[0].value)
                return [PYTHON, inner]  # type: ignore[list-item]
            if name == "zip":
                found = [self._element(arg.value) for arg in node.args]
                return [f if isinstance(f, Kind) else UNKNOWN for f in found]
            if name.endswith(".values") and "collect_params" in code(node):
                return Kind("param")
        return Kind()

    def _bind_target(self, target: cst.BaseExpression, kind: Any) -> None:
        if isinstance(target, cst.Name):
            self.quiet.add(id(target))
            self.bind_name(target.value, kind if isinstance(kind, Kind) else Kind())
        elif isinstance(target, (cst.Tuple, cst.List)):
            for position, element in enumerate(target.elements):
                inner = (
                    kind[position] if isinstance(kind, list) and position < len(kind) else Kind()
                )
                if isinstance(kind, Kind) and kind.name in ("tensor", "tensors"):
                    inner = TENSOR
                self._bind_target(element.value, inner)
        elif dotted(target).startswith("self."):
            self.bind_name(dotted(target), kind if isinstance(kind, Kind) else Kind())

    def visit_For(self, node: cst.For) -> bool:
        self._bind_target(node.target, self._element(node.iter))
        self.mode = {}
        return True

    def leave_For(self, original_node: cst.For, updated_node: cst.For) -> Any:
        self.mode = {}
        body = original_node.body.body
        if len(body) == 1 and m.matches(
            body[0],
            m.SimpleStatementLine(
                body=[m.Expr(m.Call(func=m.Attribute(value=m.Name(), attr=m.Name("detach"))))]
            ),
        ):
            statement = cst.ensure_type(body[0], cst.SimpleStatementLine)
            call = cst.ensure_type(cst.ensure_type(statement.body[0], cst.Expr).value, cst.Call)
            name = code(cst.ensure_type(call.func, cst.Attribute).value)
            if name == code(original_node.target) and isinstance(original_node.iter, cst.Name):
                state = original_node.iter.value
                self.note("detach", call)
                new = cst.ensure_type(
                    cst.parse_statement(f"{state} = [{name}.detach() for {name} in {state}]\n"),
                    cst.SimpleStatementLine,
                )
                leading = [*updated_node.leading_lines, *statement.leading_lines]
                return new.with_changes(
                    leading_lines=leading, trailing_whitespace=statement.trailing_whitespace
                )
        if (text := self.plan.zero.get(original_node)) and self.has_mxnet():
            self.note("zero-grad", original_node)
            made = list(cst.parse_module(text).body)
            made[0] = made[0].with_changes(leading_lines=updated_node.leading_lines)
            return cst.FlattenSentinel(
                [*made, self._with_todos(updated_node.with_changes(leading_lines=[]))]
            )
        return self._with_todos(updated_node)

    def leave_If(self, original_node: cst.If, updated_node: cst.If) -> Any:
        self.mode = {}
        return self._with_todos(updated_node)

    def leave_While(self, original_node: cst.While, updated_node: cst.While) -> Any:
        self.mode = {}
        return self._with_todos(updated_node)

    def leave_Try(self, original_node: cst.Try, updated_node: cst.Try) -> Any:
        return self._with_todos(updated_node)

    # ---- record ----

    def _is_record(self, node: Any) -> bool:
        return any(
            isinstance(item.item, cst.Call) and self.canonical(item.item.func) == "autograd.record"
            for item in node.items
        )

    def _drops(self, node: cst.With) -> bool:
        if len(node.items) != 1 or not isinstance(node.items[0].item, cst.Call):
            return False
        call = node.items[0].item
        return self._is_record(node) or (
            isinstance(call.func, cst.Attribute) and call.func.attr.value == "name_scope"
        )

    def visit_With(self, node: cst.With) -> bool:
        if self._is_record(node):
            self.recording += 1
            self.scope().has_record = True
        for item in node.items:
            if item.asname is not None:
                self._bind_target(item.asname.name, Kind())
        return True

    def leave_With(self, original_node: cst.With, updated_node: cst.With) -> Any:
        record = self._is_record(original_node)
        if record:
            self.recording -= 1
        if not self._drops(original_node) or not isinstance(updated_node.body, cst.IndentedBlock):
            return self._with_todos(updated_node)
        pre: list[cst.BaseStatement] = []
        if record:
            trains = not any("train_mode" in code(a) for a in original_node.items[0].item.args)  # type: ignore[attr-defined]
            for name in self._networks(original_node.body) if trains else []:
                pre += self._mode_switch(name, "train")
        body = [*pre, *updated_node.body.body]
        leading = list(updated_node.leading_lines)
        comment = updated_node.body.header.comment
        if comment is not None:
            leading.append(cst.EmptyLine(comment=comment))
        first = body[0]
        body[0] = self._keep_tag(
            first,
            first.with_changes(leading_lines=[*leading, *getattr(first, "leading_lines", ())]),
        )  # type: ignore[call-arg]
        if updated_node.body.footer:
            last = body[-1]
            self.tags[id(last)] = (
                "footer",
                (list(updated_node.body.footer), self.tags.get(id(last))),
                last,
            )
        return cst.FlattenSentinel(body)

    def _keep_tag(self, old: cst.CSTNode, new: Any) -> Any:
        if id(old) in self.tags:
            kind, payload, _ = self.tags[id(old)]
            self.tags[id(new)] = (kind, payload, new)
        return new

    def _networks(self, node: cst.CSTNode) -> list[str]:
        """Names called in the text that are networks, or may be."""
        found: dict[str, None] = {}
        for call in m.findall(node, m.Call(func=m.Name())):
            assert isinstance(call, cst.Call) and isinstance(call.func, cst.Name)
            name = call.func.value
            kind = self.lookup(name)
            if kind is None or kind.name in ("function", "loss", "py", "class"):
                continue
            if kind.name == "module" or (kind.name == "unknown" and _is_network_name(name)):
                found[name] = None
        return list(found)

    def _sensitive(self, name: str) -> bool:
        """Whether a network may behave differently in training: Dropout, BatchNorm, or unknown."""
        kind = self.lookup(name)
        if kind is None or kind.name != "module" or kind.layers is None:
            return kind is None or kind.detail not in ("gluon.nn.Dense", "gluon.rnn.RNN")
        return kind.detail == "sensitive" or any(layer.width < 0 for layer in kind.layers)

    def _mode_switch(self, name: str, mode: str) -> list[cst.BaseStatement]:
        if not self._sensitive(name) or self.mode.get(name) == mode:
            return []
        self.mode[name] = mode
        kind = self.lookup(name)
        text = f"{name}.{mode}()\n"
        if kind is None or kind.name != "module":
            self.need_import("nn")
            text = f"if isinstance({name}, nn.Module):\n    {text}"
        return [cst.parse_statement(text)]  # type: ignore[list-item]

    # ---- statements ----

    def visit_Import(self, node: cst.Import) -> bool:
        return False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        return False

    def visit_Assign(self, node: cst.Assign) -> bool:
        for target in node.targets:
            self.assigned[id(node.value)] = code(target.target)
        return True

    def _bind_assign(self, node: cst.Assign) -> None:
        for target in node.targets:
            left, right = target.target, node.value
            if (
                isinstance(left, cst.Tuple)
                and isinstance(right, cst.Tuple)
                and len(left.elements) == len(right.elements)
            ):
                for a, b in zip(left.elements, right.elements, strict=True):
                    self._assign_one(a.value, b.value)
            else:
                self._assign_one(left, right)

    def _assign_one(self, left: cst.BaseExpression, right: cst.BaseExpression) -> None:
        kind = self.kind(right)
        if isinstance(left, cst.Tuple) and kind.name not in ("tensor", "tensors"):
            kind = Kind()
        name = self.canonical(right)
        if name and (row := find(name)) is not None and row.rule == "helper":
            kind = Kind("function", returns=Kind(row.kind))
        self._bind_target(left, kind)
        if isinstance(left, cst.Name) and self.scope() is self.state.document:
            used = {n.value for n in m.findall(right, m.Name()) if isinstance(n, cst.Name)}
            self.state.depends.setdefault(left.value, set()).update(used)

    def leave_Return(self, original_node: cst.Return, updated_node: cst.Return) -> cst.Return:
        if original_node.value is not None:
            self.scope().returned = self.kind(original_node.value)
        return updated_node

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> Any:
        imports = [s for s in original_node.body if isinstance(s, (cst.Import, cst.ImportFrom))]
        if imports and any(mxnet_names.imported(s) for s in imports):
            return self._import(original_node, updated_node)
        if imports:
            return updated_node
        for small in original_node.body:
            if isinstance(small, cst.Assign):
                self._bind_assign(small)
        body = [
            s for s in updated_node.body if not (isinstance(s, cst.Expr) and s.value is REMOVED)
        ]
        body = [self._reassigned(s) for s in body]
        if not body:
            new = updated_node.with_changes(body=[cst.Pass()])
            self.tags[id(new)] = ("dropped", None, new)
            return new
        if len(body) != len(updated_node.body) or any(a is not b for a, b in zip(body, updated_node.body, strict=True)):
            updated_node = updated_node.with_changes(body=body)
        pre = [cst.parse_statement(text) for text in self.before]
        self.before.clear()
        pre = [*self._zeroing(original_node), *pre]
        self._sequence_tags(original_node, updated_node)
        networks = self._evaluated(original_node)
        for name in networks:
            pre = [*pre, *self._mode_switch(name, "eval")]
        updated = self._with_todos(updated_node)
        statement: cst.BaseStatement = updated
        if self._writes_in_place(original_node) or (
            networks and self._wrap_evaluation(original_node, networks)
        ):
            statement = self._no_grad(updated)
        if not pre:
            return statement
        leading = list(getattr(updated, "leading_lines", ()))
        stripped = statement.with_changes(leading_lines=[])  # type: ignore[call-arg]
        self._keep_tag(statement, stripped)
        first = pre[0].with_changes(leading_lines=[*leading, *getattr(pre[0], "leading_lines", ())])  # type: ignore[call-arg]
        return cst.FlattenSentinel([first, *pre[1:], stripped])

    def _reassigned(self, small: cst.BaseSmallStatement) -> cst.BaseSmallStatement:
        """x.detach() on its own: keep what it returns."""
        if m.matches(
            small, m.Expr(m.Call(func=m.Attribute(value=m.Name(), attr=m.Name("detach")), args=[]))
        ):
            call = cst.ensure_type(cst.ensure_type(small, cst.Expr).value, cst.Call)
            name = cst.ensure_type(call.func, cst.Attribute).value
            return cst.Assign([cst.AssignTarget(name)], call)
        return small

    def _no_grad(self, statement: Any) -> cst.BaseStatement:
        self.need_import("torch")
        inner = statement.with_changes(leading_lines=[])
        self._keep_tag(statement, inner)
        new = cst.With(
            items=[cst.WithItem(cst.parse_expression("torch.no_grad()"))],
            body=cst.IndentedBlock([inner]),
            leading_lines=statement.leading_lines,
        )
        self.tags[id(new)] = ("no_grad", None, new)
        return new

    def _writes_in_place(self, node: cst.SimpleStatementLine) -> bool:
        """x[:] = ... and x -= ... on parameters, outside record()."""
        if self.recording or not self.has_mxnet() or len(node.body) != 1:
            return False
        small = node.body[0]
        if isinstance(small, cst.Assign) and len(small.targets) == 1:
            target = small.targets[0].target
        elif isinstance(small, cst.AugAssign):
            target = small.target
        else:
            return False
        if isinstance(target, cst.Name) and isinstance(small, cst.AugAssign):
            hit = target.value in self.state.leaves and bool(
                m.findall(small.value, m.Attribute(attr=m.Name("grad")))
            )
        else:
            full = m.matches(
                target,
                m.Subscript(slice=[m.SubscriptElement(m.Slice(lower=None, upper=None, step=None))]),
            )
            hit = (
                full
                and not code(target).endswith(".grad[:]")
                and self.kind(cst.ensure_type(target, cst.Subscript).value).name != "numpy"
            )
        if hit:
            self.note("in-place", node.body[0])
        return hit

    def _zeroing(self, node: cst.SimpleStatementLine) -> list[cst.BaseStatement]:
        made: list[cst.BaseStatement] = []
        for call in m.findall(node, training.BACKWARD):
            assert isinstance(call, cst.Call) and isinstance(call.func, cst.Attribute)
            if not self.has_mxnet():
                continue
            text = self.plan.zero.get(call, "")
            if not text and not self._reset_by_loop(call):
                text = self._zero_leaves(call)
            if text:
                self.note("zero-grad", call)
                made += cst.parse_module(text).body  # type: ignore[arg-type]
        return made

    def _reset_by_loop(self, call: cst.Call) -> bool:
        return any(
            m.findall(node, m.Call()) and call in m.findall(node, m.Call())
            for node in self.plan.zero
            if isinstance(node, cst.For)
        )

    def _zero_leaves(self, call: cst.Call) -> str:
        """Reset leaves that an earlier backward of the document has reached."""
        head = {n.value for n in m.findall(call, m.Name()) if isinstance(n, cst.Name)}
        pending = list(head)
        while pending:
            for name in self.state.depends.get(pending.pop(), ()):
                if name not in head:
                    head.add(name)
                    pending.append(name)
        reached = [leaf for leaf in dict.fromkeys(self.state.leaves) if leaf in head]
        earlier = {leaf for leaf, _ in self.state.differentiated}
        again = [leaf for leaf in reached if leaf in earlier or call in self.plan.loops]
        self.state.differentiated += [(leaf, "") for leaf in reached]
        return "".join(f"{leaf}.grad = None\n" for leaf in again)

    def _sequence_tags(
        self, original: cst.SimpleStatementLine, updated: cst.SimpleStatementLine
    ) -> None:
        if len(original.body) != 1:
            return
        small, new = original.body[0], updated.body[0]
        if (
            isinstance(small, cst.Assign)
            and len(small.targets) == 1
            and code(new.value) == "nn.Sequential()"
        ):  # type: ignore[attr-defined]
            self.tags[id(updated)] = ("sequential", code(small.targets[0].target), updated)
        if isinstance(small, cst.Expr) and m.matches(
            small.value, m.Call(func=m.Attribute(attr=m.Name("add")))
        ):
            call = cst.ensure_type(small.value, cst.Call)
            receiver = cst.ensure_type(call.func, cst.Attribute).value
            kind = self.kind(receiver)
            if kind.name == "module" and any(
                self.canonical(a.value.func).endswith((".Dropout", ".BatchNorm"))
                if isinstance(a.value, cst.Call) and self.canonical(a.value.func)
                else True
                for a in call.args
                if not (
                    isinstance(a.value, cst.Call)
                    and self.canonical(a.value.func).startswith("gluon.nn.")
                    and not self.canonical(a.value.func).endswith((".Dropout", ".BatchNorm"))
                )
            ):
                kind.detail = "sensitive"
            if m.matches(
                new,
                m.Expr(m.Call(func=m.Attribute(attr=m.OneOf(m.Name("extend"), m.Name("append"))))),
            ):
                self.tags[id(updated)] = ("add", code(receiver), updated)

    def _evaluated(self, node: cst.SimpleStatementLine) -> list[str]:
        """Networks called outside record() by a statement whose place says so."""
        if self.recording or not self.has_mxnet() or any(s.is_module_class for s in self.scopes):
            return []
        names = self._networks(node)
        if not names:
            return []
        reads = bool(
            m.findall(
                node,
                m.Attribute(attr=m.OneOf(m.Name("asscalar"), m.Name("asnumpy"), m.Name("argmax"))),
            )
        )
        inside = len(self.scopes) > 1
        return (
            [n for n in names if self._sensitive(n)]
            if (not inside or reads or self._own_record())
            else []
        )

    def _own_record(self) -> bool:
        return any(scope.has_record for scope in self.scopes if scope.is_function)

    def _wrap_evaluation(self, node: cst.SimpleStatementLine, networks: Sequence[str]) -> bool:
        displayed = (
            self.interactive and len(self.scopes) == 1 and isinstance(node.body[-1], cst.Expr)
        )
        known = all((k := self.lookup(n)) is not None and k.name == "module" for n in networks)
        return not displayed and not known

    def _import(self, original: cst.SimpleStatementLine, updated: cst.SimpleStatementLine) -> Any:
        for small in original.body:
            if isinstance(small, (cst.Import, cst.ImportFrom)):
                for local, name in mxnet_names.imported(small).items():
                    self.state.aliases[local] = name
                    if local in self.scope().names:
                        del self.scope().names[local]
                    if mxnet_names.canonical(name) == "gluon.data":
                        self.state.data_alias = self.state.data_alias or local
                        if not self.state.data_alias.isidentifier():
                            self.state.data_alias = "data"
                    if name in ("d2lzh", "gluonbook"):
                        self.state.helper_alias = local
        self.state.import_lines.append(list(original.body))
        return updated.with_changes(
            body=[cst.Expr(cst.Name(f"{IMPORT}{len(self.state.import_lines) - 1}"))]
        )

    # ---- suites ----

    def _with_todos(self, node: Any) -> Any:
        if not self.reasons:
            return node
        comments = [
            cst.EmptyLine(comment=cst.Comment(f"# TODO(mx2torch): {r}"))
            for r in dict.fromkeys(self.reasons)
        ]
        self.reasons.clear()
        return self._keep_tag(
            node, node.with_changes(leading_lines=[*node.leading_lines, *comments])
        )

    def _suite(self, statements: Sequence[Any]) -> tuple[list[Any], list[cst.EmptyLine]]:
        """Merge Sequential and add, join no_grad blocks, drop removed statements but keep comments."""
        done: list[Any] = []
        carried: list[cst.EmptyLine] = []
        for statement in statements:
            tag = self.tags.get(id(statement))
            kind, payload = (tag[0], tag[1]) if tag else ("", None)
            footer: list[cst.EmptyLine] = []
            if kind == "footer":
                footer, inner = payload
                kind, payload = (inner[0], inner[1]) if inner else ("", None)
            if kind == "dropped":
                carried += [*statement.leading_lines, *_trailing(statement), *footer]
                continue
            if carried:
                statement = self._keep_tag(
                    statement,
                    statement.with_changes(leading_lines=[*carried, *statement.leading_lines]),
                )
                carried = []
            previous = self.tags.get(id(done[-1])) if done else None
            if (
                kind == "add"
                and previous
                and previous[0] == "sequential"
                and previous[1] == payload
            ):
                merged = _merge(done[-1], statement)
                self.tags[id(merged)] = ("sequential-full", payload, merged)
                done[-1] = merged
            elif kind == "no_grad" and previous and previous[0] == "no_grad":
                inside = statement.body.body[0]
                inside = inside.with_changes(leading_lines=statement.leading_lines)
                merged = done[-1].with_changes(
                    body=done[-1].body.with_changes(body=[*done[-1].body.body, inside])
                )
                self.tags[id(merged)] = ("no_grad", None, merged)
                done[-1] = merged
            else:
                done.append(statement)
            carried = footer
        return done, carried

    def leave_IndentedBlock(
        self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock
    ) -> cst.IndentedBlock:
        if not self._changed(updated_node.body):
            return updated_node
        body, rest = self._suite(updated_node.body)
        footer = [*rest, *updated_node.footer]
        return updated_node.with_changes(
            body=body or [cst.parse_statement("pass\n")], footer=footer
        )

    def _changed(self, body: Sequence[cst.CSTNode]) -> bool:
        return any(id(s) in self.tags for s in body)

    def leave_Module(self, original_node: cst.Module, updated_node: cst.Module) -> cst.Module:
        if not self._changed(updated_node.body):
            return updated_node
        body, rest = self._suite(updated_node.body)
        return updated_node.with_changes(body=body, footer=[*rest, *updated_node.footer])


def _trailing(statement: Any) -> list[cst.EmptyLine]:
    comment = statement.trailing_whitespace.comment
    return [cst.EmptyLine(comment=comment)] if comment is not None else []


def _merge(first: Any, second: Any) -> Any:
    """net = nn.Sequential() and net.extend([...]) as one statement."""
    call = second.body[0].value
    value = call.args[0].value
    assign = first.body[0]
    if isinstance(value, cst.List) and call.func.attr.value == "extend":
        args = [
            cst.Arg(e.value, star="*" if isinstance(e, cst.StarredElement) else "", comma=e.comma)
            for e in value.elements
        ]
        before = value.lbracket.whitespace_after
    else:
        args, before = [cst.Arg(value)], cst.SimpleWhitespace("")
    multiline = any("\n" in code(a) for a in args)
    if multiline:
        args = [_hanging(a, last=i == len(args) - 1) for i, a in enumerate(args)]
        before = _newline(4)
    new = cst.Call(cst.parse_expression("nn.Sequential"), args, whitespace_before_args=before)
    lines = [*first.leading_lines, *_trailing(first), *second.leading_lines]
    return first.with_changes(
        body=[assign.with_changes(value=new)],
        leading_lines=lines,
        trailing_whitespace=second.trailing_whitespace,
    )


def _newline(indent: int, comment: cst.Comment | None = None) -> cst.ParenthesizedWhitespace:
    return cst.ParenthesizedWhitespace(
        first_line=cst.TrailingWhitespace(cst.SimpleWhitespace("  " if comment else ""), comment),
        indent=True,
        last_line=cst.SimpleWhitespace(" " * indent),
    )


def _hanging(arg: cst.Arg, last: bool) -> cst.Arg:
    """One layer a line, comments kept."""
    comment = None
    if isinstance(arg.comma, cst.Comma) and isinstance(
        arg.comma.whitespace_after, cst.ParenthesizedWhitespace
    ):
        comment = arg.comma.whitespace_after.first_line.comment
    return arg.with_changes(
        comma=cst.Comma(whitespace_after=_newline(0 if last else 4, comment)),
        whitespace_after_arg=cst.SimpleWhitespace(""),
    )


def _words(text: str) -> list[str]:
    import re

    return re.findall(r"(?<![\w.])[A-Za-z_][\w.]*", text)


def _is_network_name(name: str) -> bool:
    last = name.split(".")[-1]
    return last in NETWORK_NAMES or last.endswith(("_net", "_model"))


def _has_two_axes(node: cst.BaseExpression, dense: set[str]) -> bool:
    if not isinstance(node, cst.Call):
        return False
    if dotted(node.func) in dense:
        return True
    if isinstance(node.func, cst.Attribute) and node.func.attr.value == "reshape":
        first = node.args[0].value if node.args else None
        return len(node.args) == 2 or (isinstance(first, cst.Tuple) and len(first.elements) == 2)
    return False


def _prefixes() -> list[str]:
    from porting.api_map import TABLE

    return list(TABLE)


def rewrite(
    source: str, state: State, cell: int = 0, interactive: bool = False
) -> tuple[cst.Module, Rewriter]:
    """Port one piece of Python; imports are left as marked statements for ``imports.finish``."""
    wrapper = MetadataWrapper(cst.parse_module(source), unsafe_skip_copy=False)
    tree = wrapper.module
    rewriter = Rewriter(state, cell, training.plan(tree), interactive)
    return wrapper.visit(rewriter), rewriter


__all__ = ["Rewriter", "State", "rewrite"]
