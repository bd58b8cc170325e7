"""The report as Markdown for the summary of a CI job: short when all is well, failures with their proof."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from qwen_image_conformance.report import compare, grid
from qwen_image_conformance.report.badge import text as badge
from qwen_image_conformance.report.clients import breakages
from qwen_image_conformance.report.findings import Finding, findings
from qwen_image_conformance.report.provenance import Provenance
from qwen_image_conformance.report.read import Record
from qwen_image_conformance.report.tally import FAILING, conforms
from qwen_image_conformance.verdict import Status
from qwen_image_spec.loader import load
from qwen_image_spec.model import Spec

_MOST = 25
_LONGEST = 4000
_WORDS = {
    Status.PASS: "✅",
    Status.KNOWN: "☑️ known",
    Status.OBSERVED: "👁",
    Status.WARN: "⚠️ warn",
    Status.FAIL: "❌ FAIL",
    Status.FIXED: "❌ FIXED",
    Status.ERROR: "❌ ERROR",
    Status.NOT_RUN: "❔",
    Status.NOT_APPLICABLE: "–",
}
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~])")


def render(run: Record, spec: Spec | None = None, previous: Record | None = None) -> str:
    """The summary of a run; `spec` is the shipped contract unless given.

    With a previous run it tells what changed.
    """
    about = Provenance(spec or load(), run)
    parts = [_verdict(run)]
    if previous is not None:
        parts.append(_changes(previous, run))
    problems = findings(run.cases, FAILING)
    weak = findings(run.cases, {Status.WARN})
    known = findings(run.cases, {Status.KNOWN})
    matrix = _matrix(run)
    parts.append(matrix if problems or weak else _details("Models and clause groups", matrix))
    parts += _section("Broken", problems, about)
    parts += _section("Weak: a SHOULD is not kept (fails nothing)", weak, about)
    parts += _section("Known: in the baseline (fails nothing)", known, about)
    parts += _clients(run, about.spec)
    return "\n\n".join(parts) + "\n"


def _verdict(run: Record) -> str:
    word = "does not conform" if not conforms(run.cases) else "unfinished" if run.unfinished else "conforms"
    glyph = {"conforms": "✅", "unfinished": "⚠️"}.get(word, "❌")
    lines = [f"### {glyph} {_plain(run.head['provider'])} {word}: {badge(run)}"]
    end = run.end
    spent = (
        f"{end['requests']} requests, {end['images']} pictures, {end['seconds']:.1f} s"
        if end is not None
        else "the result file has no end"
    )
    lines.append(f"{_code(run.head['target'])} · contract {_plain(run.head.get('spec', '?'))} · {spent}")
    if end is not None and end.get("stopped"):
        lines.append(f"Stopped before the plan was done: {_plain(end['stopped'])}")
    return "\n\n".join(lines)


def _changes(previous: Record, run: Record) -> str:
    changes = compare.compare(previous, run)
    summary = f"Since the last run: {compare.summary(changes)}."
    listed = [change for change in changes if change.kind in (compare.Kind.REGRESSED, compare.Kind.FIXED)]
    return _details(summary, _fence(compare.text(changes))) if listed else summary


def _matrix(run: Record) -> str:
    rows = grid.grid(run.cases)
    names = grid.groups(rows)
    lines = ["| " + " | ".join(["model", "operation", *names]) + " |", "|" + " --- |" * (len(names) + 2)]
    for row in rows:
        name = _plain(row.name) + (f" and {row.more} more like it" if row.more else "")
        lines.append(
            "| "
            + " | ".join([name, _plain(row.operation), *(_cell(row.cells.get(group)) for group in names)])
            + " |"
        )
    return "\n".join(lines)


def _cell(cell: grid.Cell | None) -> str:
    if cell is None:
        return "–"
    if not cell.measured or cell.only_observed:
        return _WORDS[cell.worst]
    looks = Status.PASS if cell.worst is Status.OBSERVED else cell.worst
    return f"{_WORDS[looks]} {cell.kept}/{cell.applicable}"


def _section(title: str, found: Sequence[Finding], about: Provenance) -> list[str]:
    if not found:
        return []
    parts = [f"#### {title}", *(_finding(finding, about) for finding in found[:_MOST])]
    if len(found) > _MOST:
        parts.append(f"... and {len(found) - _MOST} more clauses: see the result file.")
    return parts


def _finding(finding: Finding, about: Provenance) -> str:
    case = finding.first
    source = about.source(case)
    lines = [
        f"- **{_code(finding.clause)}** {_plain(case['level'])}: {_plain(about.sentence(case))}",
        f"  expected {_code(case['expected'])}, came {_codes(case['actual'])}",
        f"  at {_plain(', '.join(finding.places))}",
    ]
    if source is not None:
        title = (
            f"[{_plain(source.title)}]({source.url.replace(')', '%29')})"
            if source.url.startswith(("https://", "http://"))
            else _plain(source.title)
        )
        lines.append(
            f"  source: {title}, {_plain(source.publisher)}, read {source.read} ({about.evidence(case)})"
        )
    if case.get("reason"):
        lines.append(f"  {_plain(case['reason'])}")
    if case.get("journal"):
        lines.append("  what arrived: " + ", ".join(map(_code, str(case["journal"]).split("\n"))))
    text = "  \n".join(lines)
    return text + ("\n\n" + _indented(_details("curl", _fence(case["curl"], "sh"))) if case["curl"] else "")


def _clients(run: Record, spec: Spec) -> list[str]:
    found = breakages(run.cases, spec)
    if not found:
        return []
    lines = [
        f"- {_plain(one.client.name)} {_plain(one.client.version)}: "
        + "; ".join(f"{_code(clause)} {_plain(harm)}" for clause, harm in one.clauses.items())
        for one in found
    ]
    who = "1 known client needs" if len(found) == 1 else f"{len(found)} known clients need"
    return [_details(f"{who} a broken clause", "\n".join(lines))]


def _details(summary: str, body: str) -> str:
    return f"<details><summary>{_plain(summary)}</summary>\n\n{body}\n\n</details>"


def _fence(text: str, language: str = "") -> str:
    """A code block whose fence is longer than any run of backticks in the text."""
    cut = (
        text if len(text) <= _LONGEST else text[:_LONGEST] + "\n... cut: the whole request is in the evidence"
    )
    longest = max((len(run) for run in re.findall(r"`+", cut)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{cut.rstrip()}\n{fence}"


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" if line else line for line in text.split("\n"))


def _plain(value: Any) -> str:
    """Text that stays text in Markdown, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(str(value).split())).replace("&", "&amp;")


def _codes(value: Any) -> str:
    """A value as code; of a list of texts each by itself, so that none is cut off because of the others."""
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return "; ".join(map(_code, value))
    return _code(value)


def _code(value: Any) -> str:
    """A value as code on one line, at most 300 characters."""
    text = " ".join(str(value).split()).replace("|", "¦") or " "
    text = text if len(text) <= 300 else text[:297] + "..."
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    ticks = "`" * (longest + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"
