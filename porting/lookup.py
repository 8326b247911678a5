"""Print the row of an MXNet name."""

from __future__ import annotations

import difflib

from porting.api_map import NOTES, TABLE, Row, find
from porting.names import canonical


def lookup(name: str) -> str:
    """The row as text; KeyError with the nearest names if there is none."""
    row = (
        find(name) or find(canonical(name)) or find(canonical(f"mxnet.{name.removeprefix('mx.')}"))
    )
    if row is None:
        near = difflib.get_close_matches(name, TABLE, n=3, cutoff=0.5)
        hint = f"; near it: {', '.join(near)}" if near else ""
        raise KeyError(f"{name} is not among the {len(TABLE)} names of the API map{hint}")
    return _text(row)


def _text(row: Row) -> str:
    form = "none" if row.rule == "unknown" else row.torch or "left out"
    lines = [f"{row.name}", f"  PyTorch: {form}", f"  rule: {row.rule}"]
    for key in row.notes:
        english, chinese = NOTES[key]
        lines += [f"  {english}", f"  {chinese}"]
    if row.reason:
        lines.append(f"  {row.reason}")
    if row.example:
        lines += [f"  MXNet:   {row.example}", f"  PyTorch: {row.port}"]
    lines.append(f"  proof: {row.proof or 'none'}")
    return "\n".join(lines)


def counts() -> dict[str, int]:
    """Rows with a proof and without."""
    proven = sum(row.proven for row in TABLE.values())
    return {"rows": len(TABLE), "proven": proven, "without a proof": len(TABLE) - proven}
