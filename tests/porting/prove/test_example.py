"""The example of the guide is ported and proven."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import backend_or_skip

EXAMPLE = Path(__file__).parents[3] / "porting" / "examples" / "polynomial.py"


def mx2torch(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "porting.main", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_guides_example_is_proven(tmp_path: Path) -> None:
    backend_or_skip("mxnet")
    port = tmp_path / "port.py"
    ported = mx2torch("port", str(EXAMPLE), "-o", str(port), "-q")
    assert ported.returncode == 0, ported.stderr
    assert "19 names proven, 0 known without a proof, 0 unknown" in ported.stdout
    right = mx2torch("prove", str(EXAMPLE), str(port))
    assert right.returncode == 0, right.stdout + right.stderr
    assert "10 proven equal, 0 DIFFERS" in right.stdout

    wrong = tmp_path / "wrong.py"
    text = port.read_text()
    assert text.count(" / batch_size)") == 1
    wrong.write_text(text.replace(" / batch_size)", ")"))
    refuted = mx2torch("prove", str(EXAMPLE), str(wrong), "-q", "--perturbed-runs", "0")
    assert refuted.returncode == 1
    assert "First divergence: line 25" in refuted.stdout
