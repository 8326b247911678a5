"""The page of `lockstep report`: what it says, and how a browser without JavaScript shows it."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import subprocess
import sys
from argparse import Namespace
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from backends import InputError
from experiments.book import ROWS
from experiments.commands.figure_text import number, readable
from experiments.commands.report import main
from experiments.commands.results import write_json

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")


def backend(count: int, seconds: float = 0.2, **changes: Any) -> dict[str, Any]:
    return {
        "version": "1.0",
        "threads": 2,
        "device": "cpu",
        "losses": [1 / (i + 1) for i in range(count)],
        "step_losses": [],
        "metrics": [{"loss": 1 / (i + 1), "test loss": 2 / (i + 1)} for i in range(count)],
        "seconds": [9.0] + [seconds] * (count - 1),
        "texts": {},
    } | changes


def parity(count: int, **changes: Any) -> dict[str, Any]:
    return {
        "passed": True,
        "max_abs_diff": 1e-7,
        "max_rel_diff": 1.8e-5,
        "sentences": ["same: left and right agree to 1.8e-05 at 10 resynced steps"],
        "tolerance": 2e-5,
        "first_divergence": None,
        "resynced_steps": list(range(10)),
        "steps_without_finite_loss": [],
        "free_running_diff": [1e-7 * (i + 1) for i in range(count)],
    } | changes


DIFFERENT = "different: left and right differ at step 7 by 1.2e-02 in the gradient of W_xh"
DIVERGENCE = {
    "step": 7,
    "tensor": "gradient of W_xh",
    "backends": ["left", "right"],
    "difference": 0.0123,
}


def result(count: int = 4, **changes: Any) -> dict[str, Any]:
    """A run of two backends; right takes half the seconds of left."""
    return {
        "experiment": "rnn",
        "style": "scratch",
        "config": {"style": "scratch", "seed": 3, "num_epochs": count, "clip_norm": None},
        "completed": True,
        "data": "drawn from the seed",
        "note": "",
        "notes": [],
        "machine": {"processor": "Abacus", "cpus": 2, "system": "Linux", "python": "3.11"},
        "x_label": "epoch",
        "shown": ["loss"],
        "plotted": ["loss", "test loss"],
        "log_scale": True,
        "shared_scale": False,
        "parts": [""] * count,
        "epochs": list(range(1, count + 1)),
        "backends": {"left": backend(count), "right": backend(count, 0.1)},
        "parity": parity(count),
    } | changes


def of_parts(*parts: str, epochs: int = 3, **changes: Any) -> dict[str, Any]:
    count = len(parts) * epochs
    numbers = list(range(1, epochs + 1)) * len(parts)
    names = [part for part in parts for _ in range(epochs)]
    return result(count, parts=names, epochs=numbers, **changes)


def of_profiles() -> dict[str, Any]:
    profiles = [{"variance": [1.0, 0.5, None]}]
    backends = {name: backend(1, metrics=profiles) for name in ("left", "right")}
    return result(1, shown=["variance"], plotted=["variance"], x_label="layer", backends=backends)


def with_texts() -> dict[str, Any]:
    early = {"1": {"分开": "分开的的"}, "2": {"分开": "分开了我"}}
    late = {"1": {"分开": "分开的的"}, "2": {"分开": "分开了你"}}
    return result(2, backends={"left": backend(2, texts=early), "right": backend(2, texts=late)})


def book_run(seed: int, name: str, norm: float | None, note: str = "") -> dict[str, Any]:
    row = next(row for row in ROWS if row.id == "weight_decay-scratch")
    return {
        "row": row.id,
        "seed": seed,
        "backend": name,
        "config": {},
        "figures": {figure.name: norm for figure in row.figures},
        "first_losses": [1.0],
        "seconds_per_epoch": 0.5,
        "seconds": 1.0,
        "texts": {"time": "time went"},
        "data": "drawn",
        "note": note,
        "version": "1.0",
        "threads": 1,
        "device": "cpu",
        "machine": {"processor": "Abacus"},
        "date": "2020-01-01",
    }


def write(folder: Path, content: Any, name: str = "result.json") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / name, content)
    return folder


def report(*folders: Path, out: Path | None = None) -> str:
    assert main(Namespace(folders=list(folders), out=out)) == 0
    return (out or folders[0] / "report.html").read_text(encoding="utf-8")


class Outline(HTMLParser):
    """The elements of a page, its words, and whether every element is closed."""

    VOID = frozenset({"meta", "link", "br", "hr", "img"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(page)
        assert self.open == []

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def words(page: str) -> str:
    return Outline(page).text


def test_a_comparison_says_its_verdict_ratio_and_conditions(tmp_path):
    text = words(report(write(tmp_path, result())))
    assert "Same: left and right agree to 1.8e-05 at 10 resynced steps." in text
    assert "No divergence at 10 resynced steps, from step 0 to step 9" in text
    assert "right 0.50 × left" in text
    assert "Free-running drift: up to 4.0×10⁻⁷" in text
    assert "This is no benchmark" in text
    assert "a character-level recurrent language model" in text
    for detail in ("Abacus", "drawn from the seed", "clip_norm none", "1.0 cpu 2", "seed 3"):
        assert detail in text, detail


def test_the_first_epoch_does_not_count_for_time(tmp_path):
    text = words(report(write(tmp_path, result(2))))  # the first epoch took both 9 seconds
    assert "right 0.50 × left" in text
    assert "left 1.0 cpu 2 0.200 9.20 1 right 1.0 cpu 2 0.100 9.10 0.50" in text


def test_a_divergence_is_shown_with_its_step_tensor_backends_and_size(tmp_path):
    different = parity(4, passed=False, first_divergence=DIVERGENCE, sentences=[DIFFERENT])
    text = words(report(write(tmp_path, result(parity=different))))
    assert "Different: left and right differ at step 7 by 1.2e-02 in the gradient of W_xh." in text
    for pair in ("Tensor gradient of W_xh", "Difference 0.012 of", "Allowed 2×10⁻⁵"):
        assert pair in text, pair
    assert "No divergence" not in text
    infinite = different | {"first_divergence": DIVERGENCE | {"difference": None}}
    assert "Difference not finite" in words(report(write(tmp_path, result(parity=infinite))))


def test_one_backend_has_no_verdict_and_no_ratio(tmp_path):
    alone = result(backends={"left": backend(4)})
    del alone["parity"]
    text = words(report(write(tmp_path, alone)))
    assert "No verdict: only one backend took part." in text
    assert "Ratio to" not in text
    assert "loss drift" not in text


def test_no_compared_step_is_no_verdict(tmp_path):
    none = "no verdict on left and right: no step was compared"
    unfinished = parity(4, passed=False, resynced_steps=[], sentences=[none])
    text = words(report(write(tmp_path, result(parity=unfinished))))
    assert "No verdict on left and right: no step was compared." in text
    assert "agree" not in text


def test_an_interrupted_run_is_said_to_be_one_and_may_hold_an_epoch_of_some_backends(tmp_path):
    longer = {"left": backend(3), "right": backend(2)}
    cut = result(2, completed=False, backends=longer, parity=parity(1))
    text = words(report(write(tmp_path, cut)))
    assert "Interrupted." in text
    assert "first 2 epochs" in text
    assert "left 1.0 cpu 2 0.200 9.20" in text  # 9.40 seconds with the third epoch
    assert "same , interrupted" in text
    assert "Interrupted" not in words(report(write(tmp_path, result())))


def test_notes_and_stand_in_data_are_said(tmp_path):
    page = report(write(tmp_path, result(note="A replaces B", notes=["gates differ"])))
    assert "Note: A replaces B gates differ" in words(page)


def test_the_largest_drift_of_all_parts_is_named(tmp_path):
    for drifts, shown in (([0.5, 0.75, 0.1, 0.2], "0.75"), ([0.5, None, 0.1, 0.2], "not finite")):
        parts = of_parts("a", "b", epochs=2, parity=parity(4, free_running_diff=drifts))
        assert f"Free-running drift: up to {shown}," in words(report(write(tmp_path, parts)))


def test_every_part_has_a_picture_and_rows_of_its_own(tmp_path):
    page = report(write(tmp_path, of_parts("λ = 0", "λ = 3")))
    outline = Outline(page)
    pictures = [svg for svg in outline.all("svg") if svg.get("role") == "img"]
    assert len(pictures) == 2
    assert page.count("<figcaption>λ = ") == 2
    assert "λ = 0 3 " in outline.text
    assert "λ = 3 1 " in outline.text


def test_parts_that_share_no_metric_have_keys_of_their_own(tmp_path):
    measured = [{"norm": 1.0}, {"loss": 2.0}, {"norm": 3.0, "size": 4.0}]
    backends = {"left": backend(3, metrics=measured)}
    changes = {"plotted": ["norm", "loss", "size"], "backends": backends, "parity": None}
    page = report(write(tmp_path, of_parts("a", "b", "c", epochs=1, **changes)))
    captions = re.findall(r'<p class="muted">(.*) over epoch, log scale</p>', page)
    assert captions == ["norm; size", "loss"]
    keys = re.findall(r'<ul class="key">.*?</ul>', page, re.DOTALL)
    assert [re.findall(r"<span>(.*?)</span>", key) for key in keys] == [
        ["norm, left", "size, left"],
        ["left"],
    ]
    assert re.findall("<figcaption>(.)", page) == ["a", "c", "b"]


def test_ids_are_unique_and_every_reference_has_its_target(tmp_path):
    for name in ("a", "b"):  # the same curves twice: matplotlib would give them the same ids
        write(tmp_path / name, of_parts("one", "two"))
    page = report(write(tmp_path, {"runs": [book_run(0, "left", 11.6)]}, "book.json"))
    ids = [attributes["id"] for _, attributes in Outline(page).tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    references = re.findall(r'(?:href="|url\()#([^")]+)', page)
    references += " ".join(re.findall(r'aria-labelledby="([^"]+)"', page)).split()
    assert len(references) > 20
    assert set(references) <= set(ids)


def test_pictures_take_their_colours_from_the_page_and_describe_themselves(tmp_path):
    page = report(write(tmp_path, result()))
    svg = page[page.index("<svg xmlns") : page.index("</figure>")]
    assert "var(--line-0)" in svg
    assert "var(--line-3)" in svg
    assert "currentColor" in svg
    assert not re.search(r"(fill|stroke): #", svg)
    assert "<style" not in svg
    assert "<metadata" not in svg
    assert "loss, left: 1 at epoch 1, 0.25 at epoch 4" in svg
    for line in range(6):
        assert page.count(f"--line-{line}: #") == 2, "one colour for each scheme"


def test_a_profile_is_drawn_over_its_own_axis_and_told_in_numbers(tmp_path):
    page = report(write(tmp_path, of_profiles()))
    text = words(page)
    assert ">layer</text>" in page
    assert "variance over layer, log scale" in text
    assert "0.5000 … 1" in text  # in the table of epochs its range
    assert "layer 1 layer 2 layer 3" in text
    assert "variance left 1 0.5000 not finite" in text


def test_a_label_is_written_as_it_is_in_any_script(tmp_path):
    assert ">层 $x$</text>" in report(write(tmp_path, of_profiles() | {"x_label": "层 $x$"}))


def test_null_losses_are_gaps_and_a_run_of_nothing_else_is_drawn_too(tmp_path):
    lost = [{"loss": 0.5, "test loss": 1.0}] + [{"loss": None, "test loss": 1.0}] * 2
    mixed = backend(3, metrics=lost, losses=[0.5, None, None])
    text = words(report(write(tmp_path, result(3, backends={"left": mixed}, parity=None))))
    assert "2 not finite 0.200" in text
    nothing = backend(3, metrics=[{"loss": None}] * 3)
    page = report(write(tmp_path, result(3, backends={"left": nothing}, parity=None)))
    assert "no finite value" in page


def test_texts_are_shown_once_where_backends_agree_and_their_development_too(tmp_path):
    page = report(write(tmp_path, with_texts()))
    text = words(page)
    assert "After epoch 2; the given beginning is bold. left 分开 了我 right 分开 了你" in text
    assert "After epoch 1 all backends 分开 的的" in text
    assert '<meta charset="utf-8">' in page


def test_a_long_run_is_thinned_and_says_so(tmp_path):
    page = report(write(tmp_path, of_parts("a", "b", epochs=500)))
    table = page[page.index('<table class="epochs">') :]
    table = table[: table.index("</table>")]
    rows = re.findall(r'<td class="text">(.)</td><th scope="row">(\d+)</th>', table)
    assert rows[0] == ("a", "1")
    assert rows[-1] == ("b", "500")
    assert {("a", "500"), ("b", "1"), ("a", "40"), ("b", "460")} <= set(rows)
    assert f"{len(rows)} of 1000 epochs; result.json holds all of them." in words(page)
    assert len(rows) < 50
    short = words(report(write(tmp_path, result(50))))
    assert "All epochs." in short
    assert " 49 0.02041 0.02041 " in short


def test_results_of_one_experiment_stand_under_one_heading(tmp_path):
    for name, style in (("x", "scratch"), ("y", "scratch"), ("z", "concise")):
        write(tmp_path / name, result(style=style))
    page = report(tmp_path)
    assert re.findall(r"<h2[^>]*>(.*?)</h2>", page) == ["Overview", "rnn"]
    headings = re.findall(r"<h3[^>]*>(.*?)</h3>", page)
    assert headings == ["rnn, scratch (x)", "rnn, scratch (y)", "rnn, concise"]
    levels = [int(tag[1]) for tag, _ in Outline(page).tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_several_folders_make_one_page_and_a_result_is_shown_once(tmp_path):
    a = write(tmp_path / "a", result())
    b = write(tmp_path / "b", result(experiment="other"))
    page = report(a, b, tmp_path, out=tmp_path / "new" / "page.html")
    assert page.count("<article") == 2
    assert not (a / "report.html").exists()


def test_the_books_figures_stand_beside_ours(tmp_path):
    runs = [book_run(0, "left", 11.5), book_run(1, "left", 12.5), book_run(0, "right", None)]
    text = words(report(write(tmp_path, {"runs": runs}, "book.json")))
    printed = next(row for row in ROWS if row.id == "weight_decay-scratch").figures[0].printed
    assert f"λ = 0, ‖w‖, epoch 100 {printed} 12 11.50 … 12.50 yes not finite – no" in text
    assert "seeds: 2" in text
    stand_in = [book_run(0, "left", 11.6, note="A replaces B")]
    text = words(report(write(tmp_path, {"runs": stand_in}, "book.json")))
    assert "A replaces B. The book’s figures are of other data" in text
    assert f"{printed} 11.60 – – " in text


def test_a_training_that_the_book_does_not_have_is_shown_without_its_figures(tmp_path):
    own = book_run(0, "left", 2.5) | {"row": "mine", "figures": {"loss": 2.5}}
    text = words(report(write(tmp_path, {"runs": [own]}, "book.json")))
    assert "mine, seeds: 1 loss – 2.500 – –" in text


def test_markup_in_a_name_or_text_is_inert(tmp_path):
    evil = "<script>alert(1)</script>"
    attack = '"><img src=x onerror=alert(1)>'
    texts = {"1": {evil: evil + attack}}
    hostile = of_parts(
        evil,
        epochs=1,
        experiment=evil,
        style=attack,
        data=evil,
        note=attack,
        notes=[evil],
        machine={evil: attack},
        config={evil: [attack], "seed": evil},
        x_label=evil,
        shown=[evil],
        plotted=[evil],
        backends={evil: backend(1, metrics=[{evil: 1.0}], texts=texts, version=attack)},
    )
    write(tmp_path / "<b>", hostile)
    page = report(write(tmp_path, {"runs": [book_run(0, evil, 1.0, attack)]}, "book.json"))
    outline = Outline(page)
    assert not outline.all("script")
    assert not outline.all("img")
    assert not [a for _, attributes in outline.tags for a in attributes if a.startswith("on")]
    assert outline.text.count(evil) > 10
    assert "default-src 'none'" in page


BROKEN = {
    "half": ('{"experiment": "rnn", ', "is no complete JSON file"),
    "empty": ("", "is no complete JSON file"),
    "bytes": (b"\xff\xfe\x00", "is no complete JSON file"),
    "deep": ("[" * 100_000, "is no complete JSON file"),
    "nan": (json.dumps(result(note=math.nan)), "NaN is no JSON number"),
    "list": ("[]", "the file is no object"),
    "foreign": ('{"accuracy": 1}', "holds no 'experiment'"),
    "kind": (json.dumps(result(epochs="4")), "'epochs' is no list"),
    "number": (json.dumps(result(data=4)), "'data' is not a text"),
    "bool": (json.dumps(result(completed=1)), "'completed' is not true or false"),
    "true": (
        json.dumps(result(backends={"a": backend(4, threads=True)})),
        "'threads' is not a whole number",
    ),
    "metric": (
        json.dumps(result(backends={"a": backend(4, metrics=[{"loss": "x"}] * 4)})),
        "'metrics'[0]: 'loss' is no",
    ),
    "huge": (json.dumps(result(backends={"a": backend(4, seconds=10**400)})), "float64"),
    "no epoch": (json.dumps(result(0, backends={"a": backend(1)})), "it holds no epoch"),
    "no backend": (json.dumps(result(backends={})), "it holds no backend"),
    "parts": (json.dumps(result(parts=[""])), "'parts' has 1 entries, 'epochs' 4"),
    "short": (
        json.dumps(result(backends={"a": backend(3)})),
        "'losses' of 'a' has 3 entries, 'epochs' 4",
    ),
    "pair": (
        json.dumps(result(parity=parity(4, first_divergence=DIVERGENCE | {"backends": ["a"]}))),
        "names not two backends",
    ),
}


@pytest.mark.parametrize(("content", "problem"), BROKEN.values(), ids=BROKEN)
def test_a_file_that_is_no_result_is_one_line_that_names_it(tmp_path, content, problem):
    path = tmp_path / "result.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError) as caught:
        report(tmp_path)
    message = str(caught.value)
    assert str(path) in message
    assert problem in message
    assert "\n" not in message
    assert not (tmp_path / "report.html").exists()


def test_a_broken_table_of_the_book_is_named_too(tmp_path):
    write(tmp_path, {"runs": [{"row": 3}]}, "book.json")
    with pytest.raises(InputError, match=r"book\.json is no book of Lockstep, 'row' is not a text"):
        report(write(tmp_path, {"runs": [book_run(0, "a", 1.0) | {"row": 3}]}, "book.json"))


def test_folders_without_results_are_one_line(tmp_path):
    with pytest.raises(InputError, match=r"no result\.json lies in"):
        report(tmp_path)
    with pytest.raises(InputError, match=r"'.*nowhere' is no folder"):
        report(tmp_path / "nowhere")
    write(tmp_path, result())
    with pytest.raises(InputError, match=r"'.*result\.json' is no folder"):
        report(tmp_path / "result.json")
    with pytest.raises(InputError, match="is a folder"):
        report(tmp_path, out=tmp_path)


def test_the_command_answers_bad_input_with_one_line_and_exit_code_2(tmp_path):
    def lockstep(*arguments: object) -> subprocess.CompletedProcess[str]:
        program = [sys.executable, "-W", "error", "-m", "experiments.commands.main", "report"]
        return subprocess.run([*program, *map(str, arguments)], capture_output=True, text=True)

    done = lockstep(tmp_path / "nowhere")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "nowhere" in done.stderr
    done = lockstep(write(tmp_path / "a", result()), "--out", tmp_path / "page.html")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_numbers_are_written_as_people_write_them():
    assert [readable(text) for text in ("2e-05", "1e+03", "1.50e-12", "0.25")] == [
        *("2×10⁻⁵", "10³", "1.50×10⁻¹²", "0.25")
    ]
    assert [number(value) for value in (24.997, 1134.2, 8.0, -0.0, 3.968e-4, 12345.6, None)] == [
        *("25.00", "1134", "8", "0", "0.0003968", "1.235×10⁴", "not finite")
    ]


# In a browser


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Chromium that runs no page's JavaScript and keeps a log of what it asks the network for."""
    if not (CHROMIUM and DRIVER):
        reason = "chromium and chromedriver (Debian: chromium, chromium-driver) are not installed"
        if os.environ.get("LOCKSTEP_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        f"--user-data-dir={tmp_path_factory.mktemp('chromium')}",
    ):
        options.add_argument(flag)
    options.add_experimental_option(
        "prefs", {"profile.managed_default_content_settings.javascript": 2}
    )
    options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with everything on it."""
    folder = tmp_path_factory.mktemp("results")
    different = parity(4, passed=False, first_divergence=DIVERGENCE, sentences=[DIFFERENT])
    write(folder / "different", result(experiment="weight_decay", parity=different))
    parts = [f"a rather long name of part {i}" for i in range(8)]
    write(folder / "parts", of_parts(*parts, experiment="initialization", completed=False))
    write(folder / "profiles", of_profiles() | {"experiment": "profiles"})
    write(folder / "texts", with_texts() | {"note": "A replaces B, " + "a-long-path/" * 20})
    alone = {"a_backend_with_a_name_of_some_length": backend(200)}
    write(folder / "alone", result(200, experiment="e" * 60, backends=alone, parity=None))
    runs = [book_run(seed, name, 11 + seed) for seed in (0, 1) for name in ("left", "right")]
    report(write(folder, {"runs": runs}, "book.json"))
    return folder / "report.html"


@pytest.fixture
def show(browser: Any, page: Path) -> Any:
    """Show the page in a window of some width and colour scheme."""

    def show(width: int = 1280, scheme: str = "light") -> Any:
        browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False},
        )
        browser.execute_cdp_cmd(
            "Emulation.setEmulatedMedia",
            {"features": [{"name": "prefers-color-scheme", "value": scheme}]},
        )
        browser.get(page.as_uri())
        return browser

    return show


def open_details(browser: Any) -> None:
    browser.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")


def test_the_browser_runs_no_script_of_a_page(browser, tmp_path):
    path = tmp_path / "script.html"
    path.write_text("<title>without</title><script>document.title = 'with'</script>")
    browser.get(path.as_uri())
    assert browser.title == "without"


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_sticks_out_of_the_window(show, width):
    browser = show(width)
    open_details(browser)
    root = browser.execute_script(
        "const r = document.documentElement; return [r.scrollWidth, r.clientWidth]"
    )
    # Only a table's own container scrolls; whatever is not inside one fits.
    outside = browser.execute_script(
        "return [...document.querySelectorAll('main *')].filter(e => !e.closest('.scroll *, svg *')"
        " && e.getBoundingClientRect().width > 0"
        " && (e.getBoundingClientRect().right > arguments[0] + 0.5"
        "  || e.getBoundingClientRect().left < 0)).map(e => e.outerHTML.slice(0, 80))",
        root[1],
    )
    assert outside == []
    assert root[0] <= root[1] <= width


@pytest.mark.parametrize("width", [360, 1280])
def test_pictures_are_large_enough_and_their_texts_inside_and_apart(show, width):
    browser = show(width)
    figures = browser.execute_script(
        """
        const box = e => { const b = e.getBoundingClientRect();
                           return [b.left, b.top, b.right, b.bottom] };
        return [...document.querySelectorAll('figure > svg')].map(svg => ({
            box: box(svg), texts: [...svg.querySelectorAll('text')].map(box),
            lines: [...svg.querySelectorAll('path')].filter(
                p => p.style.stroke.includes('--line')).map(box)}))
        """
    )
    assert len(figures) == 12  # 8 parts and 4 others
    for figure in figures:
        left, top, right, bottom = figure["box"]
        assert right - left >= 250
        assert bottom - top >= 150
        assert left >= 0
        assert right <= width
        assert figure["lines"]
        texts = figure["texts"]
        assert len(texts) >= 3
        for x, y, x_end, y_end in texts:
            assert left - 1 <= x < x_end <= right + 1
            assert top - 1 <= y < y_end <= bottom + 1
            assert y_end - y >= 9, "too small to read"
        for i, (x, y, x_end, y_end) in enumerate(texts):
            for a, b, a_end, b_end in texts[:i]:
                # Boxes of lines of text reach a little above and below the glyphs.
                assert x_end <= a or a_end <= x or y_end <= b + 4 or b_end <= y + 4, "overlap"


def test_panels_stand_below_each_other_on_a_phone_and_beside_on_a_desk(show):
    def columns(width: int) -> int:
        return show(width).execute_script(
            "const p = [...document.querySelectorAll('.panels')].find(e => e.children.length == 8);"
            "return new Set([...p.children].map(e => e.getBoundingClientRect().left)).size"
        )

    assert columns(360) == 1
    assert columns(1280) == 3


def test_the_words_that_matter_are_visible(show):
    from selenium.webdriver.common.by import By

    browser = show()

    def texts(selector: str) -> list[str]:
        elements = browser.find_elements(By.CSS_SELECTOR, selector)
        assert all(element.is_displayed() for element in elements), selector
        return [element.text for element in elements]

    assert browser.title.startswith("Lockstep report")
    assert texts("h1") == ["Lockstep report"]
    assert texts("h2")[:2] == ["Overview", "The book’s figures and ours"]
    assert "weight_decay, scratch" in texts("h3")
    verdicts = texts(".verdict .sentence")
    assert (
        "Different: left and right differ at step 7 by 1.2e-02 in the gradient of W_xh." in verdicts
    )
    assert "No verdict: only one backend took part." in verdicts
    assert texts(".divergence dd")[1] == "gradient of W_xh"
    overview = texts(".overview tbody tr")
    assert "weight_decay scratch differs at step 7 right 0.50 × left 3" in overview
    assert "initialization scratch same, interrupted right 0.50 × left 3" in overview
    assert texts(".epochs tbody tr")[0].startswith("1 1 ")
    assert any("分开了我" in text for text in texts("h4 ~ .texts"))
    # Details open without any script.
    summary = browser.find_element(By.CSS_SELECTOR, "article details:last-child summary")
    value = browser.find_element(By.CSS_SELECTOR, "article details:last-child td")
    assert not value.is_displayed()
    summary.click()
    assert value.is_displayed()


def test_the_keyboard_reaches_the_links_tables_and_details_in_order(show):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    browser = show(360)
    expected = browser.execute_script(
        "return [...document.querySelectorAll('a[href], .scroll, summary')]"
        ".filter(e => !e.closest('details:not([open]) > :not(summary)'))"
        ".map(e => (e.getAttribute('href') || e.getAttribute('aria-label') || e.innerText))"
    )
    assert expected[0] == "#content"
    assert "#result-1" in expected
    assert "Configuration" in expected
    reached = []
    for _ in expected:
        browser.switch_to.active_element.send_keys(Keys.TAB)
        reached.append(
            browser.execute_script(
                "const e = document.activeElement, s = getComputedStyle(e);"
                "const box = e.getBoundingClientRect();"
                "return [e.getAttribute('href') || e.getAttribute('aria-label') || e.innerText,"
                " s.outlineStyle, parseFloat(s.outlineWidth), box.top, box.bottom]"
            )
        )
    assert [item[0] for item in reached] == expected
    assert all(style == "solid" and width >= 2 for _, style, width, *_ in reached)
    assert all(top < 800 and bottom > 0 for *_, top, bottom in reached), "out of sight"
    for control in browser.find_elements(By.CSS_SELECTOR, ".scroll"):
        if control.is_displayed():
            assert control.aria_role == "region"
            assert control.accessible_name


def luminance(colour: str) -> float:
    channels = [float(c) / 255 for c in re.findall(r"[\d.]+", colour)[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(a: str, b: str) -> float:
    darker, lighter = sorted((luminance(a), luminance(b)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize(("scheme", "dark"), [("light", False), ("dark", True)])
def test_text_and_lines_stand_out_in_both_schemes(show, scheme, dark):
    browser = show(1280, scheme)
    open_details(browser)
    found = browser.execute_script(
        """
        const background = e => { for (; e; e = e.parentElement) {
            const c = getComputedStyle(e).backgroundColor;
            if (c != 'rgba(0, 0, 0, 0)') return c } };
        const seen = [...document.querySelectorAll('body *')];
        const written = seen.filter(e => [...e.childNodes].some(
            n => n.nodeType == 3 && n.data.trim()) && e.getClientRects().length);
        const lines = seen.filter(e => e.style.stroke && e.style.stroke.includes('--line'));
        const of = (e, p) => [e.outerHTML.slice(0, 60), getComputedStyle(e)[p], background(e)];
        return [written.map(e => of(e, e.tagName == 'text' ? 'fill' : 'color')),
                lines.map(e => of(e, 'stroke')), background(document.body)]
        """
    )
    texts, lines, page = found
    assert (luminance(page) < 0.05) is dark
    assert len(texts) > 500
    assert len(lines) > 20
    for element, colour, background in texts:
        assert contrast(colour, background) >= 4.5, element
    for element, colour, background in lines:
        assert contrast(colour, background) >= 3, element
    assert len({colour for _, colour, _ in lines}) >= 4


def test_nothing_is_asked_of_any_network(show, page):
    browser = show()
    browser.get_log("performance")  # what was before
    browser = show()
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    ]
    assert page.as_uri() in asked
    assert {url for url in asked if not url.startswith("data:")} == {page.as_uri()}
