"""Every trap, put back into a right port, makes the proof fail where it stands.

A section's first trap here, the others in `make slow`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import pytest

from porting.port import port
from porting.prove.compare import DIFFERS, EQUAL, Result
from porting.prove.proof import Program, judged, prepared
from porting.prove.runs import Runs
from porting.prove.side import Job
from porting.prove.trace import Trace
from porting.prove.units import parts
from tests.conftest import backend_or_skip
from tests.porting.prove.array_traps import ARRAYS
from tests.porting.prove.layer_traps import LAYERS
from tests.porting.prove.sections import Section, replaced
from tests.porting.prove.training_traps import TRAINING

HEADER = """import numpy as np
from mxnet import autograd, gluon, init, nd
from mxnet.gluon import data as gdata, loss as gloss, nn, rnn

features = nd.random.normal(scale=1, shape=(20, 2))
labels = nd.dot(features, nd.array([[2.0], [-3.4]])) + 4.2
images = nd.random.normal(loc=1, scale=0.1, shape=(4, 2, 6, 6))
"""
SECTIONS = [*TRAINING, *LAYERS, *ARRAYS]
BY_NAME = {section.name: section for section in SECTIONS}
ROUNDS = max(len(section.traps) for section in SECTIONS)
MARK = "# ---- "
# Rows of the list of traps that leave no number behind: timing, and how a notebook is read.
NOT_NUMBERS = {"24", "25"}


def _later_is_slow(*values: Any) -> Any:
    """A case whose last value is the number of a round of traps."""
    return pytest.param(*values, marks=[pytest.mark.slow] if values[-1] else [])


CASES = [_later_is_slow(s.name, n) for s in SECTIONS for n in range(len(s.traps))]


def _original() -> str:
    return HEADER + "".join(f"{MARK}{s.name}\n{s.body.lstrip()}" for s in SECTIONS)


def _sections(text: str) -> Iterator[tuple[Section | None, str]]:
    """The head of a chapter, then its sections' own text."""
    head, *others = text.split(MARK)
    yield None, head
    for section, body in zip(SECTIONS, others, strict=True):
        assert body.startswith(f"{section.name}\n")
        yield section, body


def _right(text: str) -> str:
    """The tool's port with its repairs."""
    found = []
    for section, body in _sections(text):
        for was, now in section.repairs if section else []:
            body = replaced(body, was, now)
        found.append(body)
    return MARK.join(found)


def _trapped(text: str, number: int) -> str:
    """The right port with the trap of that number in every section that has one."""
    found = []
    for section, body in _sections(text):
        if section and number < len(section.traps):
            trap = section.traps[number]
            body = replaced(body, trap.right, trap.wrong)
        found.append(body)
    return MARK.join(found)


@dataclass(eq=False)
class Proofs:
    """The right port, held to the original, and the ports with traps, each when asked for."""

    original: Path
    text: str
    runs: Runs
    job: Job
    traces: dict[str, Trace]

    @cached_property
    def right(self) -> dict[str, list[Result]]:
        return self._judged("right", self.text)

    @cache  # noqa: B019  # the fixture lives as long as the module's tests
    def trapped(self, number: int) -> dict[str, list[Result]]:
        return self._judged(f"round {number}", _trapped(self.text, number))

    def _judged(self, name: str, text: str) -> dict[str, list[Result]]:
        """The results of a port by section."""
        path = self.original.with_name(f"{name}.py")
        path.write_text(text)
        job = replace(self.job, framework="torch", program=str(path))
        trace = self.runs.together({name: job})[0]
        perturbed = [self.traces["perturbed 1"], self.traces["perturbed 2"]]
        here = Program(self.original, parts(self.original), self.traces["original"], perturbed)
        proof = judged(here, Program(path, parts(path), trace))
        assert all("rounding errors added" in note for note in proof.notes), proof.notes
        return _by_section(proof.results, self.original)


@pytest.fixture(scope="module")
def proofs(tmp_path_factory: pytest.TempPathFactory) -> Proofs:
    backend_or_skip("mxnet")
    folder = tmp_path_factory.mktemp("traps")
    code = folder / "code"
    code.mkdir()
    original = code / "chapter.py"
    original.write_text(_original())
    ported = port(_original(), "chapter.py")
    assert ported.summary["unknown"] == 0
    runs = Runs(folder, 0, lambda name, begun: None)
    job = prepared(original, folder, [])
    jobs = {"original": job}
    jobs |= {f"perturbed {n}": replace(job, noise=n) for n in (1, 2)}
    traces = dict(zip(jobs, runs.together(jobs), strict=True))
    return Proofs(original, _right(ported.text), runs, job, traces)


def _by_section(results: list[Result], original: Path) -> dict[str, list[Result]]:
    lines = original.read_text().split("\n")
    starts = {n + 1: line.removeprefix(MARK) for n, line in enumerate(lines) if MARK in line}
    found: dict[str, list[Result]] = {name: [] for name in ["", *starts.values()]}
    for result in results:
        before = [start for start in starts if start < result.line]
        found[starts[max(before)] if before else ""].append(result)
    return found


def _differing(results: list[Result]) -> list[str]:
    return [f"{r.line}: {r.title}: {r.why}" for r in results if r.verdict == DIFFERS]


@pytest.mark.parametrize("name", ["", *BY_NAME])
def test_right_port_is_proven(name: str, proofs: Proofs) -> None:
    results = proofs.right[name]
    assert _differing(results) == []
    assert results[-1].verdict == EQUAL
    for result in results:
        assert result.verdict == EQUAL or result.updates == 0
        assert [why for why in result.unknown if "rounding" in why] == []


@pytest.mark.parametrize(("name", "number"), CASES)
def test_trap_is_caught_where_it_stands(name: str, number: int, proofs: Proofs) -> None:
    trap = BY_NAME[name].traps[number]
    results = proofs.trapped(number)[name]
    first = next((r for r in results if r.verdict == DIFFERS), None)
    assert first is not None, f"{trap.what}: nothing differs"
    assert first.title.startswith(trap.part), f"{first.title}: {first.why}"
    assert re.search(trap.says, first.why), first.why


@pytest.mark.parametrize("number", [_later_is_slow(n) for n in range(ROUNDS)])
def test_traps_stay_in_their_sections(number: int, proofs: Proofs) -> None:
    for name, results in proofs.trapped(number).items():
        if not name or number >= len(BY_NAME[name].traps):
            assert _differing(results) == []


def test_every_trap_of_the_list_is_injected() -> None:
    listed = {*map(str, range(1, 27)), "15b", "15c"} - NOT_NUMBERS
    assert listed - {trap.number for section in SECTIONS for trap in section.traps} == set()
