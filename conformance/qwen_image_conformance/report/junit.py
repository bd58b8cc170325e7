"""JUnit XML: a suite for each clause group, a case for each clause, model and operation."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from qwen_image_conformance.verdict import Status

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(path: Path, cases: Sequence[Mapping[str, Any]], name: str) -> None:
    """Write the report from the `case` events of a run."""
    groups: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for case in cases:
        groups[case["group"]].append(case)
    root = ET.Element("testsuites", name=_clean(name))
    for group, members in groups.items():
        suite = ET.SubElement(
            root,
            "testsuite",
            name=_clean(group),
            tests=str(len(members)),
            failures=_count(members, Status.FAIL, Status.FIXED),
            errors=_count(members, Status.ERROR),
            skipped=_count(members, Status.NOT_RUN, Status.NOT_APPLICABLE),
        )
        for case in members:
            _case(suite, case)
    ET.indent(root)
    ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _count(members: Sequence[Mapping[str, Any]], *statuses: Status) -> str:
    return str(sum(member["status"] in statuses for member in members))


def _case(suite: ET.Element, case: Mapping[str, Any]) -> None:
    element = ET.SubElement(
        suite,
        "testcase",
        classname=_clean(f"{case['provider']}.{case['model']}.{case['operation']}"),
        name=case["clause"],
        time="0",
    )
    properties = ET.SubElement(element, "properties")
    for name in ("clause", "level", "source", "status"):
        ET.SubElement(properties, "property", name=name, value=str(case[name]))
    text = _clean(
        f"{case['curl']}\nexpected: {case['expected']}\n"
        f"actual:   {case['actual']}\nsource:   {case['source']}"
    )
    match case["status"]:
        case Status.FAIL | Status.FIXED:
            ET.SubElement(element, "failure", message=_clean(_message(case)), type=case["level"]).text = text
        case Status.ERROR:
            ET.SubElement(element, "error", message=_clean(str(case["actual"]))).text = text
        case Status.NOT_RUN | Status.NOT_APPLICABLE:
            ET.SubElement(element, "skipped", message=_clean(case["reason"] or case["status"]))
        case Status.WARN | Status.OBSERVED | Status.KNOWN:
            ET.SubElement(element, "system-out").text = (
                _clean(": ".join(filter(None, (case["status"], case["reason"])))) + f"\n{text}"
            )
        case _:
            pass


def _message(case: Mapping[str, Any]) -> str:
    """What a CI shows first.

    A stale baseline entry passes, so its reason tells more than expected and actual.
    """
    differs = f"expected {case['expected']}, got {case['actual']}"
    if case["status"] == Status.FIXED:
        return str(case["reason"]) or "passes, but the baseline lists it"
    return f"{differs} ({case['reason']})" if case["reason"] else differs


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
