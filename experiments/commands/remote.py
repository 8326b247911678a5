"""A session in a process of its own, driven over a pipe.

Whatever prepares the session sets the threads before NumPy or a framework is imported, so the
module that holds it imports neither.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from backends.errors import InputError


class WorkerError(RuntimeError):
    """A process failed in a way that no input explains."""


class Remote:
    """The parent's end. A failure in the process is raised where its answer is read."""

    def __init__(self, name: str, prepare: Callable[..., tuple[Any, Any]], *arguments: Any) -> None:
        """prepare(*arguments), called in the process, returns its first answer and the session."""
        context = multiprocessing.get_context("spawn")
        self._pipe, other_end = context.Pipe()
        self._process = context.Process(
            target=serve_and_end,
            args=(other_end, name, prepare, *arguments),
            name=name,
            daemon=True,
        )
        self._process.start()
        other_end.close()
        self.name = name

    def send(self, *request: Any) -> None:
        """Ask for a method of the session by name, with its arguments."""
        with suppress(ConnectionError):  # a process that has ended has left a word about why
            self._pipe.send(request)

    def answer(self) -> Any:
        """Wait for the next answer."""
        try:
            answer = self._pipe.recv()
        except (EOFError, ConnectionError):
            self._process.join(timeout=5)
            raise WorkerError(
                f"the process of {self.name} ended with code {self._process.exitcode}"
            ) from None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def ask(self, *request: Any) -> Any:
        self.send(*request)
        return self.answer()

    def close(self) -> None:
        self._pipe.close()
        self._process.join(timeout=5)
        if self._process.is_alive():
            self._process.kill()


def serve_and_end(*arguments: Any) -> None:
    """`serve`, and leave at once: a framework takes half a second to take itself down."""
    serve(*arguments)
    for child in multiprocessing.active_children():  # a data loader's
        child.terminate()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def serve(
    pipe: Connection, name: str, prepare: Callable[..., tuple[Any, Any]], *arguments: Any
) -> None:
    """The process's end: answer requests until the parent closes the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    with suppress(EOFError, ConnectionError):  # the parent has closed its end
        try:
            first_answer, session = prepare(*arguments)
            pipe.send(first_answer)
            while True:
                method, *values = pipe.recv()
                pipe.send(getattr(session, method)(*values))
        except (EOFError, ConnectionError):
            pass
        except InputError as error:
            pipe.send(error)
        except MemoryError as error:
            pipe.send(InputError(f"{name}: {error or 'out of memory'}: lower the sizes"))
        except Exception as error:
            # As text: a framework's own exception could not be unpickled without the framework.
            traceback.print_exc()
            pipe.send(WorkerError(f"{name}: {type(error).__name__}: {error}"))
