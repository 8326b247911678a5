"""What the benchmarks time: no primitive is left out, the work is counted right, and the book's own
code computes what Lockstep does."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from backends.errors import InputError
from backends.interface import Backend
from backends.numpy_backend import NumpyBackend
from backends.rounding.envelope import RUNS, half_width
from benchmarks.book.rounding import noisy
from benchmarks.cases import all_cases, case_of, epochs, primitives, steps, sweeps
from benchmarks.cases.primitives import WITHOUT_A_CASE
from benchmarks.programs import LEVELS
from tests.conftest import backend_or_skip
from tests.small_cases import of_book, small_cases

PRIMITIVES = set(Backend.__abstractmethods__)
FEW_SECONDS_EACH = [case for module in (primitives, steps) for case in module.cases()]
SCRATCH = [case for case in FEW_SECONDS_EACH if case.scratch]
# The layers of MXNet and torch compute in one operation whose products nobody counts.
COUNTED = [case for case in FEW_SECONDS_EACH if case.scratch or case.name.startswith("dense_layer")]


def test_every_primitive_has_a_case_or_a_reason() -> None:
    named = {case.name.split()[0] for case in primitives.cases()}
    assert named | set(WITHOUT_A_CASE) == PRIMITIVES
    assert not named & set(WITHOUT_A_CASE)


def test_every_experiment_has_a_step_in_every_style() -> None:
    names = {case.name for case in steps.cases()}
    for experiment in ("weight_decay", "dropout", "rnn", "gru", "lstm", "initialization deep"):
        assert {f"{experiment} step", f"{experiment} concise step"} <= names
    assert {"bptt full step", "bptt truncated step"} <= names


def test_keys_tell_the_cases_apart() -> None:
    cases = [case for module in (primitives, steps, epochs) for case in module.cases()]
    assert len({case.key for case in cases}) == len(cases)
    assert all(key == case.key for key, case in all_cases().items())
    assert {case.level for case in cases} == set(LEVELS)


def test_every_case_has_one_style() -> None:
    for case in all_cases().values():
        assert (case.scratch is None) != (case.concise is None), case.key


def test_every_point_of_a_sweep_is_a_case() -> None:
    for (axis, _), keys in sweeps.sweeps().items():
        found = [case_of(key).sizes[axis] for key in keys]
        assert found == sorted(set(found))
        assert len(found) > 2


def test_an_unknown_case_is_refused() -> None:
    with pytest.raises(InputError, match="'no such case' is not known"):
        case_of("no such case")


def test_the_table_of_cases_imports_no_framework() -> None:
    program = (
        "import sys, benchmarks.cases; benchmarks.cases.all_cases();"
        "print(sorted({'mxnet', 'torch', 'd2l', 'd2lzh'} & set(sys.modules)))"
    )
    root = Path(__file__).parent.parent
    output = subprocess.check_output([sys.executable, "-c", program], cwd=root, text=True)
    assert output == "[]\n"


@pytest.mark.parametrize("case", COUNTED, ids=lambda case: case.key)
def test_flops_are_those_that_torch_counts(case) -> None:
    counter = pytest.importorskip("torch.utils.flop_counter")
    from backends import get_backend

    maker = case.scratch or case.concise
    program = maker(get_backend("torch", implementation="plain"), case.given())
    with counter.FlopCounterMode(display=False) as counted:
        program.run()
    assert counted.get_total_flops() == case.work.flops


@pytest.mark.parametrize("case", FEW_SECONDS_EACH, ids=lambda case: case.key)
def test_bytes_hold_the_parameters(case) -> None:
    """A unit of work that touches less than its own weights has been counted wrong."""
    weights = case.given().get("weights", {})
    assert case.work.bytes >= sum(weight.nbytes for weight in weights.values())


@pytest.fixture(scope="module", params=["mxnet", "torch"])
def book(request, tmp_path_factory):
    package = {"mxnet": "d2lzh", "torch": "d2l"}[request.param]
    if find_spec(package) is None or find_spec(request.param) is None:
        pytest.skip(f"{package} or {request.param} is not installed")
    file = tmp_path_factory.mktemp("book") / request.param
    return request.param, of_book(request.param, file)


def assert_computed(found, case, framework) -> None:
    """Within the envelope of what rounding does to the oracle."""
    maker = case.scratch or case.concise

    def results(backend: Backend) -> dict[str, np.ndarray]:
        return maker(backend, case.given()).results()

    expected = results(NumpyBackend())
    updates = {name for name in expected if name.startswith("update of ")}
    assert updates <= set(found) <= set(expected)
    runs = [results(noisy(framework, seed)) for seed in range(RUNS)]
    comparisons = sum(value.size for value in found.values())
    for name, value in found.items():
        assert value.shape == expected[name].shape, name
        width = half_width([run[name] for run in runs], expected[name], comparisons)
        assert (abs(value - expected[name]) <= width).all(), name
        assert (expected[name] != 0).any(), f"{name}: nothing has been learned"


@pytest.mark.parametrize("key", small_cases())
def test_the_book_computes_the_same(book, key) -> None:
    framework, computed = book
    found = computed[key]
    assert all(name.startswith("update of ") for name in found)
    assert_computed(found, small_cases()[key], framework)


def test_a_gradient_written_out_computes_the_same(framework) -> None:
    case = epochs.weight_decay_epoch("scratch")
    found = case.baselines["manual"][framework.name](case.given(), "cpu").results()
    assert "losses" in found
    assert_computed(found, case, framework.name)


CHEAP = [case for case in steps.cases() if case.name.startswith(("weight", "initialization perc"))]


@pytest.mark.parametrize("case", CHEAP, ids=lambda case: case.key)
def test_a_step_can_be_repeated_without_end(case) -> None:
    backend = backend_or_skip("torch")
    program = (case.scratch or case.concise)(backend, case.given())
    losses = [backend.to_numpy(program.run()) for _ in range(1000)]
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]
