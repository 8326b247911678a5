"""`mx2torch port`: rewrite files."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from backends.errors import InputError
from porting.documents import SUFFIXES
from porting.text_files import check_writable, read_text, write_text

HELP = "rewrite MXNet files as PyTorch"
UNKNOWN, BAD_INPUT = 1, 2


def add_arguments(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("files", nargs="+", metavar="FILE", type=Path, help=f"ending in {', '.join(SUFFIXES)}")
    add(
        "-o",
        "--output",
        type=Path,
        help="where one file's port goes (default: NAME_torch beside it)",
    )
    add("--in-place", action="store_true", help="write over the input")
    add("--json", action="store_true", help="write NAME_torch.report.json beside the port")
    add("--html", action="store_true", help="write NAME_torch.report.html beside the port")
    add("-q", "--quiet", action="store_true", help="print the summary only")


def run(arguments: Namespace) -> int:
    """Rewrite MXNet code as PyTorch; 1 if a name is unknown, 2 if a file cannot be ported."""
    output, files = arguments.output, arguments.files
    if output is not None and len(files) > 1:
        raise InputError(f"--output {str(output)!r} takes one file, not {len(files)}: leave it out")
    if output is not None and arguments.in_place:
        raise InputError(f"--output {str(output)!r} and --in-place exclude each other: drop one")
    status = 0
    reports: set[Path] = set()
    for path in files:
        try:
            status = max(status, _port(path, arguments, reports))
        except InputError as error:
            print(f"mx2torch port: error: {error}", file=sys.stderr)
            status = BAD_INPUT
    return status


def _port(path: Path, arguments: Namespace, reports: set[Path]) -> int:
    from porting import report
    from porting.port import port

    text = read_text(path)
    target = path if arguments.in_place else arguments.output
    target = target or path.with_stem(path.stem + "_torch")
    check_writable(target)
    if not arguments.in_place and target.resolve() == path.resolve():
        raise InputError(f"--output {str(target)!r} is the input: choose another or say --in-place")
    report_file = target.with_suffix(".report")
    if report_file in reports and (arguments.json or arguments.html):
        raise InputError(
            f"{str(path)!r} would overwrite the report of another file of that name: port it apart"
        )
    reports.add(report_file)
    ported = port(text, str(path))
    write_text(target, ported.text)
    if arguments.json:
        write_text(target.with_suffix(".report.json"), report.as_json(ported))
    if arguments.html:
        write_text(target.with_suffix(".report.html"), report.as_html(ported))
    if arguments.quiet:
        print(f"{target}: {report.summary(ported)}")
    else:
        print(report.as_text(ported), end="")
    return UNKNOWN if ported.summary["unknown"] else 0
