"""How much memory this process and a call need at their peak, as Linux counts it."""

from __future__ import annotations

import ctypes
import gc
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
peaks_before_resets = [0]


def resident(field: str) -> int:
    """VmRSS (now) or VmHWM (the peak) of this process in bytes."""
    found = re.search(rf"^{field}:\s+(\d+) kB", STATUS.read_text(), re.MULTILINE)
    if not found:
        raise OSError(f"{STATUS} has no {field}")
    return int(found[1]) * 1024


def reset_peak() -> None:
    """Set VmHWM to VmRSS."""
    peak = resident("VmHWM")
    CLEAR.write_text("5")
    peaks_before_resets[0] = max(peaks_before_resets[0], peak)


def peak_of_process() -> int | None:
    """The most resident memory of this process so far in bytes, None where nobody tells."""
    try:
        return max(resident("VmHWM"), *peaks_before_resets)
    except OSError:
        return None


def can_measure() -> bool:
    try:
        reset_peak()
        return resident("VmHWM") > 0
    except OSError:
        return False


def peak_growth(call: Callable[[], Any]) -> int | None:
    """Bytes by which the resident memory of this process exceeds the present at most in a call.

    None where the system does not tell. A first call would also pay for what is set up once.
    """
    if not can_measure():
        return None
    gc.collect()
    # Memory freed before would be used again without becoming resident anew.
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
    reset_peak()
    before = resident("VmRSS")
    call()
    return max(0, resident("VmHWM") - before)
