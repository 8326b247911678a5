"""What the numbers of a run are taken for, and when they are not believed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backends.registry import Choice, choice_of
from benchmarks import judge as judging
from benchmarks.judge import (
    BOOK,
    CONTROL,
    DEVICES,
    FORMATS,
    FRAMEWORKS,
    IMPLEMENTATIONS,
    WIDEST,
    pairs,
)
from benchmarks.launch import Label
from benchmarks.record import new_program
from tests.benchmarks.noise import modelled

LABELS = [
    Label(Choice(framework), *rest)
    for framework in ("left", "right")
    for rest in (("book",), ("plain",), ("fast",), ("fast", True))
]


def row_of(seconds: dict[Label, list[Any]], **changes: Any) -> dict[str, Any]:
    """As `benchmarks.record` makes it; the machine can do all of this in a microsecond."""
    rates = {"flops": 1e9, "bytes": 1e9}
    return {
        "case": "case n=1",
        "threads": 1,
        "work": {"flops": 1e3, "bytes": 1e3},
        "failure": "",
        "rates": {"left": rates, "right": rates},
        "programs": {
            str(label): new_program(label)
            | {"seconds": launches, "left": [[0.0] * len(own) for own in launches]}
            for label, launches in seconds.items()
        },
        "comparisons": [],
    } | changes


def quiet(seed: int = 0, scale: float = 1.0, noise: float = 1.0) -> dict[str, Any]:
    """A row whose A/A is narrow: 1 where `scale` is not given for the program that comes again."""
    stream = np.random.default_rng(seed)
    found: dict[Label, list[Any]] = {}
    for label in LABELS:
        launches = stream.lognormal(np.log(0.01), 0.005 * noise, (5, 10))
        found[label] = list(launches * (scale if label.again else 1.0))
    return row_of(found)


def judge(rows: list[dict[str, Any]]) -> list[str]:
    for row in rows:
        judging.judge_row(row)
    return judging.judge(rows)


def verdicts(row: dict[str, Any]) -> set[Any]:
    return {c["verdict"] for c in row["comparisons"] if c["compares"] != CONTROL}


def test_frameworks_are_set_against_each_other_kind_by_kind():
    found = list(pairs(quiet()["programs"]))
    assert [pair[1:] for pair in found if pair[0] == FRAMEWORKS] == [
        ("right book", "left book"),
        ("right plain", "left plain"),
        ("right fast", "left fast"),
    ]
    assert {pair[1:] for pair in found if pair[0] == BOOK} == {
        (f"{name} {kind}", f"{name} book")
        for name in ("left", "right")
        for kind in ("plain", "fast")
    }
    assert {pair[1:] for pair in found if pair[0] == IMPLEMENTATIONS} == {
        ("left fast", "left plain"),
        ("right fast", "right plain"),
    }
    assert {pair[1:] for pair in found if pair[0] == CONTROL} == {
        ("left fast again", "left fast"),
        ("right fast again", "right fast"),
    }


def test_backends_that_differ_in_more_than_one_thing_are_not_set_against_each_other():
    texts = ("mxnet", "torch", "torch:cuda", "torch:cuda:tf32", "mxnet:cuda")
    labels = [Label(choice_of(text), "fast") for text in texts]
    found = set(pairs({str(label): new_program(label) for label in labels}))
    assert found == {
        (FRAMEWORKS, "torch fast", "mxnet fast"),
        (DEVICES, "torch:cuda fast", "torch fast"),
        (FORMATS, "torch:cuda:tf32 fast", "torch:cuda fast"),
        (FRAMEWORKS, "mxnet:cuda fast", "torch:cuda fast"),
        (DEVICES, "mxnet:cuda fast", "mxnet fast"),
    }


def test_a_quiet_run_gives_verdicts():
    row = quiet()
    assert judge([row]) == []
    assert verdicts(row) <= {"faster", "slower", "can't tell"}
    assert not row["failure"]


def test_no_verdicts_if_a_program_differs_from_itself():
    right, off = quiet(0), quiet(1, scale=1.015)
    (why, _) = judge([right, off])
    assert "does not contain 1" in why
    assert verdicts(right) == verdicts(off) == {None}


def test_no_verdicts_if_the_control_is_too_wide():
    right, wide = quiet(0), quiet(1, noise=20)
    *doubts, advice = judge([right, wide])
    assert all(f"±{WIDEST:.0%} is asked for" in why for why in doubts)
    assert "--processes" in advice
    assert verdicts(right) == verdicts(wide) == {None}


def test_an_interval_of_twice_the_width_wants_four_times_the_launches():
    assert judging.enough_launches(2 * WIDEST, 5) == 20


def test_a_case_too_short_to_time_well_does_not_withhold_verdicts():
    right, short = quiet(0), quiet(1, noise=20)
    for program in short["programs"].values():
        program["seconds"] = [launch / 100 for launch in program["seconds"]]
    assert judge([right, short]) == []


def test_many_right_controls_withhold_no_verdicts():
    """Each interval alone would miss 1 in one case of twenty."""
    rows = [quiet(seed) for seed in range(30)]
    assert judge(rows) == []


def test_faster_than_the_machine_is_a_failure_without_a_number():
    row = quiet()
    row["work"]["flops"] = 0.05 * 1e9
    judge([row])
    assert "500% of what the machine can do" in row["failure"]
    assert not row["comparisons"]


def test_at_the_limit_within_the_interval_is_none():
    row = quiet()
    (program, *_) = row["programs"].values()
    row["work"]["flops"] = 1e9 * float(np.median(program["seconds"]))
    judge([row])
    assert not row["failure"]


def test_work_that_was_left_when_the_clock_stopped_is_a_failure():
    row = quiet()
    program = row["programs"]["right plain"]
    program["left"] = [[0.3] * len(launch) for launch in program["left"]]
    judge([row])
    assert row["failure"].startswith("right plain: not finished when the clock stopped, 30%")
    assert not row["comparisons"]


def test_a_failed_case_has_no_comparison():
    row = quiet() | {"failure": "no parity, no number", "programs": {}}
    assert judge([row]) == []
    assert not row["comparisons"]


@pytest.mark.parametrize("factor", [1.1, 1 / 1.1])
def test_the_verdict_is_of_the_program(factor):
    row = quiet()
    for label in ("right fast", "right fast again"):
        program = row["programs"][label]
        program["seconds"] = [launch * factor for launch in program["seconds"]]
    assert judge([row]) == []
    found = {(c["program"], c["baseline"]): c["verdict"] for c in row["comparisons"]}
    assert found["right fast", "left fast"] == ("slower" if factor > 1 else "faster")
    assert found["right fast again", "right fast"] is None


def test_the_noise_model_is_too_wide_for_verdicts_with_few_blocks():
    program, again = modelled(np.random.default_rng(0), launches=1, cycles=4)
    left = Choice("left")
    row = row_of({Label(left, "fast"): program, Label(left, "fast", True): again})
    assert judge([row])
