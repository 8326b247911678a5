"""What `lockstep compare --trace` prints and draws."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from experiments.commands.console import console
from experiments.commands.plot import COLOURS
from experiments.commands.results import replacing
from experiments.trace.growth import LOSS, PARAMETERS, THRESHOLDS
from experiments.trace.judging import BOUND, ENVELOPE
from experiments.trace.run import Trace

SHOWN = (1, 3, 10, 30, 100, 300, 1000, 3000, 10_000)


def new_table(*headings: str) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "tensor" else "right")
    return table


def resynced_table(trace: Trace) -> Table:
    """The largest observed / allowed of every tensor, the step, and what the steps rest on."""
    labels = list(trace.rows)
    columns = [
        f"{what}\n{label}" for label in labels for what in ("observed/\nallowed", "\nat step")
    ]
    table = new_table("tensor", *columns, "steps by\nbound", "steps by\nenvelope")
    for tensor, row in trace.rows[labels[0]].items():
        cells = []
        for label in labels:
            own = trace.rows[label][tensor]
            cells += [f"{own.ratio:.2g}", str(own.step)]
        table.add_row(tensor, *cells, *(str(row.steps.get(kind, 0)) for kind in (BOUND, ENVELOPE)))
    return table


def growth_table(trace: Trace) -> Table:
    """The largest relative difference so far of runs that train on their own."""
    has_parts = any(trace.parts)
    labels = list(trace.growths)
    columns = [f"{quantity}\n{label}" for label in labels for quantity in (LOSS, PARAMETERS)]
    table = new_table(*(["part"] if has_parts else []), "steps", *columns)
    for part, total in trace.parts.items():
        for count in sorted({n for n in SHOWN if n < total} | {total}):
            cells = [
                f"{trace.growths[label][part].largest_so_far(quantity)[count - 1]:.1e}"
                for label in labels
                for quantity in (LOSS, PARAMETERS)
            ]
            table.add_row(*([part] if has_parts else []), str(count), *cells)
    return table


def place(finding: dict[str, Any]) -> str:
    """`linear (call 2, forward), result`."""
    details = [] if finding["call"] is None else [f"call {finding['call']}"]
    if finding["time_step"] is not None:
        details.append(f"time step {finding['time_step']}")
    return f"{finding['primitive']} ({', '.join([*details, finding['direction']])})"


def figure(value: Any) -> str:
    return f"{value:.9g}" if isinstance(value, float) else str(value)


def sentences(trace: Trace) -> list[str]:
    return [resynced_sentence(trace), *free_running_sentences(trace)]


def resynced_sentence(trace: Trace) -> str:
    found = trace.first_divergence
    if found is None:
        label, tensor, row = max(
            (
                (label, tensor, row)
                for label, rows in trace.rows.items()
                for tensor, row in rows.items()
            ),
            key=lambda one: one[2].ratio,
        )
        return (
            f"same: {' and '.join(trace.rows)} stay within what the oracle allows at {trace.steps} "
            f"resynced steps; nearest to it: {label}, {tensor} at step {row.step}, "
            f"{row.ratio:.2g} of the allowed"
        )
    arises = found["arises"]
    values = ", ".join(f"{label} {figure(v)}" for label, v in found["values"].items())
    part = f" of {found['part']}" if found["part"] else ""
    sentence = (
        f"different: at {found['mode']} step {found['step']}{part} the {found['tensor']} of "
        f"{found['backend']} is outside the {found['kind']} ({values}, oracle "
        f"{figure(found['oracle'])}, allowed ±{found['allowed']:.2g}, inherited "
        f"{found['inherited']:.2g}). It arises in {place(arises)}: {arises['tensor']}"
    )
    if excess := arises["excess"]:
        own = ", ".join(f"{label} {figure(v)}" for label, v in arises["values"].items())
        sentence += (
            f" at {excess['index']} ({own}, oracle {figure(excess['oracle'])}, allowed "
            f"±{excess['allowed']:.2g})"
        )
    return sentence + (f": {arises['message']}" if arises["message"] else "")


def free_running_sentences(trace: Trace) -> Iterator[str]:
    for label, parts in trace.growths.items():
        for part, growth in parts.items():
            for quantity, crossed in growth.crossed.items():
                steps = ", ".join(
                    f"{t:.0e} {f'at step {crossed[t]}' if t in crossed else 'never'}"
                    for t in THRESHOLDS
                )
                where = f" of {part}" if part else ""
                yield (
                    f"free-running: {quantity} of {label}{where}: "
                    f"{growth.largest_so_far(quantity)[-1]:.1e} apart at most; first above {steps}"
                )


def crossing_lines(trace: Trace) -> Iterator[str]:
    for found in trace.crossings:
        inherited, added = abs(found["inherited"]), abs(found["added"])
        kind = "rounding" if found["added_is_rounding"] else "MORE THAN ROUNDING"
        yield (
            f"   {found['backend']}, {found['quantity']} above {found['threshold']:.0e} at step "
            f"{found['step']} ({found['tensor']}): inherited {inherited:.1e}, added by the step "
            f"{added:.1e}, which is {kind}"
        )


def print_trace(trace: Trace) -> None:
    console.print("resynced: every step from the same numbers, against the oracle")
    console.print(resynced_table(trace))
    console.print("free-running: the largest relative difference so far")
    console.print(growth_table(trace))
    for line in crossing_lines(trace):
        console.print(line, markup=False)
    for label, steps in trace.repeated_otherwise.items():
        if steps:
            console.print(
                f"note: {label} took {len(steps)} steps otherwise in training than repeated alone, "
                f"the first at step {steps[0]}",
                markup=False,
            )
    verdict, *lines = sentences(trace)
    for line in lines:
        console.print(line, markup=False)
    console.print(f"verdict: {verdict}", markup=False)


def plot_growth(path: Path, title: str, trace: Trace) -> None:
    """Both differences over the steps, a panel for each part."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(
        1,
        len(trace.parts),
        figsize=(5 * len(trace.parts), 3.6),
        squeeze=False,
        layout="constrained",
    )
    for axis, part in zip(axes.flat, trace.parts, strict=True):
        for index, (label, parts) in enumerate(trace.growths.items()):
            for quantity, style in ((LOSS, "-"), (PARAMETERS, "--")):
                values = parts[part].largest_so_far(quantity)
                axis.plot(
                    range(1, len(values) + 1),
                    values,
                    style,
                    color=COLOURS[index % len(COLOURS)],
                    label=f"{quantity}, {label}",
                )
        axis.set(title=part, xlabel="step", yscale="log")
        axis.grid(alpha=0.3)
        axis.legend()
    figure.suptitle(f"{title}: relative difference, each training on its own")
    with replacing(path) as file:
        figure.savefig(file, format="png", dpi=120)
    pyplot.close(figure)
