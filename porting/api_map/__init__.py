"""The API map: one row per MXNet name, found by ``find``."""

from __future__ import annotations

from porting.api_map import (
    aliases,
    arrays,
    functions,
    gluon,
    helpers,
    metrics,
    numpy_arrays,
    numpy_extensions,
    second_edition,
)
from porting.api_map.notes import NOTES
from porting.api_map.row import Row

TABLE: dict[str, Row] = {
    row.name: row
    for family in (
        arrays,
        functions,
        gluon,
        metrics,
        helpers,
        numpy_arrays,
        numpy_extensions,
        second_edition,
    )
    for row in family.rows()
}
TABLE.update({row.name: row for row in aliases.rows(TABLE)})


def find(name: str) -> Row | None:
    """The row of an MXNet name such as ``nd.concat``, or nothing."""
    parts = name.split(".")
    if parts[0] == "d2l" and len(parts) > 2:
        # What a helper holds, such as d2l.plt.plot, is its own.
        return TABLE.get(".".join(parts[:2]))
    return TABLE.get(name)


__all__ = ["NOTES", "TABLE", "Row", "find"]
