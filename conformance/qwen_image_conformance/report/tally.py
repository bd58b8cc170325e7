"""Counting clauses: how many of each level were judged, and how many are kept. The unit of every headline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qwen_image_conformance.verdict import Status

UNDECIDED = frozenset({Status.NOT_RUN, Status.NOT_APPLICABLE, Status.OBSERVED})
KEPT = frozenset({Status.PASS, Status.FIXED})
BROKEN = frozenset({Status.FAIL, Status.WARN, Status.KNOWN})
FAILING = frozenset({Status.FAIL, Status.FIXED, Status.ERROR})


@dataclass(frozen=True, slots=True)
class Tally:
    """Clauses of one level: `judged` had a verdict somewhere, `kept` were kept wherever they had one."""

    kept: int
    judged: int

    def __str__(self) -> str:
        return f"{self.kept}/{self.judged}"

    @property
    def whole(self) -> bool:
        """Whether every judged clause is kept."""
        return self.kept == self.judged


def tally(cases: Iterable[Mapping[str, Any]], level: str) -> Tally:
    """The clauses of a level over all models and operations.

    Cases that were only observed or not measured do not count.
    """
    kept: dict[str, bool] = {}
    for case in cases:
        if case["level"] == level and case["status"] not in UNDECIDED:
            kept[case["clause"]] = kept.get(case["clause"], True) and case["status"] in KEPT
    return Tally(sum(kept.values()), len(kept))


def conforms(cases: Sequence[Mapping[str, Any]]) -> bool:
    """Whether nothing fails the run: no broken MUST, no stale baseline entry, no error."""
    return not any(case["status"] in FAILING for case in cases)
