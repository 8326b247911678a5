"""Functions, classes, loops and recorded blocks."""

from __future__ import annotations

from typing import Any

import libcst as cst
import libcst.matchers as m

from porting.expressions import Expressions
from porting.inference import is_network_name
from porting.kinds import Kind, Scope
from porting.templates import code

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
        self.scopes.append(made)
        self._parameters(node.params)
        if node.name.value == "hybrid_forward" and len(node.params.params) > 1:
            self.scope().names[node.params.params[1].name.value] = Kind(
                "alias", alias="mxnet.ndarray"
            )
        self.suspended.append((self.recording, self.mode))
        self.recording, self.mode = 0, {}
        return True

    def _asks(self, node: cst.CSTNode) -> bool:
        """Whether a function behaves differently in training."""
        return any(
            isinstance(call, cst.Call) and self.canonical(call.func) == "autograd.is_training"
            for call in m.findall(node, m.Call())
        )

    def _has_record(self, node: cst.CSTNode) -> bool:
        return any(self._is_record(w) for w in m.findall(node, m.With()))

    def leave_FunctionDef(
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> Any:
        scope = self.scopes.pop()
        self.recording, self.mode = self.suspended.pop()
        self.scope().names[original_node.name.value] = Kind(
            "function", returns=scope.returned, detail=ASKS if self._asks(original_node) else ""
        )
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
        pre: list[Any] = []
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
        )
        if updated_node.body.footer:
            last = body[-1]
            self.tags[id(last)] = (
                "footer",
                (list(updated_node.body.footer), self.tags.get(id(last))),
                last,
            )
        return cst.FlattenSentinel(body)

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
