"""Every defect is seen, by the clause it breaks, and by no unrelated one."""

from __future__ import annotations

from pathlib import Path

import pytest
from defects.catalogue import DEFECTS
from defects.wrap import wrap
from qwen_image_conformance.campaign import run
from qwen_image_conformance.plan import make_plan
from qwen_image_conformance.probe import Tier
from qwen_image_conformance.target import make_target
from qwen_image_mock import Settings, create_app, serve
from qwen_image_spec import load


@pytest.mark.parametrize("name", list(DEFECTS))
def test_a_defect_is_caught_by_the_clause_it_breaks(name: str, tmp_path: Path) -> None:
    defect = DEFECTS[name]
    spec = load()
    provider = spec.providers[defect.provider]
    plan = make_plan(spec, provider, [defect.model], Tier(defect.tier))
    with serve(app=wrap(create_app(Settings(seed=1, task_seconds=0.1)), defect)) as mock:
        done = run(spec, provider, make_target(provider, f"{mock.url}/{defect.provider}"), plan, tmp_path)
    broken = {case["clause"] for case in done.cases if case["status"] in ("fail", "warn")}
    assert defect.clause in broken
    assert broken <= {defect.clause, *defect.also}
    assert done.exit_code == (1 if defect.level == "MUST" else 0)
