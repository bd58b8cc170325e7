"""Statuses, levels, and what a verdict becomes under a level."""

from __future__ import annotations

import pytest

from qwen_image_conformance.verdict import Status, Verdict, equal, holds, observed
from qwen_image_spec.evidence import Level


def test_statuses_are_ordered_from_best_to_worst() -> None:
    assert [status.value for status in sorted(Status, key=lambda status: status.rank)] == [
        "not-run",
        "not-applicable",
        "pass",
        "known",
        "observed",
        "warn",
        "fail",
        "fixed",
        "error",
    ]


@pytest.mark.parametrize(
    ("ok", "level", "status"),
    [
        (True, Level.MUST, "pass"),
        (True, Level.SHOULD, "pass"),
        (True, Level.OBSERVE, "pass"),
        (False, Level.MUST, "fail"),
        (False, Level.SHOULD, "warn"),
        (False, Level.OBSERVE, "observed"),
        (None, Level.MUST, "observed"),
        (None, Level.SHOULD, "observed"),
        (None, Level.OBSERVE, "observed"),
    ],
)
def test_a_verdict_is_no_harder_than_its_level(ok: bool | None, level: Level, status: str) -> None:
    assert Verdict(ok, 1, 2).status(level) == status


@pytest.mark.parametrize(
    ("expected", "actual", "ok"),
    [(1, 1, True), (1, 2, False), (1, True, False), (1, 1.0, False), ("a", "a", True)],
)
def test_equal_means_the_same_value_of_the_same_type(expected: object, actual: object, ok: bool) -> None:
    assert equal(expected=expected, actual=actual).ok is ok


def test_holds_keeps_what_it_was_about() -> None:
    verdict = holds(False, expected="x", actual="y", level=Level.SHOULD, source="doc")  # the condition
    assert (verdict.ok, verdict.expected, verdict.actual, verdict.level, verdict.source) == (
        False,
        "x",
        "y",
        Level.SHOULD,
        "doc",
    )


def test_observed_judges_nothing() -> None:
    assert observed("seen").ok is None
