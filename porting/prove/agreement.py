"""Whether two trees of values are the same up to what rounding does to the original itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backends.agreement import TOLERANCE
from porting.prove.values import Tree

EQUAL, DIFFERS, UNKNOWN = "equal", "differs", "not comparable"
# How many times further than a perturbed run of the original the port may be from it: perturbed
# runs show one draw of the rounding errors, not the largest.
MARGIN = 8.0
# An array that rounding alone moves by more than this part of itself proves nothing.
BLURRED = 0.05
# Beside the largest number of its network such an array is nothing, and no other number proves it.
NEGLIGIBLE = 1e-3
NO_GRADIENT = "zeros in the original, nothing in the port: as a gradient before the first backward"
NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|\bnan\b|\binf\b")
SECONDS = re.compile(r"[\d.eE+-]+\s*(?:sec(?:onds?)?|s|ms)\b|[\d.]+\s*(?:examples?|samples?)/s\w*")
PARAMETER = re.compile(r"[\w.]*(?:weight|bias|gamma|beta|running_mean|running_var)\w*")
REPR = re.compile(
    r"<NDArray[^>]*>|Parameter containing:|tensor\("
    r"|,?\s*(?:grad_fn=<[^>]*>|requires_grad=True|dtype=[\w.]+|device='[^']*')"
)


@dataclass(frozen=True)
class Comparison:
    """One value: where it stands, the verdict, why, and how far apart the two are.

    `apart` is the largest difference relative to the largest number of the array, `size` how many
    numbers were compared, and `excess` how many times too far apart they are, if they are.
    """

    path: str
    verdict: str
    why: str = ""
    apart: float = 0.0
    size: int = 0
    excess: float = np.inf
    note: str = ""


def compare(path: str, original: Tree, others: Sequence[Tree], port: Tree) -> Iterator[Comparison]:
    """Compare the port's tree with the original's; `others` are the original's perturbed runs'."""
    kind, content = original[0], original[1]
    if kind in ("array", "number", "numbers") and port[0] == "function":
        why = f"the original has {_show(original)}, the port a function: is it to be called?"
        yield Comparison(path, DIFFERS, why)
        return
    if kind in ("function", "opaque") or port[0] in ("function", "opaque"):
        if kind != "function":
            unread = content if kind == "opaque" else port[1]
            yield Comparison(path, UNKNOWN, f"a {unread} holds no numbers that can be read")
        return
    if kind == "array" and port == ("same", "None") and not content.any():
        yield Comparison(path, UNKNOWN, NO_GRADIENT)
        return
    if "net" in (kind, port[0]) and kind != port[0]:
        original, port = _as_net(original), _as_net(port)
        kind, content = original[0], original[1]
        others = [_as_net(other) for other in others]
    if kind == "text" and port[0] == "text":
        yield _texts(path, content, [o[1] for o in others if o[0] == "text"], port[1])
    elif kind == "net" and port[0] == "net":
        yield from _nets(path, content, [o[1] for o in others if o[0] == "net"], port[1])
    elif kind == "dict" and port[0] == "dict":
        yield from _dicts(path, original, others, port)
    elif kind == "same" or port[0] == "same":
        same = original == port
        why = "" if same else f"the original has {_show(original)}, the port {_show(port)}"
        yield Comparison(path, EQUAL if same else DIFFERS, why, size=1)
    elif kind == "list" and port[0] == "list" and not _is_scalar_shape(content, port[1]):
        yield from _lists(path, original, others, port)
    else:
        arrays = [_array(tree) for tree in (original, port)]
        if _same_texts(original, port):
            yield Comparison(path, EQUAL, size=1)
        elif arrays[0] is None or arrays[1] is None:
            why = f"the original has {_show(original)}, the port {_show(port)}"
            yield Comparison(path, DIFFERS, why)
        else:
            noisy = [array for o in others if (array := _array(o)) is not None]
            by_element = kind == "numbers"
            yield arrays_agree(path, arrays[0], noisy, arrays[1], by_element)


def arrays_agree(
    path: str,
    original: np.ndarray,
    others: Sequence[np.ndarray],
    port: np.ndarray,
    by_element: bool = False,
) -> Comparison:
    """Compare arrays: relative to the largest number, or each number by itself in lists."""
    if original.shape != port.shape:
        if {original.shape, port.shape} != {(1,), ()}:
            why = f"the original has shape {original.shape}, the port {port.shape}"
            return Comparison(path, DIFFERS, why)
        original, port = original.reshape(()), port.reshape(())
        others = [other.reshape(()) for other in others if other.size == 1]
    others = [other for other in others if other.shape == original.shape]
    a, b = original.astype(np.float64), port.astype(np.float64)
    if a.size == 0:
        return Comparison(path, EQUAL, size=0)
    strange = ~np.isfinite(a) | ~np.isfinite(b)
    with np.errstate(invalid="ignore"):
        agree_there = (a == b) | (np.isnan(a) & np.isnan(b))
        apart = np.where(agree_there, 0.0, abs(a - b))
        moved = np.zeros_like(a)
        for other in others:
            here = (a == other) | (np.isnan(a) & np.isnan(other))
            moved = np.maximum(
                moved, np.where(here, 0.0, np.nan_to_num(abs(a - other), nan=np.inf))
            )
    moved = np.where(strange & agree_there, 0.0, moved)
    if by_element:
        scale, moved = abs(a), np.maximum.accumulate(moved.reshape(-1)).reshape(a.shape)
    else:
        scale = np.broadcast_to(np.where(np.isfinite(a), abs(a), 0.0).max(initial=0.0), a.shape)
        moved = np.broadcast_to(moved.max(initial=0.0), a.shape)
    exact = _whole(a) and _whole(b) and not moved.any()
    allowed = MARGIN * moved + (0.0 if exact else TOLERANCE * scale)
    far = (apart > allowed) | (strange & ~agree_there & ~np.isinf(moved))
    relative = apart / np.maximum(scale, np.finfo(np.float32).tiny)
    worst = float(np.nan_to_num(relative, nan=np.inf).max())
    if far.any():
        where = np.unravel_index(np.argmax(np.where(far, np.nan_to_num(relative), -1)), a.shape)
        place = f" at {[int(i) for i in where]}" if a.ndim else ""
        why = (
            f"{_text(a[where])} in the original, {_text(b[where])} in the port{place}"
            f" ({_text(apart[where])} apart, {_text(allowed[where])} allowed)"
        )
        with np.errstate(divide="ignore"):
            excess = float(apart[where] / allowed[where])
        return Comparison(path, DIFFERS, why, worst, a.size, excess)
    counted = _whole(a) and _whole(b) and worst > 0
    if counted or (
        worst > TOLERANCE
        and (worst > BLURRED or (moved > BLURRED * np.maximum(scale, 1e-30)).any())
    ):
        why = "rounding, or randomness that cannot be given, moves it as far in the original"
        return Comparison(path, UNKNOWN, why, worst, a.size)
    return Comparison(path, EQUAL, "", worst, a.size, note=_dtype_note(original, port))


def _dtype_note(original: np.ndarray, port: np.ndarray) -> str:
    """A word on other dtypes; MXNet's indices and comparisons are floats, so they may differ."""
    ours, theirs = original.dtype, port.dtype
    if ours == theirs or original.size == 1 or (ours.kind in "iub" and theirs.kind in "iub"):
        return ""
    return f"{ours.name} in the original, {theirs.name} in the port"


def largest(arrays: Iterable[np.ndarray]) -> float:
    """The largest magnitude in any of them."""
    return max((float(abs(array).max(initial=0.0)) for array in arrays), default=0.0)


def one_of_many(
    path: str,
    original: np.ndarray,
    others: Sequence[np.ndarray],
    port: np.ndarray,
    scale: float,
) -> Comparison:
    """Compare an array of a network whose largest number is `scale`.

    What is zero but for rounding, such as the gradient of a bias before batch normalisation, has
    rounding errors of its framework's own: how far the original's runs are apart says nothing.
    """
    found = arrays_agree(path, original, others, port)
    if found.verdict != DIFFERS or original.shape != port.shape:
        return found
    moved = largest(original - other for other in others if other.shape == original.shape)
    if moved > BLURRED * largest([original]) and largest([original, port]) < NEGLIGIBLE * scale:
        return Comparison(path, UNKNOWN, "it is zero but for rounding", found.apart, found.size)
    return found


def _whole(values: np.ndarray) -> bool:
    finite = values[np.isfinite(values)]
    return bool((finite == np.rint(finite)).all())


def _array(tree: Tree) -> np.ndarray | None:
    kind, content = tree[0], tree[1]
    if kind in ("array", "numbers"):
        return content if content.dtype.kind in "fiub" else None
    if kind == "number" and not isinstance(content, complex):
        return np.asarray(content, np.float64)
    if kind == "list":
        items = [_array(item) for item in content]
        if all(item is not None and item.size == 1 for item in items):
            return np.array([item.item() for item in items if item is not None], np.float64)
    return None


def _same_texts(original: Tree, port: Tree) -> bool:
    """Whether both are equal arrays of texts, or equal complex numbers."""
    a, b = original[1], port[1]
    if original[0] == port[0] == "array" and a.dtype.kind not in "fiub":
        return bool(np.array_equal(a, b))
    return original[0] == port[0] == "number" and isinstance(a, complex) and a == b


def _is_scalar_shape(original: list[Tree], port: list[Tree]) -> bool:
    """Whether (1,) stands against (): MXNet's nd has no arrays without axes."""
    return original == [("number", 1.0)] and port == []


def _lists(path: str, original: Tree, others: Sequence[Tree], port: Tree) -> Iterator[Comparison]:
    if len(original[1]) != len(port[1]):
        why = f"the original has {len(original[1])} items, the port {len(port[1])}"
        yield Comparison(path, DIFFERS, why)
        return
    alike = [o for o in others if o[0] == "list" and len(o[1]) == len(original[1])]
    for n, (item, counterpart) in enumerate(zip(original[1], port[1], strict=True)):
        yield from compare(f"{path}[{n}]", item, [o[1][n] for o in alike], counterpart)


def _dicts(path: str, original: Tree, others: Sequence[Tree], port: Tree) -> Iterator[Comparison]:
    if original[1].keys() != port[1].keys():
        odd = sorted(original[1].keys() ^ port[1].keys())[:3]
        yield Comparison(path, DIFFERS, f"the key {odd[0]!r} is in only one of them")
        return
    for key, item in original[1].items():
        alike = [o[1][key] for o in others if o[0] == "dict" and key in o[1]]
        yield from compare(f"{path}[{key!r}]", item, alike, port[1][key])


def _as_net(tree: Tree) -> Tree:
    """A list or a dict of nothing but arrays, as the parameters of a network."""
    if tree[0] == "array":
        return ("net", [("", tree[1])])
    items = list(tree[1].items()) if tree[0] == "dict" else list(enumerate(tree[1]))
    if tree[0] in ("list", "dict") and items and all(item[0] == "array" for _, item in items):
        return ("net", [(str(key), item[1]) for key, item in items])
    return tree


def _nets(
    path: str,
    original: list[tuple[str, np.ndarray]],
    others: Sequence[list[tuple[str, np.ndarray]]],
    port: list[tuple[str, np.ndarray]],
) -> Iterator[Comparison]:
    if not original and not port:
        return
    if not original or not port:
        yield Comparison(path, UNKNOWN, "its parameters have no values yet")
        return
    if len(original) != len(port):
        why = f"the original's has {len(original)} arrays, the port's {len(port)}"
        yield Comparison(path, DIFFERS, why)
        return
    alike = [other for other in others if len(other) == len(original)]
    partners = pairs([(a, None) for _, a in original], [(a, None) for _, a in port])
    scale = largest(array for _, array in original)
    for n, ((name, array), partner) in enumerate(zip(original, partners, strict=True)):
        if partner is None:
            yield Comparison(f"{path}: {name}", DIFFERS, f"the port has no array {array.shape}")
            continue
        other_name, counterpart = port[partner]
        noisy = [other[n][1] for other in alike]
        yield one_of_many(f"{path}.{other_name}", array, noisy, counterpart, scale)


Pair = tuple[np.ndarray, np.ndarray | None]


def pairs(left: Sequence[Pair], right: Sequence[Pair]) -> list[int | None]:
    """For each (value, gradient) on the left the one on the right of its shape that is nearest.

    A network's arrays hold the same numbers in another order; gradients may differ by a factor.
    """
    distances = []
    for i, one in enumerate(left):
        for j, other in enumerate(right):
            if one[0].shape == other[0].shape or {one[0].shape, other[0].shape} == {(1,), ()}:
                distances.append((_distance(one, other), abs(i - j), i, j))
    found: list[int | None] = [None] * len(left)
    taken: set[int] = set()
    for _, _, i, j in sorted(distances):
        if found[i] is None and j not in taken:
            found[i] = j
            taken.add(j)
    return found


def _distance(one: Pair, other: Pair) -> float:
    total = 0.0
    for n, (a, b) in enumerate(zip(one, other, strict=True)):
        if a is None or b is None:
            continue
        a, b = (x.reshape(-1)[:: max(1, x.size // 512)].astype(np.float64) for x in (a, b))
        if n == 1:  # the direction of a gradient
            a, b = (x / (np.linalg.norm(x) or 1.0) for x in (a, b))
        norm = max(np.linalg.norm(a), np.linalg.norm(b))
        total += float(np.nan_to_num(np.linalg.norm(a - b) / norm, nan=1e9)) if norm else 0.0
    return round(total, 4)


def _texts(path: str, original: str, others: Sequence[str], port: str) -> Comparison:
    if PARAMETER.fullmatch(original) and PARAMETER.fullmatch(port) and original != port:
        why = f"MXNet calls a parameter {original}, PyTorch {port}"
        return Comparison(path, UNKNOWN, why)
    a, b = _normal(original), _normal(port)
    if NUMBER.sub("#", a) != NUMBER.sub("#", b):
        if any(NUMBER.sub("#", _normal(o)) != NUMBER.sub("#", a) for o in others):
            why = "rounding, or randomness that cannot be given, changes it in the original"
            return Comparison(path, UNKNOWN, why)
        why = f"the original has {_cut(original)!r}, the port {_cut(port)!r}"
        return Comparison(path, DIFFERS, why, size=1)
    apart, size = 0.0, 1
    noisy = [NUMBER.findall(_normal(o)) for o in others]
    for n, (x, y) in enumerate(zip(NUMBER.findall(a), NUMBER.findall(b), strict=True)):
        moved = max(
            (abs(float(x) - float(o[n])) for o in noisy if len(o) > n and x != o[n]), default=0.0
        )
        first, second = float(x), float(y)
        size += 1
        if x == y or (np.isnan(first) and np.isnan(second)):
            continue
        distance = abs(first - second)
        scale = max(abs(first), 1e-30)
        allowed = 1.01 * _unit(x) + TOLERANCE * scale + MARGIN * moved
        if x.lstrip("-").isdigit() and y.lstrip("-").isdigit() and not moved:
            allowed = 0.0
        if not distance <= allowed:
            why = f"{x} in the original's {_cut(original)!r}, {y} in the port's"
            return Comparison(path, DIFFERS, why, distance / scale, size)
        if moved > BLURRED * scale and distance > 1.01 * _unit(x) + TOLERANCE * scale:
            return Comparison(path, UNKNOWN, f"{x} is not the same in each run of the original")
        apart = max(apart, distance / scale)
    return Comparison(path, EQUAL, "", apart, size)


def _normal(text: str) -> str:
    """The text without times, and without what only one framework prints around numbers."""
    text = SECONDS.sub("… s", text).replace("cpu(0)", "cpu")
    if "NDArray" in text or "tensor(" in text or "array(" in text:
        text = REPR.sub(" ", text).replace("array(", " ")
        text = re.sub(r"[\[\](),\s]+", " ", text)
        text = re.sub(r"(\d)\.(?!\d)", r"\1", text)
    return text.strip()


def _unit(number: str) -> float:
    """One unit in the last printed place."""
    mantissa, _, exponent = number.lower().partition("e")
    places = len(mantissa.partition(".")[2])
    return 10.0 ** (int(exponent or 0) - places) if places or exponent else 0.0


def _text(value: Any) -> str:
    return f"{float(value):.6g}"


def _cut(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"


def _show(tree: Tree) -> str:
    kind, content = tree[0], tree[1]
    if kind in ("array", "numbers"):
        return f"an array of shape {content.shape}"
    if kind in ("list", "dict"):
        return f"a {kind} of {len(content)}"
    return "a network" if kind == "net" else _cut(str(content))
