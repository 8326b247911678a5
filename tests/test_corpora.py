from __future__ import annotations

import io
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest

from backends import InputError
from experiments.data import corpora, download
from experiments.data.corpora import CORPORA, LYRICS, TIME_MACHINE, Corpus, load_corpus

PROJECT = Path(__file__).parent.parent
REAL_DATA = os.environ.get("LOCKSTEP_DATA")
NOVEL = b"Oh, no! 12\n\n  A-b_c\nB B\n"
LETTERS = "oh noa b cb b"


def zipped(text: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("jaychou_lyrics.txt", text)
    return file.getvalue()


SONG = zipped("你好\n好\r\n想你" + "长" * 10_000 + "末")


class Answers(BaseHTTPRequestHandler):
    """A server for /novel, /slow, /wrong (other bytes), /hangs (no byte), /stops (too few)."""

    go_on = Event()

    def do_GET(self) -> None:
        if self.path == "/missing":
            self.send_error(404)
            return
        if self.path == "/hangs":
            self.go_on.wait(30)
            return
        self.send_response(200)
        body = b"another text" if self.path == "/wrong" else NOVEL
        self.send_header("Content-Length", str(len(body) + (self.path == "/stops")))
        self.end_headers()
        for i in range(len(body)):
            time.sleep(0.08 if self.path == "/slow" else 0)
            self.wfile.write(body[i : i + 1])

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as http:
        http.daemon_threads = True
        thread = Thread(target=http.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}"
        Answers.go_on.set()
        http.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, no LOCKSTEP_DATA, no server, and the sha1 of the small texts above."""
    folder = tmp_path / "cache"
    monkeypatch.setattr("pooch.os_cache", lambda project: folder)
    monkeypatch.delenv("LOCKSTEP_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "*")
    for name, file, content in (
        ("TIME_MACHINE", TIME_MACHINE, NOVEL),
        ("LYRICS", LYRICS, SONG),
    ):
        small = replace(
            file, digest=sha1(content).hexdigest(), address="http://127.0.0.1:9/" + name
        )
        monkeypatch.setattr(corpora, name, small)
    return folder


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "timemachine.txt").write_bytes(NOVEL)
    (folder / "jaychou_lyrics.txt.zip").write_bytes(SONG)
    return folder


def serve(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setattr(corpora, "TIME_MACHINE", replace(corpora.TIME_MACHINE, address=address))


def refusal(name: str, *args: object, **options: object) -> str:
    with pytest.raises(InputError) as caught:
        load_corpus(name, *args, **options)  # type: ignore[arg-type]
    line = str(caught.value)
    assert "\n" not in line
    return line


# --- what becomes of a text ------------------------------------------------------------


def test_time_machine_keeps_letters_and_ranks_them_by_frequency(data_dir: Path) -> None:
    corpus = load_corpus("time_machine", data_dir)
    # 4 spaces, 3 times b, 2 times o, then the others as they come.
    assert corpus.symbols == ("<unk>", " ", "b", "o", "h", "n", "a", "c")
    assert corpus.ids.dtype == np.int64
    assert corpus.ids.shape == (len(LETTERS),)
    assert corpus.decode(corpus.ids) == LETTERS
    assert corpus.source == str(data_dir / "timemachine.txt")
    assert corpus.note == ""


def test_time_machine_vocabulary_is_of_the_whole_text(data_dir: Path) -> None:
    corpus = load_corpus("time_machine", data_dir, max_characters=2)
    assert corpus.decode(corpus.ids) == "oh"
    assert len(corpus.symbols) == 8


def test_lyrics_are_the_first_characters_with_a_sorted_vocabulary(data_dir: Path) -> None:
    corpus = load_corpus("lyrics", data_dir)
    assert corpus.symbols == tuple(sorted(" 你好想长"))
    assert corpus.ids.shape == (10_000,)
    assert corpus.ids.dtype == np.int64
    assert corpus.decode(corpus.ids[:9]) == "你好 好  想你长"
    assert load_corpus("lyrics", data_dir, max_characters=2).symbols == ("你", "好")


def test_python_topics_have_28_symbols() -> None:
    corpus = load_corpus("python_topics")
    assert len(corpus.symbols) == 28
    assert corpus.symbols[:3] == ("<unk>", " ", "e")
    assert corpus.ids.shape == (10_000,)
    assert corpus.decode(corpus.ids[:20]) == "the assert statement"
    assert corpus.source.startswith("pydoc_data.topics of Python 3.")
    assert corpus.note == ""


def test_encode_and_decode(data_dir: Path) -> None:
    novel, song = (load_corpus(name, data_dir) for name in ("time_machine", "lyrics"))
    assert novel.encode("b?h") == [2, 0, 4]
    assert novel.decode([2, 0, 4]) == "b<unk>h"
    assert song.decode(song.encode("想你 好")) == "想你 好"
    assert novel.encode("") == []
    assert novel.decode([]) == ""
    with pytest.raises(InputError, match=r"'z' is not in corpus 'lyrics'.* 5 characters"):
        song.encode("你z")
    for wrong in (-1, 8):
        with pytest.raises(InputError, match=f"id {wrong} is outside"):
            novel.decode([0, wrong])


def test_every_corpus_has_a_description() -> None:
    assert list(CORPORA) == ["time_machine", "lyrics", "python_topics"]
    for description in CORPORA.values():
        assert description
        assert "\n" not in description


# --- where a text comes from -----------------------------------------------------------


def test_data_dir_precedes_the_environment_and_the_cache(
    data_dir: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.mkdir()
    (cache / "timemachine.txt").write_bytes(NOVEL)
    assert load_corpus("time_machine").source == str(cache / "timemachine.txt")

    empty = tmp_path / "empty"
    empty.mkdir()
    assert load_corpus("time_machine", empty).source == str(cache / "timemachine.txt")

    monkeypatch.setenv("LOCKSTEP_DATA", str(data_dir))
    assert load_corpus("time_machine").source == str(data_dir / "timemachine.txt")
    assert load_corpus("time_machine", empty).source == str(data_dir / "timemachine.txt")

    (empty / "timemachine.txt").write_bytes(NOVEL)
    assert load_corpus("time_machine", empty).source == str(empty / "timemachine.txt")
    assert load_corpus("auto", empty).name == "time_machine"


def test_download_is_kept_in_the_cache(
    server: str, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(monkeypatch, server + "/novel")
    assert load_corpus("auto").source == f"{server}/novel, kept as {cache / 'timemachine.txt'}"
    assert load_corpus("time_machine").source == str(cache / "timemachine.txt")


def test_download_is_silent_without_a_terminal(server: str, cache: Path) -> None:
    arguments = f"'novel', {sha1(NOVEL).hexdigest()!r}, '{server}/novel'"
    program = (
        "import pathlib, pooch; from experiments.data.download import DataFile, read_file\n"
        f"pooch.os_cache = lambda project: pathlib.Path({str(cache)!r})\n"
        f"assert read_file(DataFile({arguments}))[0]"
    )
    assert fresh_process(program) == ""
    assert (cache / "novel").read_bytes() == NOVEL


def test_progress_bar_on_a_terminal(
    server: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    serve(monkeypatch, server + "/novel")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    load_corpus("time_machine")
    assert "novel: 100%" in capsys.readouterr().err


def test_slow_download_is_not_given_up(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(monkeypatch, server + "/slow")
    monkeypatch.setattr(download, "CHUNK", 1)
    start = time.perf_counter()
    assert load_corpus("time_machine", give_up_after=1).name == "time_machine"
    assert time.perf_counter() - start > 1


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("wrong", "does not match the known hash"),
        ("missing", "the server answered 404"),
        ("hangs", "no answer within 0.2 s"),
        ("stops", "IncompleteRead"),
    ],
)
def test_failed_download_leaves_nothing(
    server: str, cache: Path, monkeypatch: pytest.MonkeyPatch, path: str, reason: str
) -> None:
    serve(monkeypatch, f"{server}/{path}")
    start = time.perf_counter()
    line = refusal("time_machine", give_up_after=0.2 if path == "hangs" else 10)
    assert time.perf_counter() - start < 5
    assert reason in line
    assert line.startswith(f"timemachine.txt cannot be downloaded from {server}/{path} (")
    assert line.endswith("name that folder with --data-dir or LOCKSTEP_DATA")
    assert list(cache.iterdir()) == []


def test_unreachable_server_is_told_at_once() -> None:
    start = time.perf_counter()
    assert "the server cannot be reached" in refusal("lyrics")
    assert time.perf_counter() - start < 5


def test_a_name_lookup_that_hangs_delays_neither_the_answer_nor_the_end(cache: Path) -> None:
    program = (
        "import pathlib, socket, sys, time, pooch\n"
        "from experiments.data.corpora import load_corpus\n"
        f"pooch.os_cache = lambda project: pathlib.Path({str(cache)!r})\n"
        "socket.getaddrinfo = lambda *a, **k: time.sleep(60)\n"
        "start = time.perf_counter()\n"
        "print(load_corpus('auto', give_up_after=0.5).note, time.perf_counter() - start)"
    )
    start = time.perf_counter()
    note, seconds = fresh_process(program).rsplit(" ", 1)
    assert time.perf_counter() - start < 20
    assert float(seconds) < 2.5
    assert "no answer within 0.5 s" in note
    assert list(cache.iterdir()) == []


def test_cache_that_cannot_be_written(cache: Path) -> None:
    cache.write_text("a file where a folder should be")
    assert "timemachine.txt cannot be downloaded" in refusal("time_machine")


def test_wrong_file_in_the_cache_is_not_used(cache: Path) -> None:
    cache.mkdir()
    (cache / "timemachine.txt").write_bytes(b"another text")
    assert "timemachine.txt cannot be downloaded" in refusal("time_machine")


def test_auto_says_that_it_fell_back() -> None:
    corpus = load_corpus("auto")
    assert corpus.name == "python_topics"
    assert corpus.source.endswith(", in place of time_machine")
    assert "\n" not in corpus.note
    for part in ("replaces time_machine", "cannot be reached", "timemachine.txt", "LOCKSTEP_DATA"):
        assert part in corpus.note


# --- what is refused -------------------------------------------------------------------


@pytest.mark.parametrize("name", ["time_machine", "auto"])
@pytest.mark.parametrize("content", [NOVEL + b".", b""])
def test_wrong_file_in_a_folder_is_refused(data_dir: Path, name: str, content: bytes) -> None:
    path = data_dir / "timemachine.txt"
    path.write_bytes(content)
    line = refusal(name, data_dir)
    for part in (str(path), sha1(content).hexdigest(), sha1(NOVEL).hexdigest()):
        assert part in line


def test_truncated_archive_is_refused(data_dir: Path) -> None:
    (data_dir / "jaychou_lyrics.txt.zip").write_bytes(SONG[:-10])
    assert "sha1" in refusal("lyrics", data_dir)


@pytest.mark.parametrize("name", ["time_machine", "auto", "lyrics", "python_topics"])
def test_missing_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    missing = tmp_path / "nowhere"
    assert refusal(name, missing).startswith(f"--data-dir {str(missing)!r} is no folder")
    monkeypatch.setenv("LOCKSTEP_DATA", str(missing))
    assert refusal(name).startswith(f"LOCKSTEP_DATA {str(missing)!r} is no folder")


@pytest.mark.parametrize("count", [0, -5, None, 2.5])
def test_wrong_number_of_characters_is_refused(count: object) -> None:
    assert refusal("python_topics", None, count).startswith(f"max_characters {count} is not 1")


def test_unknown_corpus_is_refused() -> None:
    line = refusal("timemachine")
    for name in ("'timemachine'", "'auto'", *map(repr, CORPORA)):
        assert name in line


@pytest.mark.parametrize("name", ["python_topics", "auto"])
def test_python_without_its_topics(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", None)
    line = refusal(name)
    assert "ships without pydoc_data.topics" in line
    assert ("LOCKSTEP_DATA" in line) == (name == "auto")


# --- what is imported ------------------------------------------------------------------


def fresh_process(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        cwd=PROJECT,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def test_importing_and_reading_a_file_need_no_framework_and_no_pooch(data_dir: Path) -> None:
    program = (
        "import sys; from experiments.data import corpora, download; from pathlib import Path\n"
        "read = download.read_file(download.DataFile('timemachine.txt', sys.argv[2], ''), "
        "Path(sys.argv[1]))[0]\n"
        "assert corpora.load_corpus('python_topics').ids.size and read\n"
        "heavy = {'torch', 'mxnet', 'autograd', 'pooch', 'requests', 'matplotlib', 'tqdm'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    program = f"import sys; sys.argv += {[str(data_dir), sha1(NOVEL).hexdigest()]!r}\n{program}"
    assert fresh_process(program) == "[]"


# --- the real files --------------------------------------------------------------------


@pytest.fixture
def real_corpus(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Corpus:
    name, file = request.param
    if not REAL_DATA or not (Path(REAL_DATA) / file.name).is_file():
        pytest.skip(f"set LOCKSTEP_DATA to a folder that holds {file.name} to run this test")
    monkeypatch.setattr(corpora, name.upper(), file)
    return load_corpus(name, Path(REAL_DATA))


@pytest.mark.parametrize("real_corpus", [("time_machine", TIME_MACHINE)], indirect=True)
def test_real_time_machine(real_corpus: Corpus) -> None:
    assert len(real_corpus.symbols) == 28
    assert "".join(real_corpus.symbols[1:6]) == " etai"
    assert real_corpus.ids.shape == (10_000,)
    start = "the time machine by h g wellsithe time traveller for so it will be"
    assert real_corpus.decode(real_corpus.ids[: len(start)]) == start


@pytest.mark.parametrize("real_corpus", [("lyrics", LYRICS)], indirect=True)
def test_real_lyrics(real_corpus: Corpus) -> None:
    assert len(real_corpus.symbols) == 1027
    assert real_corpus.ids.shape == (10_000,)
    assert real_corpus.decode(real_corpus.ids[:11]) == "想要有直升机 想要和你"
