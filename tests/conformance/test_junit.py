"""The JUnit report of a run is well formed and says what the result file says."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from defects.catalogue import DEFECTS
from defects.stage import Stage
from qwen_image_conformance.campaign import Run, run
from qwen_image_conformance.plan import make_plan
from qwen_image_conformance.report import junit
from qwen_image_conformance.target import make_target
from qwen_image_spec.model import Spec


@pytest.fixture
def broken(spec: Spec, stage: Stage, stage_url: str, tmp_path: Path) -> Run:
    defect = DEFECTS["n-clamped"]
    provider = spec.providers[defect.provider]
    with stage.broken(defect):
        return run(
            spec,
            provider,
            make_target(provider, f"{stage_url}/{provider.id}"),
            make_plan(spec, provider, [defect.model]),
            tmp_path,
        )


def test_it_counts_what_the_run_found(broken: Run, tmp_path: Path) -> None:
    root = ET.parse(tmp_path / "junit.xml").getroot()  # noqa: S314 # our own file
    assert root.tag == "testsuites"
    statuses = Counter(case["status"] for case in broken.cases)
    suites = root.findall("testsuite")
    assert sum(int(suite.get("tests", "")) for suite in suites) == len(broken.cases)
    assert (
        sum(int(suite.get("failures", "")) for suite in suites)
        == statuses["fail"]
        == len(root.findall(".//failure"))
    )
    assert sum(int(suite.get("skipped", "")) for suite in suites) == len(root.findall(".//skipped"))
    assert sum(int(suite.get("errors", "")) for suite in suites) == 0
    for suite in suites:
        assert len(suite.findall("testcase")) == int(suite.get("tests", ""))


def test_a_failure_tells_what_was_expected_and_how_to_see_it(broken: Run, tmp_path: Path) -> None:
    root = ET.parse(tmp_path / "junit.xml").getroot()  # noqa: S314 # our own file
    failed = [case for case in root.iter("testcase") if case.find("failure") is not None]
    assert [case.get("name") for case in failed] == ["n.above-maximum"]
    failure = failed[0].find("failure")
    assert failure is not None
    assert failure.get("type") == "MUST"
    assert "curl" in (failure.text or "")
    assert broken.exit_code == 1


def test_characters_that_xml_forbids_are_replaced(tmp_path: Path) -> None:
    case = {
        "group": "g",
        "clause": "c",
        "provider": "p",
        "model": "m",
        "operation": "o",
        "level": "MUST",
        "source": "s",
        "status": "fail",
        "expected": "a\0b",
        "actual": "\x1b[31m \ud800 \ufffe",
        "curl": "curl '\x07'",
        "reason": "",
    }
    junit.write(tmp_path / "junit.xml", [case], "p at http://h")
    root = ET.parse(tmp_path / "junit.xml").getroot()  # noqa: S314 # our own file
    assert root.findall(".//failure")
