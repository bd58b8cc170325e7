"""How we know a fact, and what follows from it: a source, an evidence class and a level."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")


class Evidence(StrEnum):
    """How a fact came to be known, from firm to open."""

    DOCUMENTED = "documented"
    SDK = "sdk"
    OBSERVED = "observed"
    INFERRED = "inferred"
    DISPUTED = "disputed"
    UNKNOWN = "unknown"


class Level(StrEnum):
    """How hard a clause may be judged. It follows the evidence and is never set by hand above it."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    OBSERVE = "OBSERVE"

    @property
    def rank(self) -> int:
        """0 for OBSERVE, 2 for MUST: larger is stricter."""
        return _RANKS[self]


_RANKS = {Level.OBSERVE: 0, Level.SHOULD: 1, Level.MUST: 2}
_LEVELS = {
    Evidence.DOCUMENTED: Level.MUST,
    Evidence.SDK: Level.SHOULD,
    Evidence.OBSERVED: Level.SHOULD,
    Evidence.INFERRED: Level.SHOULD,
    Evidence.DISPUTED: Level.OBSERVE,
    Evidence.UNKNOWN: Level.OBSERVE,
}


def level_of(evidence: Evidence) -> Level:
    """Documented -> MUST; sdk, observed, inferred -> SHOULD; disputed, unknown -> OBSERVE."""
    return _LEVELS[evidence]


class Reaction(StrEnum):
    """What a provider does with a value beyond a limit."""

    REJECT = "reject"
    TRUNCATE = "truncate"
    CLAMP = "clamp"
    IGNORE = "ignore"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Fact(Generic[T]):
    """One value with its provenance.

    `source` is an id of `data/sources.yaml`; `dispute` an id of `data/disputes.yaml` when sources disagree.
    """

    value: T
    source: str
    evidence: Evidence = Evidence.DOCUMENTED
    dispute: str | None = None
    note: str = ""

    @property
    def level(self) -> Level:
        """The level a clause resting on this fact may have."""
        return level_of(self.evidence)

    @property
    def open(self) -> bool:
        """True when the fact is disputed or unknown, so that nothing may fail because of it."""
        return self.level is Level.OBSERVE


def strictest(*levels: Level) -> Level:
    """The highest of several levels (OBSERVE when there is none)."""
    return max(levels, key=lambda level: level.rank, default=Level.OBSERVE)


def weakest(*levels: Level) -> Level:
    """The lowest of several levels (MUST when there is none)."""
    return min(levels, key=lambda level: level.rank, default=Level.MUST)
