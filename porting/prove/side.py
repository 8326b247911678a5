"""One program in a process of its own: `python -m porting.prove.side JOB`."""

from __future__ import annotations

import ast
import importlib
import json
import os
import random
import socket
import sys
import time
import warnings
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from porting.prove.draws import Draws
from porting.prove.recorder import Recorder
from porting.prove.trace import Writer
from porting.prove.units import parts


@dataclass
class Job:
    """What a process is to do, as its parent writes it down."""

    framework: str  # "mxnet" or "torch"
    program: str
    data: str  # the folder that is read as ../data
    made_up: list[str]  # what in it is not the reader's
    seed: int = 0
    noise: int | None = None  # a seed of rounding errors to add
    updates: int = 0  # backward passes per statement, 0 for any number
    settings: dict[str, str] = field(default_factory=dict)  # values of top-level names, as literals
    trace: str = ""

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)))


def run(job: Job) -> None:
    """Run the program and leave its trace."""
    random.seed(job.seed)
    np.random.seed(job.seed)
    socket.setdefaulttimeout(10)
    warnings.simplefilter("ignore")  # the program's warnings are its reader's affair
    sys.stdout = Path(job.trace).with_name("output").open("w")
    _stand_in_for_ipython()
    with Path(job.trace).open("wb") as file:
        writer = Writer(file)
        draws = Draws(job.seed, job.noise, lambda text: writer.write("draws", text))
        prepare = _prepare_mxnet if job.framework == "mxnet" else _prepare_torch
        recorder = prepare(job, writer, draws)
        recorder.settings = {n: ast.literal_eval(value) for n, value in job.settings.items()}
        _watch_made_up_data(job, writer)
        _watch_curves(recorder)
        program = Path(job.program)
        sys.path.insert(0, str(program.parent))
        sys.argv = [job.program]
        progress = Path(job.trace).with_name("progress")
        recorder.on_begin = lambda number: _write(progress, str(number))
        start = time.perf_counter()
        recorder.names["__file__"] = job.program
        recorder.run(parts(program), program.name)
        writer.write("seconds", time.perf_counter() - start)


def _write(path: Path, text: str) -> None:
    path.write_text(text)


def _prepare_mxnet(job: Job, writer: Writer, draws: Draws) -> Recorder:
    from backends.mxnet_import import import_mxnet

    mx: Any = import_mxnet()
    from porting.prove.on_mxnet import datasets
    from porting.prove.on_mxnet import draws as randomness
    from porting.prove.on_mxnet.training import Training
    from porting.prove.on_mxnet.values import Values

    writer.write("about", {"framework": "MXNet", "version": mx.__version__})
    recorder = Recorder(writer, Values(mx), job.updates)
    mx.random.seed(job.seed if job.noise is None else job.noise)
    Training(mx, recorder, draws).install()
    randomness.inject(mx, draws, recorder)
    datasets.inject(mx, job.data)
    if importlib.util.find_spec("gluonbook") is None and importlib.util.find_spec("d2lzh"):
        # The helpers' name before the book was published.
        sys.modules["gluonbook"] = importlib.import_module("d2lzh")
    return recorder


def _prepare_torch(job: Job, writer: Writer, draws: Draws) -> Recorder:
    import torch

    from porting.prove.on_torch import draws as randomness
    from porting.prove.on_torch import torchvision
    from porting.prove.on_torch.training import Training
    from porting.prove.on_torch.values import Values

    writer.write("about", {"framework": "PyTorch", "version": str(torch.__version__)})
    recorder = Recorder(writer, Values(), job.updates)
    torch.manual_seed(job.seed)
    Training(recorder).install()
    randomness.inject(draws)
    torchvision.inject(job.data)
    return recorder


def _stand_in_for_ipython() -> None:
    """The book's helpers ask IPython for a function that it no longer has, and no proof needs."""
    try:
        module = importlib.import_module("IPython.display")
    except ModuleNotFoundError:
        ipython, module = ModuleType("IPython"), ModuleType("IPython.display")
        vars(ipython).update(display=module, get_ipython=lambda: None, version_info=(8, 0))
        sys.modules |= {"IPython": ipython, "IPython.display": module}
    for name in ("set_matplotlib_formats", "clear_output", "display"):
        vars(module).setdefault(name, lambda *_, **__: None)


def _watch_made_up_data(job: Job, writer: Writer) -> None:
    """Write down which stand-ins the program reads."""
    waiting = {os.path.realpath(Path(job.data) / name): name for name in job.made_up}

    def opened(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and waiting and isinstance(arguments[0], (str, os.PathLike)):
            path = os.path.realpath(arguments[0])
            for known, name in list(waiting.items()):
                if path.startswith(known):
                    del waiting[known]
                    writer.write("made_up", name)

    sys.addaudithook(opened)


def _watch_curves(recorder: Recorder) -> None:
    """Every curve that is drawn is a value to compare."""
    import matplotlib as mpl
    from matplotlib.axes import Axes

    mpl.use("Agg")
    plot = Axes.plot

    def watched(axes: Axes, *arguments: Any, **options: Any) -> Any:
        lines = plot(axes, *arguments, **options)
        for line in lines:
            recorder.drawn(np.asarray(line.get_ydata(), np.float64))
        return lines

    setattr(Axes, "plot", watched)  # noqa: B010


if __name__ == "__main__":
    run(Job(**json.loads(Path(sys.argv[1]).read_text())))
