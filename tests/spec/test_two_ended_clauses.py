"""Clauses that need both ends of a gateway: apart from the others, each with a source."""

from __future__ import annotations

import pytest

from qwen_image_spec.cases import cases
from qwen_image_spec.evidence import Level
from qwen_image_spec.loader import load
from qwen_image_spec.model import Clause

SPEC = load()
TWO_ENDED = [clause for clause in SPEC.clauses.values() if clause.ends == 2]


@pytest.mark.parametrize("provider", SPEC.providers)
def test_they_are_no_cases_of_a_run_with_one_end(provider: str) -> None:
    one = {case.clause for case in cases(SPEC, SPEC.providers[provider])}
    two = {case.clause for case in cases(SPEC, SPEC.providers[provider], ends=2)}
    assert not one & two
    assert all(SPEC.clauses[clause].ends == 2 for clause in two)
    assert "gateway.parameter-lost" in two


@pytest.mark.parametrize("clause", TWO_ENDED, ids=lambda clause: clause.id)
def test_each_has_a_case_somewhere_with_a_known_source(clause: Clause) -> None:
    found = [
        case
        for provider in SPEC.providers.values()
        for case in cases(SPEC, provider, ends=2)
        if case.clause == clause.id
    ]
    assert found
    assert {case.fact.source for case in found} <= set(SPEC.sources)
    assert all(case.ends == 2 for case in found)


def test_what_only_bug_reports_say_is_no_must() -> None:
    for provider in SPEC.providers.values():
        for case in cases(SPEC, provider, ends=2):
            if case.fact.source == "bug-catalogue":
                assert case.level is not Level.MUST, case.clause
