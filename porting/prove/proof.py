"""Run the original and the port, and perturbed runs of the original as far as they are needed."""

from __future__ import annotations

import os
import tempfile
from argparse import Namespace
from dataclasses import dataclass, field, replace
from pathlib import Path

from rich.console import Console

from backends.errors import InputError
from porting.prove.compare import DIFFERS, Result, results
from porting.prove.data import gather
from porting.prove.progress import Bars
from porting.prove.report import Proof
from porting.prove.runs import Runs
from porting.prove.side import Job
from porting.prove.trace import Trace
from porting.prove.units import Group, Part, aligned, is_import, parts

# What is this many times too far apart beside one perturbed run, no second one explains; but by
# this part of the largest number a unit that rounding puts on the other side of a kink may move it.
HOPELESS, KINK = 100.0, 0.05


@dataclass
class Program:
    """A program's parts, and what its runs left."""

    path: Path
    parts: list[Part]
    trace: Trace = field(default_factory=Trace)
    perturbed: list[Trace] = field(default_factory=list)


def prove(arguments: Namespace, console: Console) -> Proof:
    """The proof that the arguments of `mx2torch prove` ask for; Ctrl-C keeps what is finished.

    Raises InputError for files that cannot be read.
    """
    original = Program(arguments.original, parts(arguments.original))
    port = Program(arguments.port, parts(arguments.port))
    _check_settings(arguments.settings, original, port)
    interrupted = False
    with tempfile.TemporaryDirectory(prefix="mx2torch-") as name:
        folder = Path(name)
        job = prepared(original.path, folder, data_folders(arguments.data_dir, original.path))
        job = replace(
            job, seed=arguments.seed, updates=arguments.updates, settings=dict(arguments.settings)
        )
        with Bars(console, max(len(original.parts), len(port.parts))) as progress:
            runs = Runs(folder, arguments.timeout, progress)
            try:
                run_both(runs, job, original, port)
                explain(runs, job, original, port, arguments.perturbed_runs)
            except KeyboardInterrupt:
                interrupted = True
                original.trace, port.trace = runs.left("original"), runs.left("port")
    proof = judged(original, port)
    proof.interrupted = interrupted
    if arguments.updates:
        proof.notes.append(f"no statement had more than {arguments.updates} backward passes")
    for name, value in arguments.settings:
        proof.notes.append(f"{name} = {value} in both")
    return proof


def prepared(program: Path, folder: Path, sources: list[Path]) -> Job:
    """The job of the original, with its data gathered below `folder`."""
    made_up = gather(folder / "data", sources)
    return Job("mxnet", str(program.resolve()), str(folder / "data"), made_up)


def run_both(runs: Runs, job: Job, original: Program, port: Program) -> None:
    """Run both programs side by side."""
    jobs = {"original": job, "port": replace(job, framework="torch", program=_place(port))}
    original.trace, port.trace = runs.together(jobs)


def explain(runs: Runs, job: Job, original: Program, port: Program, most: int) -> None:
    """Perturbed runs of the original, until nothing differs or there are `most` of them."""
    while len(original.perturbed) < most and _may_be_rounding(
        compared(original, port), len(original.perturbed)
    ):
        number = len(original.perturbed) + 1
        original.perturbed += runs.together({f"perturbed {number}": replace(job, noise=number)})


def compared(original: Program, port: Program) -> list[Result]:
    """The results of all parts, from what the runs left."""
    pairs = aligned(original.parts, port.parts)
    return results(pairs, original.trace, original.perturbed, port.trace)


def judged(original: Program, port: Program) -> Proof:
    """The proof that the runs give."""
    proof = Proof(str(original.path), str(port.path), compared(original, port))
    for who, program in (("the original", original), ("the port", port)):
        run = program.trace
        if run.about:
            proof.versions[run.about["framework"]] = run.about["version"]
        if run.failure:
            proof.complete = False
            proof.notes.append(f"{who}: {run.failure}")
        for part in program.parts:
            unit = run.units.get(part.number)
            if is_import(part) and unit is not None and unit.error:
                proof.notes.append(f"{who} raises {unit.error}")
    for result in proof.results:
        if result.unproven:
            proof.complete = False
            note = f"line {result.line}: only the original raises; nothing that follows is proven"
            proof.notes.append(note)
            break
    made_up = sorted({*original.trace.made_up, *port.trace.made_up})
    if made_up:
        proof.notes.append(f"{', '.join(made_up)}: made-up data; --data-dir DIR gives the real")
    proof.perturbed_runs = len(original.perturbed)
    if original.perturbed:
        times = "once more" if proof.perturbed_runs == 1 else f"{proof.perturbed_runs} more times"
        proof.notes.append(f"the original ran {times}, with rounding errors added")
    return proof


def data_folders(data_dir: Path | None, program: Path) -> list[Path]:
    """Where data are looked for, first to last."""
    named = [data_dir, os.environ.get("LOCKSTEP_DATA")]
    beside = program.resolve().parent.parent / "data"
    folders = [Path(folder).expanduser() for folder in named if folder]
    return [*folders, *([beside] if beside.is_dir() else [])]


def _may_be_rounding(found: list[Result], perturbed: int) -> bool:
    """Whether another perturbed run may explain what differs."""
    open_questions = [r for r in found if r.verdict == DIFFERS and r.excess > 0]
    return any(
        not perturbed or r.excess < HOPELESS or (r.updates and r.apart < KINK)
        for r in open_questions
    )


def _check_settings(settings: list[tuple[str, str]], *programs: Program) -> None:
    for name, _ in settings:
        for program in programs:
            known = Group(program.parts, []).bound
            if name not in known:
                some = ", ".join(sorted(known)[:8])
                raise InputError(
                    f"--set {name}: {program.path} binds no such name at top level: "
                    f"give one that it does, such as {some}"
                )


def _place(program: Program) -> str:
    return str(program.path.resolve())
