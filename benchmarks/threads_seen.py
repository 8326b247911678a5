"""Whether a process computes with as many threads as it was told, in spite of what it says."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from threadpoolctl import threadpool_info

from backends.errors import InputError

TASKS = Path("/proc/self/task")
LEAST_SHARE = 0.25
"""Of the busiest thread's time. Those that compute a product share it evenly; the one that asks for
it takes a few per cent."""


def computing_seconds() -> dict[str, float]:
    """Processor time of every live OS thread; nothing where the system does not tell."""
    seconds = {}
    for task in TASKS.iterdir() if TASKS.exists() else ():
        try:
            nanoseconds = (task / "schedstat").read_text().split()[0]
        except OSError:  # it has ended, or the kernel does not count
            continue
        seconds[task.name] = int(nanoseconds) / 1e9
    return seconds


def busy_threads(work: Callable[[], object], seconds: float = 0.2) -> int:
    """OS threads that took part in `work`, called again and again; 0: unknown."""
    work()
    before, started = computing_seconds(), time.perf_counter()
    while time.perf_counter() - started < seconds:
        work()
    after = computing_seconds()
    own = [spent - before.get(task, 0.0) for task, spent in after.items()]
    return sum(spent > LEAST_SHARE * max(own) for spent in own)


def verify(framework: str, threads: int, own: int, busy: int) -> None:
    """own: by the framework's getter. busy: seen at work. 0 in either is unknown.

    Fewer at work than asked for may be a library's choice, one alone is not. Raises InputError.
    """
    pools = {
        Path(pool["filepath"]).name: pool["num_threads"]
        for pool in threadpool_info()
        if pool["num_threads"] != threads
    }
    problem = ""
    if own not in (0, threads):
        problem = f"{framework} computes with {own}"
    elif pools:
        problem = ", ".join(f"{name} computes with {number}" for name, number in pools.items())
    elif busy > threads or (busy == 1 and threads > 1):
        problem = f"{busy} threads of {framework}'s process were busy"
    if problem:
        raise InputError(f"threads = {threads} did not take effect: {problem}")
