"""Judging: pure functions from recorded exchanges to one result for every case of the contract."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from qwen_image_conformance.checks import CHECKS, RELATIONS
from qwen_image_conformance.exchange import Exchange
from qwen_image_conformance.seen import Seen
from qwen_image_conformance.verdict import NOT_TESTABLE, Status, Verdict
from qwen_image_spec.cases import ANY, Case, cases
from qwen_image_spec.evidence import weakest
from qwen_image_spec.model import Provider, Spec

BASES = ("model.served", "images.accepted")


@dataclass(frozen=True, slots=True)
class Result:
    """What a run says of one case.

    `exchange` is the id of the exchange that decided it (two ids where two were compared); `judged` counts the verdicts.
    """

    case: Case
    status: Status
    expected: Any = None
    actual: Any = None
    source: str = ""
    exchange: str = ""
    judged: int = 0
    reason: str = ""


def judge(
    spec: Spec,
    provider: Provider,
    exchanges: Iterable[Exchange],
    load: Callable[[str], bytes],
    models: tuple[str, ...] | None = None,
    *,
    ends: int = 1,
) -> list[Result]:
    """One result for every case of the provider (or of the given models). `load` gives a stored picture's bytes.

    `ends` is 2 for the clauses that need both ends of a gateway.
    """
    seen = [Seen(spec, provider, exchange, load) for exchange in exchanges]
    by_model: dict[tuple[str, str], list[Seen]] = defaultdict(list)
    by_operation: dict[str, list[Seen]] = defaultdict(list)
    for one in seen:
        by_model[one.exchange.model, one.exchange.operation].append(one)
        by_operation[one.exchange.operation].append(one)
    results = []
    for case in cases(spec, provider, models, ends=ends):
        group = by_operation[case.operation] if case.model == ANY else by_model[case.model, case.operation]
        results.append(_result(case, group, spec))
    return _not_testable(results, seen)


def _result(case: Case, group: Sequence[Seen], spec: Spec) -> Result:
    cap = spec.clauses[case.clause].cap
    worst: Result | None = None
    judged = 0
    for verdict, exchange in _verdicts(case, group):
        judged += 1
        level = weakest(cap, case.level, verdict.level if verdict.level is not None else case.level)
        status = verdict.status(level)
        if worst is None or status.rank > worst.status.rank:
            decided = replace(case, level=level) if status in (Status.FAIL, Status.WARN) else case
            worst = Result(
                decided,
                status,
                verdict.expected,
                verdict.actual,
                verdict.source or case.fact.source,
                exchange,
            )
    if worst is None:
        return Result(
            case, Status.NOT_RUN, source=case.fact.source, reason="no exchange of this run decides it"
        )
    return replace(worst, judged=judged)


def _verdicts(case: Case, group: Sequence[Seen]) -> Iterable[tuple[Verdict, str]]:
    if case.clause in RELATIONS:
        verdict = RELATIONS[case.clause](group)
        if verdict is not None:
            yield verdict, " ".join(verdict.about)
        return
    check = CHECKS[case.clause]
    for seen in group:
        verdict = check(seen)
        if verdict is not None:
            yield verdict, seen.exchange.id


def _not_testable(results: list[Result], seen: Sequence[Seen]) -> list[Result]:
    """Mark what rests on a broken basis, so that one cause is not told many times; it stays broken or unmeasured.

    A basis is that the model is served at all, or takes input images at all. Every clause whose legal request was refused
    rests on it, and every clause that no exchange decided.
    """
    bases = {
        (result.case.model, result.case.operation): result.case.clause
        for result in results
        if result.case.clause in BASES and result.status in (Status.FAIL, Status.WARN)
    }
    refused = {one.exchange.id for one in seen if not (one.accepted or one.broken or one.doubtful)}
    return [_resting(result, bases, refused) for result in results] if bases else results


def _resting(result: Result, bases: Mapping[tuple[str, str], str], refused: set[str]) -> Result:
    basis = bases.get((result.case.model, result.case.operation))
    if basis is None or result.case.clause in BASES or result.reason.startswith(NOT_TESTABLE):
        return result
    if result.status is Status.NOT_RUN:
        return replace(result, reason=f"{NOT_TESTABLE}: {basis} is broken")
    rests = result.status in (Status.FAIL, Status.WARN) and set(result.exchange.split()) <= refused
    return replace(result, reason=f"{NOT_TESTABLE}: {basis} is broken") if rests else result
