"""No test allows a difference by a number that somebody chose."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.literal_tolerances import INSTEAD, literal_tolerances

TESTS = Path(__file__).parent
FILES = sorted(TESTS.rglob("*.py"))


def test_no_test_sets_a_tolerance_by_hand() -> None:
    found = [
        f"{file.relative_to(TESTS.parent)}:{line}: {what}"
        for file in FILES
        for line, what in literal_tolerances(file.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join([f"{len(found)} tolerances set by hand: {INSTEAD}", *found])


@pytest.mark.parametrize(
    "source",
    [
        "assert a == pytest.approx(b, rel=1e-5)",
        "assert a == pytest.approx(b, 1e-5)",
        "assert a == pytest.approx(b, abs=1.5 / 297)",
        "assert a == pytest.approx(b)",
        "assert np.allclose(a, b)",
        "assert np.allclose(a, b, 0, 1e-8)",
        "assert math.isclose(a, b, rel_tol=1e-9)",
        "np.testing.assert_allclose(a, b)",
        "np.testing.assert_allclose(a, b, rtol=1e-6, atol=0)",
        "np.testing.assert_allclose(a, b, atol=1e-6 * scale)",
        "torch.testing.assert_close(a, b)",
        "np.testing.assert_array_almost_equal(a, b, 5)",
        "np.testing.assert_array_max_ulp(a, b, maxulp=4)",
        "TOLERANCE = 1e-4\nassert_close(a, b, atol=TOLERANCE)",
        "LIMIT = 2e-5\nassert abs(a - b) < 10 * LIMIT",
        "def check(a, b, rtol=1e-6):\n    pass",
        "def check(a, b, *, tolerance: float = 1e-6):\n    pass",
        "assert abs(a - b).max() <= 1e-6",
        "assert (np.abs(a) < 0.05).all()",
        "assert a - b < 1e-3",
        "assert 1e-3 > torch.linalg.norm(x)",
        "assert abs(a - b) <= 1e-6 + 1e-5 * abs(b)",
        "assert -0.01 < a - b < 0.01",
        "from backends.agreement import agree",
        "from backends.agreement import TOLERANCE as T",
    ],
)
def test_a_planted_tolerance_is_found(source: str) -> None:
    assert list(literal_tolerances(source))


@pytest.mark.parametrize(
    "source",
    [
        "assert a == b",
        "np.testing.assert_allclose(a, b, rtol=0)",
        "np.testing.assert_allclose(a, b, rtol=0, atol=bound)",
        "assert a == pytest.approx(b, rel=0, abs=half_unit(text))",
        "assert abs(a - b) <= bound",
        "assert abs(a - b) <= 2 * np.spacing(b)",
        "assert abs(a - b) <= 3 * 2.0**-24 * abs(b)",
        "config = Config(learning_rate=1e-9, eps=1e-3)",
        "assert loss < 1e-3",
        "assert accuracy - before > 0.2",
        "FALSE_ALARM = 1e-9\nassert abs(a - b) <= sqrt(log(2 / FALSE_ALARM) / n)",
        "DATA = {'tolerance': 2e-5, 'max_abs_diff': 1e-7}",
        "assert_mean(values, 0.01, 0.05)",
    ],
)
def test_what_is_no_tolerance_passes(source: str) -> None:
    assert not list(literal_tolerances(source))
