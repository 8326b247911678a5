"""The guide's examples print what stands below them."""

from __future__ import annotations

import contextlib
import io
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.porting.both_sides import mx as _required  # noqa: F401  (skips or fails without MXNet)

GUIDE = Path(__file__).parents[2] / "porting" / "README.md"
BLOCK = re.compile(r"```python\n(.*?)```\n(?:\n```text\n(.*?)```)?", re.DOTALL)


def sections() -> list[tuple[str, str, str]]:
    """(title, code, printed) of each trap, and first what all of them start with."""
    found = []
    for section in re.split(r"^#{2,3} ", GUIDE.read_text(), flags=re.MULTILINE):
        for code, printed in BLOCK.findall(section):
            found.append((section.split("\n")[0], code, printed))
    return found


def printed_by(code: str) -> str:
    """What the code prints after the guide's first block."""
    names: dict[str, Any] = {}
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(sections()[0][1] + "\n" + code, str(GUIDE), "exec"), names)
    return output.getvalue()


TRAPS = sections()[1:]


def test_there_are_ten_traps() -> None:
    assert len(TRAPS) == 10


@pytest.mark.parametrize(("title", "code", "printed"), TRAPS, ids=[t[0][:20] for t in TRAPS])
def test_prints_what_the_guide_says(title: str, code: str, printed: str) -> None:
    assert printed_by(code) == printed


def rewrite() -> None:
    """Put what the examples print into the guide: `python -m tests.porting.test_guide`."""
    text = GUIDE.read_text()
    for _, code, printed in TRAPS:
        old = f"```python\n{code}```\n\n```text\n{printed}```"
        assert old in text, code
        text = text.replace(old, f"```python\n{code}```\n\n```text\n{printed_by(code)}```")
    GUIDE.write_text(text)


if __name__ == "__main__":
    sys.exit(rewrite())
