"""Read the results in folders, whoever wrote them; what does not fit is one clear line."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backends.errors import InputError

LARGEST = sys.float_info.max
RESULT, BOOK, BENCH = "result.json", "book.json", "bench.json"

# A shape is a type, a tuple of alternatives, [shape] for a list, {"*": shape} for a mapping with
# any names and {name: shape} for one with these; a name that ends in "?" may be absent.
NUMBER = (int, float, None)  # None: no finite number
PARITY = {
    "passed": bool,
    "sentences": [str],
    "tolerance": float,
    "first_divergence": (
        None,
        {"step": int, "tensor": str, "backends": [str], "difference": NUMBER},
    ),
    "resynced_steps": [int],
    "steps_without_finite_loss": [int],
    "free_running_diff": [NUMBER],
}
RESULT_SHAPE = {
    "experiment": str,
    "style": str,
    "config": dict,
    "completed": bool,
    "data": str,
    "note": str,
    "notes": [str],
    "machine": dict,
    "x_label": str,
    "shown": [str],
    "plotted": [str],
    "log_scale": bool,
    "shared_scale": bool,
    "parts": [str],
    "epochs": [int],
    "backends": {
        "*": {
            "version": str,
            "threads": int,
            "device": str,
            "losses": [NUMBER],
            "metrics": [{"*": (*NUMBER, [NUMBER])}],
            "seconds": [(int, float)],
            "texts": {"*": {"*": str}},
        }
    },
    "parity?": (None, PARITY),
}
BOOK_SHAPE = {
    "runs": [
        {
            "row": str,
            "seed": int,
            "backend": str,
            "config": dict,
            "figures": {"*": NUMBER},
            "first_losses": [NUMBER],
            "seconds_per_epoch": (int, float),
            "texts": {"*": str},
            "data": str,
            "note": str,
            "version": str,
            "threads": int,
            "device": str,
            "machine": dict,
            "date": str,
        }
    ],
}
BENCH_SHAPE = {
    "complete": bool,
    "command": str,
    "date": str,
    "machine": {"processor": str, "cpus": NUMBER, "system": str, "python": str},
    "processes": [
        {
            "framework": str,
            "version": str,
            "device": str,
            "dtype": str,
            "threads": int,
            "busy": int,
        },
    ],
    "cycles": int,
    "launches": int,
    "least_seconds": float,
    "no_verdicts_because": [str],
    "rows": [
        {
            "case": str,
            "name": str,
            "sizes": {"*": int},
            "threads": int,
            "failure": str,
            "missing": {"*": str},
            "parity": (None, {"runs": int, "seconds": float}),
            "programs": {
                "*": {"backend": str, "kind": str, "again": bool, "parity": NUMBER},
            },
            "comparisons": [
                {
                    "compares": str,
                    "program": str,
                    "baseline": str,
                    "ratio": float,
                    "interval": [float],
                    "smallest_effect": float,
                    "verdict": (None, str),
                }
            ],
        }
    ],
}
SHAPES: dict[str, dict[str, Any]] = {RESULT: RESULT_SHAPE, BOOK: BOOK_SHAPE, BENCH: BENCH_SHAPE}
NAMES = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    dict: "an object",
}


@dataclass(frozen=True)
class Found:
    """A file of results: where it lies under the folder that was named, and what it holds."""

    where: str
    content: dict[str, Any]


def find(folders: Sequence[Path]) -> dict[str, list[Found]]:
    """All results, book tables and benchmarks under the folders by the name of their files.

    Each comes once, in the order of their paths.

    Raises InputError for a missing folder, for folders without any, and for a file that cannot be
    read as what its name says.
    """
    found: dict[str, list[Found]] = {name: [] for name in SHAPES}
    seen = set()
    for folder in folders:
        if not folder.is_dir():
            raise InputError(f"{str(folder)!r} is no folder: name one with results")
        for path in sorted(path for name in SHAPES for path in folder.rglob(name)):
            if path.resolve() not in seen:
                seen.add(path.resolve())
                shown = path.parent.relative_to(folder) if len(folders) == 1 else path.parent
                content = read(path, SHAPES[path.name])
                found[path.name].append(Found(str(shown), content))
    if not seen:
        names = ", ".join(repr(str(folder)) for folder in folders)
        raise InputError(f"no {RESULT} lies in {names}: name a folder that run or compare wrote")
    return found


def read(path: Path, shape: dict[str, Any]) -> dict[str, Any]:
    """The content of a JSON file. Raises InputError where it does not have the shape."""
    fix = "remove it, or write it again with this version"
    try:
        content = json.loads(path.read_bytes(), parse_constant=refuse)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): {fix}") from None
    except (ValueError, RecursionError) as error:
        problem = str(error).splitlines()[0]
        raise InputError(f"{path} is no complete JSON file ({problem}): {fix}") from None
    problem = misfit(content, shape, "the file") or inconsistency(content)
    if problem:
        raise InputError(f"{path} is no {path.stem} of Lockstep, {problem}: {fix}")
    return content


def refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def misfit(value: Any, shape: Any, name: str) -> str:
    """What is wrong with a value, "" if it has the shape."""
    if isinstance(shape, tuple):
        problems = [misfit(value, alternative, name) for alternative in shape]
        return "" if "" in problems else problems[-1]
    if isinstance(shape, list):
        if not isinstance(value, list):
            return f"{name} is no list"
        return first(misfit(item, shape[0], f"{name}[{i}]") for i, item in enumerate(value))
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return f"{name} is no object"
        return first(misfits_of_items(value, shape, name))
    if shape is None:
        return "" if value is None else f"{name} is not null"
    # In JSON true is no number, and 2.0 may be written as 2.
    fits = isinstance(value, (int, float) if shape is float else shape)
    if not fits or (isinstance(value, bool) and shape is not bool):
        return f"{name} is not {NAMES[shape]}"
    if isinstance(value, (int, float)) and not abs(value) <= LARGEST:
        return f"{name} is larger than a float64"
    return ""


def misfits_of_items(value: dict[str, Any], shape: dict[str, Any], name: str) -> Iterator[str]:
    if "*" in shape:
        yield from (misfit(item, shape["*"], f"{name}: {key!r}") for key, item in value.items())
        return
    for key, expected in shape.items():
        if (found := key.removesuffix("?")) in value:
            yield misfit(value[found], expected, f"{found!r}")
        elif not key.endswith("?"):
            yield f"{name} holds no {found!r}"


def first(problems: Iterable[str]) -> str:
    return next((problem for problem in problems if problem), "")


def inconsistency(content: dict[str, Any]) -> str:
    """What lists of a result contradict each other; an interrupted run may hold an epoch more."""
    if "runs" in content:
        return ""
    if "rows" in content:
        return inconsistency_of_rows(content["rows"])
    count = len(content["epochs"])
    if not count:
        return "it holds no epoch"
    if not content["backends"]:
        return "it holds no backend"
    if len(content["parts"]) != count:
        return f"'parts' has {len(content['parts'])} entries, 'epochs' {count}"
    for label, backend in content["backends"].items():
        for name in ("losses", "metrics", "seconds"):
            if len(backend[name]) < count:
                return f"{name!r} of {label!r} has {len(backend[name])} entries, 'epochs' {count}"
    divergence = (content.get("parity") or {}).get("first_divergence")
    if divergence and len(divergence["backends"]) != 2:
        return "'first_divergence' names not two backends"
    return ""


def inconsistency_of_rows(rows: Sequence[dict[str, Any]]) -> str:
    """Only a case that was compared has to say how long its programs took."""
    shape = {"median": float, "interval": [float], "limit": float, "of_limit": float}
    for row in rows:
        programs, name = row["programs"], row["case"]
        for comparison in row["comparisons"]:
            for label in (comparison["program"], comparison["baseline"]):
                if label not in programs:
                    return f"a comparison of {name!r} names {label!r}, which is no program of it"
        if row["comparisons"] and row["parity"] is None:
            return f"{name!r} was compared without parity"
        for label, program in programs.items() if row["comparisons"] else ():
            if problem := misfit(program, shape, repr(label)):
                return problem
    return ""
