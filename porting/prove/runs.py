"""Start the programs, each in a process and a folder of its own, and read what they left."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from porting.prove import trace
from porting.prove.folders import Mirror
from porting.prove.side import Job
from porting.prove.trace import Trace

Progress = Callable[[str, int], None]


class Runs:
    """Programs of one proof, below one temporary folder."""

    def __init__(self, folder: Path, timeout: float, progress: Progress) -> None:
        self.folder, self._timeout, self._progress = folder, timeout, progress

    def together(self, jobs: Mapping[str, Job]) -> list[Trace]:
        """Run the named jobs side by side, a thread each; Ctrl-C ends them all."""
        running = [self._start(name, job) for name, job in jobs.items()]
        start = time.monotonic()
        try:
            while any(process.poll() is None for process, _ in running):
                for name, (_, place) in zip(jobs, running, strict=True):
                    self._progress(name, _parts_begun(place))
                if self._timeout and time.monotonic() - start > self._timeout:
                    break
                time.sleep(0.05)
        finally:
            for process, _ in running:
                if process.poll() is None:
                    process.kill()
                process.wait()
        return [_result(process, place, self._timeout) for process, place in running]

    def left(self, name: str) -> Trace:
        """What a program had left when it was ended."""
        path = self.folder / name / "trace"
        found = trace.read(path) if path.exists() else Trace()
        if not found.seconds:
            found.failure = "interrupted"
        return found

    def _start(self, name: str, job: Job) -> tuple[subprocess.Popen[bytes], Path]:
        place = self.folder / name
        code = place / "code"
        data = place / "data"  # ../data, as the book has it
        Mirror().fill(code, Path(job.program).parent)
        Mirror().fill(data, Path(job.data))
        replace(job, trace=str(place / "trace"), data=str(data)).write(place / "job.json")
        with (place / "errors").open("wb") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "porting.prove.side", str(place / "job.json")],
                cwd=code,
                stdout=errors,
                stderr=errors,
                env=_environment(data),
            )
        return process, place


def _environment(data: Path) -> dict[str, str]:
    """One thread, the order of sets fixed, and MXNet's plain kernels, which round as they should.

    The oneDNN kernels of MXNet 1.9.1 are wrong by 4e-6 in log_softmax, and a proof would have to
    allow for it.
    """
    root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH", "")]))
    fixed = {
        "OMP_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
        "MPLBACKEND": "Agg",
        "PYTHONPATH": path,
        "LOCKSTEP_DATA": str(data),
        "MXNET_MKLDNN_ENABLED": "0",
        "MXNET_USE_MKLDNN_RNN": "0",
    }
    return {**os.environ, **fixed}


def _parts_begun(place: Path) -> int:
    counter = place / "progress"
    try:
        return int(counter.read_text() or 0)
    except (OSError, ValueError):
        return 0


def _result(process: subprocess.Popen[bytes], place: Path, timeout: float) -> Trace:
    path = place / "trace"
    result = trace.read(path) if path.exists() else Trace()
    if process.returncode == 0 and result.seconds:
        return result
    lines = (place / "errors").read_text(errors="replace").strip().splitlines()
    if process.returncode == -9 and timeout:
        result.failure = f"ended after {timeout:g} s; give a longer --timeout"
    else:
        last = f": {lines[-1]}" if lines else ""
        result.failure = f"its process ended with code {process.returncode} before its end{last}"
        result.died = True
    return result
