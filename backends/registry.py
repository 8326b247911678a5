"""Find, load and describe backends.

A backend is a file NAME_backend.py in this folder: the definitions, step by step. NAME_fast.py
overrides what the framework can do faster another way.
"""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from backends.errors import InputError, check_choice

if TYPE_CHECKING:
    from backends.interface import Backend


COMPARED_BY_DEFAULT = ("mxnet", "torch")
IMPLEMENTATIONS = ("fast", "plain")


class Choice(NamedTuple):
    """A backend, where it computes and in what: the arguments of `get_backend`, in this order."""

    name: str
    device: str = "cpu"
    dtype: str = "float32"

    def __str__(self) -> str:
        """`torch`, `torch:cuda` or `torch:cuda:tf32`."""
        if self.dtype != "float32":
            return ":".join(self)
        return self.name if self.device == "cpu" else f"{self.name}:{self.device}"


TF32 = Choice("torch", "cuda", "tf32")


def choice_of(text: str, device: str = "cpu") -> Choice:
    """What `--backends` names: NAME, NAME:DEVICE or torch:cuda:tf32. device: where none is named.

    Raises InputError for anything else.
    """
    if text == str(TF32):
        return TF32
    name, *own = text.split(":")
    check_choice("backend", name, backend_names())
    if len(own) > 1:
        raise InputError(f"backend {text!r} is not allowed: give NAME, NAME:DEVICE or {TF32}")
    choice = Choice(name, *own) if own else Choice(name, device)
    check_choice("device", choice.device, ("cpu", "cuda"))
    return choice


@dataclass(frozen=True)
class BackendInfo:
    """What one backend can do here. `problem` is None, or one line with the command that helps."""

    name: str
    version: str | None = None
    devices: tuple[str, ...] = ()
    problem: str | None = None


def backend_names() -> tuple[str, ...]:
    """The names of all backends, installed or not."""
    files = Path(__file__).parent.glob("*_backend.py")
    return tuple(sorted(file.stem.removesuffix("_backend") for file in files))


def install_command(name: str) -> str:
    """The line that installs a framework in the version this project pins."""
    try:
        requirements = metadata.requires("lockstep") or []
    except metadata.PackageNotFoundError:
        requirements = []
    pinned = next(
        (r.partition(";")[0].strip() for r in requirements if re.match(rf"{name}(?![\w.-])", r)),
        name,
    )
    # MXNet's metadata forbids NumPy 2, which is the only NumPy for Python 3.13.
    flags = "--no-deps " if name == "mxnet" and sys.version_info >= (3, 13) else ""
    return f"python -m pip install {flags}'{pinned}'"


def load_backend(name: str, implementation: str = "fast") -> type[Backend]:
    """The class of a backend; this imports its framework."""
    check_choice("backend", name, backend_names())
    check_choice("implementation", implementation, IMPLEMENTATIONS)
    if find_spec(name) is None:
        raise InputError(f"backend {name!r} is not installed: run {install_command(name)}")
    if implementation == "fast" and find_spec(f"backends.{name}_fast"):
        module = importlib.import_module(f"backends.{name}_fast")
        return getattr(module, f"Fast{name.capitalize()}Backend")
    module = importlib.import_module(f"backends.{name}_backend")
    return getattr(module, f"{name.capitalize()}Backend")


def get_backend(
    name: str, device: str = "cpu", dtype: str = "float32", implementation: str = "fast"
) -> Backend:
    """The backend "numpy", "mxnet" or "torch", see `backends.interface.Backend`.

    implementation: "fast", the framework's quickest way to the same numbers, or "plain", the
    definitions step by step. Raises InputError for an unknown or missing backend, device,
    dtype or implementation.
    """
    return load_backend(name, implementation)(device, dtype)


def describe_backend(name: str) -> BackendInfo:
    """Import one framework in this process and describe it."""
    try:
        backend = load_backend(name)
    except (ImportError, InputError) as error:
        return BackendInfo(name, problem=(str(error).splitlines() or [repr(error)])[0])
    return BackendInfo(name, backend.version(), backend.devices())


def available_backends() -> dict[str, BackendInfo]:
    """Every backend by name, each described by a process of its own.

    The caller's process imports no framework: MXNet would cut torch's threads.
    """
    program = (
        "import dataclasses, json, sys; from backends.registry import describe_backend;"
        "print(json.dumps(dataclasses.asdict(describe_backend(sys.argv[1]))))"
    )
    started = {
        name: subprocess.Popen(
            [sys.executable, "-c", program, name],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parent.parent,
        )
        for name in backend_names()
    }
    found = {}
    for name, process in started.items():
        output, errors = process.communicate()
        if process.returncode == 0:
            fields = json.loads(output.splitlines()[-1])
            found[name] = BackendInfo(**{**fields, "devices": tuple(fields["devices"])})
        else:
            last_line = (errors.strip().splitlines() or ["no message"])[-1]
            found[name] = BackendInfo(name, problem=f"does not start: {last_line}")
    return found
