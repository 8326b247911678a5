"""A bar for each program that runs, on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.progress import TimeElapsedColumn as Elapsed


class Bars:
    """Called with a program's name and how many of its parts have begun."""

    def __init__(self, console: Console, total: int) -> None:
        self._bars = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Elapsed(),
            console=console, transient=True, disable=not console.is_terminal,
        )  # fmt: skip
        self._total = total
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Bars:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def __call__(self, name: str, begun: int) -> None:
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(name, total=self._total)
        self._bars.update(self._tasks[name], completed=begun)
