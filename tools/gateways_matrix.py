"""The matrix of real gateways as Markdown: what each route of each gateway does to a request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_BROKEN = ("fail", "warn", "error")
_RESTS = "not testable"
BY_HAND = "<!-- Written by hand from here on, and kept by make gateways. -->"
_HEAD = """\
# Real gateways

Each gateway ran on the loopback with the mock as its upstream, and was held to a contract by both ends: what it answers,
and what reaches the upstream. Made by `make gateways` on {date}; the descriptions stand in [gateways](../../gateways).

A gateway that was never made for these models breaks clauses without being broken: a finding says what a client loses
there. Levels: **fail** is a MUST of the contract in the third column, warn a SHOULD. What could not be tested, because no
plain request was served, counts as not run. LiteLLM runs without its database, and its answers to a wrong key depend on it.

| gateway | route | held to | cases | pass | fail | warn | not run | requests | seconds |
|---|---|---|---:|---:|---:|---:|---:|---:|---:|
"""


@dataclass(frozen=True)
class Row:
    """One route of one gateway: the cases of its run and how the run ended. `why` tells why there is none."""

    title: str
    version: str
    route: str
    provider: str
    exit_code: int
    cases: Sequence[Mapping[str, Any]] = ()
    end: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    why: str = ""


def write(path: Path, rows: Sequence[Row]) -> None:
    """Write the matrix: a line for each route, then the clauses broken anywhere, by route.

    What stands below the mark in the file that is there was written by hand, and is kept.
    """
    _, mark, kept = path.read_text("utf-8").partition(BY_HAND) if path.exists() else ("", "", "")
    path.parent.mkdir(parents=True, exist_ok=True)
    text = _HEAD.format(date=datetime.now(tz=UTC).date().isoformat()) + "".join(_line(row) for row in rows)
    ran = [row for row in rows if not row.why]
    path.write_text(
        text + _clauses(ran) + _reports(path.parent, ran) + (f"\n{mark}{kept}" if mark else ""), "utf-8"
    )


def _status(case: Mapping[str, Any]) -> str:
    """The status of a case; one that only rests on another that is broken was not tested."""
    rests = case["status"] in _BROKEN and str(case.get("reason") or "").startswith(_RESTS)
    return "not-run" if rests else str(case["status"])


def _line(row: Row) -> str:
    name = f"{row.title} {row.version}".strip()
    if row.why:
        return f"| {name} | {row.route} | {row.provider} | not available here: {row.why} |||||||\n"
    counts = Counter(_status(case) for case in row.cases)
    shown = [counts["pass"], counts["fail"] + counts["error"], counts["warn"], counts["not-run"]]
    figures = [len(row.cases), *shown, row.end["requests"], round(row.seconds)]
    return f"| {name} | {row.route} | {row.provider} | " + " | ".join(str(one) for one in figures) + " |\n"


def _clauses(rows: Sequence[Row]) -> str:
    """Which clause is broken where: the worst status of it among the models of a route."""
    broken: dict[str, dict[int, str]] = {}
    for index, row in enumerate(rows):
        for case in row.cases:
            status = _status(case)
            if status in _BROKEN:
                known = broken.setdefault(case["clause"], {})
                known[index] = "fail" if "fail" in (status, known.get(index)) else status
    heads = [f"{row.title.partition(' ')[0]} {row.route}" for row in rows]
    lines = ["", "## Clauses broken, by route", "", "| clause | " + " | ".join(heads) + " |"]
    lines.append("|---|" + "---|" * len(heads))
    order = sorted(broken, key=lambda clause: (not clause.startswith("gateway."), clause))
    for clause in order:
        cells = [broken[clause].get(index, "") for index in range(len(rows))]
        shown = " | ".join(f"**{cell}**" if cell == "fail" else cell for cell in cells)
        lines.append(f"| `{clause}` | {shown} |")
    return "\n".join(lines) + "\n"


def _reports(folder: Path, rows: Sequence[Row]) -> str:
    files = [(row, folder / f"{row.title.partition(' ')[0].lower()}-{row.route}.md") for row in rows]
    links = [f"- [{row.title}, {row.route}]({file.name})" for row, file in files if file.exists()]
    return "\n## Reports\n\n" + "\n".join(links) + "\n" if links else ""
