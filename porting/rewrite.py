"""The rewrite of one cell or file; what is not MXNet keeps its bytes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import libcst as cst
import libcst.matchers as m
from libcst.metadata import MetadataWrapper

from porting import names as mxnet_names
from porting import training
from porting.api_map import find
from porting.blocks import READS, Blocks
from porting.inference import State
from porting.kinds import Kind
from porting.layout import is_blank, merge, trailing
from porting.rules import REMOVED
from porting.templates import code

IMPORT = "__mx2torch_import_"
OWN_GRADIENT = re.compile(r"(?P<indent> *)(?P<layer>[\w.\[\]]+)\.(?:weight|bias)\.grad = None\n")


class Rewriter(Blocks):
    """The simple statements of one cell, and the suites they stand in."""

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
        if isinstance(right, cst.Call) and self.canonical(right.func).startswith("gluon.nn."):
            self.state.layers[code(left)] = [code(arg.value) for arg in right.args]
        if isinstance(left, cst.Tuple) and kind.name not in ("tensor", "tensors"):
            kind = Kind()
        name = self.canonical(right)
        if name and (row := find(name)) is not None and row.rule == "helper":
            kind = Kind("function", returns=Kind(row.kind))
        self._bind_target(left, kind)
        if isinstance(left, cst.Name) and self.scope() is self.state.document:
            used = {n.value for n in m.findall(right, m.Name()) if isinstance(n, cst.Name)}
            self.state.depends.setdefault(left.value, set()).update(used)

    def _bind_sum(self, name: str, value: cst.BaseExpression) -> None:
        """n = 0; n += array makes n an array."""
        kind, known = self.kind(value), self.lookup(name)
        if kind.name == "tensor" and known is not None and known.name == "py":
            self.bind_name(name, Kind("tensor", scalar=kind.scalar))

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
            self._other_import(imports)
            return updated_node
        for small in original_node.body:
            if isinstance(small, cst.Assign):
                self._bind_assign(small)
            elif isinstance(small, cst.AugAssign) and isinstance(small.target, cst.Name):
                self._bind_sum(small.target.value, small.value)
        body = [
            s for s in updated_node.body if not (isinstance(s, cst.Expr) and s.value is REMOVED)
        ]
        body = [self._reassigned(s) for s in body]
        body = [self._settings(s, original_node) for s in body]
        if not body and self.before:
            made = [cst.parse_statement(text) for text in self.before]
            self.before.clear()
            made[0] = made[0].with_changes(leading_lines=updated_node.leading_lines)
            return cst.FlattenSentinel(made)
        if not body:
            new = updated_node.with_changes(body=[cst.Pass()])
            self.tags[id(new)] = ("dropped", None, new)
            return new
        if len(body) != len(updated_node.body) or any(
            a is not b for a, b in zip(body, updated_node.body, strict=True)
        ):
            updated_node = updated_node.with_changes(body=body)
        pre: list[Any] = [cst.parse_statement(text) for text in self.before]
        self.before.clear()
        pre = [*self._zeroing(original_node), *pre]
        self._sequence_tags(original_node, updated_node)
        networks = self._evaluated(original_node)
        for name in networks:
            pre = [*pre, *self._mode_switch(name, "eval")]
        self._forget_modes(original_node)
        updated = self._with_todos(updated_node)
        statement: Any = updated
        if self._writes_in_place(original_node) or (
            networks and self._wrap_evaluation(original_node, networks)
        ):
            statement = self._no_grad(updated)
        if not pre:
            return statement
        leading = list(getattr(updated, "leading_lines", ()))
        stripped = statement.with_changes(leading_lines=[])
        self._keep_tag(statement, stripped)
        first = pre[0].with_changes(leading_lines=[*leading, *getattr(pre[0], "leading_lines", ())])
        return cst.FlattenSentinel([first, *pre[1:], stripped])

    def _reassigned(self, small: cst.BaseSmallStatement) -> cst.BaseSmallStatement:
        """x.detach() on its own: keep what it returns."""
        if m.matches(
            small, m.Expr(m.Call(func=m.Attribute(value=m.Name(), attr=m.Name("detach")), args=[]))
        ):
            call = cst.ensure_type(cst.ensure_type(small, cst.Expr).value, cst.Call)
            name = cst.ensure_type(call.func, cst.Attribute).value
            return cst.Assign([cst.AssignTarget(cst.ensure_type(name, cst.Name))], call)
        return small

    def _settings(
        self, small: cst.BaseSmallStatement, original: cst.SimpleStatementLine
    ) -> cst.BaseSmallStatement:
        """x.grad[:] = 0 is x.grad.zero_(), and p.grad_req = 'null' is p.requires_grad = False."""
        if not self.has_mxnet() or not isinstance(small, cst.Assign) or len(small.targets) != 1:
            return small
        target, value = small.targets[0].target, code(small.value)
        text = ""
        if code(target).endswith(".grad[:]") and value in ("0", "0.0"):
            text = f"{code(target)[:-3]}.zero_()"
            self.note("zero-grad", original)
        elif isinstance(target, cst.Attribute) and target.attr.value == "grad_req":
            trains = {"'null'": False, '"null"': False, "'write'": True, '"write"': True}.get(value)
            if trains is None:
                stub = self.stub(
                    "Parameter.grad_req",
                    cst.ensure_type(original.body[0], cst.Assign).value,
                    small.value,
                    value,
                    "argument",
                )
                return small.with_changes(value=stub)
            text = f"{code(target.value)}.requires_grad = {trains}"
            self.note("grad-req", original)
        if not text:
            return small
        return cst.ensure_type(cst.parse_statement(text), cst.SimpleStatementLine).body[0]

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
            own = f"{target.value}.grad" in code(small.value)
            hit = own or (
                target.value in self.state.leaves
                and bool(m.findall(small.value, m.Attribute(attr=m.Name("grad"))))
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

    def _zeroing(self, node: cst.SimpleStatementLine) -> list[Any]:
        made: list[Any] = []
        for call in m.findall(node, training.BACKWARD):
            assert isinstance(call, cst.Call)
            assert isinstance(call.func, cst.Attribute)
            if not self.has_mxnet():
                continue
            text = self.written_in_torch(self._whole_layers(self.plan.zero.get(call, "")))
            if not text and not self._reset_by_loop(call):
                text = self._zero_leaves(call)
            if text:
                if text.startswith("runtime."):
                    self.need_import("runtime")
                self.note("zero-grad", call)
                made += cst.parse_module(text).body
        return made

    def _whole_layers(self, text: str) -> str:
        """A layer whose weight is updated by hand: its bias has a gradient, too."""
        lines: list[str] = []
        for line in text.splitlines(keepends=True):
            own = OWN_GRADIENT.fullmatch(line)
            if own and self._is_layer(cst.parse_expression(own["layer"])):
                line = f"{own['indent']}{own['layer']}.zero_grad()\n"
                if line in lines:
                    continue
            lines.append(line)
        return "".join(lines)

    def _is_layer(self, node: cst.BaseExpression) -> bool:
        owner = node.value if isinstance(node, cst.Subscript) else node
        return self.kind(owner).name == "module"

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
            and isinstance(new, cst.Assign)
            and code(new.value) == "nn.Sequential()"
        ):
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
        reads = bool(m.findall(node, READS)) or self.scope().reads
        reads |= any(scope.evaluates for scope in self.scopes)
        inside = len(self.scopes) > 1
        return (
            [n for n in names if self._sensitive(n)]
            if (not inside or reads or self._own_record())
            else []
        )

    def _forget_modes(self, node: cst.SimpleStatementLine) -> None:
        """A function that is given a network may leave it in another mode."""
        for call in m.findall(node, m.Call()):
            assert isinstance(call, cst.Call)
            if self.canonical(call.func).startswith("d2lzh.") or not self.canonical(call.func):
                for arg in call.args:
                    self.mode.pop(code(arg.value), None)

    def _own_record(self) -> bool:
        return any(scope.has_record for scope in self.scopes if scope.is_function)

    def _wrap_evaluation(self, node: cst.SimpleStatementLine, networks: Sequence[str]) -> bool:
        displayed = (
            self.interactive and len(self.scopes) == 1 and isinstance(node.body[-1], cst.Expr)
        )
        known = all((k := self.lookup(n)) is not None and k.name == "module" for n in networks)
        return not displayed and (not known or self.state.uses_is_training)

    def _import(self, original: cst.SimpleStatementLine, updated: cst.SimpleStatementLine) -> Any:
        for small in original.body:
            if isinstance(small, (cst.Import, cst.ImportFrom)):
                for local, name in mxnet_names.imported(small).items():
                    self.state.aliases[local] = name
                    self._mode(name)
                    if local in self.scope().names:
                        del self.scope().names[local]
                    if mxnet_names.canonical(name) == "gluon.data":
                        self.state.data_alias = self.state.data_alias or local
                    if name in ("d2lzh", "gluonbook"):
                        self.state.helper_alias = local
        self.state.import_lines.append(list(original.body))
        return updated.with_changes(
            body=[cst.Expr(cst.Name(f"{IMPORT}{len(self.state.import_lines) - 1}"))]
        )

    def _other_import(self, imports: Sequence[cst.Import | cst.ImportFrom]) -> None:
        """A name that another module takes over is no longer MXNet's."""
        for node in imports:
            if isinstance(node.names, cst.ImportStar):
                continue
            for alias in node.names:
                name = code(alias.name)
                local = alias.evaluated_alias or name.split(".")[0]
                self.state.aliases.pop(local, None)
                if isinstance(node, cst.Import) and alias.evaluated_alias in (None, name):
                    self.state.modules.add(name)

    def _mode(self, name: str) -> None:
        """np arrays, if np or npx is imported beside no nd."""
        known = {mxnet_names.canonical(other) for other in self.state.aliases.values()}
        if mxnet_names.canonical(name) in ("np", "npx", "d2l"):
            self.state.numpy_mode |= "nd" not in known

    # ---- suites ----

    def _suite(self, statements: Sequence[Any]) -> tuple[list[Any], list[cst.EmptyLine]]:
        """Merge Sequential and add, join no_grad blocks, drop what was removed, keep comments."""
        done: list[Any] = []
        carried: list[cst.EmptyLine] = []
        for statement in statements:
            tag = self.tags.get(id(statement))
            kind, payload = (tag[0], tag[1]) if tag else ("", None)
            footer: list[cst.EmptyLine] = []
            if kind == "footer" and payload:
                footer, inner = payload
                kind, payload = (inner[0], inner[1]) if inner else ("", None)
            if kind == "dropped":
                carried += [*statement.leading_lines, *trailing(statement), *footer]
                continue
            if carried:
                leading = [*carried, *statement.leading_lines]
                if is_blank(carried[-1]) and leading[len(carried) :]:
                    leading = [*carried[:-1], *statement.leading_lines]
                statement = self._keep_tag(statement, statement.with_changes(leading_lines=leading))
                carried = []
            previous = self.tags.get(id(done[-1])) if done else None
            if (
                kind == "add"
                and previous
                and previous[0] == "sequential"
                and previous[1] == payload
            ):
                merged = merge(done[-1], statement)
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


def rewrite(
    source: str, state: State, cell: int = 0, interactive: bool = False
) -> tuple[cst.Module, Rewriter]:
    """Port one piece of Python; imports are left as marked statements for ``imports.finish``."""
    wrapper = MetadataWrapper(cst.parse_module(source), unsafe_skip_copy=False)
    tree = wrapper.module
    rewriter = Rewriter(
        state, cell, training.plan(tree, state.updaters, state.gradients_read), interactive
    )
    return wrapper.visit(rewriter), rewriter


__all__ = ["Rewriter", "State", "rewrite"]
