"""Functions, classes, loops and recorded blocks."""

from __future__ import annotations

import re
from typing import Any

import libcst as cst
import libcst.matchers as m

from porting.expressions import Expressions
from porting.inference import is_network_name
from porting.kinds import Kind, Scope
from porting.templates import code

MODULES = (
    "gluon.Block", "gluon.HybridBlock", "gluon.nn.Block", "gluon.nn.HybridBlock",
    "gluon.nn.Sequential", "gluon.nn.HybridSequential", "gluon.loss.Loss",
)  # fmt: skip
READS = m.Attribute(attr=m.Name("asscalar") | m.Name("asnumpy") | m.Name("argmax"))
ASKS = "is_training"  # the detail of a function that asks for the mode
# Functions of these names run networks in order to judge them.
EVALUATES = ("evaluate", "predict", "test_", "accuracy")


class Blocks(Expressions):
    """The compound statements of one cell."""

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        self.quiet.add(id(node.name))
        if self.scope() is self.state.document:
            self.bind_name(node.name.value, Kind("function"))
        else:
            self.scope().names[node.name.value] = Kind("function")
        made = Scope(is_function=True, has_record=self._has_record(node))
        made.evaluates = node.name.value.startswith(EVALUATES)
        made.reads = bool(m.findall(node.body, READS))
        self.scopes.append(made)
        self._parameters(node.params)
        if node.name.value == "hybrid_forward" and len(node.params.params) > 1:
            self.scope().names[node.params.params[1].name.value] = Kind(
                "alias", alias="mxnet.ndarray"
            )
        self.suspended.append((self.recording, self.mode, self.around))
        self.recording, self.mode, self.around = 0, {}, []
        return True

    def _asks(self, node: cst.CSTNode) -> bool:
        """Whether a function behaves differently in training."""
        return any(
            isinstance(call, cst.Call)
            and (
                self.canonical(call.func) == "autograd.is_training"
                or (
                    isinstance(call.func, cst.Name)
                    and (kind := self.lookup(call.func.value)) is not None
                    and (kind.name, kind.detail) == ("function", ASKS)
                )
            )
            for call in m.findall(node, m.Call())
        )

    def _has_record(self, node: cst.CSTNode) -> bool:
        return any(self._is_record(w) for w in m.findall(node, m.With()))

    def leave_FunctionDef(
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> Any:
        scope = self.scopes.pop()
        self.recording, self.mode, self.around = self.suspended.pop()
        asks = not scope.has_record and (scope.asks or self._asks(original_node))
        self.scope().names[original_node.name.value] = Kind(
            "function", returns=scope.returned, detail=ASKS if asks else ""
        )
        if original_node.name.value == "hybrid_forward" and len(updated_node.params.params) > 1:
            params = list(updated_node.params.params)
            del params[1]
            own = [p for p in params[1:] if p.name.value in self._own_parameters()]
            params = [p for p in params if p not in own]
            params[-1] = params[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
            updated_node = updated_node.with_changes(
                name=cst.Name("forward"), params=updated_node.params.with_changes(params=params)
            )
            if own and isinstance(updated_node.body, cst.IndentedBlock):
                names = ", ".join(p.name.value for p in own)
                values = ", ".join(f"self.{p.name.value}" for p in own)
                first = cst.parse_statement(f"{names} = {values}\n")
                block = updated_node.body
                updated_node = updated_node.with_changes(
                    body=block.with_changes(body=[first, *block.body])
                )
        return self._with_todos(updated_node)

    def _own_parameters(self) -> set[str]:
        """Parameters that the class makes for itself; Gluon hands them to hybrid_forward."""
        return {
            name.removeprefix("self.")
            for name, kind in self.scope().names.items()
            if name.startswith("self.") and kind.name == "param"
        }

    def visit_ClassDef(self, node: cst.ClassDef) -> bool:
        self.quiet.add(id(node.name))
        bases = [self.kind(arg.value) for arg in node.bases]
        is_module = any(base.name == "class" and base.detail == "module" for base in bases) or any(
            self.canonical(arg.value) in MODULES for arg in node.bases
        )
        methods = frozenset(s.name.value for s in node.body.body if isinstance(s, cst.FunctionDef))
        kind = Kind("class", detail="module" if is_module else "", methods=methods)
        self.bind_name(node.name.value, kind)
        self.scopes.append(
            Scope(is_class=True, is_module_class=is_module, flat_calls=self._flat_calls(node))
        )
        return True

    def leave_ClassDef(self, original_node: cst.ClassDef, updated_node: cst.ClassDef) -> Any:
        self.scopes.pop()
        return self._with_todos(updated_node)

    def visit_For(self, node: cst.For) -> bool:
        self._bind_target(node.target, self._element(node.iter))
        if (chosen := self._name_of_parameter(node)) and isinstance(node.target, cst.Name):
            self.bind_name(node.target.value, Kind("param", detail=chosen))
        self.mode = {}
        layers = self.kind(node.iter).layers if isinstance(node.iter, cst.Name) else None
        if any(layer.width != 1 for layer in layers or ()):
            self.note("layers-counted", node.iter)
        return True

    def _name_of_parameter(self, node: cst.For) -> str:
        """A variable for param.name, where a loop over the values of parameters reads it."""
        target = code(node.target)
        text = code(node.body)
        over = isinstance(node.iter, cst.Call) and code(node.iter).endswith(".values()")
        if not over or f"{target}.name" not in text or self.kind(node.target).name != "param":
            return ""
        return "name" if re.search(r"(?<![.\w])name\b", text) is None else f"{target}_name"

    def leave_For(self, original_node: cst.For, updated_node: cst.For) -> Any:
        self.mode = {}
        if chosen := self._name_of_parameter(original_node):
            listed = code(updated_node.iter)
            items = (
                listed.removesuffix("parameters()") + "named_parameters()"
                if listed.endswith(".parameters()")
                else listed.removesuffix("values()") + "items()"
            )
            target = cst.parse_expression(f"{chosen}, {code(original_node.target)}")
            updated_node = updated_node.with_changes(
                target=target, iter=cst.parse_expression(items)
            )
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
        text = self.written_in_torch(self.plan.zero.get(original_node, ""))
        if text and self.has_mxnet():
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
        return (
            self._is_record(node)
            or (isinstance(call.func, cst.Attribute) and call.func.attr.value == "name_scope")
            or bool(self.recording and self._mode_of(node) and not self._pauses(node))
        )

    def _mode_of(self, node: cst.With) -> str:
        """The mode that predict_mode(), train_mode() or pause() sets for its suite."""
        call = node.items[0].item
        name = self.canonical(call.func) if isinstance(call, cst.Call) else ""
        if name == "autograd.pause":
            trains = isinstance(call, cst.Call) and any("True" in code(a) for a in call.args)
            return "train" if trains else "eval"
        return {"autograd.train_mode": "train", "autograd.predict_mode": "eval"}.get(name, "")

    def _records(self, node: cst.With, mode: str) -> bool:
        """Whether MXNet records inside; a function alone is taken to be called in its mode."""
        if self._is_record(node):
            return True
        if self._pauses(node):
            return False
        recorded = self.here()[1]
        return mode == "train" if recorded is None else recorded

    def _pauses(self, node: cst.With) -> bool:
        call = node.items[0].item
        return isinstance(call, cst.Call) and self.canonical(call.func) == "autograd.pause"

    def visit_With(self, node: cst.With) -> bool:
        for name in self.plan.carried.get(node, ()):
            self.carried_kinds[name] = self.lookup(name) or Kind()
        if self._is_record(node):
            self.scope().has_record = True
            call = node.items[0].item
            trains = not any("train_mode" in code(a) for a in getattr(call, "args", ()))
            mode = "train" if trains else "eval"
        else:
            mode = self._mode_of(node)
        names = self._networks(node.body) if mode else []
        if mode:
            self.around.append((mode == "train", self._records(node, mode)))
            if self.around[-1][0] is not self.around[-1][1] and any(
                (kind := self.lookup(name)) is not None and kind.name == "function"
                for name in names
            ):
                self.note("mode-of-functions", node.items[0].item)
        self.switches.append([s for name in names for s in self._mode_switch(name, mode)])
        if self._is_record(node) or mode == "train":
            self.recording += 1
        for item in node.items:
            if item.asname is not None:
                self._bind_target(item.asname.name, Kind())
        return True

    def leave_With(self, original_node: cst.With, updated_node: cst.With) -> Any:
        pre = self.switches.pop()
        mode = self._mode_of(original_node)
        if self._is_record(original_node) or mode:
            self.around.pop()
        if self._is_record(original_node):
            pre = [*pre, *self._detaching(original_node)]
        if self._is_record(original_node) or mode == "train":
            self.recording -= 1
        if pre and mode:
            return self._in_mode(original_node, updated_node, pre)
        if not self._drops(original_node) or not isinstance(updated_node.body, cst.IndentedBlock):
            return self._with_todos(updated_node)
        body = [*pre, *updated_node.body.body]
        leading = list(updated_node.leading_lines)
        comment = updated_node.body.header.comment
        if comment is not None:
            leading.append(cst.EmptyLine(comment=comment))
        first = body[0]
        body[0] = self._keep_tag(
            first,
            first.with_changes(leading_lines=[*leading, *getattr(first, "leading_lines", ())]),
        )
        if updated_node.body.footer:
            last = body[-1]
            self.tags[id(last)] = (
                "footer",
                (list(updated_node.body.footer), self.tags.get(id(last))),
                last,
            )
        return cst.FlattenSentinel(body)

    def _detaching(self, node: cst.With) -> list[Any]:
        """Cut what the last run of a recorded block left from its graph."""
        made: list[Any] = []
        for name in self.plan.carried.get(node, ()):
            kind = self.carried_kinds.get(name, Kind())
            if kind.name not in ("tensor", "unknown"):
                continue
            self.note("carried", node)
            cut = f"{name}.detach()" if kind.name == "tensor" else f"runtime.detached({name})"
            if kind.name == "unknown":
                self.need_import("runtime")
            made.append(cst.parse_statement(f"{name} = {cut}\n"))
        return made

    def _in_mode(self, original: cst.With, updated: cst.With, made: list[Any]) -> Any:
        """Networks switch before the suite, and back after it inside record()."""
        back: list[Any] = []
        if self.recording:
            for name in self._networks(original.body):
                back += self._mode_switch(name, "train")
        dropped = self._drops(original) and isinstance(updated.body, cst.IndentedBlock)
        body = list(updated.body.body) if dropped else [self._with_todos(updated)]
        whole: list[Any] = [*made, *body, *back]
        leading = list(updated.leading_lines)
        if not dropped:
            whole[len(made)] = whole[len(made)].with_changes(leading_lines=[])
        whole[0] = whole[0].with_changes(leading_lines=leading)
        return cst.FlattenSentinel(whole)

    def _networks(self, node: cst.CSTNode) -> list[str]:
        """Names called in the text that are networks, or may be."""
        found: dict[str, None] = {}
        for call in m.findall(node, m.Call(func=m.Name())):
            assert isinstance(call, cst.Call)
            assert isinstance(call.func, cst.Name)
            name = call.func.value
            kind = self.lookup(name)
            if kind is None or kind.name in ("loss", "py", "class"):
                continue
            if kind.name == "function" and kind.detail != ASKS:
                continue
            if kind.name in ("module", "function") or (
                kind.name == "unknown" and is_network_name(name)
            ):
                found[name] = None
        return list(found)

    def _sensitive(self, name: str) -> bool:
        """Whether a network may behave differently in training: Dropout, BatchNorm, or unknown."""
        kind = self.lookup(name)
        if kind is None or kind.name != "module" or kind.layers is None:
            return kind is None or kind.detail not in ("gluon.nn.Dense", "gluon.rnn.RNN")
        return kind.detail == "sensitive" or any(layer.width < 0 for layer in kind.layers)

    def _mode_switch(self, name: str, mode: str) -> list[Any]:
        if not self._sensitive(name) or self.mode.get(name) == mode:
            return []
        kind = self.lookup(name)
        if kind is not None and kind.name == "function":
            return []  # it asks whether gradients are recorded
        self.mode[name] = mode
        text = f"{name}.{mode}()\n"
        if kind is None or kind.name != "module":
            self.need_import("nn")
            text = f"if isinstance({name}, nn.Module):\n    {text}"
        return [cst.parse_statement(text)]
