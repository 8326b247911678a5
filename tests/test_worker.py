"""A backend's own process: threads are set before the framework is imported, and verified."""

from __future__ import annotations

import subprocess
import sys

import pytest

from backends import InputError, backend_names
from backends.registry import Choice
from backends.threads import available_threads, set_threads
from experiments import weight_decay
from experiments.commands.worker import Worker


def ready_worker(backend, threads):
    worker = Worker(Choice(backend), threads)
    worker.wait_until_ready()
    return worker


@pytest.mark.parametrize("backend", backend_names())
@pytest.mark.parametrize("threads", [1, 2])
def test_threads_are_what_was_asked_for(backend, threads):
    if threads > available_threads():
        pytest.skip(f"this machine has {available_threads()} processors")
    worker = ready_worker(backend, threads)
    assert worker.ready.threads == threads
    worker.close()


def test_threads_that_do_not_take_effect_are_an_error():
    program = (
        "import backends.threads, multiprocessing as m, experiments.commands.remote as r;"
        "from experiments.commands.worker import Choice, prepare;"
        "backends.threads.set_threads = lambda threads: None;"
        "a, b = m.Pipe();"
        "r.serve(b, 'torch', prepare, Choice('torch'), 77);"
        "print(type(e := a.recv()).__name__, e)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.startswith("InputError threads = 77 did not take effect"), done.stderr


def test_threads_cannot_be_set_too_late():
    with pytest.raises(RuntimeError, match="before numpy is imported"):
        set_threads(1)
    with pytest.raises(InputError, match="threads = 0"):
        set_threads(0)


def test_an_error_in_the_worker_reaches_the_caller():
    worker = Worker(Choice("numpy", "cuda"), 1)
    with pytest.raises(InputError, match="device 'cuda' is not usable"):
        worker.wait_until_ready()
    worker = ready_worker("numpy", 1)
    with pytest.raises(RuntimeError, match="backend 'numpy': AttributeError"):
        worker.epoch(with_texts=False)  # before start
    with pytest.raises(RuntimeError, match="the process of backend 'numpy' ended"):
        worker.epoch(with_texts=False)


def test_snapshots_are_taken_of_the_watched_steps_only():
    worker = ready_worker("numpy", 1)
    config = weight_decay.Config(num_epochs=2)
    worker.start("weight_decay", config, weight_decay.prepare(config), {0, 3, 20})
    first, second = worker.epoch(with_texts=False), worker.epoch(with_texts=False)
    assert [snapshot.step for snapshot in first.snapshots] == [0, 3]
    assert [snapshot.step for snapshot in second.snapshots] == [20]
    assert len(first.losses) == 20
    assert first.seconds > 0
    probe = worker.probe(first.snapshots[0])
    assert float(probe["loss"]) == first.losses[0]
    worker.close()
