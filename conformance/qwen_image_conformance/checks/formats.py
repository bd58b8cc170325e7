"""url or b64_json."""

from __future__ import annotations

from qwen_image_conformance.checks.fields import fields_of, missing_or_wrong
from qwen_image_conformance.checks.registry import check
from qwen_image_conformance.seen import Seen
from qwen_image_conformance.verdict import Verdict, holds


def _form(seen: Seen) -> list[str]:
    return ["b64_json" if item.b64 else "url" if item.url else "neither" for item in seen.items]


@check("response-format.url")
def url(seen: Seen) -> Verdict | None:
    """Url asked, url given; so too where there is nothing to ask for."""
    asked = seen.asked is not None and seen.asked.get("response_format") == "url"
    if seen.asked is None or seen.broken or not (asked or seen.facets("response_format") is None):
        return None
    if asked and seen.refused and len(seen.asked.parameters) == 1:
        return holds(False, expected="accepted", actual=seen.came)
    if not 200 <= seen.status < 300:
        return None
    return missing_or_wrong(seen.body, fields_of(seen, "response-format.url"))


@check("response-format.b64")
def b64(seen: Seen) -> Verdict | None:
    """b64_json asked: base64 given, nothing before it, no address beside it, and a picture inside."""
    if seen.asked is None or seen.asked.get("response_format") != "b64_json" or seen.broken:
        return None
    if seen.refused and len(seen.asked.parameters) == 1:
        return holds(False, expected="accepted", actual=seen.came)
    if not 200 <= seen.status < 300 or not seen.items:
        return None
    wrong = [form for form in _form(seen) if form != "b64_json"]
    both = [item for item in seen.items if item.b64 and item.url]
    prefixed = [item for item in seen.items if item.b64 and item.b64.startswith("data:")]
    undecodable = [picture.error for picture in seen.exchange.pictures if picture.inline and picture.error]
    actual = (
        "an item without b64_json"
        if wrong
        else "an address beside b64_json"
        if both
        else "a data: prefix"
        if prefixed
        else undecodable[0]
        if undecodable
        else "base64 of a picture in every item"
    )
    return holds(
        not (wrong or both or prefixed or undecodable),
        expected="base64 of a picture in every item",
        actual=actual,
    )


@check("response-format.default")
def default(seen: Seen) -> Verdict | None:
    """Nothing asked: the documented default."""
    facets = seen.facets("response_format")
    if (
        seen.asked is None
        or "response_format" in seen.asked
        or seen.broken
        or not seen.accepted
        or facets is None
        or facets.default is None
    ):
        return None
    wanted = facets.default.value
    return holds(
        set(_form(seen)) == {wanted},
        expected=wanted,
        actual=sorted(set(_form(seen))),
        level=facets.default.level,
    )
