from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from backends import (
    BackendInfo,
    InputError,
    available_backends,
    backend_names,
    get_backend,
    registry,
)
from backends.registry import choice_of, install_command
from tests.conftest import backend_or_skip

PROJECT = Path(__file__).parent.parent
REQUIREMENTS = ["numpy>=1.23", "torch==2.13.0", "mxnet==1.9.1; python_version < '3.13'"]


def fresh_process(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, cwd=PROJECT
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def test_names_are_those_of_the_files() -> None:
    assert {"mxnet", "numpy", "torch"} <= set(backend_names())


def test_unknown_backend_is_refused_with_the_choices() -> None:
    with pytest.raises(InputError) as caught:
        get_backend("tensorflow")
    line = f"backend 'tensorflow' is unknown: choose {' or '.join(map(repr, backend_names()))}"
    assert str(caught.value) == line


def test_device_and_dtype_are_handed_on() -> None:
    backend = get_backend("numpy", "cpu", "float64")
    assert (backend.name, backend.device, backend.dtype) == ("numpy", "cpu", "float64")
    with pytest.raises(InputError, match="dtype 'int8' is unknown"):
        get_backend("numpy", dtype="int8")


@pytest.mark.parametrize(
    ("name", "python", "command"),
    [
        ("torch", (3, 13), "python -m pip install 'torch==2.13.0'"),
        ("mxnet", (3, 12), "python -m pip install 'mxnet==1.9.1'"),
        ("mxnet", (3, 13), "python -m pip install --no-deps 'mxnet==1.9.1'"),
    ],
)
def test_missing_framework_is_refused_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, name: str, python: tuple[int, int], command: str
) -> None:
    monkeypatch.setattr(registry, "find_spec", lambda module: None)
    monkeypatch.setattr(registry, "sys", SimpleNamespace(version_info=python))
    monkeypatch.setattr("importlib.metadata.requires", lambda package: REQUIREMENTS)
    with pytest.raises(InputError) as caught:
        get_backend(name)
    assert str(caught.value) == f"backend {name!r} is not installed: run {command}"


def test_install_command_without_the_metadata_of_the_project(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_metadata(package: str) -> list[str]:
        raise registry.metadata.PackageNotFoundError(package)

    monkeypatch.setattr("importlib.metadata.requires", no_metadata)
    assert install_command("torch") == "python -m pip install 'torch'"


def test_frameworks_that_fail_are_described_by_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, source in {
        "mxnet": "print('a banner'); raise ImportError('libmxnet is missing\\nsecond line')",
        "torch": "import os; os._exit(3)",
        "autograd": "raise RuntimeError('incompatible')",
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(source)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(PROJECT), str(tmp_path)]))
    found = available_backends()
    for name, problem in {
        "mxnet": "libmxnet is missing",
        "numpy": "does not start: RuntimeError: incompatible",
        "torch": "does not start: no message",
    }.items():
        assert found[name] == BackendInfo(name, version=None, devices=(), problem=problem)


def test_importing_the_package_imports_no_framework() -> None:
    program = "import backends, sys; print({'numpy', 'mxnet', 'torch'} & set(sys.modules))"
    assert fresh_process(program) == "set()"


def test_describing_all_backends_imports_none_of_them() -> None:
    program = (
        "import backends, sys; found = backends.available_backends()\n"
        "print({'numpy', 'mxnet', 'torch', 'autograd'} & set(sys.modules))\n"
        "for info in found.values(): print(info.name, info.version, *info.devices, info.problem)"
    )
    loaded, *lines = fresh_process(program).splitlines()
    assert loaded == "set()"
    assert [line.split()[0] for line in lines] == list(backend_names())
    for line in lines:
        assert " cpu " in line
        assert line.endswith(" None")


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("torch", ("torch", "cuda", "float32")),
        ("torch:cpu", ("torch", "cpu", "float32")),
        ("torch:cuda:tf32", ("torch", "cuda", "tf32")),
    ],
)
def test_a_choice_names_a_backend_a_device_and_a_format(text: str, choice: tuple[str, ...]) -> None:
    found = choice_of(text, device="cuda")
    assert found == choice
    assert choice_of(str(found)) == choice


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("theano:cpu", "backend 'theano' is unknown"),
        ("torch:", "device '' is unknown: choose 'cpu' or 'cuda'"),
        ("torch:cuda:half", "backend 'torch:cuda:half' is not allowed: give NAME"),
        ("mxnet:cuda:tf32", "'mxnet:cuda:tf32' is not allowed: .* NAME:DEVICE or torch:cuda:tf32"),
    ],
)
def test_a_choice_that_is_none_is_refused(text: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        choice_of(text)


@pytest.mark.parametrize("name", backend_names())
def test_there_is_no_tf32_on_the_cpu(name: str) -> None:
    backend_or_skip(name)
    with pytest.raises(InputError, match="dtype 'tf32' is unknown: choose 'float32' or 'float64'"):
        get_backend(name, "cpu", "tf32")


@pytest.mark.parametrize("environment", ["", "1"])
def test_products_on_a_gpu_are_in_float32_unless_tf32_is_asked_for(
    environment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend_or_skip("torch")
    if environment:  # as containers for GPUs have it
        monkeypatch.setenv("TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", environment)
    program = (
        "import torch; from backends.torch_backend import TorchBackend;"
        "TorchBackend.devices = classmethod(lambda cls: ('cpu', 'cuda'));"
        "torch.cuda.is_tf32_supported = lambda: True;"
        "own = torch.backends;"
        "seen = lambda: print(own.cuda.matmul.fp32_precision, own.cudnn.rnn.fp32_precision);"
        "TorchBackend('cuda'); seen(); TorchBackend('cuda', 'tf32'); seen();"
        "TorchBackend('cuda'); seen()"
    )
    assert fresh_process(program).splitlines() == ["ieee ieee", "tf32 tf32", "ieee ieee"]
