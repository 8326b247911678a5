"""Read a data file from the reader's folders or the cache, or download it; its hash must fit."""

from __future__ import annotations

import hashlib
import os
import queue
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backends.errors import InputError

CHUNK = 1024  # bytes; small, so that a slow line shows signs of life


@dataclass(frozen=True)
class DataFile:
    """A public file: the name to keep it under, what it must hold and where it can be had.

    digest is the hash of its content as the publisher states it, algorithm "sha1" or "md5".
    """

    name: str
    digest: str
    address: str
    algorithm: str = "sha1"

    def digest_of(self, content: bytes) -> str:
        """What `digest` would be for this content."""
        return hashlib.new(self.algorithm, content, usedforsecurity=False).hexdigest()


class MissingFileError(InputError):
    """A data file lies in none of the folders and cannot be downloaded."""


def data_folders(data_dir: Path | None) -> list[Path]:
    """The reader's folders: `data_dir`, then LOCKSTEP_DATA. InputError if one does not exist."""
    named = {"--data-dir": data_dir, "LOCKSTEP_DATA": os.environ.get("LOCKSTEP_DATA")}
    folders = []
    for where, folder in named.items():
        if folder:
            folders.append(Path(folder).expanduser())
            if not folders[-1].is_dir():
                raise InputError(f"{where} {str(folder)!r} is no folder: name one that exists")
    return folders


def read_file(
    file: DataFile, data_dir: Path | None = None, give_up_after: float = 10.0
) -> tuple[bytes, str]:
    """The content of a file and where it came from: a folder, the cache or the download.

    Raises InputError for a missing folder or a file with a wrong hash, and MissingFileError if
    no folder has the file and the server sends no byte within `give_up_after` seconds.
    """
    for path in (folder / file.name for folder in data_folders(data_dir)):
        if path.is_file():
            return _checked(path, file), str(path)
    # Imported here: a reader who has the file needs neither pooch nor a network.
    import pooch

    path = Path(pooch.os_cache("lockstep")) / file.name
    try:
        content = path.read_bytes()
        if file.digest_of(content) == file.digest:
            return content, str(path)
    except OSError:
        pass
    _download(file, path, give_up_after)
    return path.read_bytes(), f"{file.address}, kept as {path}"


def _checked(path: Path, file: DataFile) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): fix or remove it") from None
    if (found := file.digest_of(content)) != file.digest:
        raise InputError(
            f"{path} has {file.algorithm} {found}, expected {file.digest}: "
            f"replace it by {file.address} or remove it"
        )
    return content


def _download(file: DataFile, path: Path, give_up_after: float) -> None:
    import pooch
    import requests

    pooch.get_logger().setLevel("WARNING")
    try:
        pooch.retrieve(
            file.address,
            known_hash=f"{file.algorithm}:{file.digest}",
            fname=path.name,
            path=path.parent,
            downloader=Downloader(give_up_after),
        )
        return
    except requests.HTTPError as error:
        problem = f"the server answered {getattr(error.response, 'status_code', 'an error')}"
    except (requests.Timeout, TimeoutError):
        problem = f"no answer within {give_up_after:g} s"
    except requests.ConnectionError:
        problem = "the server cannot be reached"
    except (OSError, ValueError) as error:  # ValueError: a wrong hash
        problem = str(error).splitlines()[0]
    raise MissingFileError(
        f"{file.name} cannot be downloaded from {file.address} ({problem}): "
        "put it into a folder and name that folder with --data-dir or LOCKSTEP_DATA"
    )


@dataclass(frozen=True)
class Downloader:
    """Fetch a file for pooch; TimeoutError if no byte has come after `give_up_after` seconds."""

    give_up_after: float

    def __call__(self, address: str, output_file: str, pooch: Any) -> None:
        import requests
        from tqdm import tqdm

        def open_stream() -> tuple[Any, Any, bytes]:
            response = requests.get(address, stream=True, timeout=self.give_up_after)
            try:
                response.raise_for_status()
                chunks = response.iter_content(chunk_size=CHUNK)
                return response, chunks, next(chunks, b"")
            except BaseException:
                response.close()
                raise

        progress = tqdm(
            desc=Path(address).name, unit="B", unit_scale=True, disable=not sys.stderr.isatty()
        )
        with progress, Path(output_file).open("wb") as output:
            response, chunks, chunk = _result_within(self.give_up_after, open_stream)
            with response:
                progress.total = int(response.headers.get("content-length", 0)) or None
                while chunk:
                    output.write(chunk)
                    progress.update(len(chunk))
                    chunk = next(chunks, b"")


def _result_within(seconds: float, call: Callable[[], Any]) -> Any:
    """What a call returns or raises; TimeoutError if it hangs, as resolving a name may do.

    The abandoned thread is a daemon: it does not keep the program from ending.
    """
    outcome: queue.SimpleQueue[tuple[Any, Exception | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            outcome.put((call(), None))
        except Exception as error:
            outcome.put((None, error))

    threading.Thread(target=run, daemon=True).start()
    try:
        result, error = outcome.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError from None
    if error is not None:
        raise error
    return result
