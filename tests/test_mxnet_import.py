"""MXNet under several Pythons and NumPys, each in a process that sees only these packages.

NumPy comes from pip and is kept in the user's cache folder (lockstep-tests).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from backends.mxnet_import import _Version as Version

PROJECT = Path(__file__).parent.parent
CURRENT = f"{sys.version_info.major}.{sys.version_info.minor}"
# All of them run on any Python 3, unlike NumPy.
NEEDED_BY_MXNET = ("mxnet", "requests", "urllib3", "idna", "certifi", "charset_normalizer")

PROGRAM = """
import json, sys, warnings
from types import ModuleType
import numpy as np

numpy_names, filters = dict(vars(np)), list(warnings.filters)
from backends.mxnet_import import import_mxnet
mx = import_mxnet()

net = mx.gluon.nn.Dense(1)
net.initialize(mx.init.Zero())
trainer = mx.gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.3})
inputs, targets = mx.nd.array([[0, 1], [1, 0], [1, 1]]), mx.nd.array([[2], [3], [5]])
losses = []
for step in range(4):
    with mx.autograd.record():
        loss = ((net(inputs) - targets) ** 2).mean()
    loss.backward()
    trainer.step(1)
    losses.append(float(loss.asscalar()))

added = {name for name in set(vars(np)) - set(numpy_names)
         if not isinstance(getattr(np, name), ModuleType)}
print(json.dumps({
    "python": sys.version.split()[0],
    "numpy": np.__version__,
    "losses": losses,
    "changed": [name for name in numpy_names if vars(np).get(name) is not numpy_names[name]],
    "added": sorted(added),
    "expected": sorted({"bool", "Inf"} - set(numpy_names)),
    "filters kept": warnings.filters == filters,
    "stand-ins": [name for name, module in sys.modules.items()
                  if name.partition(".")[0] == "distutils" and module.__spec__ is None],
    "packages": sorted({"setuptools", "torch", "pooch"} & set(sys.modules)),
}))
"""


def check(python: str, *flags: str, **environment: str) -> dict[str, Any]:
    """Run PROGRAM with warnings as errors and test what holds for every Python and NumPy."""
    done = subprocess.run(
        [python, *flags, "-W", "error", "-c", PROGRAM],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        env={**os.environ, **environment},
    )
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    losses = found["losses"]
    assert all(later < earlier for earlier, later in pairwise(losses)), losses
    assert found["changed"] == []
    assert found["added"] == found["expected"]
    assert found["filters kept"]
    assert found["stand-ins"] == []
    return found


@cache
def interpreter(version: str) -> str | None:
    """An executable of this Python version, in the search path or under pyenv."""
    if version == CURRENT:
        return sys.executable
    name = f"python{version}"
    of_pyenv = (Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/{name}")
    for candidate in (shutil.which(name), *map(str, sorted(of_pyenv))):
        if candidate is not None:
            done = subprocess.run(
                [candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
                capture_output=True,
                text=True,
            )
            # pyenv puts a command into the search path that fails for a version not chosen.
            if done.returncode == 0 and done.stdout.strip() == version:
                return candidate
    return None


def numpy_folder(version: str, requirement: str) -> Path:
    """A folder with this NumPy for this Python, installed on first use."""
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lockstep-tests"
    folder = caches / f"{requirement}-python{version}-{sysconfig.get_platform()}"
    if folder.is_dir():
        return folder
    caches.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=caches) as unfinished:
        target = Path(unfinished) / "numpy"
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile"]
        command += ["--retries", "1", "--timeout", "30", "--disable-pip-version-check"]
        command += ["--only-binary=:all:", "--python-version", version, "--target", str(target)]
        done = subprocess.run([*command, requirement], capture_output=True, text=True)
        if done.returncode != 0:
            reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
            pytest.skip(f"pip cannot install {requirement} for Python {version}: {reason}")
        try:
            target.rename(folder)
        except OSError:
            if not folder.is_dir():  # otherwise another process was quicker
                raise
    return folder


def test_as_installed() -> None:
    check(sys.executable)


@pytest.mark.parametrize(
    ("version", "requirement"),
    [
        (CURRENT, "numpy>=2"),
        ("3.10", "numpy==1.23.*"),
        pytest.param("3.10", "numpy==1.26.*", marks=pytest.mark.slow),
        pytest.param("3.12", "numpy==1.26.*", marks=pytest.mark.slow),
        pytest.param("3.12", "numpy==2.0.*", marks=pytest.mark.slow),
        ("3.13", "numpy>=2"),
    ],
)
def test_with_other_versions(tmp_path: Path, version: str, requirement: str) -> None:
    python = interpreter(version)
    if python is None:
        pytest.skip(f"Python {version} is not installed: no python{version} in the search path")
    numpy = numpy_folder(version, requirement)
    for package in NEEDED_BY_MXNET:
        if (spec := find_spec(package)) and spec.origin:
            (tmp_path / package).symlink_to(Path(spec.origin).parent)
    # -S leaves out the packages that this Python has itself.
    found = check(python, "-S", PYTHONPATH=os.pathsep.join(map(str, (PROJECT, numpy, tmp_path))))
    assert found["python"].startswith(f"{version}.")
    # The requirement "numpy==1.26.*" has the prefix "1.26.", and "numpy>=2" has "2".
    assert found["numpy"].startswith(requirement[len("numpy==") :].removesuffix("*"))
    assert found["packages"] == []


def test_versions_compare_as_numbers() -> None:
    ascending = ["1.9.5", "1.10", "1.10.1", "1.26.4", "2.0.0rc1", "2.4.0.dev0+git"]
    assert sorted(map(Version, reversed(ascending))) == list(map(Version, ascending))
    assert Version("1.26.4") < Version("2.0.0")
