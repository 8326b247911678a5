"""The command `mx2torch`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from porting import report
from porting.documents import SUFFIXES, DocumentError
from porting.lookup import counts, lookup
from porting.port import port

EXIT_UNKNOWN, EXIT_INPUT = 1, 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mx2torch", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    ports = commands.add_parser(
        "port",
        help="rewrite files; exit 1 if a name is unknown",
        description="Rewrite MXNet code as PyTorch.",
    )
    ports.add_argument(
        "files", nargs="+", metavar="FILE", help=f"a file ending in {', '.join(SUFFIXES)}"
    )
    ports.add_argument(
        "-o",
        "--output",
        type=Path,
        help="where one file's port goes (default: NAME_torch beside it)",
    )
    ports.add_argument("--in-place", action="store_true", help="write over the input")
    ports.add_argument(
        "--json", action="store_true", help="write NAME_torch.report.json beside the port"
    )
    ports.add_argument(
        "--html", action="store_true", help="write NAME_torch.report.html beside the port"
    )
    ports.add_argument("-q", "--quiet", action="store_true", help="print the summary only")
    looks = commands.add_parser(
        "lookup", help="print the row of an MXNet name", description="Print rows of the API map."
    )
    looks.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="such as nd.concat; without a name: how many rows there are",
    )
    return parser


def _port(arguments: argparse.Namespace) -> int:
    if arguments.output is not None and len(arguments.files) > 1:
        raise DocumentError(f"--output takes one file, not {len(arguments.files)}; leave it out")
    if arguments.output is not None and arguments.in_place:
        raise DocumentError("--output and --in-place exclude each other; leave one out")
    status = 0
    for name in arguments.files:
        path = Path(name)
        text = _read(path)
        ported = port(text, path.name)
        target = (
            path if arguments.in_place else arguments.output or path.with_stem(path.stem + "_torch")
        )
        if not arguments.in_place and target.resolve() == path.resolve():
            raise DocumentError(f"{target} is the input; choose another --output or say --in-place")
        _write(target, ported.text)
        if arguments.json:
            _write(target.with_suffix(".report.json"), report.as_json(ported))
        if arguments.html:
            _write(target.with_suffix(".report.html"), report.as_html(ported))
        print(
            f"{target}: {report.summary(ported)}" if arguments.quiet else report.as_text(ported),
            end="\n" if arguments.quiet else "",
        )
        if ported.summary["unknown"]:
            status = EXIT_UNKNOWN
    return status


def _read(path: Path) -> str:
    if path.suffix not in SUFFIXES:
        raise DocumentError(
            f"{path}: only {', '.join(SUFFIXES)} can be ported; rename the file or extract its code"
        )
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise DocumentError(f"{path}: {error.strerror}; give a file that can be read") from None
    except UnicodeDecodeError as error:
        raise DocumentError(f"{path}: not UTF-8 at byte {error.start}; convert it first") from None


def _write(path: Path, text: str) -> None:
    try:
        path.write_bytes(text.encode("utf-8"))
    except OSError as error:
        raise DocumentError(f"{path}: {error.strerror}; choose another --output") from None


def _lookup(arguments: argparse.Namespace) -> int:
    if not arguments.names:
        print(", ".join(f"{number} {what}" for what, number in counts().items()))
        return 0
    status = 0
    for name in arguments.names:
        try:
            print(lookup(name))
        except KeyError as error:
            print(f"mx2torch: {error.args[0]}", file=sys.stderr)
            status = EXIT_UNKNOWN
    return status


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code: 0, 1 for unknown names, 2 for bad input."""
    parsed = _parser().parse_args(arguments)
    try:
        return _port(parsed) if parsed.command == "port" else _lookup(parsed)
    except DocumentError as error:
        print(f"mx2torch: {error}", file=sys.stderr)
        return EXIT_INPUT


if __name__ == "__main__":
    sys.exit(main())
