"""The backends that tests run on."""

import os
from collections.abc import Iterator

from backends.threads import VARIABLES

# Before any framework starts its threads; every worker of pytest-xdist imports this file.
os.environ.update(dict.fromkeys(VARIABLES, "1"))

import pytest
from hypothesis import settings

from backends import InputError, backend_names, get_backend
from backends.interface import Backend

# A busy machine is no reason to fail.
settings.register_profile("lockstep", deadline=None)
settings.load_profile("lockstep")

FRAMEWORKS = [name for name in backend_names() if name != "numpy"]


def backend_or_skip(name: str, dtype: str = "float32") -> Backend:
    """A backend; one that is not installed skips the test, or fails it where all are required."""
    try:
        return get_backend(name, dtype=dtype)
    except InputError as error:
        if os.environ.get("LOCKSTEP_REQUIRE_BACKENDS") == "1":
            raise
        pytest.skip(str(error))


@pytest.fixture(params=backend_names())
def backend(request: pytest.FixtureRequest) -> Backend:
    """Every backend, the oracle too."""
    return backend_or_skip(request.param)


@pytest.fixture(params=FRAMEWORKS)
def framework(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """Every backend that is compared with the oracle."""
    framework = backend_or_skip(request.param)
    yield framework
    framework.synchronize()  # an error of MXNet's own threads belongs to the test that caused it


@pytest.fixture
def oracle() -> Backend:
    return backend_or_skip("numpy")
