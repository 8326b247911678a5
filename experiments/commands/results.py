"""Write results so that a reader never finds half a file."""

from __future__ import annotations

import json
import math
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

from backends.errors import InputError


def prepare_folder(folder: Path) -> None:
    """Make the folder. Raises InputError if nothing can be written there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(
            f"--out {str(folder)!r} cannot be written to ({error.strerror}): give a folder of yours"
        ) from None


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A temporary file in the same folder that takes the name of `path` once it is complete."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.umask(umask := os.umask(0))
        Path(temporary).chmod(0o666 & ~umask)  # mkstemp keeps the file to its owner
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def without_nan(value: Any) -> Any:
    """JSON knows no NaN and no infinity; they become null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_nan(item) for item in value]
    return value


def write_json(path: Path, result: dict[str, Any]) -> None:
    text = json.dumps(without_nan(result), indent=1, ensure_ascii=False, allow_nan=False)
    with replacing(path) as file:
        file.write(text.encode() + b"\n")


@cache
def gpus() -> str:
    """Their names, as NVIDIA's driver tells them; nothing without one."""
    program = shutil.which("nvidia-smi")
    if not program:
        return ""
    asked = [program, "--query-gpu=name", "--format=csv,noheader"]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.SubprocessError):  # a broken driver costs no finished run
        return ""
    return ", ".join(done.stdout.splitlines()) if done.returncode == 0 else ""


def processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    text = cpuinfo.read_text() if cpuinfo.exists() else ""
    names = [line for line in text.splitlines() if line.startswith("model name")]
    own = names[0].partition(":")[2].strip() if names else ""
    return own or platform.processor() or platform.machine()


def described(machine: dict[str, Any]) -> str:
    own = [machine["processor"], f"{machine['cpus']} CPUs", machine["system"]]
    return ", ".join([*own, *([machine["gpu"]] if "gpu" in machine else [])])


def machine() -> dict[str, Any]:
    """What the numbers were computed on; "gpu" where there is one."""
    return {
        "processor": processor(),
        "cpus": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        **({"gpu": gpus()} if gpus() else {}),
    }
