"""The words of the HTML report: glyph and word of each status, and values made fit to be read."""

from __future__ import annotations

from typing import Any

import orjson

from qwen_image_conformance.report.grid import Cell
from qwen_image_conformance.verdict import Status

GLYPHS = {
    Status.PASS: "✓",
    Status.KNOWN: "◆",
    Status.OBSERVED: "○",
    Status.WARN: "▲",
    Status.FAIL: "✕",
    Status.FIXED: "↻",
    Status.ERROR: "!",
    Status.NOT_RUN: "?",
    Status.NOT_APPLICABLE: "–",
}
WORDS = {
    Status.PASS: "kept",
    Status.KNOWN: "known",
    Status.OBSERVED: "observed",
    Status.WARN: "warn",
    Status.FAIL: "fail",
    Status.FIXED: "stale",
    Status.ERROR: "error",
    Status.NOT_RUN: "not measured",
    Status.NOT_APPLICABLE: "does not apply",
}
HEADINGS = {"response-format": "format", "response": "answer", "methods": "http", "images": "input"}
_LONGEST = 3000
_LONGEST_VALUE = 600


def shown(value: Any) -> str:
    """A JSON value for people, cut after 600 characters. Text and lists of texts lose their quotes.

    Of a list of texts each is cut by itself.
    """
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return ", ".join(
            item if len(item) <= _LONGEST_VALUE else item[: _LONGEST_VALUE - 1] + "…" for item in value
        )
    text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode("utf-8")
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"


def clip(text: Any) -> str:
    """A command, cut after 3,000 characters with a note where the whole of it is."""
    whole = str(text)
    return (
        whole
        if len(whole) <= _LONGEST
        else whole[:_LONGEST] + "\n… cut here: the whole request is in the evidence"
    )


def link(url: Any) -> str:
    """An address that may be followed: only http and https, else nothing."""
    text = str(url)
    return text if text.startswith(("https://", "http://")) else ""


def cell_title(cell: Cell) -> str:
    """The clauses of a cell by status, worst first."""
    lines = []
    for status in sorted(set(cell.clauses.values()), key=lambda status: -status.rank):
        clauses = cell.of(status)
        lines.append(f"{WORDS[status]}: {', '.join(clauses)}")
    return "\n".join(lines)
