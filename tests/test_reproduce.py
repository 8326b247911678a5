"""`lockstep reproduce`: it goes on where it stopped, and says honestly what lies inside."""

from __future__ import annotations

import dataclasses
import json
from argparse import Namespace

import pytest

from backends import InputError
from experiments import weight_decay
from experiments.book import ROWS, Figure, Row
from experiments.commands import book_page, reproduce
from experiments.commands.book_page import cell, first_steps, inside

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
    assert "| λ = 3, ‖w‖, epoch 2 | 999.0 |" in page
    assert page.count("| no |") == 2 or "| yes |" in page
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


def test_other_settings_are_run_again(tmp_path, finished, monkeypatch):
    (tmp_path / "book.json").write_bytes((finished / "book.json").read_bytes())
    changed = dataclasses.replace(SMALL, config=weight_decay.Config(num_epochs=2, sigma=2.0))
    monkeypatch.setattr(reproduce, "ROWS", [changed])
    asked = []

    def compute(run, *ignored):
        asked.append(run)
        return {**runs_in(finished)[0], **run.key}

    monkeypatch.setattr(reproduce, "compute", compute)
    reproduce.main(options(tmp_path, seeds=1))
    assert len(asked) == 2
    assert len(runs_in(tmp_path)) == 4  # replaced, not added


@pytest.mark.parametrize("content", ["", "[]", '{"runs": 3}', '{"runs": [{"row": 1}]}'])
def test_a_foreign_file_is_refused_and_kept(tmp_path, content):
    (tmp_path / "book.json").write_text(content)
    with pytest.raises(InputError, match=r"book\.json") as caught:
        reproduce.main(options(tmp_path))
    assert "\n" not in str(caught.value)
    assert (tmp_path / "book.json").read_text() == content


def test_an_unknown_row_is_refused(tmp_path):
    with pytest.raises(InputError, match="row 'large' is unknown"):
        reproduce.main(options(tmp_path, only="small,large"))


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
    assert first_steps(runs) == pytest.approx(0.25)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_every_figure_of_the_book_will_be_measured(row):
    config = row.config
    names = [figure.name for figure in row.figures]
    assert len(set(names)) == len(names) > 0
    for figure in row.figures:
        float(figure.printed)
        assert figure.epoch <= getattr(config, "num_epochs", figure.epoch)
