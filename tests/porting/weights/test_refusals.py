"""Files and models that do not fit: one line, exit code 2, and nothing written."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
import safetensors.torch
import torch

from porting.main import main
from porting.params_file import write_params
from tests.porting.weights.test_params_file import content_of

Like = Callable[..., str]
TWO = {"0.weight": (3, 4), "0.bias": (3,), "1.weight": (3, 3), "1.bias": (3,)}


def save(path: Path, shapes: dict[str, tuple[int, ...]]) -> Path:
    with path.open("wb") as file:
        write_params(file, {k: np.ones(shape, "float32") for k, shape in shapes.items()})
    return path


def refusal(capsys: pytest.CaptureFixture, source: Path, like: str, out: Path) -> str:
    """The one line that the command gives."""
    before = sorted(out.parent.iterdir()) if out.parent.is_dir() else []
    assert main(["weights", str(source), "--like", like, "-o", str(out)]) == 2
    assert before == (sorted(out.parent.iterdir()) if out.parent.is_dir() else [])
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("mx2torch weights: error: ")
    assert captured.err.count("\n") == 1
    return captured.err


@pytest.mark.parametrize(
    ("shapes", "model", "words"),
    [
        (
            TWO,
            "nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 5))",
            ["'1.weight' of", "is (5, 3) and", "is (3, 3)"],
        ),
        (
            TWO,
            "nn.Sequential(nn.LazyLinear(3), nn.LazyLinear(9))",
            ["'1.weight' of", "is (9, ?) and", "(3, 3)"],
        ),
        (
            TWO,
            "nn.Sequential(nn.Linear(4, 3))",
            ["'1.weight' of", "no place in", "has 1 layers", "all 2 of"],
        ),
        (
            TWO,
            "nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 3), nn.Linear(3, 3))",
            ["'2.weight' of", "is not in", "has 2 layers", "not 3"],
        ),
        (
            TWO,
            "nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3))",
            ["'1.weight' of", "would be 'gamma' of layer '1'", "which has weight, bias"],
        ),
        (
            TWO,
            "nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 3, bias=False))",
            ["'1.bias' of", "no place in layer '1'", "which has 1.weight"],
        ),
        (TWO, "nn.ReLU()", ["'0.weight' of", "no place in", "has 0 layers"]),
        (
            {"conv2.weight": (3, 3), "conv10.weight": (3, 3), "conv9.weight": (3, 3)},
            "nn.Sequential(*(nn.Linear(3, 3, bias=False) for _ in range(3)))",
            ["'conv9' of", "is ambiguous: it comes after 'conv10'"],
        ),
        (
            {"a.0.weight": (3, 3), "b.1.weight": (3, 3), "b.0.weight": (3, 3)},
            "nn.Sequential(*(nn.Linear(3, 3, bias=False) for _ in range(3)))",
            ["'b.0' of", "is ambiguous: it comes after 'b.1'"],
        ),
        (
            {"out.weight": (3, 3), "in.weight": (3, 3)},
            "nn.Sequential(OrderedDict({'hidden': nn.Linear(3, 3, bias=False), "
            "'out': nn.Linear(3, 3, bias=False)}))",
            ["'out' of", "is ambiguous", "by its name it is 'out'", "by its place 'hidden'"],
        ),
    ],
)
def test_a_model_that_does_not_fit(
    capsys: pytest.CaptureFixture,
    tmp_path: Path,
    like: Like,
    shapes: dict,
    model: str,
    words: list[str],
) -> None:
    source = save(tmp_path / "a.params", shapes)
    make = like(model, "from collections import OrderedDict")
    line = refusal(capsys, source, make, tmp_path / "b.safetensors")
    for word in words:
        assert word in line


def test_damaged_files(capsys: pytest.CaptureFixture, tmp_path: Path, like: Like) -> None:
    make, out = like("nn.Linear(4, 3)"), tmp_path / "b.safetensors"
    cut = tmp_path / "cut.params"
    cut.write_bytes(content_of({"weight": np.ones((3, 4))})[:-20])
    assert "cut.params is cut off, it has" in refusal(capsys, cut, make, out)
    foreign = tmp_path / "foreign.params"
    foreign.write_bytes(b"not a parameter file, but a text")
    expected = "foreign.params is neither a parameter file of MXNet nor of safetensors"
    assert expected in refusal(capsys, foreign, make, tmp_path / "c.params")
    assert "nothing.params cannot be read" in refusal(
        capsys, tmp_path / "nothing.params", make, out
    )


@pytest.mark.parametrize(
    ("like_text", "message"),
    [
        ("model.py", "names no function: write MODEL.py:make"),
        (":make", "names no function"),
        ("model.py:", "names no function"),
        ("nothing.py:make", "there is no file nothing.py"),
        ("{folder}/model.py:other", "has no function other: define one"),
        ("{folder}/model.py:nn", "has no function nn"),
        ("{folder}/text.txt:make", "text.txt is no Python file"),
    ],
)
def test_a_model_that_cannot_be_found(
    capsys: pytest.CaptureFixture, tmp_path: Path, like: Like, like_text: str, message: str
) -> None:
    like("nn.Linear(4, 3)")
    (tmp_path / "text.txt").write_text("def make(): pass")
    source = save(tmp_path / "a.params", TWO)
    like_text = like_text.format(folder=tmp_path)
    assert message in refusal(capsys, source, like_text, tmp_path / "b.safetensors")


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("nothing", "fails with NameError: name 'nothing' is not defined: make make() run without"),
        ("exit(3)", "fails with SystemExit: 3"),
        ("3", "gives a int: return a torch.nn.Module"),
    ],
)
def test_a_model_that_cannot_be_made(
    capsys: pytest.CaptureFixture, tmp_path: Path, like: Like, expression: str, message: str
) -> None:
    source = save(tmp_path / "a.params", TWO)
    assert message in refusal(capsys, source, like(expression), tmp_path / "b.safetensors")


def test_wrong_outputs(capsys: pytest.CaptureFixture, tmp_path: Path, like: Like) -> None:
    source, make = save(tmp_path / "a.params", TWO), like("nn.Linear(4, 3)")
    line = refusal(capsys, source, make, tmp_path / "b.params")
    assert "does not end in .safetensors: " in line
    line = refusal(capsys, source, make, tmp_path / "no" / "b.safetensors")
    assert "there is no folder" in line
    (tmp_path / "is.safetensors").mkdir()
    fitting = like("nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 3))")
    assert "cannot be written" in refusal(capsys, source, fitting, tmp_path / "is.safetensors")


LAYER = {"weight": torch.ones(3, 4), "bias": torch.ones(3)}


@pytest.mark.parametrize(
    ("state", "metadata", "message"),
    [
        ({"weight": torch.ones(3, 4)}, None, "'bias' of .* is not in .*a.safetensors"),
        ({**LAYER, "more": torch.ones(1)}, None, "'more' of .* is not in .*model.py:make"),
        ({**LAYER, "bias": torch.ones(4)}, None, r"'bias' of .* is \(3,\) and in .* \(4,\)"),
        ({**LAYER, "bias": torch.ones(3).long()}, None, "'bias' of .* is int64 with 1 axes"),
        ({**LAYER, "bias": torch.ones(3).bfloat16()}, None, "holds numbers that NumPy lacks"),
        (LAYER, {"names": "[]"}, "damaged map of names"),
        (LAYER, {"names": "{"}, "damaged map of names"),
        (LAYER, {"names": json.dumps({"a": 3})}, "damaged map of names"),
        (LAYER, {"names": json.dumps({"a": "b"})}, "'b' is in the map of names of .* and not in"),
    ],
)
def test_a_state_dict_that_does_not_fit(
    capsys: pytest.CaptureFixture,
    tmp_path: Path,
    like: Like,
    state: dict,
    metadata: dict | None,
    message: str,
) -> None:
    import re

    source = tmp_path / "a.safetensors"
    safetensors.torch.save_file(state, source, metadata)
    line = refusal(capsys, source, like("nn.Linear(4, 3)"), tmp_path / "b.params")
    assert re.search(message, line), line


def test_a_cut_state_dict(capsys: pytest.CaptureFixture, tmp_path: Path, like: Like) -> None:
    source = tmp_path / "a.safetensors"
    source.write_bytes(safetensors.torch.save(LAYER)[:-1])
    line = refusal(capsys, source, like("nn.Linear(4, 3)"), tmp_path / "b.params")
    assert "is neither a parameter file of MXNet nor of safetensors" in line


def test_success(capsys: pytest.CaptureFixture, tmp_path: Path, like: Like) -> None:
    import subprocess
    import sys

    source = save(tmp_path / "a.params", {"weight": (3, 4), "bias": (3,)})
    out = tmp_path / "b.safetensors"
    code = (
        "import sys; sys.modules['mxnet'] = None\n"  # an import of it would fail
        "from porting.main import main; sys.exit(main())"
    )
    command = [sys.executable, "-c", code, "weights", str(source)]
    command += ["--like", like("nn.Linear(4, 3)")]
    done = subprocess.run([*command, "-o", str(out)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("b.safetensors: 2 arrays\n")
    assert set(safetensors.numpy.load_file(out)) == {"weight", "bias"}
