"""The command `python -m tests.parity.mutants`, briefly; and its long run, marked `mutants`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from backends.interface import Backend
from tests.parity.cases import CASES
from tests.parity.check import inputs_of
from tests.parity.mutants import __main__ as command
from tests.parity.mutants import alarms
from tests.parity.mutants.catalogue import Outcome, outcome
from tests.parity.wrong import WRONG, Wrong

RIGHT = Wrong("relu", "right", lambda k, right, x: right(x))
BROKEN = Wrong("relu", "broken", lambda k, right, x: right(x, 1))
LEAKY = next(wrong for wrong in WRONG if str(wrong) == "relu-leaky")
SUM_ALONE = [case for case in CASES if str(case) in ("sum-small", "sum-dyadic")]


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """One mutant and two rows."""
    monkeypatch.setattr(command, "WRONG", [LEAKY])
    monkeypatch.setattr(alarms, "ROWS", SUM_ALONE)
    monkeypatch.setattr(alarms.exact, "EXACT_CASES", [])
    monkeypatch.setattr(alarms, "EDGE_CASES", [])
    alarms.drawn_rows.cache_clear()


@pytest.fixture(autouse=True)
def _fresh_rows() -> Iterator[None]:
    yield
    alarms.drawn_rows.cache_clear()


def run(*given: str) -> int:
    return command.main(["--jobs", "1", *given])


@pytest.mark.usefixtures("brief")
def test_it_prints_and_writes_what_it_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mutants.md"
    assert run("--seeds", "3", "--out", str(out)) == 0
    printed, written = capsys.readouterr().out, out.read_text()
    assert written.startswith(printed)
    assert "0 / 3" in printed
    assert "Interrupted" not in printed
    assert "| relu-leaky | " in written
    assert [path.name for path in tmp_path.iterdir()] == ["mutants.md"]


@pytest.mark.usefixtures("brief")
@pytest.mark.parametrize("wrong", [RIGHT, BROKEN], ids=str)
def test_a_survivor_is_named_and_the_command_fails(
    wrong: Wrong, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "WRONG", [wrong, LEAKY])
    assert run("--seeds", "0") == 1
    printed = capsys.readouterr().out
    assert "1 / 2" in printed
    assert f": {wrong}" in printed
    assert (wrong is BROKEN) == ("TypeError" in printed)


@pytest.mark.usefixtures("brief")
def test_a_false_alarm_is_named_and_the_command_fails(
    framework: Backend, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    doubled = Wrong("sum", "doubled", lambda k, right, x: right(x) * 2)
    monkeypatch.setattr(command, "installed", lambda: [doubled.on(framework)])
    assert run("--seeds", "2") == 1
    printed = capsys.readouterr().out
    assert "2 / 2" in printed
    assert f"- seed 1, {framework.name}: sum-small forward: " in printed


@pytest.mark.usefixtures("brief")
def test_ctrl_c_keeps_what_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*args: object) -> Iterator[alarms.Seed]:
        yield alarms.Seed(7, [])
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "each", interrupted)
    assert run("--seeds", "9", "--out", str(tmp_path / "mutants.md")) == 130
    assert "after 1 of 1 mutants and 1 of 9 seeds" in capsys.readouterr().out
    assert "0 / 1" in (tmp_path / "mutants.md").read_text()


@pytest.mark.parametrize(
    "given", [("--seeds", "-1"), ("--jobs", "0"), ("--out", "/nowhere/at/all.md")], ids=str
)
def test_bad_arguments_are_refused(
    given: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        run(*given)
    assert stopped.value.code == 2
    assert given[1] in capsys.readouterr().err


def test_an_outcome_names_the_check(framework: Backend) -> None:
    assert outcome(LEAKY, framework).check == "relu-small and large forward"
    assert outcome(RIGHT, framework) == Outcome(framework.name, RIGHT, None)


def test_seeds_draw_other_inputs() -> None:
    cases = {row.case for row in alarms.drawn_rows()}
    assert len(cases & set(CASES)) > len(CASES) / 2
    for case in cases:
        first, again, other = (inputs_of(replace(case, seed=seed)) for seed in (1, 1, 2))
        arrays = [name for name, value in first.items() if isinstance(value, np.ndarray)]
        assert all(np.array_equal(first[n], again[n], equal_nan=True) for n in arrays)
        changed = [not np.array_equal(first[n], other[n], equal_nan=True) for n in arrays]
        assert any(changed) or len(arrays) < len(first), case


def test_every_table_and_kind_takes_part() -> None:
    rows = alarms.drawn_rows()
    assert {row.held_to for row in rows} == {
        alarms.within_rounding,
        alarms.to_the_bit,
        alarms.at_the_edge,
    }
    often = {getattr(row.case, row.direction) for row in rows if not row.is_slow}
    assert often == {"exact", "bound"}
    assert {getattr(row.case, row.direction) for row in rows} == often | {"envelope"}


def test_a_wrong_backend_alarms_in_every_table(framework: Backend) -> None:
    """`sgd` without decay, which no draw of its inputs makes right."""
    undecayed = next(wrong for wrong in WRONG if str(wrong) == "sgd-no decay").on(framework)
    rows = [row for row in alarms.drawn_rows() if row.case.primitive == "sgd"]
    caught = set()
    for row in rows:
        try:
            row.held_to(replace(row.case, seed=3), row.direction, undecayed)
        except AssertionError:
            caught.add(row.held_to)
    alarms.forget()
    assert len(caught) == 3


@pytest.mark.mutants
def test_no_false_alarm_over_1000_seeds() -> None:
    assert command.main(["--seeds", "1000"]) == 0
