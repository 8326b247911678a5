"""Let MXNet's matrix products use the CPU they run on.

The MXNet 1.9.1 wheel carries OpenBLAS 0.3.13 (January 2021). On a CPU younger
than that it falls back to kernels for the Prescott of 2004 (SSE3), and products
of 1500×1500 matrices take about four times as long on one thread as with the
AVX2 kernels of the same library. OpenBLAS reads OPENBLAS_CORETYPE when it is
loaded; a value the user has set is respected. (Where it has no kernels for
SkylakeX it takes Haswell's; a younger OpenBLAS in the same environment has them.)
"""

from __future__ import annotations

import os
from pathlib import Path

NEEDED_FLAGS = {
    "SkylakeX": {"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"},
    "Haswell": {"avx2", "fma"},
}


def choose_openblas_kernels(cpu: Path = Path("/proc/cpuinfo")) -> None:
    """Set OPENBLAS_CORETYPE to the best kernels this x86-64 Linux CPU can run, if any fit."""
    try:
        lines = cpu.read_text().splitlines()
    except OSError:
        return
    flags = next((set(line.split()) for line in lines if line.startswith("flags")), set())
    for kernels, needed in NEEDED_FLAGS.items():
        if needed <= flags:
            os.environ.setdefault("OPENBLAS_CORETYPE", kernels)
            return
