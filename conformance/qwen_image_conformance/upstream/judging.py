"""Judging a run with one or with both ends in sight."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from qwen_image_conformance.exchange import Exchange
from qwen_image_conformance.judge import Result, judge
from qwen_image_conformance.upstream.probes import only_two_ended
from qwen_image_conformance.verdict import Status
from qwen_image_spec.model import Provider, Spec


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
        results += judge(spec, provider, exchanges, load, models, ends=2)
    return [_offered(result, operations) for result in results] if operations is not None else results


def _offered(result: Result, operations: Sequence[str]) -> Result:
    if result.case.operation in operations or result.status is not Status.NOT_RUN:
        return result
    return replace(result, status=Status.NOT_APPLICABLE, reason="the target's description does not offer it")
