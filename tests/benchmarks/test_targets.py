"""The targets name cases that are there, and are judged by intervals."""

from __future__ import annotations

import pytest

from backends.registry import Choice
from benchmarks.cases import all_cases
from benchmarks.run import chosen_cases
from benchmarks.table import targets
from benchmarks.targets import TARGETS, measured, setups

TARGET = TARGETS[0]


def test_every_target_has_a_case_with_both_programs():
    for target in TARGETS:
        case = all_cases()[target.case]
        assert target.framework in case.baselines["book"]
        assert case.concise if target.kind == "concise" else case.scratch


def asked(choices, threads=None):
    return {
        (case.key, choice.name, setup.threads)
        for setup in setups(chosen_cases([]), choices, threads)
        for case in setup.cases
        for choice in setup.choices
    }


def test_targets_are_measured_and_nothing_else():
    everything = {(t.case, t.framework, t.threads) for t in TARGETS}
    torch, mxnet = Choice("torch"), Choice("mxnet")
    assert asked((torch, mxnet)) == everything
    assert asked((torch,)) == {found for found in everything if found[1] == "torch"}
    assert asked((torch, mxnet), (1,)) == {found for found in everything if found[2] == 1}
    assert not asked((Choice("numpy"), Choice("torch", "cuda")))


def row(interval, threads=TARGET.threads, backend=TARGET.framework, baseline="book"):
    programs = {
        "own": {"backend": backend, "kind": TARGET.kind},
        "other": {"backend": backend, "kind": baseline},
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
    "other",
    [{"threads": 99}, {"backend": f"{TARGET.framework}:cuda"}, {"baseline": "plain"}],
    ids=str,
)
def test_only_the_comparison_with_the_book_counts(other):
    assert not list(measured([row([0.1, 0.2], **other)]))
