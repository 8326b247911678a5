"""The entry point. It imports no NumPy and no framework, so that --help answers at once."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module, metadata
from io import TextIOWrapper
from pathlib import Path
from typing import Any, NoReturn

from backends.errors import InputError
from backends.registry import COMPARED_BY_DEFAULT, backend_names
from experiments import EXPERIMENTS
from experiments.commands.remote import WorkerError

BAD_INPUT, WORKER_FAILED, INTERRUPTED, NOBODY_READS = 2, 3, 130, 141


class Parser(argparse.ArgumentParser):
    """A parser that answers bad input with one line and exit code 2."""

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, f"{self.prog}: error: {message}\n")


def positive(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not allowed: give a whole number above 0")
    return number


def seed(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not allowed: give a whole number from 0 up")
    return int(text)


def experiment_options() -> argparse.ArgumentParser:
    """What `run` and `compare` have in common."""
    options = argparse.ArgumentParser(add_help=False)
    add = options.add_argument
    add("experiment", help="an experiment, see the list below")
    add("--style", help="scratch: every formula; concise: the framework's own layers")
    add("--device", default="cpu", help="cpu or cuda")
    add("--threads", type=positive, help="CPU threads of each backend (default: all)")
    add("--seed", type=seed, help="of weights, batches and data (default: 0)")
    add("--epochs", type=positive, metavar="N", help="instead of the book's number")
    add("--corpus", help="the text of a language model: auto, time_machine, lyrics, python_topics")
    add("--set", action="append", default=[], metavar="NAME=VALUE", help="any configuration value")
    add("--data-dir", type=Path, metavar="DIR", help="where data files lie (or LOCKSTEP_DATA)")
    return options


def build_parser() -> Parser:
    names = "\n".join(f"  {name:14}{text}" for name, text in EXPERIMENTS.items())
    epilog = f"experiments:\n{names}\n\nbackends: {', '.join(backend_names())}"
    layout = argparse.RawDescriptionHelpFormatter
    parser = Parser(
        prog="lockstep",
        description="Run the experiments of Dive into Deep Learning on several frameworks, "
        "prove that they compute the same, and compare their speed.",
        epilog=epilog,
        formatter_class=layout,
    )
    parser.add_argument("--version", action="version", version=metadata.version("lockstep"))
    commands: Any = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    listing = commands.add_parser("list", help="experiments, backends, devices and versions")
    listing.add_argument("experiment", nargs="?", help="what it is and the values for --set")

    def add_command(name: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(
            name,
            help=text,
            parents=[experiment_options()],
            epilog=epilog,
            formatter_class=layout,
        )

    run = add_command("run", "one experiment on one backend")
    run.add_argument("--backend", required=True, help="one of the backends below")
    run.add_argument("--out", type=Path, metavar="DIR", help="write result.json and a plot here")

    compare = add_command("compare", "one experiment on several backends, step for step")
    compare.add_argument(
        "--backends",
        default=",".join(COMPARED_BY_DEFAULT),
        metavar="A,B",
        help="two or more, each with a device of its own if you like (a:cpu,a:cuda); the first is "
        "the reference (default: %(default)s)",
    )
    compare.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="write result.json and a plot here (default: out/EXPERIMENT-STYLE)",
    )
    compare.add_argument(
        "--trace",
        action="store_true",
        help="every step against the oracle, resynced and free-running; writes trace.json",
    )
    compare.add_argument(
        "--steps",
        type=positive,
        metavar="N",
        help="with --trace: of every part of the run (default: 1000)",
    )
    compare.add_argument(
        "--perturbed-runs",
        type=positive,
        metavar="N",
        help="with --trace: of the oracle, where worst-case bounds say nothing (default: 16)",
    )
    add_bench(commands)
    add_reproduce(commands)
    add_report(commands)
    return parser


def add_bench(commands: Any) -> None:
    bench = commands.add_parser(
        "bench",
        help="paired comparison of speed, with intervals",
        description="Time primitives, training steps and epochs of the backends and of the book's "
        "own code in turns, after holding each to the oracle. bench.json is written after every "
        "case, so an interrupted run keeps what it has.",
    )
    add = bench.add_argument
    add(
        "filter", nargs="*", help="texts that a case's name holds, all of them (default: all cases)"
    )
    add(
        "--targets",
        action="store_true",
        help="the trainings that the project has a target for, on its framework and threads",
    )
    add("--list", action="store_true", help="name the cases and stop")
    add(
        "--backends",
        default=",".join(COMPARED_BY_DEFAULT),
        metavar="A,B",
        help="each with a device of its own if you like, as A:cuda; compared are those that differ "
        "in framework, device or number format alone (%(default)s)",
    )
    add("--threads", metavar="N,N", help="CPU threads (default: 1 and all, or the targets')")
    add("--device", default="cpu", help="cpu or cuda, of what --backends names none for")
    add(
        "--blocks",
        type=positive,
        metavar="N",
        help="of each program in a launch, at least (default: 10)",
    )
    add("--processes", type=positive, metavar="N", help="launches of each process (default: 5)")
    add(
        "--seconds", type=positive, metavar="N", help="of a case in a launch, at most (default: 20)"
    )
    add(
        "--quick", action="store_true", help="one launch, 4 blocks, 1 thread if not asked otherwise"
    )
    add("--out", type=Path, metavar="DIR", help="bench.json and pictures (default: out/bench)")
    add("--markdown", type=Path, metavar="FILE", help="write the tables here too")


def add_reproduce(commands: Any) -> None:
    reproduce = commands.add_parser(
        "reproduce",
        help="the book's figures beside ours, at its full settings",
        description="Train everything the book prints figures of, on every backend with several "
        "seeds, and write book.md and book.json. Hours; it goes on where it was interrupted.",
    )
    add = reproduce.add_argument
    add("--backends", default=",".join(COMPARED_BY_DEFAULT), metavar="A,B", help="(%(default)s)")
    add("--only", metavar="ROW,ROW", help="some rows of experiments/book.py")
    add("--seeds", type=positive, default=5, metavar="N", help="runs of each row (%(default)s)")
    add("--threads", type=positive, default=1, help="CPU threads of each run (%(default)s)")
    add("--jobs", type=positive, metavar="N", help="runs at a time (default: CPUs / threads)")
    add("--device", default="cpu", help="cpu or cuda")
    add("--data-dir", type=Path, metavar="DIR", help="where data files lie (or LOCKSTEP_DATA)")
    add("--out", type=Path, default=Path("results"), metavar="DIR", help="(%(default)s)")


def add_report(commands: Any) -> None:
    report = commands.add_parser("report", help="one HTML page of the results in folders")
    add = report.add_argument
    add("folders", nargs="+", type=Path, metavar="FOLDER", help="searched for results")
    add("--out", type=Path, metavar="FILE", help="(default: report.html in the first folder)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command → 0 done (compare: same), 1 compare: different, 2 bad input.

    3: a backend's process failed, 130: interrupted, 141: the output was closed.
    """
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a narrow encoding costs a character, not the run
    options = build_parser().parse_args(arguments)
    module = {"list": "listing"}.get(options.command, options.command)
    try:
        return import_module(f"experiments.commands.{module}").main(options)
    except InputError as error:
        print(f"lockstep {options.command}: error: {error}", file=sys.stderr)
        return BAD_INPUT
    except MemoryError as error:
        print(f"lockstep {options.command}: error: {error}: lower the sizes", file=sys.stderr)
        return BAD_INPUT
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing more to flush
        return NOBODY_READS
    except WorkerError as error:
        print(f"lockstep {options.command}: {error}", file=sys.stderr)
        return WORKER_FAILED
    except KeyboardInterrupt:
        print(f"lockstep {options.command}: interrupted", file=sys.stderr)
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
