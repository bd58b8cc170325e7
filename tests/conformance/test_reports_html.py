"""The HTML report: one file, self-contained, escaped, readable without colour, every section it promises."""

from __future__ import annotations

import re
import time
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from qwen_image_conformance.report.html import render
from qwen_image_conformance.report.html_words import GLYPHS, WORDS
from qwen_image_conformance.report.read import Record
from qwen_image_conformance.verdict import Status
from qwen_image_spec.cases import cases
from reports_made import PROVIDER, SPEC, case, record, whole

VOID = {"meta", "img", "br", "link", "input", "hr"}


class Page(HTMLParser):
    """What a page holds: tags with attributes, the text of each section, tags left open."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.sections: dict[str, str] = {}
        self.cells: list[list[str]] = []
        self._section = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "section":
            self._section = str(dict(attrs)["id"])
        if tag == "td":
            self.cells.append([self._section, ""])

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.sections[self._section] = self.sections.get(self._section, "") + data
        if "td" in self.open:
            self.cells[-1][1] += data


def page(run: Record, previous: Record | None = None) -> Page:
    return Page(render(run, SPEC, previous))


def broken() -> Record:
    return record(
        case("n.count", "fail", actual="only 1 picture", expected="2 pictures"),
        case("n.type", "warn"),
        case("size.type", "known", reason="ticket 12"),
        case("seed.repeats", "observed", actual="identical"),
        case("prompt.nul", "not-run", model="*"),
        case("response.success-means-pictures", "fail"),
        case("watermark.default", "pass"),
    )


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


def test_a_failure_shows_what_a_reader_needs() -> None:
    text = page(broken()).sections["failures"]
    source = SPEC.sources["dieyuyun-guide"]
    for part in (
        SPEC.clauses["n.count"].sentence,
        "2 pictures",
        "only 1 picture",
        "documented",
        source.title,
        source.publisher,
        source.read,
        "curl -sS",
        str(case()["model"]),
    ):
        assert part in text


def test_failures_stand_worst_first() -> None:
    many = [case("n.count", "fail", model=f"m{index}") for index in range(3)]
    text = page(record(case("size.type", "fail"), *many, case("n.type", "error"))).sections["failures"]
    assert text.index("n.type") < text.index("n.count") < text.index("size.type")


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


def test_who_breaks_names_clients_and_what_happens_to_them() -> None:
    text = page(broken()).sections["clients"]
    assert "Portkey" in text
    assert "passes an error inside status 200 on as a success" in text
    assert "No client we know of" in page(record(case("seed.type", "fail"))).sections["clients"]


def test_what_changed_is_told() -> None:
    text = page(broken(), record(case("n.count"), case("n.type", "warn"))).sections["changes"]
    assert "regressed" in text
    assert "only 1 picture" in text
    assert "changes" not in page(broken()).sections


def test_what_was_not_measured_says_why() -> None:
    text = page(broken()).sections["unmeasured"]
    assert "prompt.nul" in text
    assert "No exchange of this run decides it" in text


def test_a_dispute_shows_both_values_and_what_this_target_does() -> None:
    provider, fact, one = next(
        (name, one.fact, one)
        for name in SPEC.providers
        for one in cases(SPEC, SPEC.providers[name])
        if one.fact.dispute is not None
    )
    dispute = SPEC.disputes[str(fact.dispute)]
    made = case(one.clause, provider=provider, model=one.model, operation=one.operation)
    text = page(record(made, provider=provider)).sections["observed"]
    assert dispute.question in text
    assert len(dispute.values) > 1
    for source, value in dispute.values:
        assert value in text
        assert SPEC.sources[source].title in text
    assert dispute.verdict in text
    assert f"{one.clause} as our contract says" in re.sub(r"\s+", " ", text)


def test_the_appendix_has_every_clause_with_level_and_evidence() -> None:
    text = page(whole(PROVIDER)).sections["appendix"]
    for clause in {one["clause"] for one in whole(PROVIDER).cases}:
        assert clause in text
        assert SPEC.clauses[clause].sentence in text
    for word in ("MUST", "SHOULD", "documented", "inferred"):
        assert word in text


def test_alike_models_fold_without_script() -> None:
    run = record(*(case(model=f"m{index}") for index in range(5)))
    found = page(run)
    assert "details" in {tag for tag, _ in found.tags}
    assert "and 4 alike" in found.sections["matrix"]
    assert "m4" in found.sections["matrix"]


def test_verdicts() -> None:
    for run, word in (
        (record(case()), "Conforms"),
        (record(case(status="fail")), "Does not conform"),
        (record(case(), end=False), "Unfinished"),
        (record(case(), stopped="budget"), "Unfinished"),
        (record(case(status="fixed")), "Does not conform"),
    ):
        assert f"<title>{word}: " in render(run, SPEC)
    assert "the run broke off" in page(record(case(), end=False)).sections[""]
    assert "Before the plan was done: budget" in page(record(case(), stopped="budget")).sections[""]


def test_spending_is_told_as_far_as_it_is_known() -> None:
    priced = [model for owner, model in SPEC.prices if owner == "dashscope"][:1]
    made = case(provider="dashscope", model=priced[0])
    run = record(made, provider="dashscope", models=[*priced, "another"])
    assert "price known for 1 of 2 models" in page(run).sections[""]
    assert run.end is not None
    paid = Record(run.head, run.cases, {**run.end, "cost": "1.50"})
    assert "1.50 CNY, price known for 1 of 2 models" in page(paid).sections[""]
    assert "price unknown" in page(record(case())).sections[""]


@pytest.mark.parametrize("status", ["pass", "fail", "observed"])
def test_the_largest_provider_renders_quickly_and_small(status: str) -> None:
    run = whole("dashscope", status)
    long = [{**one, "curl": "curl " + "x" * 50_000 if status == "fail" else one["curl"]} for one in run.cases]
    started = time.perf_counter()
    html = render(Record(run.head, long, run.end), SPEC)
    assert time.perf_counter() - started < 2
    assert len(html.encode()) < 2_000_000
    assert len(run.cases) > 2000


def test_unknown_clauses_sources_and_providers_still_render() -> None:
    run = record(
        case("mine.own", "fail", provider="my-gateway", source="my-doc"), provider="my-gateway", time=None
    )
    assert "mine.own is not in this version of the contract" in page(run).sections["failures"]


def test_an_empty_run_renders() -> None:
    assert "Conforms" in render(record(), SPEC)
