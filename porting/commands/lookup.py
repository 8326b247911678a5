"""`mx2torch lookup`: print rows of the API map."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

HELP = "print the row of an MXNet name"
UNKNOWN = 1


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="such as nd.concat; without a name: how many rows there are",
    )


def run(arguments: Namespace) -> int:
    """Print rows of the API map; 1 if a name has none."""
    from porting.lookup import counts, lookup

    if not arguments.names:
        print(", ".join(f"{number} {what}" for what, number in counts().items()))
        return 0
    status = 0
    for name in arguments.names:
        try:
            print(lookup(name))
        except KeyError as error:
            print(f"mx2torch lookup: {error.args[0]}", file=sys.stderr)
            status = UNKNOWN
    return status
