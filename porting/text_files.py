"""Read and write the files that `mx2torch port` is given."""

from __future__ import annotations

from pathlib import Path

from backends.errors import InputError
from experiments.commands.results import replacing
from porting.documents import SUFFIXES


def read_text(path: Path) -> str:
    """The text of a file with its line ends as they are. Raises InputError."""
    if path.suffix not in SUFFIXES:
        raise InputError(
            f"{str(path)!r} does not end in {', '.join(SUFFIXES)}: "
            "rename the file or extract its code"
        )
    if path.is_dir():
        raise InputError(f"{str(path)!r} is a folder: name the files in it")
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise InputError(f"{str(path)!r} cannot be read ({error.strerror}): name another") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{str(path)!r} is not UTF-8 at byte {error.start}: convert it") from None


def check_writable(path: Path, option: str = "--output") -> None:
    """Raises InputError for a folder, and for a file whose folder is missing."""
    if path.is_dir():
        raise InputError(f"{option} {str(path)!r} is a folder: name a file in it")
    if not path.parent.is_dir():
        raise InputError(f"{option} {str(path)!r}: there is no folder {path.parent}: make it")


def write_text(path: Path, text: str) -> None:
    """Replace a file as a whole; it keeps its mode, a link stays one. Raises InputError."""
    path = path.resolve()
    mode = path.stat().st_mode if path.exists() else None
    try:
        with replacing(path) as file:
            file.write(text.encode("utf-8"))
        if mode is not None:
            path.chmod(mode)
    except OSError as error:
        raise InputError(
            f"--output {str(path)!r} cannot be written ({error.strerror}): choose another"
        ) from None
