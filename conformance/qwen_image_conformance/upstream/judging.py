"""Judging a run with one or with both ends in sight."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from qwen_image_conformance.exchange import Exchange
from qwen_image_conformance.judge import Result, judge
from qwen_image_conformance.upstream.tokens import only_two_ended
from qwen_image_conformance.verdict import Status
from qwen_image_spec.model import Model, Provider, Spec

_TASKS = ("gateway.poll-", "gateway.task-", "gateway.failed-task", "gateway.rewritten-prompt")
_PARTIAL = "gateway.partial"


def judged(
    spec: Spec,
    provider: Provider,
    exchanges: Sequence[Exchange],
    load: Callable[[str], bytes],
    models: tuple[str, ...],
    *,
    both_ends: bool,
    operations: Sequence[str] | None = None,
) -> list[Result]:
    """The results of a run: of what answers show and, with `both_ends`, of what arrived at the upstream.

    Probes sent for the upstream's sake, simulated faults above all, say nothing of the answers. Operations that the target
    does not offer are not applicable (`operations` None: it offers all).
    """
    plain = [exchange for exchange in exchanges if not only_two_ended(exchange.probe)]
    results = judge(spec, provider, plain, load, models)
    if both_ends:
        results += between(spec, provider, exchanges, load, models)
    return [_offered(result, operations) for result in results] if operations is not None else results


def between(
    spec: Spec,
    provider: Provider,
    exchanges: Sequence[Exchange],
    load: Callable[[str], bytes],
    models: tuple[str, ...],
) -> list[Result]:
    """The results of what a target makes of requests and answers on their way, for exchanges with both ends in sight."""
    tasks = {_place(exchange) for exchange in exchanges if _began(exchange)}
    seen = {_place(exchange) for exchange in exchanges if exchange.upstream}
    found = judge(spec, provider, exchanges, load, models, ends=2)
    single = {name for name, model in provider.models.items() if not _several(model)}
    return [_without_occasion(result, seen, tasks, single) for result in found]


def _place(exchange: Exchange) -> tuple[str, str]:
    return exchange.model, exchange.operation


def _began(exchange: Exchange) -> bool:
    """Whether the upstream was asked for a task."""
    return any(arrived.operation == "submit" for arrived in exchange.upstream or ())


def _several(model: Model) -> bool:
    """Whether a model makes several pictures at once."""
    count = model.params.get("n")
    return count is not None and count.base.range is not None and count.base.range.value[1] > 1


def _without_occasion(
    result: Result, seen: set[tuple[str, str]], tasks: set[tuple[str, str]], single: set[str]
) -> Result:
    """Clauses that the upstream gives no occasion for, at a model that was asked, do not apply."""
    place, clause = (result.case.model, result.case.operation), result.case.clause
    if result.status is not Status.NOT_RUN or place not in seen:
        return result
    if clause.startswith(_TASKS) and place not in tasks:
        return replace(result, status=Status.NOT_APPLICABLE, reason="the upstream serves it without a task")
    if clause == _PARTIAL and result.case.model in single:
        return replace(result, status=Status.NOT_APPLICABLE, reason="the model makes one picture at a time")
    return result


def _offered(result: Result, operations: Sequence[str]) -> Result:
    if result.case.operation in operations or result.status is not Status.NOT_RUN:
        return result
    return replace(result, status=Status.NOT_APPLICABLE, reason="the target's description does not offer it")
