"""A process of one framework: its threads, and what its clock measures."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Iterator

import pytest

from backends import InputError, backend_names
from backends.registry import Choice
from backends.threads import VARIABLES, available_threads
from benchmarks import process
from benchmarks.process import Failed, Process, Session, Timing, kinds_of
from benchmarks.programs import Program
from benchmarks.threads_seen import verify
from tests.benchmarks import cases
from tests.conftest import backend_or_skip

CASES = cases.__name__


@pytest.mark.parametrize("framework", backend_names())
@pytest.mark.parametrize("kinds", ["lockstep", "book"])
def test_a_process_says_what_it_runs_on(framework, kinds):
    backend_or_skip(framework)
    threads = min(2, available_threads())
    started = Process(Choice(framework), threads, kinds, CASES)
    ready = started.wait_until_ready()
    started.close()
    assert (ready.framework, ready.threads, ready.device, ready.dtype) == (
        framework, threads, "cpu", "float32",
    )  # fmt: skip
    assert ready.busy in (0, threads)  # seen at work
    assert ready.version
    assert ready.processor


def planted(faults: str, framework: str, threads: int, kinds: str = "lockstep") -> str:
    """What a process with faults answers first."""
    program = (
        "import os, multiprocessing as m, benchmarks.process as p;"
        "import experiments.commands.remote as r;"
        f"os.environ.update(dict.fromkeys({VARIABLES}, '2'));"
        f"{faults};"
        "a, b = m.Pipe(); a.send(['no such method']);"  # or a process without error would wait
        f"r.serve(b, 'x', p.prepare, p.Choice({framework!r}), {threads}, {kinds!r}, {CASES!r});"
        "e = a.recv(); print(type(e).__name__, e)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    return done.stdout or done.stderr


IGNORED = "p.set_threads = lambda threads: None"


@pytest.mark.parametrize("kinds", ["lockstep", "book"])
def test_threads_that_are_not_applied_are_one_clear_line(framework, kinds):
    said = planted(IGNORED, framework.name, 1, kinds)
    assert said.startswith("InputError threads = 1 did not take effect"), said
    assert said.count("\n") == 1


@pytest.mark.skipif(available_threads() < 2, reason="one processor")
def test_a_framework_that_lies_about_its_threads_is_seen_at_work():
    """It computes with two, and its getter and the pools of its libraries say 1."""
    lies = (
        f"{IGNORED}; import backends.torch_backend as t, benchmarks.threads_seen as s;"
        "t.TorchBackend.num_threads = lambda self: 1; s.threadpool_info = lambda: []"
    )
    said = planted(lies, "torch", 1)
    assert said.startswith("InputError threads = 1 did not take effect: 2 threads"), said


@pytest.mark.parametrize(("own", "busy"), [(2, 0), (0, 2), (1, 2)])
def test_more_threads_than_asked_for_are_refused(own, busy):
    with pytest.raises(InputError, match="threads = 1 did not take effect"):
        verify("it", 1, own, busy)


def test_one_thread_at_work_of_several_is_refused(monkeypatch):
    monkeypatch.setattr("benchmarks.threads_seen.threadpool_info", list)
    with pytest.raises(InputError, match="1 threads of it's process were busy"):
        verify("it", 8, 8, 1)
    verify("it", 8, 8, 4)  # a library's own choice


def test_the_books_process_leaves_mxnets_shapes_alone():
    backend_or_skip("mxnet")
    program = (
        "import sys; from benchmarks.process import Choice, prepare;"
        f"prepare(Choice('mxnet'), 1, 'book', {CASES!r}); import mxnet;"
        "print('backends.mxnet_backend' in sys.modules, mxnet.util.is_np_shape())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "False False\n", done.stderr


@pytest.mark.parametrize("kinds", ["lockstep", "book"])
def test_a_device_that_is_not_there_is_one_clear_line(framework, kinds, capfd):
    if "cuda" in framework.devices():
        pytest.skip("there is a GPU")
    started = Process(Choice(framework.name, "cuda"), 1, kinds, CASES)
    with pytest.raises(InputError, match="device 'cuda' is not usable") as caught:
        started.wait_until_ready()
    started.close()
    assert "\n" not in str(caught.value)
    assert capfd.readouterr().err == ""


@pytest.fixture
def session() -> Session:
    found = Session(Choice("numpy"), backend_or_skip("numpy"), CASES)
    found.begin(cases.case("by hand").key)
    return found


def test_the_programs_of_a_case(session):
    assert kinds_of(session.case, Choice("numpy")) == ["book", "plain"]
    assert kinds_of(session.case, Choice("torch")) == ["plain", "fast"]
    for kind in ("book", "plain"):
        assert list(session.results(kind)) == ["product"]
    session.begin(cases.case("right").key)
    assert not session.programs


def test_a_failure_is_told_and_the_process_goes_on(session):
    session.begin(cases.case("breaks").key)
    assert session.attempt("results", "book") == Failed("ZeroDivisionError: planted", False)
    session.begin(cases.case("not installed").key)
    failed = session.attempt("results", "book")
    assert failed.bad_input
    assert "not installed" in failed.problem
    assert "product" in session.attempt("results", "plain")


class Log:
    """A clock and a program that write down what happens; a unit takes as long as is said."""

    def __init__(self, seconds: float = 0.25) -> None:
        self.events: list[str] = []
        self.collecting: set[bool] = set()
        self.now, self.seconds, self.pending = 0.0, seconds, 0

    def perf_counter(self) -> float:
        self.events.append("clock")
        return self.now

    def run(self) -> None:
        self.events.append("run")
        self.collecting.add(gc.isenabled())
        self.pending += 1

    def synchronize(self) -> None:
        self.events.append("wait")
        self.now += self.pending * self.seconds
        self.pending = 0


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch, session: Session) -> Iterator[Log]:
    log = Log()
    monkeypatch.setattr(process, "time", log)
    session.programs["it"] = Program(log.run, log.synchronize, dict)
    yield log
    gc.unfreeze()


def test_the_clock_stops_after_the_program_has_finished(session, log):
    block = session.block("it", Timing(3))
    assert (block.seconds, block.left) == (0.25, 0.0)
    timed = ["clock", "run", "run", "run", "wait", "clock"]
    assert log.events[4 : 4 + len(timed)] == timed  # after one unit off the clock
    assert log.collecting == {False}
    assert gc.isenabled()


def test_what_is_left_after_the_clock_stopped_is_noticed(session, log, monkeypatch):
    """The framework itself is asked, whatever the program's own synchronize does."""
    session.programs["it"] = Program(log.run, lambda: None, dict)
    monkeypatch.setattr(session, "backend", log)
    assert session.block("it", Timing(1)).left == 1.0


def test_a_block_without_warm_up(session, log):
    session.block("it", Timing(2, warm_up=False))
    assert log.events[:5] == ["clock", "run", "run", "wait", "clock"]


@pytest.mark.parametrize(
    ("seconds", "least", "units", "warm_up"),
    [(0.25, 0.2, 1, False), (0.125, 0.2, 2, True), (2.0**-10, 1.0, 1024, True)],
)
def test_a_block_is_as_long_as_asked_for(session, log, seconds, least, units, warm_up):
    log.seconds = seconds
    found = session.calibrate("it", least)
    assert units <= found.units <= 1.5 * units
    assert found.warm_up == warm_up
