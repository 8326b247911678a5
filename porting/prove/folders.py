"""Give a program the files beside it, so that nothing it writes reaches the reader's own."""

from __future__ import annotations

import shutil
from pathlib import Path

BUDGET = 200 * 2**20  # bytes that are copied for a run
MOST_ENTRIES = 2_000  # of a folder that is looked into


class Mirror:
    """Copies of files and folders; what goes beyond the budget is linked, not copied."""

    def __init__(self) -> None:
        self._left = BUDGET

    def fill(self, target: Path, source: Path) -> None:
        """Fill a folder with what `source` has and it does not; hidden files are left out."""
        target.mkdir(parents=True, exist_ok=True)
        for entry in sorted(source.iterdir()):
            place = target / entry.name
            if entry.name.startswith(".") or entry.name == "__pycache__" or place.exists():
                continue
            if entry.is_dir() and len(list(entry.iterdir())) <= MOST_ENTRIES:
                self.fill(place, entry)
            elif entry.is_file() and entry.stat().st_size <= self._left:
                self._left -= entry.stat().st_size
                shutil.copyfile(entry, place)
            elif entry.exists():
                place.symlink_to(entry.resolve())
