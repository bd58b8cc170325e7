"""A report's page taken apart, for the tests of the HTML report."""

from __future__ import annotations

from html.parser import HTMLParser

from qwen_image_conformance.report.html import render
from qwen_image_conformance.report.read import Record
from reports_made import SPEC, case, record

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
