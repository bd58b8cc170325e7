"""What `schemathesis.py` measured, as Markdown."""

from __future__ import annotations

import datetime as dt
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version

from defects.wrap import Defect

NONE = "none"
ABOUT = """\
One server with one defect at a time. Schemathesis gets the generated OpenAPI document of one model and its default
options (it stops at its first failures), our suite the plan of that model. Requests are what the server received,
fetched pictures included; `--select` are those of our suite when it is asked for that one clause. Seconds are those of
the whole run, for Schemathesis with the start of its process.

Stock Schemathesis has false alarms at the right server (first row of each table): an OpenAPI document cannot say what
is disputed, nor that width times height is bounded, and 1.0 is an integer in JSON Schema. They would end its run before
it comes to the defect. So its false alarms are dropped here by our hooks (`schemathesis_hooks.excused`): the column shows
stock checks at their best. What they cannot see is what an answer has to do with its request: counts, defaults, the
watermark, the form and the pixels of pictures. What our checks within Schemathesis cannot see needs two answers beside
each other (defaults of switches, the watermark), or requests that Schemathesis does not make.
"""


@dataclass(frozen=True)
class Outcome:
    """One tool on one defect: what it named (empty for nothing), what it sent, how long it took.

    `until` is the number of the request that decided it, where the tool tells.
    """

    named: tuple[str, ...]
    requests: int
    seconds: float
    until: int | None = None


@dataclass
class Row:
    """One defect with every tool's outcome."""

    defect: Defect
    stock: Outcome
    hooked: Outcome
    suite: Outcome
    alone: Outcome


def found_by(row: Row) -> tuple[bool, bool, bool, bool]:
    """Whether each tool found it; ours count when the clause of the defect (or one that breaks with it) is named."""
    right = {row.defect.clause, *row.defect.also}
    own = row.defect.clause
    return (
        bool(row.stock.named),
        bool(right & set(row.hooked.named)),
        own in row.suite.named,
        own in row.alone.named,
    )


def table(place: str, found: Sequence[Row]) -> Iterator[str]:
    """One place as Markdown."""
    yield f"## {place}\n"
    tools = ("Schemathesis", "with our checks", "our suite: shown by")
    yield (
        "| defect | clause it breaks | "
        + " | requests | s | ".join(tools)
        + " | requests | s | --select | s |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|---|---|---|"
    for row in found:
        stock, hooked, suite = row.stock, row.hooked, row.suite
        marks = [mark(row, one) for one in range(3)]
        yield (
            f"| {row.defect.id} | {row.defect.clause or 'none: the right server'} "
            f"| {marks[0]} | {stock.requests} | {stock.seconds:.1f} "
            f"| {marks[1]} | {hooked.requests} | {hooked.seconds:.1f} "
            f"| {marks[2]} | {suite.requests} | {suite.seconds:.1f} "
            f"| {row.alone.requests if found_by(row)[3] or row.defect.id == NONE else '-'} | {row.alone.seconds:.1f} |"
        )
    yield ""


def mark(row: Row, tool: int) -> str:
    """A cell: found, missed or a false alarm, with the codes of stock Schemathesis."""
    outcome = (row.stock, row.hooked, row.suite)[tool]
    if row.defect.id == NONE:
        return f"false alarm: {', '.join(outcome.named)}" if outcome.named else "no false alarm"
    if not found_by(row)[tool]:
        return "-"
    if tool == 0:
        return "found " + ", ".join(outcome.named)
    return "found" if outcome.until is None else f"request {outcome.until}"


def summary(places: dict[str, list[Row]]) -> Iterator[str]:
    """How many each tool finds, and what it costs."""
    yield "| | found | requests, median (most) | s, median (most) |"
    yield "|---|---|---|---|"
    every = [row for found in places.values() for row in found if row.defect.id != NONE]
    names = (
        "stock Schemathesis",
        "Schemathesis with our checks",
        "our suite, whole plan of the model",
        "our suite, `--select` of the clause",
    )
    for tool, name in enumerate(names):
        hits = sum(found_by(row)[tool] for row in every)
        outcomes = [(row.stock, row.hooked, row.suite, row.alone)[tool] for row in every]
        sent, took = sorted(one.requests for one in outcomes), sorted(one.seconds for one in outcomes)
        yield (
            f"| {name} | {hits} of {len(every)} | {sent[len(sent) // 2]} ({sent[-1]}) "
            f"| {took[len(took) // 2]:.1f} ({took[-1]:.1f}) |"
        )
    until = sorted(row.suite.until for row in every if row.suite.until is not None)
    if until:
        yield f"| our suite, up to the request that shows it | | {until[len(until) // 2]} ({until[-1]}) | |"
    yield ""


def report(places: dict[str, list[Row]], examples: int, spec: str) -> str:
    """The whole page."""
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    measured = (
        f"Measured on {today} by `bench/schemathesis.py -n {examples}`: Schemathesis {version('schemathesis')}, "
        f"hypothesis {version('hypothesis')}, Python {platform.python_version()}, spec {spec}.\n"
    )
    lines = ["# Beside stock Schemathesis\n", measured, ABOUT, *summary(places)]
    for place, found in places.items():
        lines += table(place, found)
    return "\n".join(lines)
