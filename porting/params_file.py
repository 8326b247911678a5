"""Read and write MXNet's parameter files without MXNet.

A file is, little-endian: u64 0x112, u64 0, u64 count and the arrays, u64 count and the names, each
a u64 length and its bytes. An array is a magic number, i32 storage type, its shape (i32 number of
axes, i64 each), the device (i32 type, i32 number), i32 type and its elements. Before version 2 an
array had no storage type, and at first no magic number and u32 axes.
Source: src/ndarray/ndarray.cc of MXNet 1.9.1, NDArray::Save, NDArray::Load and LegacyLoad.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from backends.errors import InputError

LIST_MAGIC = 0x112
HEADER = struct.pack("<QQ", LIST_MAGIC, 0)
V1, V2, V3 = 0xF993FAC8, 0xF993FAC9, 0xF993FACA
DENSE = 0
STORAGE = {1: "row_sparse", 2: "csr"}
CPU = 1
DTYPES = ("float32", "float64", "float16", "uint8", "int32", "int8", "int64", "bool", "int16")
DTYPES_ALLOWED = ("float16", "float32", "float64")
MAX_AXES = 32  # NumPy's limit


class _Reader:
    """Takes values off the front of a file. InputError if it ends too early."""

    def __init__(self, path: Path, content: bytes) -> None:
        self.path, self.content, self.position = path, content, 0

    def refusal(self, problem: str) -> InputError:
        return InputError(f"{self.path} {problem}: give a file of save_parameters or nd.save")

    def take(self, size: int) -> bytes:
        end = self.position + size
        if end > len(self.content):
            raise self.refusal(
                f"is cut off, it has {len(self.content)} bytes and needs {end} or more"
            )
        taken = self.content[self.position : end]
        self.position = end
        return taken

    def numbers(self, layout: str) -> tuple[Any, ...]:
        return struct.unpack(f"<{layout}", self.take(struct.calcsize(f"<{layout}")))

    def number(self, layout: str) -> int:
        return self.numbers(layout)[0]


def read_params(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a file by name, in its order.

    Raises InputError for a file that cannot be read, is foreign or cut off, and for arrays that
    are sparse, empty, without names or of another type than float16, float32 or float64.
    """
    try:
        reader = _Reader(path, path.read_bytes())
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): name another file") from None
    if not reader.content.startswith(HEADER):
        raise reader.refusal(f"is no parameter file of MXNet, it starts with {_start(reader)}")
    reader.take(len(HEADER))
    # The names come last, so that an array which cannot be read is told by its number.
    arrays = [_read_array(reader, f"array {i}") for i in range(reader.number("Q"))]
    names = [_read_name(reader) for _ in range(reader.number("Q"))]
    if len(names) != len(arrays):
        raise reader.refusal(f"holds {len(arrays)} arrays and {len(names)} names")
    if reader.position != len(reader.content):
        rest = len(reader.content) - reader.position
        raise reader.refusal(f"has {rest} bytes after its last name")
    for i, name in enumerate(names):
        if name in names[:i]:
            raise reader.refusal(f"holds two arrays {name!r}")
    return dict(zip(names, arrays, strict=True))


def _start(reader: _Reader) -> str:
    return f"0x{reader.content[:4].hex()}" if reader.content else "nothing"


def _read_name(reader: _Reader) -> str:
    name = reader.take(reader.number("Q"))
    try:
        return name.decode()
    except UnicodeDecodeError:
        raise reader.refusal(f"holds a name that is no UTF-8, {name[:20]!r}") from None


def _read_array(reader: _Reader, what: str) -> np.ndarray:
    magic = reader.number("I")
    if magic in (V2, V3):
        storage = reader.number("i")
        if storage != DENSE:
            kind = STORAGE.get(storage, f"of storage type {storage}")
            raise InputError(
                f"{reader.path}: {what} is {kind}: make it dense with tostype('default'), save anew"
            )
        num_axes = reader.number("i")
        empty = num_axes == (0 if magic == V2 else -1)
        axis = "q"
    else:
        num_axes = reader.number("i") if magic == V1 else magic
        empty = num_axes == 0
        axis = "q" if magic == V1 else "I"
    if empty:
        raise reader.refusal(f"holds no values in {what}")
    if not 0 <= num_axes <= MAX_AXES:
        raise reader.refusal(f"is damaged, {what} has {num_axes} axes")
    shape = reader.numbers(f"{num_axes}{axis}")
    reader.numbers("ii")  # the device it was on
    code = reader.number("i")
    dtype = DTYPES[code] if 0 <= code < len(DTYPES) else f"of type {code}"
    if dtype not in DTYPES_ALLOWED:
        raise InputError(
            f"{reader.path}: {what} is {dtype}: only {', '.join(DTYPES_ALLOWED)} are weights"
        )
    if min(shape, default=0) < 0:
        raise reader.refusal(f"is damaged, {what} has shape {shape}")
    element = np.dtype(dtype).newbyteorder("<")
    content = reader.take(math.prod(shape) * element.itemsize)
    return np.frombuffer(content, element).reshape(shape).astype(dtype)


def write_params(file: BinaryIO, arrays: Mapping[str, np.ndarray]) -> None:
    """Write float arrays with one axis or more, in their order, as `mx.nd.save` does."""
    file.write(HEADER + struct.pack("<Q", len(arrays)))
    for array in arrays.values():
        file.write(struct.pack(f"<Iii{array.ndim}q", V2, DENSE, array.ndim, *array.shape))
        file.write(struct.pack("<iii", CPU, 0, DTYPES.index(array.dtype.name)))
        file.write(array.astype(array.dtype.newbyteorder("<")).tobytes())
    file.write(struct.pack("<Q", len(arrays)))
    for name in arrays:
        content = name.encode()
        file.write(struct.pack("<Q", len(content)) + content)
