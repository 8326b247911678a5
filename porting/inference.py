"""What the text says about names and types, and the notes of a report."""

from __future__ import annotations

import re
from typing import Any

import libcst as cst
from libcst.metadata import PositionProvider

from porting import names as mxnet_names
from porting import training
from porting.api_map import Row, find
from porting.findings import Finding
from porting.kinds import PYTHON, TENSOR, UNKNOWN, Kind, Layer, Scope
from porting.rules import REMOVED
from porting.templates import code

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
ONLY_ARRAYS = {"asscalar", "asnumpy", "as_in_context", "as_in_ctx", "attach_grad", "wait_to_read"}
MODULE_METHODS = {
    "initialize", "hybridize", "collect_params", "name_scope", "save_parameters", "load_parameters",
    "save_params", "load_params", "register_child",
}  # fmt: skip
OWNERS = {
    "module": "Module",
    "trainer": "Trainer",
    "param": "Parameter",
    "dataset": "Dataset",
    "paramdict": "ParameterDict",
    "tensor": "NDArray",
}
LITERALS = (
    cst.Integer, cst.Float, cst.SimpleString, cst.FormattedString, cst.List, cst.Dict, cst.Tuple,
    cst.Set, cst.ListComp, cst.DictComp, cst.Lambda,
)  # fmt: skip
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
NUMBERS = {
    "np.array", "np.arange", "np.argmax", "np.argmin", "np.argsort", "np.random.randint",
    "np.random.choice", "npx.topk", "ndarray.argmax", "ndarray.argmin", "ndarray.argsort",
}  # fmt: skip
KEEPING = {
    "ndarray.reshape", "ndarray.astype", "ndarray.copy", "ndarray.as_in_ctx", "ndarray.flatten",
    "ndarray.squeeze",
}  # fmt: skip
CROSS_ENTROPIES = {"SoftmaxCrossEntropyLoss", "SoftmaxCELoss"}
NETWORK_NAMES = ("net", "model", "blk", "block")


def dotted(node: cst.CSTNode) -> str:
    """a.b.c, or nothing for anything else."""
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute) and (base := dotted(node.value)):
        return f"{base}.{node.attr.value}"
    return ""


GIVEN_LOSS = re.compile(r"def \w+\([^)]*\b(\w*loss)\b[^)]*\):.*?\b\1\(\w[^()]*,", re.DOTALL)


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
        self.changes_rate = False
        self.depends: dict[str, set[str]] = {}
        self.differentiated: list[tuple[str, str]] = []
        self.leaves: list[str] = []
        self.layers: dict[str, list[str]] = {}
        self.updaters: set[str] = set()
        self.divided = False
        self.gradients_read = 0
        self.prefixes: dict[str, str] = {}
        self.numpy_mode = False
        self.modules: set[str] = set()
        self.only_cross_entropy = False
        self.loss_is_given = False
        self.import_lines: list[list[cst.BaseSmallStatement]] = []

    def read(self, text: str) -> None:
        """What the whole document says before any of it is ported."""
        losses = set(re.findall(r"\b(\w*Loss)\(", text))
        by_hand = re.search(r"squared_loss|linreg", text)
        self.only_cross_entropy = bool(losses) and not by_hand and losses <= CROSS_ENTROPIES
        # Functions that call a loss they are given take labels of any type only from runtime's.
        self.gradients_read = training.gradients_read(text)
        self.loss_is_given = not self.only_cross_entropy and bool(GIVEN_LOSS.search(text))


class Inference(cst.CSTTransformer):
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, state: State, cell: int, plan: training.Plan, interactive: bool):
        super().__init__()
        self.state, self.cell, self.plan, self.interactive = state, cell, plan, interactive
        self.scopes: list[Scope] = [state.document]
        self.groups: dict[cst.CSTNode, Layer] = {}
        self.quiet: set[int] = set()
        self.values_only: set[int] = set()
        self.boolean: set[int] = set()
        self.shown: set[int] = set()
        self.assigned: dict[int, str] = {}
        self.adding: dict[int, tuple[cst.Call, int]] = {}
        self.reasons: list[str] = []
        self.before: list[str] = []
        self.tags: dict[int, tuple[str, Any, Any]] = {}
        self.recording = 0
        # What the with statements around say: whether the code trains, and whether it records.
        self.around: list[tuple[bool, bool]] = []
        self.statements: set[int] = set()
        self.read: set[int] = set()
        self.targets: dict[int, cst.BaseExpression] = {}
        self.suspended: list[Any] = []
        self.carried_kinds: dict[str, Kind] = {}
        self.switches: list[list[Any]] = []
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
        self.mode.pop(name, None)
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

    def plain_module(self, node: cst.CSTNode) -> str:
        """The module of d2l.plt.show, if d2l is the book's helper library."""
        root, _, rest = dotted(node).partition(".")
        kind = self.lookup(root)
        target = kind.alias if kind is not None else self.state.aliases.get(root, "")
        return mxnet_names.plain_module(f"{target}.{rest}")

    def kind(self, node: cst.BaseExpression) -> Kind:
        """What the text says about the type of an expression."""
        if isinstance(node, cst.Name):
            return self.lookup(node.value) or UNKNOWN
        if isinstance(node, LITERALS):
            return PYTHON
        if isinstance(node, cst.Call):
            return self._call_kind(node)
        if isinstance(node, cst.Attribute):
            return self._attribute_kind(node)
        if isinstance(node, cst.Subscript):
            if isinstance(node.value, cst.Attribute) and node.value.attr.value == "shape":
                return PYTHON
            base = self.kind(node.value)
            if base.name == "tensors":
                return Kind("tensor", detail=base.detail)
            if base.name == "paramdict":
                return Kind("param")
            if base.layers and code(node.slice[0]).isdigit():
                place = int(code(node.slice[0]))
                main = base.layers[place].inner if place < len(base.layers) else None
                return Kind("module", main=main)
            if base.name == "tensor":
                return Kind("tensor", detail=base.detail, boolean=base.boolean, number=base.number)
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
                of = next(k.detail for k in kinds if k.name == "tensor")
                boolean = isinstance(node, cst.Comparison) and self.is_numpy(Kind(detail=of))
                boolean |= all(k.boolean for k in kinds)
                number = any(k.number for k in kinds) and not isinstance(node, cst.Comparison)
                return Kind("tensor", scalar=scalar, detail=of, boolean=boolean, number=number)
            if "numpy" in found:
                return Kind("numpy")
            return PYTHON if found == {"py"} else UNKNOWN
        if isinstance(node, cst.UnaryOperation):
            return self.kind(node.expression)
        return UNKNOWN

    def is_numpy(self, kind: Kind) -> bool:
        """Whether an array is one of mxnet.np: its own text, or else the document, says so."""
        return kind.detail == "np" or (kind.detail != "nd" and self.state.numpy_mode)

    def array_owner(self, kind: Kind) -> str:
        return "ndarray" if self.is_numpy(kind) else "NDArray"

    def _is_number(self, row: Row, call: cst.Call) -> bool:
        """Whether an array of np holds numbers for certain, and no bools."""
        if row.name in NUMBERS:
            return "bool" not in code(call)
        if row.name not in KEEPING or not isinstance(call.func, cst.Attribute):
            return False
        to_int = row.name == "ndarray.astype" and "int" in code(call)
        return to_int or ("bool" not in code(call) and self.kind(call.func.value).number)

    def _row_kind(self, row: Row, call: cst.Call) -> Kind:
        if row.kind in ("tensor", "tensors", "mask"):
            family = row.name.partition(".")[0]
            detail = {"nd": "nd", "np": "np", "npx": "np", "ndarray": "np"}.get(family, "")
            detail = {"as_np_ndarray": "np", "as_nd_ndarray": "nd"}.get(
                row.name.split(".")[-1], detail
            )
            mask = row.kind == "mask"
            return Kind(
                "tensor" if mask else row.kind,
                detail=detail,
                boolean=mask,
                number=self._is_number(row, call),
            )
        if row.kind == "loss":
            return Kind("loss", detail=row.rule)
        if row.rule == "sequential":
            return Kind("module", layers=[])
        if row.kind == "module":
            group = self.groups.get(call, Layer())
            main = group.main if group.width > 1 else group.inner
            return Kind("module", main=main, detail=row.name)
        return Kind(row.kind)

    def _call_kind(self, node: cst.Call) -> Kind:
        name = self.canonical(node.func)
        if name:
            row = find(name)
            if row is None:
                return UNKNOWN
            kind = self._row_kind(row, node)
            if row.rule in ("call", "extremum", "reduction") and name.split(".")[-1] in (
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
                return (
                    Kind("module", methods=known.methods) if known.detail == "module" else UNKNOWN
                )
            if known.name == "function":
                return known.returns or UNKNOWN
            return TENSOR if known.name in ("module", "loss") else UNKNOWN
        if isinstance(node.func, cst.Attribute):
            if module := self.plain_module(node.func):
                return Kind("numpy") if module == "np" else PYTHON
            row = self.method(node)
            if row is not None and row.name.startswith("Module.params"):
                return Kind(row.kind)
            base = self.kind(node.func.value)
            attribute = node.func.attr.value
            if row is not None and row.name == "Module.collect_params" and self.is_named(node):
                return Kind("paramdict", detail=code(node.func.value))
            if row is not None and base.name == "unknown" and attribute in ("flatten", "copy"):
                # matplotlib's axes and Python's lists have them too.
                return UNKNOWN
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
            if row.rule == "cross_entropy":
                return Kind("class", detail="module")
            if row.rule == "helper" and row.kind == "module" and row.name.startswith("d2l."):
                return Kind("class", detail="module")
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
        if name not in self.state.modules:
            self.state.imports[name] = None

    def training_mode(self) -> str:
        """What says here whether the code trains; outside modules, whether it records."""
        if any(scope.is_module_class for scope in self.scopes):
            return "self.training"
        trains, records = self.here()
        if trains is False or trains is not records:
            return str(trains)
        self.state.uses_is_training = True
        for scope in self.scopes:
            if scope.is_function:
                scope.asks = True
        return "torch.is_grad_enabled()"

    def recorded(self) -> str:
        """What says here whether gradients are recorded."""
        return "False" if self.here()[1] is False else "torch.is_grad_enabled()"

    def here(self) -> tuple[bool | None, bool | None]:
        """Whether MXNet trains and records at this place; None in a function: its caller says."""
        if self.around:
            return self.around[-1]
        called = any(scope.is_function for scope in self.scopes)
        return (None, None) if called else (False, False)

    def data_module(self) -> str:
        if not self.state.data_alias:
            # A chapter may call its own arrays data.
            self.state.data_alias = "torch_data"
        self.need_import("data")
        return self.state.data_alias

    def rescale(self, optimizer: str, divisor: str) -> None:
        self.before.append(
            f"for group in {optimizer}.param_groups:\n"
            f"    for param in group['params']:\n"
            f"        if param.grad is not None:\n"
            f"            param.grad /= {divisor}\n"
        )

    def is_named(self, call: cst.Call) -> bool:
        """Whether parameters are kept or shown, and not only passed on."""
        kept = self.assigned.get(id(call), "").isidentifier()
        return kept or id(call) in self.shown or id(call) in self.statements

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
            if any(part.startswith(name) for part in words(text)):
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
        if attribute in base.methods or self.plain_module(node.func):
            return None
        if dotted(receiver).endswith(".params") and attribute in ("get", "get_constant"):
            return find(f"Module.params.{attribute}")
        if attribute in ("list_ctx", "list_data") and base.name in ("unknown", "param"):
            return find(f"Parameter.{attribute}")
        if attribute in MODULE_METHODS and base.name in ("unknown", "module", "param"):
            return find(f"Module.{attribute}")
        if isinstance(receiver, cst.Call) and code(receiver.func) == "super":
            return None
        owner = OWNERS.get(base.name)
        if owner == "NDArray":
            owner = self.array_owner(base)
        if owner == "Module" and attribute == "add":
            return find("Module.add")
        if owner:
            row = find(f"{owner}.{attribute}")
            if row is None and owner == "Parameter":
                row = find(f"{self.array_owner(base)}.{attribute}")
            return row if row is None or row.rule != "attribute" else None
        if base.name == "py" and attribute in ONLY_ARRAYS:
            return find(f"NDArray.{attribute}")
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
        if attribute == "add" and is_network_name(dotted(receiver)):
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
        row = find(f"{self.array_owner(base)}.{attribute}")
        return row if row is None or row.rule != "attribute" else None

    def has_mxnet(self) -> bool:
        return bool(self.state.aliases) or bool(self.state.findings)

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

    def _keep_tag(self, old: cst.CSTNode, new: Any) -> Any:
        if id(old) in self.tags:
            kind, payload, _ = self.tags[id(old)]
            self.tags[id(new)] = (kind, payload, new)
        return new

    def _parameters(self, params: cst.Parameters) -> None:
        for param in (*params.posonly_params, *params.params, *params.kwonly_params):
            self.scope().names[param.name.value] = Kind()
        for star in (params.star_arg, params.star_kwarg):
            if isinstance(star, cst.Param):
                self.scope().names[star.name.value] = PYTHON

    def _element(self, node: cst.BaseExpression) -> list[Kind] | Kind:
        """The kind of what a loop over the expression yields."""
        base = self.kind(node)
        if base.name == "loader":
            return [TENSOR, TENSOR]
        if base.name in ("tensor", "tensors"):
            return TENSOR
        if base.name in ("params",):
            return Kind("param")
        if base.name == "module":
            return Kind("module")
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
            if isinstance(node.func, cst.Attribute) and (
                "collect_params" in code(node) or self.kind(node.func.value).name == "paramdict"
            ):
                wanted = node.func.attr.value
                if wanted == "values":
                    return Kind("param")
                if wanted == "items":
                    return [PYTHON, Kind("param")]
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


def words(text: str) -> list[str]:
    import re

    return re.findall(r"(?<![\w.])[A-Za-z_][\w.]*", text)


def is_network_name(name: str) -> bool:
    last = name.split(".")[-1]
    return last in NETWORK_NAMES or last.endswith(("_net", "_model"))
