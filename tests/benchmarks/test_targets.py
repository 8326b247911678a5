"""The targets name cases that are there, and are judged by intervals."""

from __future__ import annotations

import pytest

from benchmarks.cases import all_cases
from benchmarks.run import chosen_cases
from benchmarks.table import targets
from benchmarks.targets import TARGETS, has_target, measured

TARGET = TARGETS[0]


def test_every_target_has_a_case_with_both_programs():
    for target in TARGETS:
        case = all_cases()[target.case]
        assert target.framework in case.book
        assert case.concise if target.kind == "concise" else case.scratch


def test_targets_can_be_chosen():
    chosen = chosen_cases([], only_targets=True)
    assert {case.key for case in chosen} == {target.case for target in TARGETS}
    assert not has_target(all_cases()["relu forward n=256 h=256"])


def row(interval, threads=TARGET.threads, framework=TARGET.framework, baseline="book"):
    programs = {
        "own": {"framework": framework, "kind": TARGET.kind},
        "other": {"framework": framework, "kind": baseline},
    }
    found = {"program": "own", "baseline": "other", "ratio": sum(interval) / 2}
    comparisons = [found | {"interval": interval}]
    row = {"case": TARGET.case, "threads": threads, "failure": ""}
    return row | {"programs": programs, "comparisons": comparisons}


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(0.9, 1.0, "met"), (0.9, 1.1, "can't tell"), (1.0, 1.1, "can't tell"), (1.1, 1.2, "missed")],
)
def test_a_target_is_judged_by_the_interval(low, high, said):
    rows = [row([low * TARGET.ratio, high * TARGET.ratio])]
    assert [what for _, _, what in measured(rows)] == [said]
    record = {"rows": rows, "no_verdicts_because": []}
    assert targets(record).rows[0][-1] == said
    assert targets(record | {"no_verdicts_because": ["A/A"]}).rows[0][-1] == "none"


@pytest.mark.parametrize(
    "other", [{"threads": 99}, {"framework": "another"}, {"baseline": "plain"}], ids=str
)
def test_only_the_comparison_with_the_book_counts(other):
    assert not list(measured([row([0.1, 0.2], **other)]))
