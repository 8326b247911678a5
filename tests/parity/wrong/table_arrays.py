"""The framework, and what makes and moves arrays."""

import numpy as np

from tests.parity.wrong.row import Wrong
from tests.parity.wrong.values import (
    bits,
    float16_sum,
    given_memory,
    memory,
    moved,
    on_argument,
    own_memory,
    steeper,
    tf32,
)


def shared_zeros(k, right, shape):
    return memory(k).setdefault(tuple(shape), right(shape))


def last_argmax(k, right, array, axis):
    x = k.to_numpy(array)
    return k.from_numpy(x.shape[axis] - 1 - np.flip(x, axis).argmax(axis))


def averaged_rows(k, right, array, ids):
    """The gradient of a row that is taken more than once is a mean."""
    taken = k.to_numpy(ids)
    counts = np.array([(taken == i).sum() for i in taken.ravel()]).reshape(*taken.shape, 1)
    rows = right(array, ids)
    widened = np.broadcast_to(1 / np.maximum(counts, 1), rows.shape)
    return steeper(k, rows, k.from_numpy(widened))


def by_one_less(k, right, x):
    n = int(np.prod(x.shape))
    return right(x) * (n / max(n - 1, 1))


def unsubnormal(a):
    return np.where(abs(a) < np.finfo("float32").tiny, 0, a)


def floats(function):
    """from_numpy with floats changed before."""

    def override(k, right, array):
        array = np.asarray(array)
        return right(function(array) if array.dtype.kind == "f" else array)

    return override


def joined_in_memory(k, right, arrays, axis):
    flat = right([k.reshape(array, (-1,)) for array in arrays], 0)
    return k.reshape(flat, right(arrays, axis).shape)


def clipped_ids(k, right, ids, size):
    return right(k.from_numpy(k.to_numpy(ids).clip(0, size - 1)), size)


# fmt: off
ARRAYS = [
    Wrong("version", "made up", lambda k, right: "0.0"),
    Wrong("devices", "unknown device", lambda k, right: ("cpu", "tpu")),
    Wrong("num_threads", "zero", lambda k, right: 0),
    Wrong("num_threads", "one too many", lambda k, right: right() + 1),
    Wrong("synchronize", "returns something", lambda k, right: k),
    Wrong("seed", "ignored", lambda k, right, seed: None),
    Wrong("seed", "always the same", lambda k, right, seed: right(0)),
    Wrong("seed", "half of them", lambda k, right, seed: right(seed // 2 * 2)),
    Wrong("from_numpy", "float16", floats(lambda a: a.astype("float16"))),
    Wrong("from_numpy", "TF32", floats(tf32)),
    Wrong("from_numpy", "23 bits", floats(bits(23))),
    Wrong("from_numpy", "float32 at most", floats(lambda a: a.astype("float32"))),
    Wrong("from_numpy", "without subnormals", floats(unsubnormal)),
    Wrong("from_numpy", "without the sign of 0", floats(lambda a: a + 0.0)),
    Wrong("from_numpy", "NaN is 0", floats(np.nan_to_num)),
    Wrong("from_numpy", "ids as floats", lambda k, right, a: right(a * 1.0)),
    Wrong("from_numpy", "ids of one byte", lambda k, right, a: right(
        np.asarray(a).astype("uint8") if np.asarray(a).dtype.kind in "iu" else a)),
    Wrong("from_numpy", "the caller's memory", given_memory),
    Wrong("from_numpy", "scalars as vectors", lambda k, right, a: right(np.atleast_1d(a))),
    Wrong("from_numpy", "in the order of memory",
          lambda k, right, a: right(np.ravel(a, "K").reshape(np.shape(a)))),
    Wrong("to_numpy", "transposed", lambda k, right, a: right(a).T),
    Wrong("to_numpy", "one precision for all", lambda k, right, a: right(a).astype("float64")),
    Wrong("to_numpy", "its own memory", own_memory),
    Wrong("to_numpy", "TF32", lambda k, right, a: tf32(right(a))),
    Wrong("to_numpy", "23 bits", lambda k, right, a: bits(23)(right(a))),
    Wrong("to_numpy", "scalars as vectors", lambda k, right, a: np.atleast_1d(right(a))),
    Wrong("parameters", "zeros", lambda k, right, w: {n: k.zeros(a.shape) for n, a in w.items()}),
    Wrong("parameters", "one is left out", lambda k, right, w: right({"W": w["W"]})),
    Wrong("parameters", "in another order", lambda k, right, w: right(dict(reversed(w.items())))),
    *(Wrong("parameters", f"{number} bits",
            lambda k, right, w, number=number: right({n: bits(number)(a) for n, a in w.items()}))
      for number in (8, 11, 23)),
    Wrong("parameters", "the caller's memory",
          lambda k, right, w: {n: given_memory(k, k.from_numpy, a) for n, a in w.items()}),
    Wrong("detach", "does not cut", lambda k, right, state: state),
    Wrong("detach", "cuts the first array only",
          lambda k, right, state: (*right(state[:1]), *state[1:])),
    Wrong("detach", "other values", lambda k, right, state: tuple(a * 0 for a in right(state))),
    Wrong("detach", "float16", lambda k, right, state: tuple(
        k.from_numpy(k.to_numpy(a).astype("float16")) for a in state)),
    Wrong("detach", "last array first", lambda k, right, state: right(state)[::-1]),
    Wrong("zeros", "ones", lambda k, right, shape: right(shape) + 1),
    Wrong("zeros", "subnormal", lambda k, right, shape: right(shape) + 1e-40),
    Wrong("zeros", "one array for all", shared_zeros),
    Wrong("zeros", "integers",
          lambda k, right, shape: k.from_numpy(np.zeros(tuple(shape), "int64"))),
    Wrong("one_hot", "next id", lambda k, right, i, size: right((i + 1) % size, size)),
    Wrong("one_hot", "smoothed", lambda k, right, i, size: right(i, size) * 0.9 + 0.1 / size),
    Wrong("one_hot", "integers", lambda k, right, i, size: k.from_numpy(
        k.to_numpy(right(i, size)).astype("int64"))),
    Wrong("one_hot", "ids wrap", lambda k, right, i, size: right(i % size, size)),
    Wrong("one_hot", "ids are clipped", clipped_ids),
    Wrong("concat", "last first", lambda k, right, arrays, axis: right(arrays[::-1], axis)),
    Wrong("concat", "a gradient for the first only",
          lambda k, right, arrays, axis: right([arrays[0], *k.detach(arrays[1:])], axis)),
    Wrong("concat", "one after the other in memory", joined_in_memory),
    Wrong("concat", "the first is doubled", lambda k, right, arrays, axis: right(
        [arrays[0] * 2, *arrays[1:]], axis)),
    Wrong("take_rows", "from the end", lambda k, right, x, i: right(x, x.shape[0] - 1 - i)),
    Wrong("take_rows", "gradient is cut", lambda k, right, x, i: right(k.detach((x,))[0], i)),
    Wrong("take_rows", "gradient of a repeated row is a mean", averaged_rows),
    Wrong("take_rows", "ids wrap", lambda k, right, x, i: right(x, i % x.shape[0])),
    Wrong("take_rows", "ids are clipped",
          lambda k, right, x, i: clipped_ids(k, lambda i, size: right(x, i), i, x.shape[0])),
    Wrong("reshape", "column by column", lambda k, right, x, shape: right(x.T, shape)),
    Wrong("reshape", "backwards", lambda k, right, x, shape: right(
        k.concat([x[i : i + 1] for i in reversed(range(x.shape[0]))], 0) if x.ndim else x, shape)),
    Wrong("argmax", "last among equals", last_argmax),
    Wrong("argmax", "smallest", lambda k, right, x, axis: right(-x, axis)),
    Wrong("argmax", "largest magnitude", lambda k, right, x, axis: right(x * x, axis)),
    Wrong("argmax", "next", lambda k, right, x, axis: right(x, axis) + 1),
    Wrong("argmax", "of float16", on_argument(
        0, lambda k, x: k.from_numpy(k.to_numpy(x).astype("float16")))),
    Wrong("argmax", "of bfloat16", on_argument(
        0, lambda k, x: k.from_numpy(bits(8)(k.to_numpy(x))))),
    Wrong("argmax", "along the last axis", lambda k, right, x, axis: right(x, -1)),
    Wrong("sum", "mean", lambda k, right, x: k.mean(x)),
    Wrong("sum", "in float16", lambda k, right, x: moved(
        k, right(x), lambda a: float16_sum(k.to_numpy(x)))),
    Wrong("sum", "without the last", lambda k, right, x: (
        right(k.reshape(x, (-1,))[:-1]) if x.ndim and x.shape[0] > 1 else right(x))),
    Wrong("sum", "along the first axis, then the mean",
          lambda k, right, x: right(x) / (x.shape[-1] if x.ndim > 1 else 1)),
    Wrong("mean", "sum", lambda k, right, x: k.sum(x)),
    Wrong("mean", "by n − 1", by_one_less),
    Wrong("mean", "of the rows", lambda k, right, x: k.sum(x) / (x.shape[0] if x.ndim else 1)),
    Wrong("mean", "1 / n in float16", lambda k, right, x: k.sum(x) * float(
        np.float16(1 / max(np.prod(x.shape), 1)))),
    Wrong("mean", "gradient of the sum", lambda k, right, x: steeper(
        k, right(x), float(max(np.prod(x.shape), 1)))),
]
# fmt: on
