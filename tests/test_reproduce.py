"""`lockstep reproduce`: it goes on where it stopped, and says honestly what lies inside."""

from __future__ import annotations

import dataclasses
import json
from argparse import Namespace

import pytest

from backends import InputError, get_backend
from experiments import load_experiment, weight_decay
from experiments.book import ROWS, Figure, Row
from experiments.commands import book_page, reproduce
from experiments.commands.book_page import cell, first_steps, inside
from experiments.training import Epoch

SMALL = Row(
    "small",
    "a short training",
    "weight_decay",
    weight_decay.Config(num_epochs=2),
    (Figure("‖w‖", 2, "11.6", "λ = 0"), Figure("‖w‖", 2, "999.0", "λ = 3")),
)


@pytest.fixture(autouse=True)
def one_small_row(monkeypatch):
    monkeypatch.setattr(reproduce, "ROWS", [SMALL])
    monkeypatch.setattr(book_page, "ROWS", [SMALL])


def options(folder, **changes):
    given = {"backends": "numpy,torch", "only": None, "seeds": 2, "threads": 1, "jobs": 2}
    return Namespace(**{**given, "device": "cpu", "data_dir": None, "out": folder, **changes})


def runs_in(folder):
    return json.loads((folder / "book.json").read_text())["runs"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reproduce, "ROWS", [SMALL])
        patch.setattr(book_page, "ROWS", [SMALL])
        assert reproduce.main(options(folder)) == 0
    return folder


def test_all_rows_seeds_and_backends_are_run_and_written(finished):
    runs = runs_in(finished)
    assert {(r["row"], r["seed"], r["backend"]) for r in runs} == {
        ("small", seed, backend) for seed in (0, 1) for backend in ("numpy", "torch")
    }
    for run in runs:
        assert list(run["figures"]) == ["λ = 0, ‖w‖, epoch 2", "λ = 3, ‖w‖, epoch 2"]
        assert run["config"]["seed"] == run["seed"]
        assert run["threads"] == 1
        assert len(run["first_losses"]) == 8
    of_seed = {r["seed"]: r["figures"] for r in runs if r["backend"] == "torch"}
    assert of_seed[0] != of_seed[1]
    page = (finished / "book.md").read_text()
    (never,) = (line for line in page.splitlines() if "| 999.0 |" in line)
    assert never.startswith("| λ = 3, ‖w‖, epoch 2 | 999.0 |")
    assert never.endswith("| no |")
    assert "numpy " in page
    assert "First steps: " in page


def test_finished_runs_are_not_repeated(finished, monkeypatch, capsys):
    monkeypatch.setattr(reproduce, "compute", None)
    assert reproduce.main(options(finished)) == 0
    assert "4 runs, of which 4 are finished already" in capsys.readouterr().out


def test_an_interrupted_command_keeps_what_is_finished_and_goes_on(tmp_path, finished, monkeypatch):
    results = {(r["seed"], r["backend"]): r for r in runs_in(finished)}
    asked = []

    def interrupted(run, *ignored):
        asked.append((run.seed, run.backend))
        if len(asked) == 3:
            raise KeyboardInterrupt
        return results[run.seed, run.backend]

    monkeypatch.setattr(reproduce, "compute", interrupted)
    with pytest.raises(KeyboardInterrupt):
        reproduce.main(options(tmp_path, jobs=1))
    assert len(runs_in(tmp_path)) == 2
    first = asked[:2]
    asked[:] = [None] * 3
    assert reproduce.main(options(tmp_path, jobs=1)) == 0
    assert sorted(asked[3:]) == sorted(set(results) - set(first))
    assert runs_in(tmp_path) == runs_in(finished)


def with_changes(finished, folder, change):
    """A copy of the finished book.json with a change to every run."""
    runs = [run | change for run in runs_in(finished)]
    (folder / "book.json").write_text(json.dumps({"runs": runs}))


@pytest.mark.parametrize(
    "change",
    [
        {"config": dataclasses.asdict(weight_decay.Config(num_epochs=3))},
        {"note": "other data"},
        {"figures": {"‖w‖, epoch 2": 11.6}},
        {"row": "dropped from the book"},
    ],
    ids=["config", "data", "figures", "row"],
)
def test_runs_that_are_not_of_today_are_left_out_and_run_again(
    tmp_path, finished, monkeypatch, change, capsys
):
    with_changes(finished, tmp_path, change)
    asked = []

    def compute(run, *ignored):
        asked.append(run)
        return {**runs_in(finished)[0], **run.settings()}

    monkeypatch.setattr(reproduce, "compute", compute)
    reproduce.main(options(tmp_path, seeds=1))
    assert (
        "4 finished runs had other settings or data: they are left out" in capsys.readouterr().out
    )
    assert len(asked) == 2
    assert len(runs_in(tmp_path)) == 2  # not mixed with those of old settings


def test_runs_on_another_device_are_not_mixed(tmp_path, finished):
    with_changes(finished, tmp_path, {"device": "cuda"})
    before = (tmp_path / "book.json").read_bytes()
    with pytest.raises(InputError, match="holds runs on cuda: give another --out for cpu"):
        reproduce.main(options(tmp_path))
    assert (tmp_path / "book.json").read_bytes() == before


@pytest.mark.parametrize("content", ["", "[]", '{"runs": 3}', '{"runs": [{"row": 1}]}'])
def test_a_foreign_file_is_refused_and_kept(tmp_path, content):
    (tmp_path / "book.json").write_text(content)
    with pytest.raises(InputError, match=r"book\.json") as caught:
        reproduce.main(options(tmp_path))
    assert "\n" not in str(caught.value)
    assert (tmp_path / "book.json").read_text() == content


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"only": "small,large"}, "row 'large' is unknown"),
        ({"only": ""}, "row '' is unknown"),
        ({"only": "small,small"}, "rows 'small,small' are not allowed"),
        ({"backends": "torch,jax"}, "backend 'jax' is unknown"),
        ({"backends": "torch,torch"}, "backends 'torch,torch' are not allowed"),
    ],
)
def test_names_that_do_not_exist_or_come_twice_are_refused(tmp_path, change, named):
    with pytest.raises(InputError, match=named):
        reproduce.main(options(tmp_path, **change))


@pytest.mark.parametrize(
    ("values", "printed", "expected"),
    [
        ([1.0, 1.2], "1.1", True),
        ([1.0, 1.2], "1.3", False),
        ([1.26, 1.31], "1.3", True),  # rounded as the book prints it
        ([1.26, 1.31], "1.35", False),
        ([0.9], "0.9", True),
        ([9.313e20], "9e20", True),
        ([9.61e20], "9e20", False),
        ([1.0737e-21], "1e-21", True),
        ([0.9, None], "0.9", False),
        ([], "0.9", False),
    ],
)
def test_inside_is_between_the_smallest_and_the_largest(values, printed, expected):
    assert inside(Figure("loss", 1, printed), values) is expected


def test_a_cell_shows_the_spread_and_hides_no_failure():
    assert cell([3.0, 1.0, 2.0]) == "1 – 2 – 3"
    assert cell([2.0]) == "2"
    assert cell([2.0, None]) == "no finite number"
    assert cell([]) == "not run"


def test_first_steps_compare_the_same_seed_only():
    runs = [
        {"seed": 0, "first_losses": [1.0, 2.0]},
        {"seed": 0, "first_losses": [1.0, 2.5]},
        {"seed": 1, "first_losses": [9.0, 9.0]},
    ]
    assert first_steps(runs) == 0.25


def test_a_loss_that_is_no_number_is_not_compared():
    runs = [{"seed": 0, "first_losses": [None, 0.0]}, {"seed": 0, "first_losses": [1.0, None]}]
    assert first_steps(runs) == 0  # each with itself
    assert first_steps([runs[0]]) is None


QUICK = {
    "dropout": {"dataset": "digits", "num_hiddens1": 8, "num_hiddens2": 8},
    "rnn": {"corpus": "python_topics", "prefixes": (), "num_hiddens": 8, "max_characters": 2000},
}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_every_figure_of_the_book_is_measured(row):
    module = load_experiment(row.experiment)
    changes = QUICK.get(row.experiment, {})
    if hasattr(row.config, "num_epochs"):
        changes = {**changes, "num_epochs": 1}
    quick = dataclasses.replace(row.config, **changes)
    epochs = [e for e in module.run(get_backend("torch"), quick) if isinstance(e, Epoch)]
    measured = {epoch.part: epoch.evaluate() for epoch in epochs}
    assert len({figure.name for figure in row.figures}) == len(row.figures) > 0
    for figure in row.figures:
        assert isinstance(measured[figure.part][figure.metric], float)
        assert isinstance(figure.as_printed(1.0), float)
        assert float(figure.printed) > 0
        assert figure.epoch <= getattr(row.config, "num_epochs", 1)
