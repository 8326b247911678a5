"""Run a program part by part in this process and write down what each part leaves behind."""

from __future__ import annotations
import __future__

import ast
import builtins
import pickle
import sys
import zlib
from collections.abc import Callable
from types import CodeType, ModuleType
from typing import Any

import numpy as np

from porting.prove.trace import FULL_EVENTS, Event, Leaf, Writer, sampled
from porting.prove.units import Part
from porting.prove.values import Framework, Tree, tree


class Cut(BaseException):
    """The statement has had one backward pass more than the updates that the proof asked for."""


class Recorder:
    """Follows a run; the frameworks' sides call `backward` and `updated`."""

    def __init__(self, writer: Writer, framework: Framework, updates: int) -> None:
        self.writer, self.framework, self.updates = writer, framework, updates
        self.on_begin: Callable[[int], None] = lambda number: None
        self.settings: dict[str, Any] = {}
        # A module of that name, because pickle looks classes up in it.
        sys.modules["__main__"] = ModuleType("__main__")
        self.names: dict[str, Any] = vars(sys.modules["__main__"])
        self._flags = 0  # of `from __future__ import …`
        self._known: dict[str, int] = {}
        self._running = False
        self._ended = False  # by sys.exit
        self._pending: Event | None = None
        self._events = 0
        self._passes = 0

    # ---- what the frameworks report ----

    def backward(self, loss: list[np.ndarray], leaves: list[Leaf]) -> None:
        """A backward pass has filled the leaves' gradients.

        Raises Cut after the last update that this statement may have. Not before this pass: MXNet
        updates the statistics of batch normalisation in it, PyTorch in the forward pass.
        """
        self._flush()
        if self.updates and self._passes >= self.updates:
            raise Cut
        self._passes += 1
        self._pending = Event(loss, leaves)

    def updated(self, factors: dict[int, float]) -> None:
        """An optimizer multiplies the gradients of these leaves by a factor before it uses them."""
        if self._pending is not None:
            for leaf in self._pending.leaves:
                leaf.factor = factors.get(leaf.key, leaf.factor)

    def note(self, text: str) -> None:
        self.writer.write("notes", text)

    def drawn(self, array: np.ndarray) -> None:
        """Data of a curve that the program plots."""
        if self._running:
            self.writer.write("drawn", array)

    def _flush(self) -> None:
        event, self._pending = self._pending, None
        if event is None:
            return
        self._events += 1
        if self._events > FULL_EVENTS:
            for leaf in event.leaves:
                leaf.value = sampled(leaf.value)
                if leaf.gradient is not None:
                    leaf.gradient = sampled(leaf.gradient)
        self.writer.write("events", event)

    # ---- the run ----

    def run(self, parts: list[Part], name: str) -> None:
        """Run every part; a part that raises is noted and the next one is tried."""
        real_print = builtins.print
        builtins.print = self._print
        try:
            for part in parts:
                self.writer.write("begin", part.number)
                self.on_begin(part.number)
                self._events = 0
                self._run_part(part, name)
                self._flush()
                self._write_values()
                self.writer.write("finished", True)
                if self._ended:
                    break
        finally:
            builtins.print = real_print

    def final(self, leaves: list[Leaf]) -> None:
        """The trained arrays at the end of a part."""
        self._flush()
        self.writer.write("events", Event(None, leaves))

    def _run_part(self, part: Part, name: str) -> None:
        if part.error:
            self.writer.write("error", part.error)
        for statement in part.statements:
            self._passes = 0
            self._running = True
            try:
                value = self._run_statement(statement, name)
                if statement is part.statements[-1] and value is not None:
                    self.writer.write("shown", tree(value, self.framework))
            except Cut:
                self.writer.write("cut", True)
            except KeyboardInterrupt:
                raise
            except SystemExit as end:
                self._ended = True
                if end.code not in (None, 0):
                    self.writer.write("error", f"line {statement.lineno}: SystemExit: {end.code}")
                break
            except BaseException as error:
                self.writer.write("error", f"line {statement.lineno}: {_one_line(error)}")
                break
            finally:
                self._running = False
        if self._events or self._pending is not None:
            self.final(self.framework_leaves())

    def framework_leaves(self) -> list[Leaf]:
        """Replaced by the framework's side: the trained arrays as they are now."""
        return []

    def _run_statement(self, statement: ast.stmt, name: str) -> Any:
        """Run it; the value of an expression."""
        if isinstance(statement, ast.Expr):
            return eval(self._compiled(ast.Expression(statement.value), name, "eval"), self.names)
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
            for alias in statement.names:
                self._flags |= getattr(__future__, alias.name).compiler_flag
        exec(self._compiled(ast.Module([statement], []), name, "exec"), self.names)
        for setting in self.settings.keys() & self.names.keys():
            self.names[setting] = self.settings[setting]
        return None

    def _compiled(self, module: Any, name: str, mode: str) -> CodeType:
        return compile(module, name, mode, flags=self._flags, dont_inherit=True)

    def _print(self, *arguments: Any, **options: Any) -> None:
        if self._running and options.get("file") in (None, sys.stdout):
            values = [tree(argument, self.framework) for argument in arguments]
            self.writer.write("printed", ("list", values))

    def _write_values(self) -> None:
        """The top-level names whose values this part has changed."""
        changed: dict[str, Tree] = {}
        for name, value in list(self.names.items()):
            if name.startswith("__") or isinstance(value, (ModuleType, type)):
                continue
            try:
                content = tree(value, self.framework)
                mark = zlib.crc32(pickle.dumps(content, protocol=5))
            except Exception as error:  # a value that cannot be read must not end the run
                content = ("opaque", f"{type(value).__name__} ({_one_line(error)})")
                mark = 0
            if self._known.get(name) != mark:
                self._known[name] = mark
                changed[name] = content
        self.writer.write("values", changed)


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__


def name_of(key: int, own: set[str], identity: Any) -> str:
    """What a program calls an array: a variable, an item of a list or a parameter of a network.

    `identity` lists (name, key) pairs of the arrays inside a value. Frames are searched from the
    caller outwards; `own` are the files to pass over.
    """
    frame = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_filename not in own:
            for variable, value in list(frame.f_locals.items()):
                for inner, found in identity(value):
                    if found == key:
                        return variable + inner
        if frame.f_code.co_name == "<module>" and frame.f_globals.get("__name__") == "__main__":
            break
        frame = frame.f_back  # type: ignore[assignment]
    return ""
