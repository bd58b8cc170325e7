"""Where a case comes from: its source for people, its evidence class, and the dispute it stands in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qwen_image_conformance.report.read import Record
from qwen_image_spec.cases import cases
from qwen_image_spec.evidence import Evidence, Fact
from qwen_image_spec.model import Clause, Dispute, Source, Spec

Case = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """A dispute that bears on a run, with the cases that stand in it."""

    dispute: Dispute
    cases: Sequence[Case]


class Provenance:
    """Looks up what the spec says of the cases of one run.

    What the spec does not know is told as far as the run knows it.
    """

    def __init__(self, spec: Spec, run: Record) -> None:
        self.spec = spec
        names = {str(case["provider"]) for case in run.cases}
        self._facts: dict[tuple[str, str, str, str], Fact[Any]] = {
            (name, case.clause, case.model, case.operation): case.fact
            for name in names
            if name in spec.providers
            for ends in (1, 2)
            for case in cases(spec, spec.providers[name], ends=ends)
        }

    def clause(self, case: Case) -> Clause | None:
        """The clause of a case; None when this spec does not know it."""
        return self.spec.clauses.get(str(case["clause"]))

    def sentence(self, case: Case) -> str:
        """The sentence of a case's clause."""
        clause = self.clause(case)
        return (
            clause.sentence
            if clause is not None
            else f"({case['clause']} is not in this version of the contract)"
        )

    def source(self, case: Case) -> Source | None:
        """The source of a case; None when this spec does not know it."""
        return self.spec.sources.get(str(case["source"]))

    def evidence(self, case: Case) -> str:
        """The evidence class of the fact behind a case, else of its source, else `unknown`."""
        fact = self._fact(case)
        if fact is not None and fact.source == case["source"]:
            return fact.evidence.value
        source = self.source(case)
        return source.evidence.value if source is not None else Evidence.UNKNOWN.value

    def disputes(self, run_cases: Iterable[Case]) -> list[Asked]:
        """The disputes that facts behind these cases stand in, in the order of the spec."""
        found: dict[str, list[Case]] = {}
        for case in run_cases:
            fact = self._fact(case)
            if fact is not None and fact.dispute is not None:
                found.setdefault(fact.dispute, []).append(case)
        return [Asked(dispute, found[key]) for key, dispute in self.spec.disputes.items() if key in found]

    def _fact(self, case: Case) -> Fact[Any] | None:
        return self._facts.get(
            (str(case["provider"]), str(case["clause"]), str(case["model"]), str(case["operation"]))
        )


def source_line(spec: Spec, source: str) -> str:
    """A source for people: title, publisher, day it was read, address; the id when it is not known."""
    known = spec.sources.get(source)
    if known is None:
        return source
    return f"{known.title}, {known.publisher} (read {known.read})" + (f" {known.url}" if known.url else "")
