"""The cases that have a baseline, at sizes that take no time, and what a baseline computes there.

A baseline runs in a process of its own: beside `backends`' MXNet, Gluon's layers as the book uses
them would fail. `python -m tests.small_cases FRAMEWORK FILE` writes its results.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from backends.threads import set_threads

ROOT = Path(__file__).parent.parent


def small_cases() -> dict[str, object]:
    from benchmarks.cases import epochs, recurrent
    from experiments import rnn

    sizes = {"batch_size": 2, "num_steps": 3, "num_hiddens": 4, "num_symbols": 5}
    cases = []
    for style in ("scratch", "concise"):
        model = recurrent.lyrics(rnn, style, **sizes)
        cases += [model.step(), model.epoch(characters=21)]
        unclipped = replace(model.config, clip_norm=1.0, learning_rate=1.0)
        cases.append(replace(model, name=f"{model.name} unclipped", config=unclipped).step())
    cases.append(epochs.weight_decay_epoch("scratch"))
    small = {"batch_size": 8, "num_hiddens1": 6, "num_hiddens2": 5}
    cases.append(epochs.dropout_epoch("scratch", num_images=24, **small))
    return {case.key: case for case in cases}


def of_book(framework: str, file: Path) -> dict[str, dict]:
    """The results of every small case by key. Raises InputError's words in RuntimeError."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.small_cases", framework, str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    return pickle.loads(file.read_bytes())


def main(framework: str, file: Path) -> None:
    set_threads(1)
    found = {}
    for key, case in small_cases().items():
        book = case.baselines["book"][framework]  # type: ignore[attr-defined]
        found[key] = book(case.given(), "cpu").results()
    file.write_bytes(pickle.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
