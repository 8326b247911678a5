"""The command `mx2torch`. It imports no framework, so that --help answers at once."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Any

from backends.errors import InputError
from experiments.commands.main import BAD_INPUT, INTERRUPTED, NOBODY_READS, Parser
from porting.commands import lookup, port, prove, weights

# Each has HELP, add_arguments(parser) and run(arguments); what it needs, run imports.
COMMANDS: dict[str, Any] = {"port": port, "prove": prove, "lookup": lookup, "weights": weights}


def build_parser() -> Parser:
    parser = Parser(prog="mx2torch", description="Rewrite MXNet and Gluon as PyTorch.")
    commands: Any = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        text = command.run.__doc__
        command.add_arguments(commands.add_parser(name, help=command.HELP, description=text))
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command → 0 done, 1 a name is unknown or a port differs, 2 bad input.

    130: interrupted, 141: the output was closed.
    """
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a narrow encoding costs a character, not the run
    options = build_parser().parse_args(arguments)
    try:
        return COMMANDS[options.command].run(options)
    except InputError as error:
        print(f"mx2torch {options.command}: error: {error}", file=sys.stderr)
        return BAD_INPUT
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing more to flush
        return NOBODY_READS
    except KeyboardInterrupt:
        print(f"mx2torch {options.command}: interrupted", file=sys.stderr)
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
