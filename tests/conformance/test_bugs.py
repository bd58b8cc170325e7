"""Every bug of the catalogue is stood for by a defect, seen by check-client, or left out for a reason."""

from __future__ import annotations

from pathlib import Path

import yaml

from defects.catalogue import DEFECTS
from defects.places import SPEC
from defects.two_ended_catalogue import TWO_ENDED

CATALOGUE = 192
ROOT = Path(__file__).parents[2]
BUGS = yaml.safe_load((ROOT / "tests/defects/bugs.yaml").read_text("utf-8"))
NAMED = {bug for defect in (*DEFECTS.values(), *TWO_ENDED.values()) for bug in defect.bugs if bug[0] == "B"}


def test_every_bug_has_its_place() -> None:
    places = [NAMED, set(BUGS["represented"]), set(BUGS["clients"]), set(BUGS["excluded"])]
    assert sum(map(len, places)) == len(set.union(*places)) == CATALOGUE


def test_what_stands_for_a_bug_exists() -> None:
    assert set(BUGS["represented"].values()) <= {*DEFECTS, *TWO_ENDED}
    manners = yaml.safe_load(
        (ROOT / "conformance/qwen_image_conformance/data/manners.yaml").read_text("utf-8")
    )
    known = {row["id"] for row in manners} | set(SPEC.clauses)
    assert set(BUGS["clients"].values()) <= known
    assert all(len(reason) > 20 for reason in BUGS["excluded"].values())
