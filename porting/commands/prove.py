"""`mx2torch prove`: run a program and its port on the same numbers, and compare."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable
from pathlib import Path

from backends.errors import InputError
from experiments.data.download import data_folders

HELP = "run a program and its port on the same numbers, and compare"
DIFFERS, INTERRUPTED = 1, 130
SEEDS, RUNS = 2**31, 16
WIDTH = 132  # of a table that goes into a file or a pipe


def add_arguments(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("original", type=Path, metavar="ORIGINAL", help="the MXNet program")
    add("port", type=Path, metavar="PORTED", help="its port to PyTorch")
    add(
        "--set", action="append", default=[], type=_setting, metavar="NAME=VALUE", dest="settings",
        help="give a top-level name of both programs another value, such as num_epochs=2",
    )  # fmt: skip
    add(
        "--updates", type=_number(0, 10**9), default=0, metavar="N",
        help="stop each statement of both programs after N backward passes (default: never)",
    )  # fmt: skip
    add(
        "--data-dir", type=Path, metavar="DIR",
        help="what both read as ../data (default: LOCKSTEP_DATA, the data folder beside that of "
        "ORIGINAL, and made-up data for what is in neither)",
    )  # fmt: skip
    add("--seed", type=_number(0, SEEDS - 1), default=0, metavar="N", help="of all draws")
    add(
        "--perturbed-runs", type=_number(0, RUNS), default=5, metavar="N",
        help="where something differs, at most N more runs of ORIGINAL with rounding errors "
        "added, to see what rounding does to it (default: 5)",
    )  # fmt: skip
    add("--timeout", type=float, default=0, metavar="S", help="end each run after S seconds")
    add("--json", type=Path, metavar="FILE", help="write the report there, too")
    add("-q", "--quiet", action="store_true", help="print only what differs, and the verdict")


def run(arguments: Namespace) -> int:
    """Run both with the same parameters, data, shuffles and masks, and compare every value.

    0 nothing differs, 1 something does or nothing could be compared.
    """
    from rich.console import Console

    from porting.prove.proof import prove
    from porting.prove.report import as_json, show
    from porting.text_files import check_writable, write_text

    data_folders(arguments.data_dir)
    if not arguments.timeout >= 0:
        raise InputError(f"--timeout {arguments.timeout}: give seconds, 0 or more")
    if arguments.json is not None:
        check_writable(arguments.json, "--json")
    proof = prove(arguments, Console(stderr=True))
    wide = None if sys.stdout.isatty() or "COLUMNS" in os.environ else WIDTH
    show(proof, Console(width=wide), arguments.quiet)
    if arguments.json is not None:
        write_text(arguments.json, as_json(proof))
    if proof.interrupted:
        return INTERRUPTED
    return 0 if proof.holds else DIFFERS


def _number(lowest: int, highest: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isdecimal() or not lowest <= int(text) <= highest:
            raise ArgumentTypeError(f"{text!r}: give a whole number from {lowest} to {highest}")
        return int(text)

    return number


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise ArgumentTypeError(f"{text!r}: give NAME=VALUE, such as num_epochs=2")
    import ast

    try:
        ast.literal_eval(value)
    except (ValueError, SyntaxError):
        raise ArgumentTypeError(
            f"{text!r}: {value!r} is no number, text or list of Python; give one, such as 2"
        ) from None
    return name, value
