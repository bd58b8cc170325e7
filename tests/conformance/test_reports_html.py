"""The HTML report as a page: one file, self-contained, escaped, readable without colour."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace

import pytest

from qwen_image_conformance.report.html import render
from qwen_image_conformance.report.html_words import GLYPHS, WORDS
from qwen_image_conformance.report.read import Record
from qwen_image_conformance.verdict import Status
from reports_made import SPEC, case, record, whole
from reports_page import Page, broken, page


def test_the_page_is_whole_and_holds_every_section() -> None:
    found = page(broken(), record(case("n.count")))
    assert found.open == []
    assert list(found.sections)[1:] == [
        "matrix",
        "changes",
        "clients",
        "failures",
        "known",
        "warnings",
        "observed",
        "unmeasured",
        "appendix",
    ]


def test_nothing_is_fetched_and_nothing_runs() -> None:
    html = render(broken(), SPEC)
    found = Page(html)
    tags = {tag for tag, _ in found.tags}
    assert not tags & {"script", "link", "iframe", "object", "embed", "form", "base"}
    assert not [
        name for _, attrs in found.tags for name in attrs if name.startswith("on") or name == "srcset"
    ]
    assert all(str(attrs["src"]).startswith("data:") for _, attrs in found.tags if "src" in attrs)
    style = html[html.index("<style>") : html.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style
    assert "default-src 'none'" in html


def test_it_is_made_for_dark_screens_and_paper() -> None:
    html = render(broken(), SPEC)
    assert "@media (prefers-color-scheme: dark)" in html
    assert "@media print" in html


def test_what_the_target_says_stays_text() -> None:
    evil = "</pre><script>alert(1)</script><img src=x onerror=y>"
    run = record(
        case(
            status="fail",
            actual=evil,
            expected={"a": evil},
            curl=f"curl '{evil}'",
            model=evil,
            reason=evil,
            operation=evil,
            clause="n.count",
            group=evil,
            source=evil,
        ),
        target=evil,
        provider=evil,
    )
    found = page(run, record(case(actual=evil)))
    assert not [tag for tag, attrs in found.tags if tag in ("script", "img") or "onerror" in attrs]
    assert evil in found.sections["failures"]


def test_only_web_addresses_become_links() -> None:
    source = SPEC.sources["dieyuyun-guide"]
    spec = replace(
        SPEC, sources={**SPEC.sources, "dieyuyun-guide": replace(source, url="javascript:alert(1)")}
    )
    html = render(record(case(status="fail")), spec)
    assert "javascript:" not in html
    assert source.title in html


def test_status_is_never_told_by_colour_alone() -> None:
    assert len(set(GLYPHS.values())) == len(Status)
    assert set(WORDS) == set(Status)
    found = page(broken())
    matrix = [text for section, text in found.cells if section == "matrix" and text != "generate"]
    assert len(matrix) > 5
    for cell in matrix:
        assert any(word in cell for word in (*WORDS.values(), "does not apply")), cell
        assert any(glyph in cell for glyph in (*GLYPHS.values(), "·")), cell
    results = [text for section, text in found.cells if section == "appendix" and "kept" in text]
    assert all(text.strip()[0] in GLYPHS.values() for text in results)


def test_every_link_within_the_page_leads_somewhere_and_no_name_stands_twice() -> None:
    both = record(
        case("n.default", "fail"),
        case("n.default", "observed", model="other"),
        case("n.default", "warn", model="third"),
    )
    for run in (broken(), both):
        found = page(run, record(case("n.count")))
        names = Counter(str(attrs["id"]) for _, attrs in found.tags if "id" in attrs)
        assert [name for name, count in names.items() if count > 1] == []
        targets = {
            str(attrs["href"])[1:] for _, attrs in found.tags if str(attrs.get("href", "")).startswith("#")
        }
        assert targets <= set(names)


@pytest.mark.parametrize("status", ["pass", "fail", "observed"])
def test_the_largest_provider_renders_quickly_and_small(status: str) -> None:
    run = whole("dashscope", status)
    long = [{**one, "curl": "curl " + "x" * 50_000 if status == "fail" else one["curl"]} for one in run.cases]
    started = time.process_time()
    html = render(Record(run.head, long, run.end), SPEC)
    assert time.process_time() - started < 2
    assert len(html.encode()) < 2_000_000
    assert len(run.cases) > 2000


def test_an_empty_run_renders() -> None:
    assert "Conforms" in render(record(), SPEC)
