"""`mx2torch prove` as a reader runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import backend_or_skip

HEADER = "import os\nfrom mxnet import autograd, gluon, init, nd\nfrom mxnet.gluon import loss as gloss, nn\n"
TORCH = "import os\nimport torch\n"
ORIGINAL = HEADER + (
    "num_epochs = 3\n"
    "w = nd.random.normal(shape=(3, 1))\n"
    "w.attach_grad()\n"
    "for epoch in range(num_epochs):\n"
    "    with autograd.record():\n"
    "        l = (w ** 2).sum()\n"
    "    l.backward()\n"
    "    w[:] = w - 0.1 * w.grad\n"
    "print('loss %f' % l.asscalar())\n"
)
PORT = TORCH + (
    "num_epochs = 3\n"
    "w = torch.normal(0.0, 1.0, size=(3, 1))\n"
    "w.requires_grad_()\n"
    "for epoch in range(num_epochs):\n"
    "    l = (w ** 2).sum()\n"
    "    w.grad = None\n"
    "    l.backward()\n"
    "    with torch.no_grad():\n"
    "        w[:] = w - 0.1 * w.grad\n"
    "print('loss %f' % l.item())\n"
)
COMMAND = [sys.executable, "-m", "porting.main", "prove"]


@pytest.fixture
def book(tmp_path: Path) -> Path:
    backend_or_skip("mxnet")
    code = tmp_path / "book" / "code"
    code.mkdir(parents=True)
    (code / "chapter.py").write_text(ORIGINAL)
    (code / "chapter_torch.py").write_text(PORT)
    return code


def environment(**more: str) -> dict[str, str]:
    root = str(Path(__file__).resolve().parents[3])
    kept = {name: value for name, value in os.environ.items() if name != "LOCKSTEP_DATA"}
    return kept | {"PYTHONPATH": root, "COLUMNS": "200"} | more


def prove(
    book: Path, *options: str, code: int, port: str = "chapter_torch.py", **variables: str
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*COMMAND, "chapter.py", port, *options],
        cwd=book, env=environment(**variables), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def report(book: Path) -> dict:
    content = json.loads((book / "proof.json").read_text())
    (book / "proof.json").unlink()
    return content


def part(content: dict, title: str) -> dict:
    return next(p for p in content["parts"] if p["title"].startswith(title))


def test_a_right_port_is_proven(book: Path) -> None:
    before = files(book.parent)
    done = prove(book, "--json", "proof.json", code=0)
    content = report(book)
    assert files(book.parent) == before
    assert {path.name for path in book.iterdir()} == {"chapter.py", "chapter_torch.py"}
    assert content["holds"] is True
    assert content["counts"]["differs"] == 0
    assert content["counts"]["proven equal"] >= 4
    assert content["versions"].keys() == {"MXNet", "PyTorch"}
    assert (content["original"], content["port"]) == ("chapter.py", "chapter_torch.py")
    loop = part(content, "for epoch")
    assert (loop["verdict"], loop["updates"], loop["line"]) == ("equal", 3, 7)
    assert content["perturbed_runs"] == 0
    assert "for epoch in range(num_epochs):" in done.stdout
    assert "0 DIFFERS" in done.stdout.splitlines()[-1]
    assert "made-up" not in done.stdout


@pytest.mark.slow
def test_a_trap_is_told_with_its_line(book: Path) -> None:
    (book / "chapter_torch.py").write_text(PORT.replace("    w.grad = None\n", ""))
    done = prove(book, "-q", "--perturbed-runs", "1", "--json", "proof.json", code=1)
    content = report(book)
    assert content["holds"] is False
    assert content["perturbed_runs"] == 1
    assert part(content, "for epoch")["verdict"] == "differs"
    last = done.stdout.splitlines()[-1]
    assert (
        "First divergence: line 7, for epoch in range(num_epochs):: backward pass 2: gradient of w"
        in last
    )
    assert "proven equal" not in "".join(done.stdout.splitlines()[:-1])


def test_settings_and_updates(book: Path) -> None:
    done = prove(
        book,
        "--set",
        "num_epochs=5",
        "--updates",
        "2",
        "--perturbed-runs",
        "0",
        "--json",
        "proof.json",
        code=0,
    )
    content = report(book)
    assert part(content, "for epoch")["updates"] == 2
    assert any("num_epochs = 5" in note for note in content["notes"])
    assert "note: num_epochs = 5 in both" in done.stdout
    assert any("2" in note for note in part(content, "for epoch")["notes"])


@pytest.mark.slow
def test_the_draws_that_only_one_makes_are_told(book: Path) -> None:
    (book / "chapter.py").write_text(HEADER + "x = nd.random.normal(shape=(2,))\n")
    (book / "chapter_torch.py").write_text(TORCH + "x = torch.normal(0.0, 2.0, size=(2,))\n")
    done = prove(book, "--seed", "1", "--perturbed-runs", "0", code=1)
    told = "only the original draws normal(0, 1) of shape (2,); only the port draws normal(0, 2)"
    assert told in done.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["missing.py", "chapter_torch.py"], "missing.py: No such file or directory"),
        (["chapter.py", "missing.py"], "missing.py: No such file or directory"),
        (["chapter.py", "notes.txt"], "notes.txt"),
        (["chapter.py", "wrong.py"], "wrong.py: line 1: "),
        (["chapter.py", "latin.py"], "latin.py: not UTF-8 at byte 5"),
        (["chapter.py", "chapter_torch.py", "--set", "nonsense"], "'nonsense': give NAME=VALUE"),
        (["chapter.py", "chapter_torch.py", "--set", "n=os.system('ls')"], "is no number, text or list"),
        (["chapter.py", "chapter_torch.py", "--set", "2=3"], "give NAME=VALUE"),
        (["chapter.py", "chapter_torch.py", "--updates", "-1"], "give a whole number from 0"),
        (["chapter.py", "chapter_torch.py", "--updates", "x"], "give a whole number from 0"),
        (["chapter.py", "chapter_torch.py", "--seed", "-1"], "give a whole number from 0"),
        (["chapter.py", "chapter_torch.py", "--perturbed-runs", "17"], "give a whole number from 0 to 16"),
        (["chapter.py", "chapter_torch.py", "--data-dir", "no/folder"], "no/folder"),
        (["chapter.py", "chapter_torch.py", "--data-dir", "chapter.py"], "chapter.py"),
        (["chapter.py", "chapter_torch.py", "--timeout", "-1"], "give seconds, 0 or more"),
        (["chapter.py", "chapter_torch.py", "--timeout", "nan"], "give seconds, 0 or more"),
        (["chapter.py", "chapter_torch.py", "--json", "no/folder/x.json"], "no/folder"),
        (["chapter.py"], "PORTED"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line(
    book: Path, options: list[str], message: str, capsys, monkeypatch
) -> None:
    from porting.main import main

    monkeypatch.chdir(book)
    monkeypatch.delenv("LOCKSTEP_DATA", raising=False)
    Path("notes.txt").write_text("x")
    Path("wrong.py").write_text("x = (\n")
    Path("latin.py").write_bytes(b"# caf\xe9\n")
    try:
        code = main(["prove", *options])
    except SystemExit as end:
        code = end.code
    assert code == 2
    error = capsys.readouterr().err.splitlines()
    assert message in error[-1]
    assert error[-1].startswith("mx2torch prove: error: ")


@pytest.mark.slow
def test_programs_that_raise(book: Path) -> None:
    original = "z = nd.ones((2, 3)) + nd.ones((4, 5))\nv = w.sum().asscalar()\nu = w * 2\n"
    ported = "z = torch.ones((2, 3))\nv = w.sum().asscalar()\nu = w * 2\n"
    (book / "chapter.py").write_text(ORIGINAL + original)
    (book / "chapter_torch.py").write_text(PORT + ported)
    done = prove(book, "--json", "proof.json", code=1)
    content = report(book)
    assert part(content, "z =")["verdict"] == "not comparable"
    assert part(content, "z =")["why"].startswith("the original raises line 13: ")
    assert part(content, "v =")["verdict"] == "differs"
    assert part(content, "v =")["why"].startswith("the port raises line 14: AttributeError: ")
    assert part(content, "u =")["verdict"] == "equal"
    assert "First divergence: line 14, v = w.sum().asscalar(): the port raises" in done.stdout
    assert content["perturbed_runs"] == 0


@pytest.mark.parametrize(
    ("ending", "message"),
    [
        ("os._exit(0)", "did not get this far (its process ended with code 0 before its end"),
        ("exit(3)", "the port raises line 12: SystemExit: 3"),
    ],
)
@pytest.mark.slow
def test_a_port_that_ends_itself(book: Path, ending: str, message: str) -> None:
    (book / "chapter.py").write_text(ORIGINAL.replace("print(", "k = 0\nprint("))
    (book / "chapter_torch.py").write_text(PORT.replace("print(", f"k = {ending}\nprint("))
    done = prove(book, "--json", "proof.json", code=1)
    content = report(book)
    assert message in done.stdout.splitlines()[-1]
    assert part(content, "for epoch")["verdict"] == "equal"
    assert part(content, "k =")["verdict"] == "differs"
    assert content["perturbed_runs"] == 0


@pytest.mark.slow
def test_an_original_that_ends_itself(book: Path) -> None:
    (book / "chapter.py").write_text(ORIGINAL.replace("print(", "k = os._exit(3)\nprint("))
    (book / "chapter_torch.py").write_text(PORT.replace("print(", "k = 0\nprint("))
    prove(book, "--json", "proof.json", code=1)
    content = report(book)
    assert any("the original: its process ended with code 3" in note for note in content["notes"])
    assert part(content, "for epoch")["verdict"] == "equal"
    assert part(content, "print")["verdict"] == "not comparable"


@pytest.mark.slow
def test_programs_that_hang_are_ended(book: Path) -> None:
    hang = "import time\nwhile True:\n    time.sleep(1)\n"
    (book / "chapter.py").write_text(hang)
    (book / "chapter_torch.py").write_text(hang)
    start = time.monotonic()
    prove(book, "--timeout", "3", "--json", "proof.json", code=1)
    assert time.monotonic() - start < 60
    content = report(book)
    assert "the original: ended after 3 s; give a longer --timeout" in content["notes"]
    assert "the port: ended after 3 s; give a longer --timeout" in content["notes"]
    assert part(content, "while True")["verdict"] == "not comparable"
    assert content["holds"] is False


def test_interrupt_keeps_what_is_finished(book: Path) -> None:
    hang = "import time\nopen(os.environ['THERE'] + {!r}, 'w').close()\nwhile True:\n    time.sleep(1)\n"
    (book / "chapter.py").write_text(ORIGINAL + hang.format("/original"))
    (book / "chapter_torch.py").write_text(PORT + hang.format("/port"))
    there = book.parent / "there"
    there.mkdir()
    process = subprocess.Popen(
        [*COMMAND, "chapter.py", "chapter_torch.py", "--json", "proof.json"],
        cwd=book, env=environment(THERE=str(there)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    end = time.monotonic() + 120
    while len(list(there.iterdir())) < 2 and time.monotonic() < end:
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: both programs get it, too
    out, error = process.communicate(timeout=60)
    assert process.returncode == 130, error
    assert "Traceback" not in error
    content = report(book)
    assert part(content, "for epoch")["verdict"] == "equal"
    assert part(content, "while True")["verdict"] == "not comparable"
    assert "interrupted" in out


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.slow
def test_data_are_real_or_said_to_be_made_up(book: Path, named: bool) -> None:
    read = "with open('../data/timemachine.txt') as f:\n    text = f.read()\nlength = len(text)\n"
    (book / "chapter.py").write_text(HEADER + read)
    (book / "chapter_torch.py").write_text(TORCH + read)
    if not named:
        done = prove(book, code=0)
        assert "timemachine.txt: made-up data; --data-dir DIR gives the real" in done.stdout
    data = book.parent / "elsewhere"
    data.mkdir()
    (data / "timemachine.txt").write_text("The Time Traveller")
    (book / "chapter_torch.py").write_text(TORCH + read + "assert length == 18\n")
    variables = {} if named else {"LOCKSTEP_DATA": str(data)}
    done = prove(book, *(["--data-dir", str(data)] if named else []), code=0, **variables)
    assert "made-up" not in done.stdout


@pytest.mark.slow
def test_a_port_may_not_change_its_neighbours(book: Path) -> None:
    write = (
        "with open('mine.txt', 'w') as f:\n    f.write('x')\nsize = os.path.getsize('mine.txt')\n"
    )
    (book / "chapter.py").write_text(HEADER + write)
    (book / "chapter_torch.py").write_text(TORCH + write)
    before = files(book.parent)
    prove(book, code=0)
    assert files(book.parent) == before
