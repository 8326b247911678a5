"""No primitive of the contract is left out of the table of cases or of wrong versions."""

from backends.interface import Backend
from tests.parity.cases import CASES
from tests.parity.wrong import WRONG

PRIMITIVES = set(Backend.__abstractmethods__)

# Nothing to compare with the oracle; each is tested in the file named.
NOT_NUMERIC = {
    "version": "test_backends.py",
    "devices": "test_backends.py",
    "num_threads": "test_backends.py",
    "synchronize": "test_backends.py",
    "seed": "test_dropout.py",
}

WITHOUT_GRADIENT = {
    "from_numpy": "takes NumPy numbers",
    "to_numpy": "gives NumPy numbers",
    "parameters": "takes NumPy numbers",
    "zeros": "has no inputs",
    "one_hot": "takes integers",
    "argmax": "gives integers",
    "value_and_grad": "gives gradients",
    "clip_gradients": "takes gradients, outside any objective",
    "sgd": "takes gradients, outside any objective",
    "network": "gradients are results of its rows",
    "trainer": "takes gradients, outside any objective",
}


def test_every_primitive_has_a_case() -> None:
    assert {case.primitive for case in CASES} == PRIMITIVES - set(NOT_NUMERIC)


def test_every_primitive_has_a_gradient_case() -> None:
    differentiated = {case.primitive for case in CASES if case.gradients is not None}
    assert differentiated == PRIMITIVES - set(NOT_NUMERIC) - set(WITHOUT_GRADIENT)


def test_every_primitive_has_a_wrong_version() -> None:
    assert {wrong.primitive for wrong in WRONG} == PRIMITIVES


def test_names_are_unique() -> None:
    for table in (CASES, WRONG):
        names = [str(row) for row in table]
        assert len(names) == len(set(names))
