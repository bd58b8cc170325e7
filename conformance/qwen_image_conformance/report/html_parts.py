"""The sections of the HTML report as plain values, ready for the template."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qwen_image_conformance.report import compare
from qwen_image_conformance.report.findings import Finding, findings
from qwen_image_conformance.report.grid import Row, grid
from qwen_image_conformance.report.provenance import Provenance
from qwen_image_conformance.report.read import Record
from qwen_image_conformance.report.tally import KEPT, UNDECIDED
from qwen_image_conformance.verdict import Status
from qwen_image_spec.model import Dispute

_MOST_ANSWERS = 3


@dataclass(frozen=True, slots=True)
class Table:
    """One part of the matrix: the rows of a provider that have much the same columns."""

    caption: str
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed since another run: one line, the groups worth reading, the clauses no longer measured."""

    summary: str
    groups: Sequence[Sequence[compare.Change]]
    gone: Sequence[str]


@dataclass(frozen=True, slots=True)
class Settled:
    """A dispute with its values (value, sources) and what this target did: clause and answer."""

    dispute: Dispute
    values: Sequence[tuple[str, Sequence[str]]]
    answers: Sequence[tuple[str, str]]


@dataclass(slots=True)
class Entry:
    """One clause of the appendix."""

    clause: str
    sentence: str
    levels: list[str] = field(default_factory=list)
    evidence: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    counts: Counter[Status] = field(default_factory=Counter)

    @property
    def worst(self) -> Status:
        """The worst status of the clause."""
        return max(self.counts, key=lambda status: status.rank)

    @property
    def result(self) -> str:
        """How it came out, in words: kept of judged, then whatever had no verdict."""
        judged = sum(count for status, count in self.counts.items() if status not in UNDECIDED)
        kept = sum(count for status, count in self.counts.items() if status in KEPT)
        parts = [f"{kept} of {judged} kept"] if judged else []
        parts += [
            f"{self.counts[status]} {word}"
            for status, word in ((Status.OBSERVED, "observed"), (Status.NOT_RUN, "not measured"))
            if self.counts[status]
        ]
        return ", ".join(parts)


def tables(run: Record) -> list[Table]:
    """The matrix: for each provider what concerns whole endpoints, then its models."""
    made = []
    for provider in dict.fromkeys(str(case["provider"]) for case in run.cases):
        rows = grid(case for case in run.cases if case["provider"] == provider)
        for caption, chosen in (
            (f"{provider}: endpoints", [row for row in rows if row.shared]),
            (f"{provider}: models", [row for row in rows if not row.shared]),
        ):
            if chosen:
                made.append(Table(caption, chosen))
    return made


def changes(previous: Record, run: Record) -> Changes:
    """What changed since an older run. Unbroken new cases are only counted."""
    found = compare.compare(previous, run)
    listed = [
        change
        for change in found
        if change.kind not in (compare.Kind.NEW, compare.Kind.GONE) or change.broken
    ]
    gone = dict.fromkeys(change.clause for change in found if change.kind is compare.Kind.GONE)
    return Changes(compare.summary(found), compare.grouped(listed), list(gone))


def disputes(about: Provenance, run: Record) -> list[Settled]:
    """The disputes this run touches, open ones first, with what the target did."""
    made = [
        Settled(asked.dispute, _values(about, asked.dispute), _answers(asked.cases))
        for asked in about.disputes(run.cases)
    ]
    return sorted(made, key=lambda one: one.dispute.settled)


def unmeasured(run: Record) -> list[tuple[str, list[Finding]]]:
    """Reason -> the clauses that were not measured for it."""
    reasons: dict[str, list[Mapping[str, Any]]] = {}
    for case in run.cases:
        if case["status"] == Status.NOT_RUN:
            reasons.setdefault(str(case.get("reason") or "no reason given"), []).append(case)
    return [(reason, findings(cases, {Status.NOT_RUN})) for reason, cases in reasons.items()]


def appendix(about: Provenance, run: Record) -> list[tuple[str, list[Entry]]]:
    """Clause group -> every clause of the run with level, evidence, sources and result."""
    found: dict[str, dict[str, Entry]] = {}
    for case in run.cases:
        clauses = found.setdefault(str(case["group"]), {})
        entry = clauses.setdefault(str(case["clause"]), Entry(str(case["clause"]), about.sentence(case)))
        for values, value in (
            (entry.levels, str(case["level"])),
            (entry.evidence, about.evidence(case)),
            (entry.sources, str(case["source"])),
        ):
            if value not in values:
                values.append(value)
        entry.counts[Status(case["status"])] += 1
    return [(group, list(clauses.values())) for group, clauses in found.items()]


def _values(about: Provenance, dispute: Dispute) -> list[tuple[str, list[str]]]:
    """Each value with the sources that say so."""
    found: dict[str, list[str]] = {}
    for source, value in dispute.values:
        known = about.spec.sources.get(source)
        found.setdefault(value, []).append(
            f"{known.title} ({known.publisher})" if known is not None else source
        )
    return list(found.items())


def _answers(cases: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Clause -> what the target did, at how many models."""
    found: dict[str, Counter[str]] = {}
    for case in cases:
        found.setdefault(str(case["clause"]), Counter())[_answer(case)] += 1
    return [
        (
            clause,
            "; ".join(
                f"{answer} ({count} times)" if count > 1 else answer
                for answer, count in answers.most_common(_MOST_ANSWERS)
            ),
        )
        for clause, answers in found.items()
    ]


def _answer(case: Mapping[str, Any]) -> str:
    if case["status"] == Status.PASS:
        return "as our contract says"
    if case["status"] == Status.NOT_RUN:
        return "not measured"
    return compare.told(case)
