"""A badge: how many clauses of each level a target keeps, as text and for badge services."""

from __future__ import annotations

from typing import Any

from qwen_image_conformance.report.read import Record
from qwen_image_conformance.report.tally import conforms, tally

_LABEL = "qwen-image contract"


def text(run: Record) -> str:
    """For example `MUST 41/41 · SHOULD 9/11`: clauses kept of clauses judged.

    A clause counts once, however many models it was judged at, and is kept when it is kept at all of them. A
    run that did not finish says so; a level with nothing judged is left out.
    """
    parts = [f"{level} {count}" for level in ("MUST", "SHOULD") if (count := tally(run.cases, level)).judged]
    if run.unfinished:
        parts.append("unfinished")
    return " · ".join(parts) if parts else "nothing judged"


def endpoint(run: Record, label: str = _LABEL) -> dict[str, Any]:
    """The JSON that shields-style badge services read from an address (their schema version 1).

    Green when all is kept, yellow when a SHOULD is not, red when the run fails, grey when nothing was judged
    or the run did not finish (unless it already fails).
    """
    return {"schemaVersion": 1, "label": label, "message": text(run), "color": _colour(run)}


def _colour(run: Record) -> str:
    must, should = tally(run.cases, "MUST"), tally(run.cases, "SHOULD")
    if not conforms(run.cases):
        return "red"
    if run.unfinished or not must.judged + should.judged:
        return "lightgrey"
    return "brightgreen" if must.whole and should.whole else "yellow"
