"""What a clause says of an exchange: a verdict. Checks make them with the helpers below and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from qwen_image_spec.evidence import Level

NOT_TESTABLE = "not testable"


class Status(StrEnum):
    """The status of a case, from best to worst. A parent takes the worst of its children."""

    NOT_RUN = "not-run"
    NOT_APPLICABLE = "not-applicable"
    PASS = "pass"  # noqa: S105 # a word, not a password
    KNOWN = "known"
    OBSERVED = "observed"
    WARN = "warn"
    FAIL = "fail"
    FIXED = "fixed"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """0 for not-run; larger is worse."""
        return _RANKS[self]


_RANKS = {status: rank for rank, status in enumerate(Status)}


@dataclass(frozen=True, slots=True)
class Verdict:
    """`ok` is None when the clause can only be observed here. `level` lowers the case's level, never raises it.

    `about` names the exchanges that were compared, where it takes more than one.
    """

    ok: bool | None
    expected: Any
    actual: Any
    level: Level | None = None
    source: str | None = None
    about: tuple[str, ...] = ()

    def status(self, level: Level) -> Status:
        """The status under a case's level: a broken MUST fails, a broken SHOULD warns, an OBSERVE is observed."""
        if self.ok is True:
            return Status.PASS
        if self.ok is None or level is Level.OBSERVE:
            return Status.OBSERVED
        return Status.FAIL if level is Level.MUST else Status.WARN


def equal(*, expected: Any, actual: Any, level: Level | None = None) -> Verdict:
    """Passes when both are the same (true is not 1)."""
    return Verdict(expected == actual and type(expected) is type(actual), expected, actual, level)


def holds(
    condition: bool,
    *,
    expected: Any,
    actual: Any,
    level: Level | None = None,
    source: str | None = None,
    about: tuple[str, ...] = (),
) -> Verdict:
    """Passes when the condition holds; expected and actual say what it was about."""
    return Verdict(condition, expected, actual, level, source, about)


def observed(actual: Any, *, expected: Any = None) -> Verdict:
    """Tells what was seen without judging it."""
    return Verdict(None, expected, actual)
