"""Judging traffic while it passes: the checks of a run, exchange by exchange, and what drifts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from qwen_image_conformance.checks import CHECKS, RELATIONS
from qwen_image_conformance.exchange import Exchange
from qwen_image_conformance.judge import Result
from qwen_image_conformance.seen import Seen
from qwen_image_conformance.verdict import Status
from qwen_image_spec.cases import ANY, Case, cases
from qwen_image_spec.evidence import weakest
from qwen_image_spec.model import Provider, Spec

BROKEN = (Status.FAIL, Status.WARN)


@dataclass(frozen=True, slots=True)
class Drift:
    """A clause found broken at a model for the first time."""

    clause: str
    model: str
    operation: str
    status: Status
    expected: Any
    actual: Any
    exchange: str


class Live:
    """The verdicts on traffic so far. Clauses that compare several answers are left to `judge`."""

    def __init__(self, spec: Spec, provider: Provider, load: Callable[[str], bytes]) -> None:
        self.spec = spec
        self.provider = provider
        self._load = load
        self._cases: dict[tuple[str, str], list[Case]] = defaultdict(list)
        self._all = cases(spec, provider)
        for case in self._all:
            if case.clause in CHECKS:
                self._cases[case.model, case.operation].append(case)
        self._worst: dict[tuple[str, str, str], Result] = {}
        self.decisive: dict[str, Exchange] = {}
        self.broken: Counter[tuple[str, str]] = Counter()
        self.judged = 0

    def judge(self, exchange: Exchange) -> Iterator[Drift]:
        """Judge an exchange; gives what it breaks that was whole before."""
        seen = Seen(self.spec, self.provider, exchange, self._load)
        self.judged += 1
        for model in (ANY, exchange.model):
            for case in self._cases.get((model, exchange.operation), ()):
                result = self._result(case, seen)
                if result is None:
                    continue
                self._keep(result, exchange)
                if result.status in BROKEN:
                    key = (case.clause, case.model)
                    self.broken[key] += 1
                    if self.broken[key] == 1:
                        yield Drift(
                            case.clause,
                            case.model,
                            case.operation,
                            result.status,
                            result.expected,
                            result.actual,
                            exchange.id,
                        )

    def results(self) -> list[Result]:
        """One result for every case of the contract, as a run gives."""
        return [self._worst.get(case.key) or _unseen(case) for case in self._all]

    def seen(self) -> tuple[set[str], set[str]]:
        """The clauses that traffic decided at least once, and those it never did."""
        decided = {result.case.clause for result in self._worst.values()}
        return decided, {case.clause for case in self._all} - decided

    def _result(self, case: Case, seen: Seen) -> Result | None:
        verdict = CHECKS[case.clause](seen)
        if verdict is None:
            return None
        cap = self.spec.clauses[case.clause].cap
        level = weakest(cap, verdict.level if verdict.level is not None else case.level)
        status = verdict.status(level)
        decided = replace(case, level=level) if status in BROKEN else case
        source = verdict.source or case.fact.source
        return Result(decided, status, verdict.expected, verdict.actual, source, seen.exchange.id, 1)

    def _keep(self, result: Result, exchange: Exchange) -> None:
        known = self._worst.get(result.case.key)
        judged = known.judged + 1 if known is not None else 1
        if known is None or result.status.rank > known.status.rank:
            self._worst[result.case.key] = replace(result, judged=judged)
            if result.status not in (Status.PASS, Status.NOT_RUN):
                self.decisive[exchange.id] = exchange
        else:
            self._worst[result.case.key] = replace(known, judged=judged)


def _unseen(case: Case) -> Result:
    reason = "compares several answers: see `judge`" if case.clause in RELATIONS else "no traffic decided it"
    return Result(case, Status.NOT_RUN, source=case.fact.source, reason=reason)
