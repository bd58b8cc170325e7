"""Two runs side by side."""

from __future__ import annotations

import pytest

from qwen_image_conformance.report.compare import Kind, compare, summary, text
from reports_made import case, record


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("pass", "fail", "regressed"),
        ("pass", "warn", "regressed"),
        ("observed", "fail", "regressed"),
        ("pass", "known", "regressed"),
        ("fail", "pass", "fixed"),
        ("warn", "pass", "fixed"),
        ("fail", "observed", "fixed"),
        ("known", "fixed", "fixed"),
        ("fail", "known", "changed"),
        ("known", "fail", "changed"),
        ("fail", "warn", "changed"),
        ("pass", "observed", "changed"),
        ("pass", "error", "changed"),
        ("not-run", "error", "changed"),
        ("not-run", "pass", "new"),
        ("not-run", "fail", "new"),
        ("error", "pass", "new"),
        ("pass", "not-run", "gone"),
        ("fail", "not-applicable", "gone"),
        ("pass", "pass", None),
        ("fail", "fail", None),
        ("not-run", "not-applicable", None),
        ("error", "error", None),
    ],
)
def test_a_change_of_status_has_its_kind(before: str, after: str, kind: str | None) -> None:
    found = compare(record(case(status=before)), record(case(status=after)))
    assert [change.kind.value for change in found] == ([kind] if kind else [])


def test_another_answer_of_a_broken_case_is_a_change_and_of_a_kept_one_is_none() -> None:
    for status, kinds in (("fail", [Kind.CHANGED]), ("observed", [Kind.CHANGED]), ("pass", [])):
        found = compare(record(case(status=status, actual=1)), record(case(status=status, actual=2)))
        assert [change.kind for change in found] == kinds


def test_cases_are_told_apart_by_clause_provider_model_and_operation() -> None:
    others = {"clause": "n.default", "provider": "skyengine", "model": "other", "operation": "edit"}
    for name, other in others.items():
        found = compare(record(case()), record({**case(), name: other}))
        assert [change.kind for change in found] == [Kind.GONE, Kind.NEW], name


def test_worst_kinds_come_first() -> None:
    old = record(case("n.count", "fail"), case("n.default"), case("n.type"), case("n.distinct", "observed"))
    new = record(case("n.count"), case("n.default", "fail"), case("n.distinct", "pass"), case("size.type"))
    assert [change.kind.value for change in compare(old, new)] == [
        "regressed",
        "changed",
        "gone",
        "new",
        "fixed",
    ]


def test_the_text_lists_what_matters_and_counts_the_rest() -> None:
    many = [case("size.type", model=f"m{index}") for index in range(50)]
    found = text(compare(record(case()), record(case(status="fail", actual="only 2"), *many)))
    assert "REGRESSED  n.count  MUST" in found
    assert "now:    fail: only 2" in found
    assert "size.type" not in found
    assert found.splitlines()[-1] == "1 regressed, 50 new"


def test_a_new_case_that_is_broken_is_listed() -> None:
    changes = compare(record(), record(case(status="fail"), case("n.type")))
    assert summary(changes) == "2 new (1 of the new ones broken)"
    assert "NEW        n.count" in text(changes)


def test_models_that_changed_alike_share_a_line() -> None:
    models = [f"m{index}" for index in range(7)]
    found = text(
        compare(
            record(*(case(model=m) for m in models)), record(*(case(status="fail", model=m) for m in models))
        )
    )
    assert found.count("REGRESSED") == 1
    assert "m0, m1, m2, m3 and 3 more" in found


def test_the_same_run_twice_has_no_changes() -> None:
    run = record(case(), case("n.type", "fail"), case("n.default", "not-run"))
    assert compare(run, run) == []
    assert text(compare(run, run)) == "nothing changed\n"
