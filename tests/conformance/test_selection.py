"""`--select` sends less and decides the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from defects.catalogue import DEFECTS
from defects.places import SPEC
from defects.stage import Stage
from defects.wrap import Defect
from qwen_image_conformance.campaign import run
from qwen_image_conformance.plan import Plan, make_plan
from qwen_image_conformance.probe import Tier
from qwen_image_conformance.target import make_target
from qwen_image_spec.model import Spec

AT_TIMES = {"key-shut-out-at-times"}  # shows in a long run only
Statuses = dict[tuple[str, str], str]


def statuses(spec: Spec, url: str, plan: Plan, out: Path) -> Statuses:
    provider = spec.providers[plan.provider]
    done = run(spec, provider, make_target(provider, f"{url}/{provider.id}"), plan, out)
    return {(case["clause"], case["operation"]): case["status"] for case in done.cases}


@pytest.mark.parametrize(
    ("name", "model"),
    [("dieyuyun", "qwen-image-2.0"), ("skyengine", "qwen-image-plus"), ("xiaohongshu", None)],
)
def test_one_clause_asked_alone_is_decided_as_in_the_whole_plan(
    spec: Spec, mock_url: str, tmp_path: Path, name: str, model: str | None
) -> None:
    provider = spec.providers[name]
    models = [model or next(iter(provider.models))]
    plan = make_plan(spec, provider, models, Tier.CORE)
    whole = statuses(spec, mock_url, plan, tmp_path / "whole")
    assert "pass" in whole.values()
    for clause in sorted({clause for clause, _ in whole}):
        part = make_plan(spec, provider, models, Tier.CORE, [clause])
        alone = statuses(spec, mock_url, part, tmp_path / clause)
        assert {key: status for key, status in alone.items() if key[0] == clause} == {
            key: status for key, status in whole.items() if key[0] == clause
        }
        assert len(part.probes) < len(plan.probes)


def test_a_single_clause_costs_a_few_pictures_at_most(spec: Spec) -> None:
    provider = spec.providers["dieyuyun"]
    for clause, most in {
        "watermark.honoured": 4,
        "seed.accepted": 1,
        "errors.shape": 0,
        "n.count": 2,
    }.items():
        assert make_plan(spec, provider, ["qwen-image-2.0"], Tier.CORE, [clause]).images <= most


@pytest.mark.parametrize(
    "defect",
    [one for one in DEFECTS.values() if one.level != "OBSERVE" and one.id not in AT_TIMES],
    ids=lambda one: one.id,
)
def test_a_defect_is_found_by_its_clause_alone_in_few_requests(
    defect: Defect, stage: Stage, stage_url: str, tmp_path: Path
) -> None:
    plan = make_plan(
        SPEC, SPEC.providers[defect.provider], [defect.model], Tier(defect.tier), [defect.clause]
    )
    with stage.broken(defect):
        found = statuses(SPEC, stage_url, plan, tmp_path)
    assert {status for (clause, _), status in found.items() if clause == defect.clause} & {"fail", "warn"}
    assert len(plan.probes) < 60
