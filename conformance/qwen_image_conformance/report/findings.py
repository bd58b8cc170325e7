"""Cases put together for people: one finding for each clause, with what came and at which models."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qwen_image_conformance.verdict import NOT_TESTABLE, Status
from qwen_image_spec.cases import ANY

Case = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Variant:
    """Cases of one clause that came out alike: same status, same expected and actual.

    `places` are their models.
    """

    cases: tuple[Case, ...]

    @property
    def first(self) -> Case:
        """The case that stands for the others."""
        return self.cases[0]

    @property
    def places(self) -> tuple[str, ...]:
        """Model and operation of each case, each once."""
        return tuple(dict.fromkeys(place(case) for case in self.cases))


@dataclass(frozen=True, slots=True)
class Finding:
    """Everything a run says of one clause, among the statuses that were asked for."""

    clause: str
    variants: tuple[Variant, ...]

    @property
    def cases(self) -> list[Case]:
        """All its cases."""
        return [case for variant in self.variants for case in variant.cases]

    @property
    def worst(self) -> Status:
        """The worst status among its cases."""
        return max((Status(case["status"]) for case in self.cases), key=lambda status: status.rank)

    @property
    def first(self) -> Case:
        """The case that stands for all: of the worst variant."""
        return self.variants[0].first

    @property
    def rests(self) -> bool:
        """True when every case only follows from another one that is broken (see `judge.BASES`)."""
        return all(str(case.get("reason") or "").startswith(NOT_TESTABLE) for case in self.cases)

    @property
    def places(self) -> tuple[str, ...]:
        """Where it was found: model and operation, each once."""
        return tuple(dict.fromkeys(place(case) for case in self.cases))


def place(case: Case) -> str:
    """Model and operation in short: the operation is left out when it is plain generation."""
    if case["model"] == ANY:
        return (
            "every model" if case["operation"] in ("generate", ANY) else f"every model ({case['operation']})"
        )
    return str(case["model"]) + ("" if case["operation"] == "generate" else f" ({case['operation']})")


def findings(cases: Iterable[Case], statuses: Collection[str]) -> list[Finding]:
    """The clauses with one of the statuses: causes before what rests on them, worst status first, then most models."""
    found: dict[str, dict[tuple[str, str, str], list[Case]]] = {}
    for case in cases:
        if case["status"] in statuses:
            alike = (str(case["status"]), str(case["expected"]), str(case["actual"]))
            found.setdefault(case["clause"], {}).setdefault(alike, []).append(case)
    made = [
        Finding(clause, tuple(Variant(tuple(group)) for group in sorted(groups.values(), key=_weight)))
        for clause, groups in found.items()
    ]
    return sorted(made, key=lambda finding: (finding.rests, -finding.worst.rank, -len(finding.places)))


def _weight(group: Sequence[Case]) -> tuple[int, int]:
    return (-Status(group[0]["status"]).rank, -len(group))
