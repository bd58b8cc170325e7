"""The shape of a refusal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from qwen_image_conformance.checks.firmness import firmness
from qwen_image_conformance.checks.registry import check
from qwen_image_conformance.seen import Seen
from qwen_image_conformance.verdict import Verdict, equal, holds
from qwen_image_spec.catalogue import entry_for
from qwen_image_spec.evidence import strictest, weakest
from qwen_image_spec.model import ErrorEntry
from qwen_image_spec.pointers import MISSING


def _refusal(seen: Seen) -> bool:
    return seen.answered and len(set(seen.broken)) == 1 and seen.status >= 400


def _entry(seen: Seen) -> ErrorEntry | None:
    return entry_for(seen.broken[0], seen.provider, seen.model)


@check("errors.status")
def status(seen: Seen) -> Verdict | None:
    """The status is one that the catalogue names for this mistake."""
    entry = _entry(seen) if _refusal(seen) and seen.status < 500 else None
    if entry is None or not _exactly(seen, entry):
        return None
    allowed = (entry.status.value, *entry.also)
    return holds(
        seen.status in allowed,
        expected=" or ".join(map(str, allowed)),
        actual=seen.status,
        level=entry.status.level,
        source=entry.status.source,
    )


@check("errors.client-fault")
def client_fault(seen: Seen) -> Verdict | None:
    """A client's mistake is no server error."""
    if not seen.answered or not seen.broken:
        return None
    return holds(seen.status < 500, expected="a status below 500", actual=seen.status)


@check("errors.json")
def json_document(seen: Seen) -> Verdict | None:
    """A refusal is JSON and says so."""
    if not _refusal(seen):
        return None
    said = seen.exchange.received.headers.get("content-type", "")
    good = seen.first_body is not MISSING and "json" in said
    level = weakest(strictest(*(field.fact.level for field in seen.provider.error_fields)), firmness(seen))
    return holds(
        good,
        expected="a JSON document of type application/json",
        level=level,
        actual=f"{said or 'no type'}: {seen.exchange.received.body[:80]!r}",
    )


@check("errors.code")
def code(seen: Seen) -> Verdict | None:
    """The code is one that the catalogue names for this mistake."""
    entry = _entry(seen) if _refusal(seen) else None
    if (
        entry is None
        or entry.code is None
        or not _exactly(seen, entry)
        or not isinstance(seen.first_body, dict)
    ):
        return None
    actual = next(iter(_codes(seen.first_body)), None)
    allowed = (entry.code, *entry.codes)
    return holds(
        actual in allowed,
        expected=" or ".join(allowed),
        actual=actual,
        level=entry.status.level,
        source=entry.status.source,
    )


@check("errors.no-pictures")
def no_pictures(seen: Seen) -> Verdict | None:
    """A refusal brings no picture."""
    if not seen.broken or not seen.answered or seen.status < 400:
        return None
    return equal(expected=0, actual=sum(not item.failed for item in seen.items))


def _exactly(seen: Seen, entry: ErrorEntry) -> bool:
    """True when the catalogue has a row for this very clause, rather than a row for everything else."""
    return any(pattern != "*" for pattern in entry.raised_by) or seen.broken[0] in entry.raised_by


def _codes(body: dict[str, Any]) -> Iterator[Any]:
    error = body.get("error")
    if isinstance(error, dict) and "code" in error:
        yield error["code"]
    if "code" in body:
        yield body["code"]
