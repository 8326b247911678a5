"""Give every framework the same number of CPU threads."""

from __future__ import annotations

import os
import sys

from backends.errors import InputError

# Read once, when a library is loaded: OpenMP (torch, MXNet), OpenBLAS (NumPy, MXNet), MKL (torch).
VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
READ_WHEN_LOADED = ("numpy", "mxnet", "torch")


def set_threads(threads: int) -> None:
    """Let the libraries loaded from now on use this many threads, at least 1.

    Raises InputError below 1, RuntimeError when a library that reads the number is loaded already.
    """
    if threads < 1:
        raise InputError(f"threads = {threads} is not allowed: give 1 or more")
    loaded = [name for name in READ_WHEN_LOADED if name in sys.modules]
    if loaded:
        raise RuntimeError(f"threads must be set before {loaded[0]} is imported")
    for variable in VARIABLES:
        os.environ[variable] = str(threads)


def available_threads() -> int:
    """The number of processors this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
