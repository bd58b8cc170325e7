"""The report as one HTML file: no remote assets, no script, made for light and dark screens and for paper."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from qwen_image_conformance.report import compare, grid, html_parts
from qwen_image_conformance.report.clients import breakages
from qwen_image_conformance.report.findings import findings, place
from qwen_image_conformance.report.html_words import GLYPHS, HEADINGS, WORDS, cell_title, clip, link, shown
from qwen_image_conformance.report.pictures import bought, thumbnails
from qwen_image_conformance.report.provenance import Provenance
from qwen_image_conformance.report.read import Record
from qwen_image_conformance.report.spending import spending
from qwen_image_conformance.report.tally import FAILING, conforms, tally
from qwen_image_conformance.verdict import Status
from qwen_image_spec.model import Spec

_SECTIONS: dict[str, frozenset[Status]] = {
    "failures": FAILING,
    "known": frozenset({Status.KNOWN}),
    "warnings": frozenset({Status.WARN}),
    "observed": frozenset({Status.OBSERVED}),
}


def render(run: Record, spec: Spec, previous: Record | None = None, images: Path | None = None) -> str:
    """The whole document.

    `previous` is an older run to tell changes against; `images` the folder of pictures in the run's folder,
    whose evidence beside it says which model made which. Nothing is fetched, and nothing of the target is
    trusted: all text is escaped.
    """
    about = Provenance(spec, run)
    pictures = bought(images)
    sections = {name: findings(run.cases, statuses) for name, statuses in _SECTIONS.items()}
    context: dict[str, Any] = {
        "run": run,
        "head": run.head,
        "title": _title(run),
        "when": _when(run),
        "verdict": _verdict(run),
        "must": tally(run.cases, "MUST"),
        "should": tally(run.cases, "SHOULD"),
        "spent": spending(run, spec, pictures),
        "tables": html_parts.tables(run),
        "changes": html_parts.changes(previous, run) if previous is not None else None,
        "previous_when": _when(previous) if previous is not None else "",
        "breakages": breakages(run.cases, spec),
        **sections,
        "anchors": {one.clause: name for name in reversed(sections) for one in sections[name]},
        "thumbnails": thumbnails(images, pictures, run.cases),
        "bought": len({picture.digest for picture in pictures if picture.digest}),
        "disputes": html_parts.disputes(about, run),
        "unmeasured": html_parts.unmeasured(run),
        "appendix": html_parts.appendix(about, run),
        "about": about,
    }
    return _environment().get_template("report.html.j2").render(context)


def _title(run: Record) -> str:
    return f"{run.head['provider']} at {run.head['target']}"


def _when(run: Record) -> str:
    """The start of a run for people; empty when the head does not tell."""
    stamp = run.head.get("time")
    try:
        return (
            datetime.fromtimestamp(float(stamp), UTC).strftime("%d %B %Y, %H:%M UTC").lstrip("0")
            if stamp is not None
            else ""
        )
    except (TypeError, ValueError, OverflowError, OSError):
        return ""


def _verdict(run: Record) -> tuple[str, str]:
    """The status that colours the verdict, and its words."""
    if not conforms(run.cases):
        return Status.FAIL, "Does not conform"
    if run.unfinished:
        return Status.WARN, "Unfinished"
    return Status.PASS, "Conforms"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("qwen_image_conformance.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        shown=shown, clip=clip, link=link, place=place, cell_title=cell_title, told=compare.told
    )
    environment.globals.update(GLYPHS=GLYPHS, WORDS=WORDS, HEADINGS=HEADINGS, groups=grid.groups)
    return environment
