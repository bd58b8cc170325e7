"""What a client was found to do: as events of a result file, and as text."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.text import Text

from qwen_image_conformance import events
from qwen_image_conformance.client_findings import Finding
from qwen_image_conformance.client_journal import Entry
from qwen_image_conformance.curl import curl
from qwen_image_conformance.exchange import Exchange, Received, Sent
from qwen_image_conformance.report import junit
from qwen_image_conformance.report.provenance import source_line
from qwen_image_conformance.verdict import Status
from qwen_image_spec.model import Spec

Json = Any
JOURNAL = "journal.jsonl"
_MOCK = "http://127.0.0.1:8000"  # where `qwen-image-mock` listens, to send a request again by hand
_STYLES = {Status.FAIL: "bold red", Status.WARN: "yellow", Status.ERROR: "bold red", Status.OBSERVED: "blue"}
_FORMS = ("content-type", "x-dashscope-async", "x-dashscope-sse")


@dataclass
class ClientReport:
    """A client's visit, judged. `client_exit` is its own exit code, None when it had to be stopped."""

    head: dict[str, Json]
    findings: list[Finding]
    requests: int
    pictures: int
    fetches: int
    seconds: float
    client_exit: int | None
    exit_code: int
    out: Path
    cases: list[dict[str, Json]] = field(default_factory=list)

    def write(self, journal: Sequence[Entry]) -> None:
        """Write the results, the JUnit report and the journal they rest on."""
        self.out.mkdir(parents=True, exist_ok=True)
        provider = str(self.head["provider"])
        self.cases = [case_event(finding, provider) for finding in self.findings]
        counts = Counter(finding.status.value for finding in self.findings)
        end = {
            "counts": {status.value: counts[status.value] for status in Status if counts[status.value]},
            "exit": self.exit_code,
            "requests": self.requests,
            "images": self.pictures,
            "seconds": round(self.seconds, 3),
            "stopped": "",
            "out": str(self.out),
            "fetches": self.fetches,
            "client_exit": self.client_exit,
        }
        events.write(self.out / events.FILE, self.head, self.cases, end)
        junit.write(self.out / "junit.xml", self.cases, f"a client of {provider}")
        lines = [orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE) for entry in journal]
        (self.out / JOURNAL).write_bytes(b"".join(lines))


def case_event(finding: Finding, provider: str) -> dict[str, Json]:
    """A finding in the form of a case of a run, of the side `client`."""
    return {
        "event": "case",
        "clause": finding.clause,
        "group": finding.group,
        "level": finding.level.value,
        "provider": provider,
        "model": finding.model,
        "operation": finding.operation,
        "status": finding.status.value,
        "expected": finding.expected,
        "actual": finding.actual,
        "source": finding.source,
        "curl": command_of(finding.first) if finding.first is not None else "",
        "images": 0,
        "exchange": " ".join(finding.entries),
        "judged": finding.count,
        "reason": finding.reason,
        "side": "client",
    }


def command_of(entry: Entry) -> str:
    """A curl command that sends a request of the journal to a mock; empty where the journal lost its body."""
    body = entry["body"]
    if not isinstance(body, dict) or "multipart" in entry["headers"].get("content-type", ""):
        return "" if body is not None else _command(entry, b"")
    return _command(entry, orjson.dumps(body))


def _command(entry: Entry, body: bytes) -> str:
    given: Mapping[str, str] = entry["headers"]
    headers = {name: given[name] for name in _FORMS if name in given}
    if "authorization" in given:
        headers["authorization"] = "Bearer $OPENAI_API_KEY"
    sent = Sent(entry["method"], _MOCK + entry["path"], headers, body)
    return curl(Exchange(str(entry["id"]), "", "", "", "", "", sent, Received(int(entry["status"]))))


def console_for(stream: Any = None) -> Console:
    """The console a report is printed on."""
    out = stream or sys.stdout
    return Console(file=out, width=None if out.isatty() else 150, highlight=False)


def tell(console: Console, spec: Spec, report: ClientReport) -> None:
    """Print what was found: what is broken first, then what was told, then one line."""
    for finding in report.findings:
        if finding.status in (Status.FAIL, Status.WARN, Status.ERROR):
            _problem(console, spec, finding)
    told = [finding for finding in report.findings if finding.status in (Status.OBSERVED, Status.PASS)]
    if told:
        console.print()
    for finding in told:
        word = "ok" if finding.status is Status.PASS else "seen"
        console.print(Text(f"  {word:<5}{finding.clause:<26}{finding.actual}"), soft_wrap=True)
    counts = Counter(finding.status for finding in report.findings)
    good = report.exit_code == 0
    ended = "was stopped" if report.client_exit is None else f"ended with {report.client_exit}"
    console.print(
        Text.assemble(
            "\n",
            ("KEEPS THE CONTRACT" if good else "BREAKS THE CONTRACT", "bold green" if good else "bold red"),
            f"  {report.head['provider']}: {counts[Status.FAIL]} MUST, {counts[Status.WARN]} SHOULD broken; "
            f"{report.requests} requests, {report.pictures} pictures, {report.fetches} fetched, "
            f"{report.seconds:.1f} s; the client {ended}",
        ),
        soft_wrap=True,
    )
    console.print(f"journal and results: {report.out}", markup=False, highlight=False, soft_wrap=True)


def _problem(console: Console, spec: Spec, finding: Finding) -> None:
    where = "" if finding.model == "*" else f"  {finding.model}"
    operation = "" if finding.operation == "*" else f" ({finding.operation})"
    style = _STYLES[finding.status]
    times = f"  {finding.count} x" if finding.count > 1 else ""
    console.print(
        Text.assemble(
            "\n  ", (finding.clause, style), f"  {finding.level.value}{times}", (where + operation, "bold")
        ),
        soft_wrap=True,
    )
    rows = (
        ("clause", finding.sentence),
        ("source", source_line(spec, finding.source)),
        ("expected", finding.expected),
        ("came", finding.actual),
        ("note", finding.reason),
        ("hint", finding.hint),
        ("try it", command_of(finding.first) if finding.first is not None else ""),
    )
    for name, value in rows:
        if value not in ("", None):
            console.print(Text.assemble((f"    {name:<9}", "dim"), str(value)), soft_wrap=True)
