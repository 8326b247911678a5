"""`lockstep report`: the results of a folder as one page that needs no network and no script."""

from __future__ import annotations

from argparse import Namespace

from backends.errors import InputError
from experiments.commands.console import console
from experiments.commands.page import render
from experiments.commands.page_results import find
from experiments.commands.results import prepare_folder, replacing


def main(options: Namespace) -> int:
    """Write the page of `options.folders` to `options.out`, or to report.html in the first."""
    found = find(options.folders)
    path = options.out or options.folders[0] / "report.html"
    if path.is_dir():
        raise InputError(f"--out {str(path)!r} is a folder: give the name of a file in it")
    prepare_folder(path.parent)
    page = render(found)
    with replacing(path) as file:
        file.write(page.encode())
    console.print(f"written: {path}", markup=False)
    return 0
