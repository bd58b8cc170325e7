"""Every defect is seen, by the clause it breaks, and by no unrelated one."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from defects.catalogue import DEFECTS
from defects.places import SPEC, plan_of
from defects.stage import Stage
from defects.wrap import Defect
from qwen_image_conformance.campaign import Run, run
from qwen_image_conformance.target import make_target
from qwen_image_spec.evidence import Level

Outcome = dict[tuple[str, str, str], dict[str, Any]]


def held(url: str, defect: Defect) -> Run:
    """A run of the whole plan of the defect's model, and nothing kept of it on disk."""
    provider = SPEC.providers[defect.provider]
    plan = plan_of(defect.provider, defect.model, defect.tier)
    with TemporaryDirectory() as folder:
        return run(SPEC, provider, make_target(provider, f"{url}/{provider.id}"), plan, Path(folder))


def by_case(done: Run) -> Outcome:
    return {(case["clause"], case["model"], case["operation"]): case for case in done.cases}


def _right(stage: Stage, url: str, defect: Defect) -> Outcome:
    with stage.broken(None):
        return _kept(url, defect.provider, defect.model, defect.tier)


@cache
def _kept(url: str, provider: str, model: str, tier: str) -> Outcome:
    return by_case(held(url, Defect("none", "", provider, model, tier=tier)))


@pytest.mark.parametrize("name", list(DEFECTS))
def test_a_defect_is_caught_by_the_clause_it_breaks(name: str, stage: Stage, stage_url: str) -> None:
    defect = DEFECTS[name]
    with stage.broken(defect):
        done = held(stage_url, defect)
    broken = {case["clause"] for case in done.cases if case["status"] in ("fail", "warn", "error")}
    assert broken <= {defect.clause, *defect.also}, [case for case in done.cases if case["status"] in ("fail", "warn")]
    if defect.level == Level.OBSERVE:
        right = _right(stage, stage_url, defect)
        seen = [case for case in done.cases if case["clause"] == defect.clause and case["status"] == "observed"]
        assert any(case["actual"] != right[case["clause"], case["model"], case["operation"]]["actual"] for case in seen)
        assert done.exit_code == 0
        return
    statuses = {case["status"] for case in done.cases if case["clause"] == defect.clause}
    assert ("fail" if defect.level == Level.MUST else "warn") in statuses, statuses
    assert done.exit_code == (1 if any(case["status"] == "fail" for case in done.cases) else 0)
    if defect.level == Level.MUST:
        assert done.exit_code == 1
