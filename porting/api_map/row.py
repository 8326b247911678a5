"""One line of the API map."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """How one MXNet name is written in PyTorch.

    ``signature`` lists MXNet's arguments, separated by blanks: ``axis>dim`` renames,
    ``keepdims=False`` is left out when it has that value, ``dim:=1`` is written even when absent,
    ``out!`` has no counterpart, ``*data`` takes what is left. ``torch`` is the PyTorch form:
    ``{}`` stands for the arguments, ``{name}`` for one of them, ``{self}`` for the array.
    ``notes`` are keys of ``NOTES``: what differs. ``example`` and ``port`` are the same expression
    for both sides, run on the same numbers by the tests; ``inputs`` says which (``a:2x3``).
    A row that takes more than an expression to show names its test in ``shown_by``. A name that
    has no PyTorch form for good gives its ``reason``.
    """

    name: str
    torch: str
    signature: str = "*args"
    rule: str = "call"
    notes: tuple[str, ...] = ()
    example: str = ""
    port: str = ""
    inputs: str = ""
    kind: str = "tensor"
    shown_by: str = ""
    reason: str = ""

    @property
    def proven(self) -> bool:
        return bool(self.example or self.shown_by)

    @property
    def proof(self) -> str:
        """The test that proves the row, or nothing."""
        if self.shown_by:
            return f"tests/porting/{self.shown_by}"
        return f"tests/porting/test_api_map.py::test_row[{self.name}]" if self.example else ""
