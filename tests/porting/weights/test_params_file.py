"""The binary format, against MXNet and against damaged files."""

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backends.errors import InputError
from porting.params_file import DTYPES, HEADER, V1, V2, V3, read_params, write_params

RNG = np.random.default_rng(0)
ARRAYS = {
    "dense.weight": RNG.normal(size=(3, 4)).astype("float32"),
    "权重": RNG.normal(size=(2, 1, 2, 3)),
    "half": RNG.normal(size=5).astype("float16"),
}


def content_of(arrays: dict[str, np.ndarray]) -> bytes:
    file = io.BytesIO()
    write_params(file, arrays)
    return file.getvalue()


def assert_equal(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    assert list(found) == list(expected)
    for name, array in expected.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        np.testing.assert_array_equal(found[name], array)


def test_read_what_mxnet_writes(mx: Any, tmp_path: Path) -> None:
    path = tmp_path / "w.params"
    mx.nd.save(str(path), {k: mx.nd.array(v, dtype=v.dtype) for k, v in ARRAYS.items()})
    assert_equal(read_params(path), ARRAYS)


def test_mxnet_reads_what_is_written(mx: Any, tmp_path: Path) -> None:
    path = tmp_path / "w.params"
    path.write_bytes(content_of(ARRAYS))
    assert_equal({k: v.asnumpy() for k, v in mx.nd.load(str(path)).items()}, ARRAYS)
    theirs = tmp_path / "theirs.params"
    mx.nd.save(str(theirs), {k: mx.nd.array(v, dtype=v.dtype) for k, v in ARRAYS.items()})
    assert path.read_bytes() == theirs.read_bytes()


def test_the_types_have_mxnets_numbers(mx: Any) -> None:
    numbers = mx.ndarray.ndarray._DTYPE_NP_TO_MX
    assert [numbers[np.dtype(name).type] for name in DTYPES if name != "int16"] == list(range(8))


def test_numpy_shapes(mx: Any, tmp_path: Path) -> None:
    """Version 3: an array may have no axes."""
    path = tmp_path / "w.params"
    with mx.util.np_shape(True), mx.util.np_array(True):
        mx.npx.save(str(path), {"a": mx.np.array(1.5), "b": mx.np.ones((2, 3))})
    assert struct.pack("<I", V3) in path.read_bytes()
    expected = {"a": np.array(1.5, "float32"), "b": np.ones((2, 3), "float32")}
    assert_equal(read_params(path), expected)


@pytest.mark.parametrize("version", ["V1", "first"])
def test_old_versions(mx: Any, tmp_path: Path, version: str) -> None:
    array = ARRAYS["dense.weight"]
    if version == "V1":
        shape = struct.pack("<II2q", V1, array.ndim, *array.shape)
    else:
        shape = struct.pack("<I2I", array.ndim, *array.shape)
    content = HEADER + struct.pack("<Q", 1) + shape + struct.pack("<iii", 1, 0, 0) + array.tobytes()
    content += struct.pack("<QQ", 1, 1) + b"w"
    path = tmp_path / "old.params"
    path.write_bytes(content)
    assert_equal(read_params(path), {"w": array})
    assert_equal({k: v.asnumpy() for k, v in mx.nd.load(str(path)).items()}, {"w": array})


def test_every_cut_file_is_refused(tmp_path: Path) -> None:
    content, path = content_of(ARRAYS), tmp_path / "cut.params"
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(InputError, match=r"cut.params is (cut off|no parameter file)"):
            read_params(path)


def test_a_damaged_byte_gives_an_array_or_an_input_error(tmp_path: Path) -> None:
    content, path = content_of(ARRAYS), tmp_path / "damaged.params"
    refusals = []
    for position in range(len(content)):
        for value in (0, 1, 0x7F, 0xFF):
            path.write_bytes(content[:position] + bytes([value]) + content[position + 1 :])
            try:
                read_params(path)
            except InputError as error:
                refusals.append(str(error))
    assert len(refusals) > 100
    assert not [refusal for refusal in refusals if "\n" in refusal]


def one_array(version: int = V2, storage: int = 0, axes: int = 1, dtype: int = 0) -> bytes:
    array = struct.pack("<Iii", version, storage, axes) + struct.pack("<q", 2) * max(axes, 0)
    array += struct.pack("<iii", 1, 0, dtype) + bytes(8)
    return HEADER + struct.pack("<Q", 1) + array + struct.pack("<QQ", 1, 1) + b"w"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is no parameter file of MXNet, it starts with nothing"),
        (b"PK\x03\x04" + bytes(99), "is no parameter file of MXNet, it starts with 0x504b0304"),
        (one_array(storage=1), r"array 0 is row_sparse: make it dense with tostype\('default'\)"),
        (one_array(storage=2), "array 0 is csr: make it dense"),
        (one_array(storage=9), "array 0 is of storage type 9: make it dense"),
        (one_array(axes=0), "holds no values in array 0"),
        (one_array(V3, axes=-1), "holds no values in array 0"),
        (one_array(axes=33), "is damaged, array 0 has 33 axes"),
        (one_array(dtype=3), "array 0 is uint8: only float16, float32, float64 are weights"),
        (one_array(dtype=12), "array 0 is of type 12: only float16, float32, float64"),
        (
            one_array().replace(struct.pack("<q", 2), struct.pack("<q", -2)),
            r"is damaged, array 0 has shape \(-2,\)",
        ),
        (one_array() + b"x", "has 1 bytes after its last name"),
        (one_array()[:-17] + bytes(8), "holds 1 arrays and 0 names"),
        (one_array()[:-1] + b"\xff", r"holds a name that is no UTF-8, b'\\xff'"),
    ],
)
def test_a_foreign_file_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "w.params"
    path.write_bytes(content)
    with pytest.raises(InputError, match=f"w.params:? {message}"):
        read_params(path)


def test_equal_names_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.params"
    path.write_bytes(content_of({"a": np.ones(2), "b": np.ones(2)}).replace(b"b", b"a"))
    with pytest.raises(InputError, match="holds two arrays 'a'"):
        read_params(path)


def test_a_sparse_file_of_mxnet(mx: Any, tmp_path: Path) -> None:
    path = tmp_path / "w.params"
    mx.nd.save(str(path), {"w": mx.nd.ones((2, 3)).tostype("row_sparse")})
    with pytest.raises(InputError, match="array 0 is row_sparse"):
        read_params(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_params(tmp_path / "nothing.params")
