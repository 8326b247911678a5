"""Calls, attributes, comparisons and indices."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import libcst as cst
import libcst.matchers as m

from porting import training
from porting.api_map import NOTES, Row, find
from porting.inference import OWNERS, Inference, dotted
from porting.kinds import Kind, Layer, Scope
from porting.rules import RULES
from porting.templates import UnsupportedError, atom, bind, code

if TYPE_CHECKING:
    from porting.rewrite import Rewriter

PARAMS = Row(
    "Module.params",
    "dict({self}.named_parameters())",
    "",
    "attribute",
    ("parameters",),
    shown_by="test_rules.py::test_params_of_a_layer",
)
COMPARISON = Row(
    "comparison",
    "({self}).float()",
    "",
    "comparison",
    ("float-comparison",),
    shown_by="test_rules.py::test_comparisons_are_floats",
)


LAYER_NAME = Row(
    "Module.name",
    "{self}.__class__.__name__",
    "",
    "attribute",
    ("layer-name",),
    shown_by="test_networks.py::test_name_of_a_layer",
)


class Expressions(Inference):
    """The expressions of one cell."""

    def visit_Call(self, node: cst.Call) -> bool:
        self.quiet.add(id(node.func))
        for arg in node.args:
            if arg.keyword is not None:
                self.quiet.add(id(arg.keyword))
                if arg.keyword.value == "params":
                    self.read.add(id(arg.value))
        if dotted(node.func) in ("print", "type"):
            self.shown |= {id(arg.value) for arg in node.args}
        if isinstance(node.func, cst.Attribute):
            if node.func.attr.value in ("asscalar", "astype", "item"):
                self.values_only.add(id(node.func.value))
            if node.func.attr.value == "add":
                for position, arg in enumerate(node.args):
                    self.adding[id(arg.value)] = (node, position)
        return True

    def visit_Attribute(self, node: cst.Attribute) -> bool:
        self.quiet.add(id(node.attr))
        if isinstance(node.value, (cst.Name, cst.Attribute)) and self.canonical(node):
            self.quiet.add(id(node.value))
        return True

    def visit_AssignTarget(self, node: cst.AssignTarget) -> bool:
        self.quiet.add(id(node.target))
        return True

    def visit_Comparison(self, node: cst.Comparison) -> bool:
        for side in (node.left, *(c.comparator for c in node.comparisons)):
            self.values_only.add(id(side))
        return True

    def visit_Expr(self, node: cst.Expr) -> bool:
        self.statements.add(id(node.value))
        return True

    def leave_Expr(self, original_node: cst.Expr, updated_node: cst.Expr) -> Any:
        target = self.targets.get(id(original_node.value))
        if target is None:
            return updated_node
        whole = cst.parse_expression(f"{code(atom(target))}[:]")
        left = cst.AssignTarget(cst.ensure_type(whole, cst.Subscript))
        return cst.Assign([left], updated_node.value)

    def visit_Subscript(self, node: cst.Subscript) -> bool:
        if isinstance(node.value, cst.Attribute) and node.value.attr.value == "params":
            self.read.add(id(node.value))
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
        self.scopes.append(Scope(is_function=True, is_lambda=True))
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
        if all(self.is_numpy(k) for k in map(self.kind, sides) if k.name == "tensor"):
            return updated_node
        new = cst.Call(cst.Attribute(atom(updated_node), cst.Name("float")))
        self.found(COMPARISON, original_node, new)
        return new

    def leave_BinaryOperation(
        self, original_node: cst.BinaryOperation, updated_node: cst.BinaryOperation
    ) -> cst.BaseExpression:
        """1 - mask, which PyTorch refuses for bools."""
        if not isinstance(original_node.operator, cst.Subtract):
            return updated_node
        for side in ("left", "right"):
            if self.kind(getattr(original_node, side)).boolean:
                whole = cst.Call(cst.Attribute(atom(getattr(updated_node, side)), cst.Name("long")))
                updated_node = updated_node.with_changes(**{side: whole})
                self.note("bool-arithmetic", original_node)
        return updated_node

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
        if attribute == "step" and (
            base.name == "trainer"
            or (base.name == "unknown" and dotted(original_node.value) in training.UPDATES)
        ):
            row = find("Trainer.step")
            assert row is not None
            new = cst.parse_expression(f"runtime.stepper({code(updated_node.value)})")
            self.found(row, original_node, new)
            return new
        if attribute == "learning_rate" and base.name == "trainer":
            row = find("Trainer.learning_rate")
            assert row is not None
            new = cst.parse_expression(row.torch.format(self=code(updated_node.value)))
            self.found(row, original_node, new)
            return new
        own = base.name == "module" and base.detail != "assumed"
        if attribute == "params" and own and id(original_node) not in self.read:
            self.need_import("nn")
            new = cst.parse_expression(f"dict({code(atom(updated_node.value))}.named_parameters())")
            self.found(PARAMS, original_node, new)
            return new
        if attribute == "name" and base.name == "param":
            if base.detail:
                return cst.Name(base.detail)
            reason = "a parameter of PyTorch does not know its name; named_parameters() does"
            return self.stub("Parameter.name", original_node, updated_node, reason, "argument")
        if attribute == "name" and base.name == "module" and base.detail != "own":
            new = cst.parse_expression(f"{code(atom(updated_node.value))}.__class__.__name__")
            self.found(LAYER_NAME, original_node, new)
            return new
        if attribute == "_children" and dotted(original_node.value) == "self":
            return updated_node.with_changes(attr=cst.Name("_modules"))
        return updated_node

    def _reference(
        self, name: str, original: cst.BaseExpression, updated: cst.BaseExpression
    ) -> cst.BaseExpression:
        """An MXNet name that is not called here."""
        row = find(name) or below_helper(name)
        if row is None:
            if name.startswith(("d2lzh.", "d2l.")):
                return self.stub(
                    name,
                    original,
                    updated,
                    "the helper library of ported code has no such name",
                    "unknown",
                )
            if name == "mxnet" or any(key.startswith(name + ".") for key in prefixes()):
                reason = "a module of MXNet as a value has no PyTorch form"
                return self.stub(name, original, updated, reason, "unknown")
            return self.stub(name, original, updated, "no PyTorch form is known", "unknown")
        if row.rule == "differs":
            return self.stub(name, original, updated, NOTES[row.notes[0]][0], row.notes[0])
        if row.rule == "helper":
            self.found(row, original, updated)
            return updated
        if row.reason:
            return self.stub(name, original, updated, row.reason, "unknown")
        head = row.torch.partition("(")[0]
        if row.rule == "cross_entropy":
            new = cst.parse_expression("runtime.SoftmaxCrossEntropyLoss")
            self.found(row, original, new)
            return new
        if name == "gluon.Trainer":
            new = cst.parse_expression("torch.optim.Optimizer")
            self.found(row, original, new)
            return new
        if row.rule == "attribute" or (
            row.rule in ("call", "recurrent", "convolution", "creation", "np_unary")
            and row.torch.startswith(head + "({}")
            and row.torch.endswith("({})")
        ):
            text = row.torch if row.rule == "attribute" else head
            if text.startswith("data."):
                text = f"{self.data_module()}{text.removeprefix('data')}"
            new = cst.parse_expression(text)
            self.found(row, original, new)
            return new
        return self.stub(name, original, updated, "has a PyTorch form for calls only", "unknown")

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        if id(original_node) in self.quiet:
            return updated_node
        name = self.canonical(original_node)
        if not name or name in ("d2lzh", "d2l"):
            return updated_node
        kind = self.lookup(original_node.value)
        if kind is not None and kind.name == "alias":
            # F of hybrid_forward as a value: the module of functions.
            self.need_import("torch")
            return cst.Name("torch")
        return self._reference(name, original_node, updated_node)

    def leave_FormattedString(
        self, original_node: cst.FormattedString, updated_node: cst.FormattedString
    ) -> cst.FormattedString:
        """Strings in a port use the other quote, which Python before 3.12 needs."""
        quote = updated_node.quote
        parts = []
        for part in updated_node.parts:
            if isinstance(part, cst.FormattedStringExpression) and quote in code(part.expression):
                other = '"' if quote == "'" else "'"
                inner = cst.parse_expression(code(part.expression).replace(quote, other))
                part = part.with_changes(expression=inner)
            parts.append(part)
        return updated_node.with_changes(parts=parts)

    def leave_Subscript(
        self, original_node: cst.Subscript, updated_node: cst.Subscript
    ) -> cst.BaseExpression:
        if (
            isinstance(original_node.value, cst.Attribute)
            and code(original_node.value) == "self._children"
        ):
            end = cst.parse_expression("str(len(self._modules))")
            if code(original_node.slice[0].slice).endswith(".name"):
                return updated_node.with_changes(slice=[cst.SubscriptElement(cst.Index(end))])
        owner = original_node.value
        if (
            id(owner) in self.read
            and isinstance(owner, cst.Attribute)
            and self.kind(owner.value).name == "module"
        ):
            if (own := _own_parameter(original_node.slice)) and isinstance(
                updated_node.value, cst.Attribute
            ):
                new = cst.Attribute(updated_node.value.value, cst.Name(own))
                self.found(PARAMS, original_node, new)
                return new
            reason = "parameters have other names in PyTorch"
            return self.stub("Module.params[...]", original_node, updated_node, reason, "argument")
        if (single := self._only_element(original_node, updated_node)) is not None:
            return single
        made = updated_node.value
        listed = isinstance(made, cst.List) and not isinstance(original_node.value, cst.List)
        if listed and isinstance(made, cst.List) and code(original_node.slice[0].slice) == "0":
            # [x.device][0]
            return made.elements[0].value
        base = self.kind(original_node.value)
        if base.name in ("tensor", "unknown") and self.is_numpy(base):
            updated_node = self._integer_indices(original_node, updated_node)
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
            place = _place(layers, wanted)
            if place is not None:
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

    def _only_element(
        self, original: cst.Subscript, updated: cst.Subscript
    ) -> cst.BaseExpression | None:
        """loss.asnumpy()[0] and loss[0] of a full reduction, whose shape is (1,) in MXNet."""
        if [code(s) for s in original.slice] != ["0"]:
            return None
        inner = original.value
        if m.matches(inner, m.Call(func=m.Attribute(attr=m.Name("asnumpy")))):
            owner = cst.ensure_type(cst.ensure_type(inner, cst.Call).func, cst.Attribute).value
            if self.kind(owner).name == "tensor" and self.kind(owner).scalar:
                text = code(updated.value).removesuffix(".detach().cpu().numpy()")
                self.note("reduction-shape", original)
                return cst.parse_expression(f"{text}.item()")
        if isinstance(inner, cst.Name) and (kind := self.kind(inner)).name == "tensor":
            return updated.value if kind.scalar else None
        return None

    def written_in_torch(self, text: str) -> str:
        """Resets are made of MXNet's text: parameters and indices follow the port."""

        def moved(match: re.Match[str]) -> str:
            layers = self.kind(cst.Name(match[1])).layers
            place = _place(layers, int(match[2])) if layers else None
            return match[0] if place is None else f"{match[1]}[{place}]"

        text = re.sub(r"\.collect_params\(\)(\.values\(\))?", ".parameters()", text)
        return re.sub(r"\b(\w+)\[(\d+)\]", moved, text)

    def _integer_indices(self, original: cst.Subscript, updated: cst.Subscript) -> cst.Subscript:
        """X[i] with an array i, which may hold floats in MXNet."""
        listed = any(
            isinstance(e.slice, cst.Index)
            and (isinstance(e.slice.value, cst.List) or dotted_call(e.slice.value) == "range")
            for e in original.slice
        )
        elements = []
        for element, new in zip(original.slice, updated.slice, strict=True):
            if isinstance(element.slice, cst.Index) and isinstance(new.slice, cst.Index):
                node = element.slice.value
                kind = self.kind(node)
                array = kind.name == "tensor" and kind.number
                if isinstance(node, cst.Name) and listed and kind.name == "unknown":
                    array = True
                if array and not isinstance(node, (cst.Comparison, cst.UnaryOperation)):
                    whole = cst.Call(cst.Attribute(atom(new.slice.value), cst.Name("long")))
                    new = new.with_changes(slice=new.slice.with_changes(value=whole))
                    self.note("index", original)
            elements.append(new)
        return updated.with_changes(slice=elements)

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        name = self.canonical(original_node.func)
        if name:
            return self._named_call(name, original_node, updated_node)
        if not isinstance(original_node.func, cst.Attribute):
            return self._loss_call(original_node, updated_node)
        if (listed := self._listed_parameters(original_node, updated_node)) is not None:
            return listed
        row = self.method(original_node)
        if row is None and self._unknown_method(original_node):
            base = self.kind(original_node.func.value)
            owner = self.array_owner(base) if base.name == "tensor" else OWNERS[base.name]
            name = f"{owner}.{original_node.func.attr.value}"
            return self.stub(
                name, original_node, updated_node, "no PyTorch form is known", "unknown"
            )
        if row is None:
            return self._loss_call(original_node, updated_node)
        assert isinstance(updated_node.func, cst.Attribute)
        base = self.kind(original_node.func.value)
        assumed = (
            base.name == "unknown"
            and row.name.startswith(("NDArray.", "ndarray."))
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

    def _unknown_method(self, node: cst.Call) -> bool:
        """A method that only MXNet's own arrays, layers, trainers or data sets can have."""
        assert isinstance(node.func, cst.Attribute)
        base, attribute = self.kind(node.func.value), node.func.attr.value
        if base.name not in OWNERS or attribute in (
            "item",
            "begin_state",
            "forward",
            "unroll",
            "apply",
        ):
            return False
        if base.name == "paramdict" and attribute in ("items", "keys", "values"):
            return False
        own = base.layers is not None or base.detail.startswith("gluon.")
        return base.name != "module" or own

    def _listed_parameters(
        self, original: cst.Call, updated: cst.Call
    ) -> cst.BaseExpression | None:
        """collect_params().values() and .items(); keys keep their meaning."""
        assert isinstance(original.func, cst.Attribute)
        assert isinstance(updated.func, cst.Attribute)
        inner, ported = original.func.value, updated.func.value
        kind = self.kind(inner) if isinstance(inner, cst.Name) else Kind()
        if kind.name == "paramdict" and kind.detail:
            if original.func.attr.value in ("values", "items", "keys", "get"):
                return None
            ported = cst.parse_expression(f"{kind.detail}.parameters()")
        elif not (
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
            assert isinstance(ported, cst.Call)
            assert isinstance(ported.func, cst.Attribute)
            name = "to" if wanted == "reset_ctx" else "zero_grad"
            return updated.with_changes(func=ported.func.with_changes(attr=cst.Name(name)))
        if wanted == "initialize":
            owner = (
                ported.func.value
                if isinstance(ported, cst.Call) and isinstance(ported.func, cst.Attribute)
                else None
            )
            row = find("Module.initialize")
            if owner is None or row is None:
                return self.stub(
                    "ParameterDict.initialize",
                    original,
                    updated,
                    "not of all parameters",
                    "argument",
                )
            return self._apply(row, original, updated, owner, ())
        texts = [code(arg.value).strip("'\"") for arg in original.args]
        if wanted == "setattr" and texts[:1] == ["grad_req"] and texts[1] in ("null", "write"):
            owner = (
                ported.func.value
                if isinstance(ported, cst.Call) and isinstance(ported.func, cst.Attribute)
                else ported
            )
            return cst.parse_expression(f"{code(owner)}.requires_grad_({texts[1] == 'write'})")
        return self.stub(
            f"ParameterDict.{wanted}", original, updated, "no PyTorch form is known", "unknown"
        )

    def _loss_call(self, original: cst.Call, updated: cst.Call) -> cst.BaseExpression:
        known = self.lookup(dotted(original.func)) if dotted(original.func) else None
        if isinstance(original.func, cst.Call):
            known = self.kind(original.func)
        if (
            dotted(original.func) == "loss"
            and len(original.args) == 2
            and self.has_mxnet()
            and (known is None or known.name == "unknown")
        ):
            if not self.state.only_cross_entropy:
                self.note("unknown-loss", original)
                return updated
            known = Kind("loss", detail="cross_entropy")
        if known is None or known.name != "loss":
            return updated
        if known.detail == "cross_entropy" and len(updated.args) in (2, 3):
            prediction, label = updated.args[:2]
            new = cst.Call(cst.Attribute(atom(label.value), cst.Name("long")))
            self.note("label-long", original)
            if len(updated.args) == 2:
                return updated.with_changes(args=[prediction, label.with_changes(value=new)])
            # One weight for each sample, of shape (batch, 1) or (batch,).
            weight = code(atom(updated.args[2].value))
            losses = f"{code(updated.func)}({code(prediction.value)}, {code(new)})"
            return cst.parse_expression(f"({losses} * {weight}.reshape(-1))")
        if known.detail == "cross_entropy":
            return self.stub(
                "SoftmaxCrossEntropyLoss.__call__",
                original,
                updated,
                "more than sample weights have no PyTorch form",
                "argument",
            )
        return updated

    def _named_call(self, name: str, original: cst.Call, updated: cst.Call) -> cst.BaseExpression:
        row = find(name) or below_helper(name)
        if row is None:
            reason = (
                "the helper library of ported code has no such name"
                if name.startswith(("d2lzh.", "d2l."))
                else "no PyTorch form is known"
            )
            return self.stub(name, original, updated, reason, "unknown")
        if row.rule == "differs":
            return self.stub(name, original, updated, NOTES[row.notes[0]][0], row.notes[0])
        if row.rule == "helper":
            self.found(row, original.func, updated.func)
            return updated
        if row.reason:
            return self.stub(name, original, updated, row.reason, "unknown")
        if name in ("autograd.is_training", "autograd.is_recording"):
            asked = self.training_mode if name.endswith("training") else self.recorded
            new = cst.parse_expression(asked())
            self.found(row, original, new)
            return new
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
        args = list(updated.args)
        out = next((a for a in args if a.keyword and a.keyword.value == "out"), None)
        if out is not None and id(original) in self.statements:
            # f(x, out=y) on a line of its own: y[:] = f(x)
            self.targets[id(original)] = out.value
            args.remove(out)
        if (
            row.name.startswith("Module.")
            and isinstance(original.func, cst.Attribute)
            and isinstance(original.func.value, cst.Name)
        ):
            name = original.func.value.value
            if self.kind(original.func.value).name == "unknown":
                self.bind_name(name, Kind("module", detail="assumed"))
        try:
            bound = bind(row, args, receiver)
            new = RULES[row.rule](cast("Rewriter", self), original, bound)
        except UnsupportedError as error:
            del self.before[marked[0] :]
            if extra and "argument" in str(error):  # assumed an array, but called unlike one
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
        if code(new) != code(original) or receiver is None:
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
                flat[name] = flat.get(name, True) and has_two_axes(call.args[0].value, dense)
        return flat


def _place(layers: list[Layer], wanted: int) -> int | None:
    """Where the main part of a layer stands in the port."""
    before = layers[:wanted]
    if wanted >= len(layers) or any(layer.width <= 0 for layer in before):
        return None
    return sum(layer.width for layer in before) + max(layers[wanted].main, 0)


PARAMETER_NAMES = {
    "weight": "weight",
    "bias": "bias",
    "gamma": "weight",
    "beta": "bias",
    "running_mean": "running_mean",
    "running_var": "running_var",
}


def _own_parameter(subscript: Sequence[cst.SubscriptElement]) -> str:
    """What PyTorch calls `dense0_weight`, one of a layer's own parameters; else nothing."""
    index = subscript[0].slice
    if len(subscript) != 1 or not isinstance(index, cst.Index):
        return ""
    if not isinstance(index.value, cst.SimpleString):
        return ""
    name = str(index.value.evaluated_value)
    return next((own for end, own in PARAMETER_NAMES.items() if name.endswith(f"_{end}")), "")


def dotted_call(node: cst.BaseExpression) -> str:
    """The name of what is called, if it has one."""
    return dotted(node.func) if isinstance(node, cst.Call) else ""


def has_two_axes(node: cst.BaseExpression, dense: set[str]) -> bool:
    if not isinstance(node, cst.Call):
        return False
    if dotted(node.func) in dense:
        return True
    if isinstance(node.func, cst.Attribute) and node.func.attr.value == "reshape":
        first = node.args[0].value if node.args else None
        return len(node.args) == 2 or (isinstance(first, cst.Tuple) and len(first.elements) == 2)
    return False


def below_helper(name: str) -> Row | None:
    """The row of `d2lzh.plt` for `d2lzh.plt.plot`: what a helper holds is its own."""
    parts = name.split(".")
    return find(".".join(parts[:2])) if parts[0] == "d2lzh" and len(parts) > 2 else None


def prefixes() -> list[str]:
    from porting.api_map import TABLE

    return list(TABLE)
