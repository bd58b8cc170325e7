"""Two runs side by side: what got worse, what got better, what came and what went."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from qwen_image_conformance.report.findings import place
from qwen_image_conformance.report.read import Record
from qwen_image_conformance.verdict import Status

Case = Mapping[str, Any]
Key = tuple[str, str, str, str]
_UNMEASURED = (Status.NOT_RUN, Status.NOT_APPLICABLE, Status.ERROR)
_HARM = {Status.WARN: 1, Status.FAIL: 2, Status.KNOWN: 2}


class Kind(StrEnum):
    """What became of a case, worst first.

    `regressed`: it is broken and was not, or is broken worse. `changed`: another status or answer, neither
    better nor worse (also an error of the harness). `gone`: measured before, not any more. `new`: measured
    now, not before. `fixed`: was broken.
    """

    REGRESSED = "regressed"
    CHANGED = "changed"
    GONE = "gone"
    NEW = "new"
    FIXED = "fixed"


@dataclass(frozen=True, slots=True)
class Change:
    """One case that differs between two runs.

    `before` and `after` are its events; None where the run has no such case.
    """

    kind: Kind
    before: Case | None
    after: Case | None

    @property
    def case(self) -> Case:
        """The newer of the two events."""
        return self.after if self.after is not None else (self.before or {})

    @property
    def clause(self) -> str:
        """The clause it is about."""
        return str(self.case["clause"])

    @property
    def key(self) -> Key:
        """Clause, provider, model and operation."""
        return _key(self.case)

    @property
    def broken(self) -> bool:
        """Whether the case is broken now."""
        return self.after is not None and self.after["status"] in _HARM


def compare(old: Record, new: Record) -> list[Change]:
    """The differences of two runs, worst kinds first, in the order of the newer run.

    Cases neither run measured are left out.
    """
    before = {_key(case): case for case in old.cases}
    after = {_key(case): case for case in new.cases}
    changes = [
        Change(kind, before.get(key), after.get(key))
        for key in dict.fromkeys((*after, *before))
        if (kind := _kind(before.get(key), after.get(key))) is not None
    ]
    return sorted(changes, key=lambda change: list(Kind).index(change.kind))


def summary(changes: Sequence[Change]) -> str:
    """One line: how many cases of each kind; `nothing changed` when there are none."""
    counts = Counter(change.kind for change in changes)
    parts = [f"{counts[kind]} {kind}" for kind in Kind if counts[kind]]
    broken = sum(change.broken for change in changes if change.kind is Kind.NEW)
    return (
        (", ".join(parts) + (f" ({broken} of the new ones broken)" if broken else ""))
        if parts
        else "nothing changed"
    )


def grouped(changes: Sequence[Change]) -> list[list[Change]]:
    """Changes that read alike, together: same kind, clause, statuses and answers, at several models."""
    found: dict[tuple[str, ...], list[Change]] = {}
    for change in changes:
        found.setdefault((change.kind, change.clause, told(change.before), told(change.after)), []).append(
            change
        )
    return list(found.values())


def told(case: Case | None) -> str:
    """A case in a few words: its status and what came, at most 160 characters."""
    if case is None:
        return "no such case"
    if case["status"] in (Status.PASS, Status.NOT_RUN, Status.NOT_APPLICABLE) or case["actual"] is None:
        return str(case["status"])
    text = f"{case['status']}: {case['actual']}"
    return text if len(text) <= 160 else text[:157] + "..."


def text(changes: Sequence[Change]) -> str:
    """The differences for a terminal, ending in the summary line.

    Unbroken new cases are counted, not listed.
    """
    lines = []
    for group in grouped(
        [change for change in changes if change.kind not in (Kind.NEW, Kind.GONE) or change.broken]
    ):
        first = group[0]
        places = list(dict.fromkeys(place(change.case) for change in group))
        shown = ", ".join(places[:4]) + (f" and {len(places) - 4} more" if len(places) > 4 else "")
        lines += [
            f"{first.kind.upper():<10} {first.clause}  {first.case['level']}  {shown}",
            f"{'':<10} before: {told(first.before)}",
            f"{'':<10} now:    {told(first.after)}",
        ]
    gone = sorted({change.clause for change in changes if change.kind is Kind.GONE})
    if gone:
        lines.append(
            f"{'GONE':<10} {', '.join(gone[:8])}"
            + (f" and {len(gone) - 8} more clauses" if len(gone) > 8 else "")
        )
    return "\n".join([*lines, summary(changes)]) + "\n"


def _key(case: Case) -> Key:
    return (case["clause"], case["provider"], case["model"], case["operation"])


def _kind(before: Case | None, after: Case | None) -> Kind | None:
    was = None if before is None or before["status"] in _UNMEASURED else before
    now = None if after is None or after["status"] in _UNMEASURED else after
    if was is None or now is None:
        return _half(before, after, was, now)
    harm_was, harm_now = _HARM.get(was["status"], 0), _HARM.get(now["status"], 0)
    if harm_now > harm_was:
        return Kind.REGRESSED
    if harm_was and not harm_now:
        return Kind.FIXED
    told_apart = now["status"] != Status.PASS and was["actual"] != now["actual"]
    return Kind.CHANGED if was["status"] != now["status"] or told_apart else None


def _half(before: Case | None, after: Case | None, was: Case | None, now: Case | None) -> Kind | None:
    """One side was not measured. An error where there was a verdict, or the other way round, is a change."""
    if was is None and now is None:
        errors = [case is not None and case["status"] == Status.ERROR for case in (before, after)]
        return Kind.CHANGED if errors == [False, True] else None
    if now is None:
        return Kind.CHANGED if after is not None and after["status"] == Status.ERROR else Kind.GONE
    return Kind.NEW
