"""Every defect is seen, by the clause it breaks, and by no unrelated one."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from defects.catalogue import DEFECTS
from defects.places import SPEC, cases_of, plan_of
from defects.stage import Stage
from defects.wrap import Defect
from qwen_image_conformance.campaign import Run, run
from qwen_image_conformance.target import make_target
from qwen_image_spec.evidence import Level
from qwen_image_spec.evidence import level_of as level_of_evidence

Outcome = dict[tuple[str, str, str], dict[str, Any]]
ONE_ENDED = {clause.id for clause in SPEC.clauses.values() if clause.ends == 1}

JUDGED = [defect for defect in DEFECTS.values() if defect.level != Level.OBSERVE]
OBSERVED = [defect for defect in DEFECTS.values() if defect.level == Level.OBSERVE]
GROUPS = sorted({(defect.provider, defect.model, defect.tier) for defect in OBSERVED})


def held(url: str, provider_id: str, model: str, tier: str) -> Run:
    """A run of a model's whole plan, and nothing kept of it on disk."""
    provider = SPEC.providers[provider_id]
    with TemporaryDirectory() as folder:
        return run(
            SPEC,
            provider,
            make_target(provider, f"{url}/{provider_id}"),
            plan_of(provider_id, model, tier),
            Path(folder),
        )


@cache
def cases_without_defect(url: str, provider: str, model: str, tier: str) -> Outcome:
    return {
        (case["clause"], case["model"], case["operation"]): case
        for case in held(url, provider, model, tier).cases
    }


def broken_clauses(done: Run) -> dict[str, str]:
    return {
        case["clause"]: f"{case['operation']} {case['status']}: {case['actual']}"
        for case in done.cases
        if case["status"] in ("fail", "warn", "error")
    }


@pytest.mark.parametrize("defect", JUDGED, ids=lambda defect: defect.id)
def test_a_defect_is_caught_by_the_clause_it_breaks(defect: Defect, stage: Stage, stage_url: str) -> None:
    with stage.broken(defect):
        done = held(stage_url, defect.provider, defect.model, defect.tier)
    found = broken_clauses(done)
    assert defect.clause in found
    assert not {clause: text for clause, text in found.items() if clause not in {defect.clause, *defect.also}}
    wanted = "fail" if defect.level == Level.MUST else "warn"
    assert wanted in {case["status"] for case in done.cases if case["clause"] == defect.clause}
    assert done.exit_code == (1 if any(case["status"] == "fail" for case in done.cases) else 0)


@pytest.mark.parametrize(("provider", "model", "tier"), GROUPS)
def test_an_open_question_answered_the_other_way_is_observed_and_fails_nothing(
    provider: str, model: str, tier: str, stage: Stage, stage_url: str
) -> None:
    """All defects of a model's open questions at once: nothing fails, and their cases tell something else."""
    here = [
        defect
        for defect in OBSERVED
        if (defect.provider, defect.model, defect.tier) == (provider, model, tier)
    ]
    with stage.broken(*here):
        done = held(stage_url, provider, model, tier)
    assert done.exit_code == 0
    assert not broken_clauses(done)
    right = cases_without_defect(stage_url, provider, model, tier)
    changed = {
        case["clause"]
        for case in done.cases
        if case["status"] == "observed"
        and _told(case) != _told(right[case["clause"], case["model"], case["operation"]])
    }
    assert {defect.clause for defect in here} <= changed


def _told(case: dict[str, Any]) -> tuple[str, str]:
    """What is observed of a case, but for ids that are new each time."""
    return case["status"], str(case["actual"])[:30]


def test_every_clause_has_a_defect() -> None:
    proven = {defect.clause for defect in DEFECTS.values()}
    assert ONE_ENDED - proven == set()
    assert proven <= set(SPEC.clauses)


def test_every_clause_is_judged_at_some_provider() -> None:
    """A clause that lost its last case would pass in silence for ever."""
    assert {clause for clause in ONE_ENDED if not cases_of(clause)} == set()


def test_a_defect_is_held_at_the_hardest_level_its_clause_has_anywhere() -> None:
    """A clause that is a MUST somewhere is proven there, not where it is only observed."""
    hardest = {
        clause: max((case.level.rank for case in cases_of(clause)), default=0)
        for clause in {defect.clause for defect in DEFECTS.values()}
    }
    proven: dict[str, int] = {}
    for defect in DEFECTS.values():
        proven[defect.clause] = max(proven.get(defect.clause, 0), Level(defect.level).rank)
    weaker = {clause: (proven[clause], rank) for clause, rank in hardest.items() if proven[clause] < rank}
    assert not weaker


def test_no_case_is_judged_harder_than_its_evidence_allows() -> None:
    for clause in SPEC.clauses.values():
        for case in cases_of(clause.id):
            assert case.level.rank <= min(clause.cap.rank, level_of_evidence(case.fact.evidence).rank), case
