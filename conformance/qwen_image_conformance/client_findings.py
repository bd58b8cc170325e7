"""What a client's visit shows: what its requests break, and how it behaved. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from qwen_image_conformance.client_journal import Entry, Visit, model_of
from qwen_image_conformance.verdict import Status
from qwen_image_spec.cases import Case, cases
from qwen_image_spec.evidence import Level, weakest
from qwen_image_spec.model import Provider, Spec

Json = Any
_SILENT = ("truncate", "clamp", "ignore")
_REJECT, _UNKNOWN = "reject", "unknown"
_SHOWN_IDS = 5
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Finding:
    """One clause or manner, with what it came to. `entries` are the ids of the journal that show it.

    `count` is how often it was seen; `first` the entry to show as a command.
    """

    clause: str
    group: str
    sentence: str
    level: Level
    status: Status
    expected: Json
    actual: Json
    source: str
    model: str = "*"
    operation: str = "*"
    count: int = 1
    entries: tuple[str, ...] = ()
    reason: str = ""
    hint: str = ""
    first: Entry | None = None


@dataclass(frozen=True, slots=True)
class Manner:
    """How a client should behave in one respect. `level` is None where the provider's `fact` gives it."""

    id: str
    sentence: str
    level: Level | None
    source: str
    fact: str
    hint: str


@cache
def manners() -> dict[str, Manner]:
    """The shipped manners, by id."""
    text = (files("qwen_image_conformance") / "data" / "manners.yaml").read_text("utf-8")
    return {
        row["id"]: Manner(
            row["id"],
            row["sentence"],
            None if row["level"] == "fact" else Level(row["level"]),
            row.get("source", ""),
            row.get("fact", ""),
            row.get("hint", ""),
        )
        for row in yaml.safe_load(text)
    }


def violations(visit: Visit, spec: Spec, provider: Provider) -> list[Finding]:
    """Every clause that requests of the client break, once for each model and operation, with how often."""
    found: dict[tuple[str, str, str], list[tuple[Entry, Json]]] = {}
    for entry in visit.entries:
        for violation in entry["violations"]:
            key = (violation["clause"], model_of(entry), entry["operation"] or "*")
            found.setdefault(key, []).append((entry, violation))
    hardest = _hardest(spec, provider)
    made = [_violation(key, group, spec, hardest.get(key[0])) for key, group in found.items()]
    return sorted(made, key=lambda finding: -finding.status.rank)


def _violation(
    key: tuple[str, str, str],
    group: Sequence[tuple[Entry, Json]],
    spec: Spec,
    case: Case | None,
) -> Finding:
    name, model, operation = key
    entry, violation = group[0]
    clause = spec.clauses.get(name)
    level = weakest(Level(violation["level"]), case.level if case is not None else Level.SHOULD)
    if clause is not None:
        level = weakest(level, clause.cap)
    reaction = str(violation["reaction"])
    if reaction in _SILENT:
        level = weakest(level, Level.SHOULD)
    if reaction == _UNKNOWN:
        level = Level.OBSERVE
    place = f"{violation['param']}: " if violation["param"] else ""
    answered = "" if reaction == _REJECT else f"; the provider's reaction: {reaction}"
    return Finding(
        name,
        clause.group if clause is not None else name.partition(".")[0],
        clause.sentence if clause is not None else "A request has the documented fields only.",
        level,
        status_of(level),
        violation["allowed"] or "as documented",
        f"{place}{_short(violation['seen'])}{answered}",
        violation["source"] or (case.fact.source if case is not None else ""),
        model,
        operation,
        len(group),
        ids(entry for entry, _ in group),
        hint=clause.hint if clause is not None else "",
        first=entry,
    )


def manner(  # what there is to say of one
    name: str,
    provider: Provider,
    *,
    kept: bool | None,
    expected: Json,
    actual: Json,
    about: Iterable[Entry] = (),
    count: int = 1,
    reason: str = "",
) -> Finding:
    """A finding about a manner; `kept` is None where it is only told."""
    row = manners()[name]
    fact = provider.facts.get(row.fact) if row.fact else None
    level = row.level or (fact.level if fact is not None else Level.OBSERVE)
    status = Status.PASS if kept else Status.OBSERVED if kept is None else status_of(level)
    shown = tuple(about)
    return Finding(
        name,
        "client",
        row.sentence,
        level,
        status,
        expected,
        actual,
        row.source or (fact.source if fact is not None else ""),
        count=count,
        entries=ids(shown),
        reason=reason,
        hint=row.hint,
        first=shown[0] if shown and kept is False else None,
    )


def status_of(level: Level) -> Status:
    """The status of something broken: a MUST fails, a SHOULD warns, the rest is observed."""
    return {Level.MUST: Status.FAIL, Level.SHOULD: Status.WARN}.get(level, Status.OBSERVED)


def ids(entries: Iterable[Entry]) -> tuple[str, ...]:
    """The ids of a few entries."""
    return tuple(str(entry["id"]) for entry in entries)[:_SHOWN_IDS]


def _hardest(spec: Spec, provider: Provider) -> dict[str, Case]:
    """The case of each clause with the highest level: a client is judged no harder than that."""
    found: dict[str, Case] = {}
    for case in cases(spec, provider):
        if case.clause not in found or case.level.rank > found[case.clause].level.rank:
            found[case.clause] = case
    return found


def _short(value: Json) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(text)} characters)"
