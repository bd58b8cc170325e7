"""The report in a terminal: the matrix, the failures, the next step."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from qwen_image_conformance.verdict import Status
from qwen_image_spec.model import Spec

_GLYPHS = {Status.PASS: ("ok", "green"), Status.KNOWN: ("known", "cyan"), Status.OBSERVED: ("seen", "blue"), Status.WARN: ("warn", "yellow"),
           Status.FAIL: ("FAIL", "bold red"), Status.FIXED: ("FIXED", "bold red"), Status.ERROR: ("ERROR", "bold red"), Status.NOT_RUN: ("?", "dim")}
_SHOWN_FAILURES = 12
_HEADINGS = {"response-format": "format", "response": "answer", "methods": "http", "errors": "error", "prompt": "text", "images": "input", "tasks": "task"}


def show(console: Console, spec: Spec, head: Mapping[str, Any], cases: Sequence[Mapping[str, Any]], end: Mapping[str, Any]) -> None:
    """Print the report of a run from its events."""
    console.print()
    console.print(matrix(cases))
    _key(console)
    problems = [case for case in cases if Status(case["status"]).rank >= Status.WARN.rank]
    failures = [case for case in problems if case["status"] != Status.WARN]
    warnings = [case for case in problems if case["status"] == Status.WARN]
    for title, chosen, style in (("BROKEN", failures, "bold red"), ("WEAK (a SHOULD is not kept; fails nothing)", warnings, "yellow")):
        if chosen:
            console.print(Text(f"\n{title}", style=style))
            for group in _grouped(chosen)[:_SHOWN_FAILURES]:
                _problem(console, spec, group)
            rest = len(_grouped(chosen)) - _SHOWN_FAILURES
            if rest > 0:
                console.print(f"  ... and {rest} more clauses: see the result file")
    _observed(console, cases)
    _last(console, head, cases, end, failures)


def matrix(cases: Sequence[Mapping[str, Any]]) -> Table:
    """Models by clause groups: passed of judged, and the worst status."""
    groups = list(dict.fromkeys(case["group"] for case in cases))
    cells: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for case in cases:
        cells[_row(case), case["group"]].append(case)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column("model", no_wrap=True, overflow="fold")
    for group in groups:
        table.add_column(_HEADINGS.get(group, group), justify="right", no_wrap=True)
    for row in dict.fromkeys(_row(case) for case in cases):
        table.add_row(row, *(_cell(cells.get((row, group), [])) for group in groups))
    return table


def _row(case: Mapping[str, Any]) -> str:
    if case["model"] == "*":
        return "(every model)"
    return str(case["model"]) + ("" if case["operation"] == "generate" else f" {case['operation']}")


def _cell(cases: Sequence[Mapping[str, Any]]) -> Text:
    if not cases:
        return Text("-", style="dim")
    worst = max((Status(case["status"]) for case in cases), key=lambda status: status.rank)
    judged = [case for case in cases if case["status"] not in (Status.NOT_RUN, Status.NOT_APPLICABLE)]
    passed = sum(case["status"] == Status.PASS for case in judged)
    if not judged:
        return Text("?", style="dim")
    word, style = _GLYPHS[worst]
    bad = sum(case["status"] == worst for case in judged)
    if worst in (Status.PASS, Status.OBSERVED, Status.KNOWN):
        return Text(f"{passed}", style="green")
    return Text(f"{bad} {word}", style=style)


def _key(console: Console) -> None:
    console.print(Text("number: clauses kept   FAIL: a MUST is broken   warn: a SHOULD is not kept   ?: not measured   -: does not apply", style="dim"))


def _grouped(cases: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for case in cases:
        found[case["clause"]].append(case)
    return list(found.values())


def _problem(console: Console, spec: Spec, group: Sequence[Mapping[str, Any]]) -> None:
    case = group[0]
    clause = spec.clauses.get(case["clause"])
    style = "bold red" if case["status"] != Status.WARN else "yellow"
    where = ", ".join(dict.fromkeys(_row(one) for one in group))
    console.print(Text.assemble(("\n  ", ""), (case["clause"], style), f"  {case['level']}  ", (where, "bold")))
    rows = [("clause", clause.sentence if clause else ""), ("source", source_line(spec, case["source"])), ("expected", case["expected"]),
            ("came", case["actual"]), ("try it", case["curl"])]
    for name, value in rows:
        if value not in ("", None):
            text = str(value).replace("\n", "\n             ")
            console.print(Text.assemble((f"    {name:<9}", "dim"), text), soft_wrap=name == "try it")


def source_line(spec: Spec, source: str) -> str:
    """A source for people: title, publisher, and when it was read."""
    known = spec.sources.get(source)
    if known is None:
        return source
    return f"{known.title}, {known.publisher} (read {known.read})" + (f" {known.url}" if known.url else "")


def _observed(console: Console, cases: Sequence[Mapping[str, Any]]) -> None:
    seen = [case for case in cases if case["status"] == Status.OBSERVED]
    if not seen:
        return
    console.print(Text("\nOBSERVED (sources disagree or say nothing: this is what the target does)", style="blue"))
    for group in _grouped(seen)[:_SHOWN_FAILURES]:
        answers = Counter(str(case["actual"])[:100] for case in group)
        text = "; ".join(f"{answer} ({count}x)" if count > 1 else answer for answer, count in answers.most_common(2))
        console.print(f"  {group[0]['clause']:<28} {text}", markup=False, highlight=False)


def _last(console: Console, head: Mapping[str, Any], cases: Sequence[Mapping[str, Any]], end: Mapping[str, Any],
          failures: Sequence[Mapping[str, Any]]) -> None:
    console.print()
    console.print(verdict(head, cases, end))
    console.print(f"evidence and results: {end['out']}", markup=False, highlight=False)
    if failures:
        console.print(f"next: qwen-image-conformance explain {failures[0]['clause']}", markup=False, highlight=False)


def verdict(head: Mapping[str, Any], cases: Sequence[Mapping[str, Any]], end: Mapping[str, Any]) -> Text:
    """One line: conforms or not, and the counts."""
    broken = any(Status(case["status"]).rank > Status.WARN.rank for case in cases)
    must = [case for case in cases if case["level"] == "MUST" and case["status"] not in (Status.NOT_RUN, Status.NOT_APPLICABLE, Status.OBSERVED)]
    kept = sum(case["status"] == Status.PASS for case in must)
    word = Text("DOES NOT CONFORM", style="bold red") if broken else Text("CONFORMS", style="bold green")
    counts = ", ".join(f"{count} {name}" for name, count in end["counts"].items())
    return Text.assemble(word, f"  {head['provider']} at {head['target']}: MUST {kept}/{len(must)}; {counts}; "
                               f"{end['requests']} requests, {end['images']} pictures, {end['seconds']:.1f} s")
