"""The command line, each command in a process of its own, as a user runs it."""

from __future__ import annotations

import dataclasses
import json
import os
import pty
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from backends import backend_names
from experiments import EXPERIMENTS, load_experiment
from experiments.commands.main import build_parser
from experiments.commands.options import configure, parse_value
from experiments.commands.results import replacing, write_json
from experiments.memory import can_measure
from tests.conftest import FRAMEWORKS, backend_or_skip

PROGRAM = [sys.executable, "-W", "error", "-m", "experiments.commands.main"]
SMALL_RNN = ["rnn", "--corpus", "python_topics", "--set", "num_hiddens=16", "--threads", "1"]


def lockstep(*arguments, **options):
    return subprocess.run(
        [*PROGRAM, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        **options,
    )


def test_help_imports_neither_numpy_nor_a_framework():
    program = (
        "import sys; from experiments.commands.main import build_parser;"
        "build_parser().format_help(); print({'numpy', 'torch', 'mxnet'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "set()\n"


@pytest.mark.parametrize("command", [[], ["run"], ["compare"]])
def test_help_names_the_experiments_and_backends(command):
    done = lockstep(*command, "--help")
    assert done.returncode == 0
    assert "weight_decay" in done.stdout
    assert f"backends: {', '.join(backend_names())}" in done.stdout


def test_list_shows_versions_and_devices():
    done = lockstep("list")
    assert done.returncode == 0, done.stderr
    for word in ("rnn", "weight_decay", "mxnet", "1.9.1", "torch", "2.13.0", "cpu", "concise"):
        assert word in done.stdout


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_list_of_an_experiment_shows_every_value_for_set(experiment):
    done = lockstep("list", experiment)
    assert done.returncode == 0, done.stderr
    config = load_experiment(experiment).book_config()
    for field in dataclasses.fields(config):
        assert re.search(rf"│ {field.name} +│", done.stdout), field.name


def test_run_prints_the_books_lines_and_writes_only_when_asked(tmp_path):
    arguments = ["run", *SMALL_RNN, "--backend", "numpy", "--epochs", 2]
    done = lockstep(*arguments, cwd=None, env=os.environ | {"COLUMNS": "40"})
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("rnn (scratch) on numpy")
    assert lines[0].endswith("threads: 1")
    assert lines[1].startswith("data: pydoc_data.topics of Python")
    assert [line.partition(",")[0] for line in lines[2:4]] == ["epoch 1", "epoch 2"]
    assert "perplexity" in lines[3]
    assert lines[4].startswith("   - time traveller")
    assert lines[5].startswith("   - traveller")
    assert [line.partition(":")[0] for line in lines[6:]] == (
        ["peak memory of the process"] if can_measure() else []
    )

    done = lockstep(*arguments, "--out", tmp_path / "new" / "folder")
    assert done.returncode == 0, done.stderr
    files = sorted(path.name for path in (tmp_path / "new" / "folder").iterdir())
    assert files == ["curves.png", "result.json"]


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_only_the_backends_process_imports_the_framework(name):
    backend_or_skip(name)
    program = (
        "import sys\n"
        "from experiments.commands.main import main\n"
        "if __name__ == '__main__':\n"
        f"    main(['run', 'weight_decay', '--backend', {name!r}, '--epochs', '1'])\n"
        f"    assert {name!r} not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("style", ["scratch", "concise"])
def test_compare_says_same_and_writes_what_it_measured(tmp_path, style):
    done = lockstep(
        *("compare", "weight_decay", "--backends", "mxnet,torch,numpy", "--style", style),
        *("--epochs", 4, "--threads", 1, "--seed", 5, "--out", tmp_path),
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert "verdict: same: mxnet and torch agree" in done.stdout
    assert "verdict: same: mxnet and numpy agree" in done.stdout
    assert ("peak memory of the process: mxnet " in done.stdout) == can_measure()

    result = json.loads((tmp_path / "result.json").read_text())
    assert result["experiment"] == "weight_decay"
    assert result["completed"] is True
    assert result["parts"] == ["λ = 0"] * 4 + ["λ = 3"] * 4
    assert result["epochs"] == [1, 2, 3, 4] * 2
    assert result["config"]["style"] == style
    assert result["config"]["seed"] == 5
    assert list(result["backends"]) == ["mxnet", "torch", "numpy"]
    for backend in result["backends"].values():
        assert backend["threads"] == 1
        assert backend["device"] == "cpu"
        assert backend["version"]
        assert len(backend["losses"]) == len(backend["seconds"]) == 8
        assert len(backend["step_losses"]) == 160
        if can_measure():
            assert 10 * 2**20 < backend["peak_memory_bytes"] < 8 * 2**30
    assert result["parity"]["passed"] is True
    assert 0 < result["parity"]["max_abs_diff"] < 1
    assert result["parity"]["first_divergence"] is None
    assert len(result["parity"]["resynced_steps"]) == 30
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_compare_language_models_shows_their_texts(tmp_path):
    done = lockstep("compare", *SMALL_RNN, "--epochs", 2, "--out", tmp_path)
    assert done.returncode == 0, done.stderr + done.stdout
    assert "generated after epoch 2:" in done.stdout
    assert "time traveller" in done.stdout
    assert "verdict: same: mxnet and torch agree" in done.stdout
    threads = [
        b["threads"]
        for b in json.loads((tmp_path / "result.json").read_text())["backends"].values()
    ]
    assert threads == [1, 1]


BAD_INPUT = {
    "no command": ([], "COMMAND"),
    "experiment": (["run", "cnn", "--backend", "numpy"], "experiment 'cnn'"),
    "backend": (["run", "rnn", "--backend", "jax"], "backend 'jax'"),
    "backends": (["compare", "rnn", "--backends", "torch,jax"], "backend 'jax'"),
    "one backend": (["compare", "rnn", "--backends", "torch"], "two or more"),
    "twice": (["compare", "rnn", "--backends", "torch,torch"], "two or more"),
    "twice the same device": (["compare", "rnn", "--backends", "torch:cpu,torch"], "two or more"),
    "device": (["run", "weight_decay", "--backend", "numpy", "--device", "tpu"], "device 'tpu'"),
    "no gpu": (["run", "weight_decay", "--backend", "numpy", "--device", "cuda"], "device 'cuda'"),
    "style": (["run", "rnn", "--backend", "numpy", "--style", "x"], "style 'x'"),
    "option": (["run", "rnn", "--backend", "numpy", "--speed", "9"], "--speed"),
    "epochs": (["run", "rnn", "--backend", "numpy", "--epochs", "0"], "'0'"),
    "threads": (["run", "rnn", "--backend", "numpy", "--threads", "none"], "'none'"),
    "seed": (["run", "rnn", "--backend", "numpy", "--seed", "-1"], "-1"),
    "setting": (["run", "rnn", "--backend", "numpy", "--set", "depth=2"], "'depth'"),
    "no value": (["run", "rnn", "--backend", "numpy", "--set", "num_steps"], "name=value"),
    "no number": (["run", "rnn", "--backend", "numpy", "--set", "num_steps=x"], "'x'"),
    "rate": (["run", "rnn", "--backend", "numpy", "--set", "learning_rate=-1"], "-1.0"),
    "batch": (["run", "weight_decay", "--backend", "numpy", "--set", "batch_size=21"], "21"),
    "prefix": (
        ["run", "rnn", "--backend", "numpy", "--corpus", "python_topics", "--set", "prefixes=Time"],
        "prefix 'Time'",
    ),
    "memory": (
        ["run", "weight_decay", "--backend", "numpy", "--set", "num_train=99999999999"],
        "lower the sizes",
    ),
    "large seed": (
        ["run", "weight_decay", "--backend", "numpy", "--set", "seed=-" + "9" * 400],
        "seed",
    ),
    "steps": (
        ["run", "rnn", "--backend", "numpy", "--corpus", "python_topics", "--set", "num_steps=900"],
        "num_steps = 900",
    ),
    "corpus": (["run", "rnn", "--backend", "numpy", "--corpus", "bible"], "corpus 'bible'"),
    "no corpus": (["run", "weight_decay", "--backend", "numpy", "--corpus", "lyrics"], "'lyrics'"),
    "data": (["run", "rnn", "--backend", "numpy", "--data-dir", "/no/such"], "/no/such"),
    "out": (["compare", "weight_decay", "--out", "/dev/null/x"], "--out '/dev/null/x'"),
}


@pytest.mark.parametrize("name", BAD_INPUT)
def test_bad_input_is_one_line_and_exit_code_2(name, tmp_path):
    arguments, named = BAD_INPUT[name]
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)}
    done = lockstep(*arguments, cwd=tmp_path, env=env)
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stdout == ""
    assert named in done.stderr
    assert len(done.stderr.splitlines()) == 1
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert left == []


def test_ctrl_c_keeps_the_finished_epochs(tmp_path):
    terminal, inside = pty.openpty()  # where the bar tells that epochs are finished
    process = subprocess.Popen(
        [
            *(*PROGRAM, "compare", "weight_decay", "--epochs", "100000", "--out", str(tmp_path)),
            *("--backends", "torch,numpy", "--threads", "1"),
        ],
        env=os.environ | {"TERM": "xterm", "COLUMNS": "120"},
        stdout=inside,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    os.close(inside)
    output = ""
    while not re.search(r"\b[1-9]\d*/200000", output):
        output += os.read(terminal, 4096).decode(errors="replace")
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: the workers get it too
    with suppress(OSError):  # the program has closed its end
        while read := os.read(terminal, 4096):
            output += read.decode(errors="replace")
    os.close(terminal)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert errors == "lockstep compare: interrupted\n"
    assert "verdict after" in output
    assert "of 200000 epochs: same: " in output
    result = json.loads((tmp_path / "result.json").read_text())
    finished = [len(backend["losses"]) for backend in result["backends"].values()]
    assert finished[0] == finished[1] > 0
    assert result["completed"] is False


def test_a_closed_pipe_is_not_a_verdict(tmp_path):
    arguments = [
        "compare",
        "weight_decay",
        "--epochs",
        "2",
        "--threads",
        "1",
        "--out",
        str(tmp_path),
    ]
    with subprocess.Popen(
        [*PROGRAM, *arguments, "--backends", "torch,numpy"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(timeout=60) == 141


def test_options_come_before_settings(tmp_path):
    options = build_parser().parse_args(
        ["run", "rnn", "--backend", "numpy", "--corpus", "lyrics", "--set", "corpus=time_machine"]
    )
    assert configure(options)[1].corpus == "lyrics"
    options.corpus = None
    assert configure(options)[1].corpus == "time_machine"


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "result.json"
    write_json(path, {"a": 1.0, "b": [float("nan"), float("inf")]})
    assert json.loads(path.read_text()) == {"a": 1.0, "b": [None, None]}

    def write_half():
        with replacing(path) as file:
            file.write(b"half")
            raise RuntimeError("disk")

    with pytest.raises(RuntimeError, match="disk"):
        write_half()
    assert json.loads(path.read_text())["a"] == 1.0
    assert [p.name for p in tmp_path.iterdir()] == ["result.json"]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("3", int, 3),
        ("1e-2", float, 0.01),
        ("none", float | None, None),
        ("0.5", float | None, 0.5),
        ("Yes", bool, True),
        ("0", bool, False),
        ("a,b c", tuple[str, ...], ("a", "b c")),
        ("tanh", str, "tanh"),
    ],
)
def test_settings_are_read_by_their_declared_type(text, kind, value):
    assert parse_value("name", text, kind) == value
