"""Both ends: nothing is found at the right gateway, and every defect built into it is, by the clause it breaks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from defects.two_ended import AT_ONCE, EDITS, SPEC, TASKS, TwoEnded, broken_cases, held
from defects.two_ended_catalogue import TWO_ENDED
from qwen_image_mock import Settings, serve
from qwen_image_spec.evidence import Level

# Two-ended clauses without a defect here, and why there is none.
UNPROVEN = {
    "gateway.default-kept": "the right gateway documents its upstream's defaults: see test_upstream_proofs.py",
    "gateway.poll-deadline": "a gateway that waits for ever costs as much time as the suite has patience",
}


@pytest.fixture(scope="module")
def upstream() -> Iterator[str]:
    with serve(Settings(seed=1, task_seconds=0.02)) as mock:
        yield mock.url


@pytest.mark.parametrize("model", [AT_ONCE, TASKS, EDITS])
def test_nothing_is_found_at_the_right_gateway(upstream: str, model: str) -> None:
    done = held(upstream, model)
    assert [(case["clause"], case["actual"]) for case in broken_cases(done)] == []
    assert done.exit_code == 0
    decided = {case["clause"] for case in done.cases if case["status"] in ("pass", "observed")}
    assert len([clause for clause in decided if clause.startswith("gateway.")]) >= 25


@pytest.mark.parametrize("defect", TWO_ENDED.values(), ids=TWO_ENDED)
def test_a_defect_is_caught_by_the_clause_it_breaks(upstream: str, defect: TwoEnded) -> None:
    found = {
        case["clause"]: str(case["actual"]) for case in broken_cases(held(upstream, defect.model, defect))
    }
    assert defect.clause in found
    assert {clause: text for clause, text in found.items() if not defect.excuses(clause)} == {}


def test_every_clause_of_both_ends_has_a_defect_or_a_reason_why_not() -> None:
    judged = {
        clause.id for clause in SPEC.clauses.values() if clause.ends == 2 and clause.cap is not Level.OBSERVE
    }
    assert judged - {defect.clause for defect in TWO_ENDED.values()} == set(UNPROVEN)


def test_defects_name_clauses_and_public_bugs() -> None:
    for defect in TWO_ENDED.values():
        assert defect.clause in SPEC.clauses, defect.id
        assert defect.bugs, defect.id
        assert not [name for name in defect.also if not name.endswith("*") and name not in SPEC.clauses], (
            defect.id
        )
