"""What the answer says was used."""

from __future__ import annotations

from qwen_image_conformance.checks.fields import fields_of, missing_or_wrong
from qwen_image_conformance.checks.registry import check
from qwen_image_conformance.seen import Seen
from qwen_image_conformance.verdict import Verdict, equal, holds
from qwen_image_spec.pointers import MISSING, get


@check("usage.image-count")
def image_count(seen: Seen) -> Verdict | None:
    """image_count is the number of pictures delivered."""
    fields = fields_of(seen, "usage.image-count")
    if seen.broken or not seen.accepted or not fields:
        return None
    value = get(seen.body, fields[0].at)
    if value is MISSING or isinstance(value, bool) or not isinstance(value, int):
        return missing_or_wrong(seen.body, fields)
    return equal(
        expected=sum(not item.failed for item in seen.items), actual=value, level=fields[0].fact.level
    )


@check("usage.size")
def pixels(seen: Seen) -> Verdict | None:
    """The pixels named are the pixels delivered."""
    fields = fields_of(seen, "usage.size")
    measured = [(picture.width, picture.height) for picture in seen.exchange.pictures if picture.width]
    if seen.broken or not seen.accepted or not fields or not measured:
        return None
    wrong = missing_or_wrong(seen.body, fields)
    if wrong is None or not wrong.ok:
        return wrong
    said: list[object] = []
    for field in fields:
        value = get(seen.body, field.at)
        if value is MISSING:
            continue
        said.extend(int(side) for side in value.split("*")) if isinstance(value, str) and value.replace(
            "*", ""
        ).isdecimal() else said.append(value)
    if len(said) != 2:
        return None
    return holds(
        set(said) == set(measured[0]),
        expected=f"{measured[0][0]} and {measured[0][1]}",
        actual=said,
        level=fields[0].fact.level,
    )
