"""The report in a terminal: the matrix, the failures, the next step."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from qwen_image_conformance.report.console_grid import matrices
from qwen_image_conformance.report.findings import Finding, findings
from qwen_image_conformance.report.provenance import source_line
from qwen_image_conformance.report.tally import FAILING, conforms, tally
from qwen_image_conformance.verdict import Status
from qwen_image_spec.model import Spec

_SHOWN_FAILURES = 12
_SHOWN_PLACES = 6
_INDENT = 13
_LONGEST_ANSWER = 100


def show(
    console: Console,
    spec: Spec,
    head: Mapping[str, Any],
    cases: Sequence[Mapping[str, Any]],
    end: Mapping[str, Any],
) -> None:
    """Print the report of a run from its events. Colour and width are those of the console."""
    for table in matrices(cases, console.width):
        console.print()
        console.print(table)
    console.print()
    _key(console)
    failures = findings(cases, FAILING)
    for title, found, style in (
        ("BROKEN", failures, "bold red"),
        ("WEAK (a SHOULD is not kept; fails nothing)", findings(cases, {Status.WARN}), "yellow"),
    ):
        if found:
            console.print(Text(f"\n{title}", style=style))
            causes = [finding for finding in found if not finding.rests]
            for finding in causes[:_SHOWN_FAILURES]:
                _problem(console, spec, finding, style)
            if len(causes) > _SHOWN_FAILURES:
                console.print(f"  ... and {len(causes) - _SHOWN_FAILURES} more clauses: see the result file")
            _resting(console, [finding for finding in found if finding.rests])
    _known(console, findings(cases, {Status.KNOWN}))
    _observed(console, findings(cases, {Status.OBSERVED}))
    _last(console, head, cases, end, failures)


def _key(console: Console) -> None:
    console.print(
        Text(
            "number: clauses kept (of those that apply)  FAIL: a MUST is broken  warn: a SHOULD is not kept\n"
            "?: not measured   seen: observed only   -: does not apply",
            style="dim",
        )
    )


def _problem(console: Console, spec: Spec, finding: Finding, style: str) -> None:
    case = finding.first
    clause = spec.clauses.get(finding.clause)
    console.print(
        Text.assemble(
            "\n  ", (finding.clause, style), f"  {case['level']}  ", (_places(finding.places), "bold")
        )
    )
    rows = [
        ("clause", clause.sentence if clause else ""),
        ("source", source_line(spec, case["source"])),
        ("expected", case["expected"]),
        ("came", case["actual"]),
        ("note", case.get("reason")),
        ("try it", case["curl"]),
        ("arrived", case.get("journal")),
    ]
    for name, value in rows:
        if value not in ("", None):
            room = max(console.width - _INDENT, 20)
            lines = _lines(value, None if name in ("try it", "arrived") else room)
            text = ("\n" + " " * _INDENT).join(lines)
            console.print(Text.assemble((f"    {name:<9}", "dim"), text), soft_wrap=True)
    others = len(finding.variants) - 1
    if others:
        console.print(
            Text(
                f"             ({others} other answer(s) elsewhere: see the result file)",
                style="dim",
            )
        )


def _lines(value: Any, room: int | None) -> list[str]:
    """A value on lines no longer than `room`; of a list of texts each begins a line of its own."""
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return [line for item in value for line in _lines(item, room)]
    return str(value).split("\n") if room is None else textwrap.wrap(str(value), room)


def _resting(console: Console, found: Sequence[Finding]) -> None:
    reasons = dict.fromkeys(str(finding.first["reason"]) for finding in found)
    for reason in reasons:
        clauses = [finding.clause for finding in found if finding.first["reason"] == reason]
        text = textwrap.fill(", ".join(clauses), max(console.width - 6, 20), break_on_hyphens=False)
        console.print(Text(f"\n  {reason}; the clauses that rest on it:", style="dim"))
        console.print(textwrap.indent(text, "    "), markup=False, highlight=False)


def _places(places: Sequence[str]) -> str:
    more = len(places) - _SHOWN_PLACES
    return ", ".join(places[:_SHOWN_PLACES]) + (f" and {more} more" if more > 0 else "")


def _known(console: Console, found: Sequence[Finding]) -> None:
    if found:
        console.print(Text("\nKNOWN (in the baseline; fails nothing)", style="cyan"))
    for finding in found:
        reason = finding.first.get("reason") or finding.first["actual"]
        console.print(
            f"  {finding.clause:<28} {_places(finding.places)}: {reason}", markup=False, highlight=False
        )


def _observed(console: Console, found: Sequence[Finding]) -> None:
    if not found:
        return
    console.print(
        Text("\nOBSERVED (sources disagree or say nothing: this is what the target does)", style="blue")
    )
    for finding in found[:_SHOWN_FAILURES]:
        answers = Counter(str(case["actual"])[:_LONGEST_ANSWER] for case in finding.cases)
        text = "; ".join(
            f"{answer} ({count}x)" if count > 1 else answer for answer, count in answers.most_common(2)
        )
        console.print(f"  {finding.clause:<28} {text}", markup=False, highlight=False)
    if len(found) > _SHOWN_FAILURES:
        console.print(f"  ... and {len(found) - _SHOWN_FAILURES} more clauses: see the result file")


def _last(
    console: Console,
    head: Mapping[str, Any],
    cases: Sequence[Mapping[str, Any]],
    end: Mapping[str, Any],
    failures: Sequence[Finding],
) -> None:
    console.print()
    console.print(verdict(head, cases, end))
    if end.get("stopped"):
        console.print(Text(f"stopped before the plan was done: {end['stopped']}", style="yellow"))
    console.print(f"evidence and results: {end['out']}", markup=False, highlight=False)
    if failures:
        console.print(
            f"next: qwen-image-conformance explain {failures[0].clause}", markup=False, highlight=False
        )


def verdict(head: Mapping[str, Any], cases: Sequence[Mapping[str, Any]], end: Mapping[str, Any]) -> Text:
    """One line: conforms, does not, or stopped early; MUST clauses kept of those judged; cases by status."""
    word = Text("CONFORMS", style="bold green")
    if not conforms(cases):
        word = Text("DOES NOT CONFORM", style="bold red")
    elif end.get("stopped"):
        word = Text("UNFINISHED", style="bold yellow")
    counts = ", ".join(f"{count} {name}" for name, count in end["counts"].items())
    return Text.assemble(
        word,
        f"  {head['provider']} at {head['target']}: MUST {tally(cases, 'MUST')}; {counts}; "
        f"{end['requests']} requests, {end['images']} pictures, {end['seconds']:.1f} s",
    )


__all__ = ["show", "source_line", "verdict"]
