"""`mx2torch weights`: Gluon's parameter files as state dicts of torch, and back."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

HELP = "turn a Gluon parameter file into a state dict, or back"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("source", type=Path, metavar="IN", help="Gluon's .params, or .safetensors")
    parser.add_argument(
        "--like", required=True, metavar="MODEL.py:make", help="a function that makes the model"
    )
    parser.add_argument("-o", "--out", required=True, type=Path, help=".safetensors, or .params")


def run(arguments: Namespace) -> int:
    """Convert a parameter file and print which array became which."""
    from porting.weights import convert

    print(*convert(arguments.source, arguments.like, arguments.out), sep="\n")
    return 0
