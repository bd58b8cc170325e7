"""`run --select` with both ends in sight: each clause is decided as in the whole run, by the requests that decide it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path

import pytest

from defects.two_ended import AT_ONCE, EDITS, SPEC, TASK_EDITS, TASKS, TwoEnded, held, provider
from defects.two_ended_catalogue import TWO_ENDED
from defects.wrap import Asgi, wrap
from qwen_image_conformance.campaign import Options, Run, run
from qwen_image_conformance.exchange import Exchange
from qwen_image_conformance.plan import Plan, make_plan
from qwen_image_conformance.probe import Tier
from qwen_image_conformance.target import make_target
from qwen_image_conformance.upstream.gateway import Gateway
from qwen_image_conformance.upstream.judging import between
from qwen_image_mock import Settings, serve
from servers.right_gateway.running import running

CLAUSES = [clause.id for clause in SPEC.clauses.values() if clause.ends == 2]
MODELS = (AT_ONCE, TASKS, EDITS, TASK_EDITS)
# One defect for each kind of request that decides something, and some that are held by the whole run as well.
_SELECTED = """
seed-zero-lost-upstream blank-text-for-nothing watermark-forced prompt-in-ascii images-reversed first-image-only
another-model version-doubled bought-twice polls-on-and-on tasks-left-alone every-error-is-500 reason-lost code-lost
upstream-errors-in-its-own-shape failed-pictures-as-empty-entries charged-for-what-failed failed-poll-buys-again
long-cooldown refused-when-made key-to-the-store-of-pictures upstream-key-in-the-answer rewritten-prompt-lost
files-in-a-list-lost alias-decides-the-route impatient
"""
AND_BY_THE_WHOLE = ("negative-prompt-lost", "async-header-everywhere", "retry-after-lost")
Statuses = dict[str, str]


@pytest.fixture(scope="module")
def upstream() -> Iterator[str]:
    with serve(Settings(seed=1, task_seconds=0.02)) as mock:
        yield mock.url


@cache
def _plan(model: str, *select: str, tier: Tier = Tier.CORE) -> Plan:
    return make_plan(SPEC, provider(), [model], tier, select, both_ends=True)


def _gateway(upstream: str, defect: TwoEnded) -> AbstractContextManager[str]:
    def broken(app: Asgi) -> Asgi:
        return app if defect.before is None else wrap(app, defect.before)

    return running(upstream, defect.manners, defect.aliases, defect.around, broken)


def _selected(upstream: str, defect: TwoEnded, out: Path) -> Run:
    """A run of a defect's own clause."""
    names = {real: alias for alias, real in defect.aliases.items()}
    options = Options(journal=upstream, gateway=Gateway(models=names), select=[defect.clause])
    with _gateway(upstream, defect) as url:
        return run(
            SPEC, provider(), make_target(provider(), url), _plan(defect.model, defect.clause), out, options
        )


def _statuses(done: Run, clause: str) -> Statuses:
    return {case["operation"]: case["status"] for case in done.cases if case["clause"] == clause}


@pytest.mark.parametrize("name", _SELECTED.split())
def test_a_defect_is_found_by_its_clause_alone(upstream: str, tmp_path: Path, name: str) -> None:
    defect = TWO_ENDED[name]
    done = _selected(upstream, defect, tmp_path)
    assert set(_statuses(done, defect.clause).values()) & {"fail", "warn"}
    assert {case["clause"] for case in done.cases} == {defect.clause}
    assert len(_plan(defect.model, defect.clause).probes) < 0.7 * len(_plan(defect.model).probes)


@pytest.mark.parametrize("name", AND_BY_THE_WHOLE)
def test_the_verdict_is_that_of_the_whole_run_in_fewer_requests(
    upstream: str, tmp_path: Path, name: str
) -> None:
    defect = TWO_ENDED[name]
    alone, whole = _selected(upstream, defect, tmp_path), held(upstream, defect.model, defect, whole=True)
    assert _statuses(alone, defect.clause) == _statuses(whole, defect.clause)
    assert set(_statuses(alone, defect.clause).values()) & {"fail", "warn"}
    assert alone.end["requests"] < 0.5 * whole.end["requests"]


@pytest.mark.parametrize("model", [AT_ONCE, TASKS, EDITS])
def test_every_clause_is_decided_by_its_own_requests_as_by_all(
    upstream: str, tmp_path: Path, model: str
) -> None:
    """One whole run of the right gateway, judged again for each clause by what its selection would have sent."""
    right = TwoEnded("", "", model)
    with _gateway(upstream, right) as url:
        options = Options(journal=upstream)
        done = run(SPEC, provider(), make_target(provider(), url), _plan(model), tmp_path, options)
    assert "pass" in {status for clause in CLAUSES for status in _statuses(done, clause).values()}
    for clause in CLAUSES:
        part = _of(done.exchanges, _plan(model, clause))
        results = between(SPEC, provider(), part, lambda _digest: b"", (model,))
        alone = {one.case.operation: one.status.value for one in results if one.case.clause == clause}
        assert alone == _statuses(done, clause), clause
        assert len(part) < 0.6 * len(done.exchanges)


def _of(exchanges: Sequence[Exchange], plan: Plan) -> list[Exchange]:
    """The exchanges that a plan leads to: its probes, their parts, and the plain requests after conditions."""
    sent = {one.id for probe in plan.probes for one in (probe, *probe.splits)}
    return [one for one in exchanges if one.probe in sent or _met(one.probe) in sent]


def _met(after: str) -> str:
    """The name of the request that met the condition before."""
    name, _, place = after.partition(":")
    condition = name.rpartition("-")[0].removeprefix("gateway.after-")
    return f"gateway.fault-{condition}:{place}"


def test_every_request_is_sent_for_clauses_that_there_are_and_every_clause_has_one() -> None:
    sent_for = {
        clause
        for model in MODELS
        for probe in _plan(model, tier=Tier.FULL).probes
        for clause in probe.clauses
        if clause.startswith("gateway.")
    }
    assert sent_for == set(CLAUSES)


@pytest.mark.parametrize("clause", CLAUSES)
def test_a_clause_asked_alone_sends_a_part_of_the_plan(clause: str) -> None:
    for model in MODELS:
        part, whole = _plan(model, clause, tier=Tier.FULL), _plan(model, tier=Tier.FULL)
        assert {probe.id for probe in part.probes} < {probe.id for probe in whole.probes}
        assert len(part.probes) < 0.8 * len(whole.probes)
        places = {(case.model, case.operation) for case in part.cases}
        plain = {(probe.model, probe.operation) for probe in part.probes if probe.id.startswith("plain:")}
        assert plain == places


@pytest.mark.parametrize("clause", ["errors.shape", "n.count", "watermark.accepted", "auth.invalid-key"])
def test_what_one_end_shows_sends_nothing_for_both(clause: str) -> None:
    for model in MODELS:
        assert not [probe.id for probe in _plan(model, clause).probes if probe.id.startswith("gateway.")]


def test_a_second_end_makes_no_uncertain_refusal_certain() -> None:
    """Which refusals wait for the full tier is the same with one end and with both."""
    for model in MODELS:
        single = make_plan(SPEC, provider(), [model], Tier.CORE)
        assert {probe.id for probe in single.probes} <= {probe.id for probe in _plan(model).probes}
        refusals = {probe.id for probe in _plan(model).probes if not probe.buys and not probe.fault}
        assert refusals == {probe.id for probe in single.probes if not probe.buys}
