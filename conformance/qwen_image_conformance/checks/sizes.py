"""The pixels that were delivered."""

from __future__ import annotations

from qwen_image_conformance.checks.registry import check
from qwen_image_conformance.seen import Seen
from qwen_image_conformance.verdict import Verdict, equal, observed
from qwen_image_spec.model import Model
from qwen_image_spec.size import Size


def _measured(seen: Seen) -> list[str]:
    return [f"{picture.width}x{picture.height}" for picture in seen.exchange.pictures if picture.width]


@check("size.delivered")
def delivered(seen: Seen) -> Verdict | None:
    """Asked size, delivered pixels."""
    measured = _measured(seen)
    if (
        seen.asked is None
        or "size" not in seen.asked
        or seen.broken
        or not measured
        or seen.size is None
        or seen.model is None
    ):
        return None
    if str(seen.asked.get("size")).isalnum() and seen.asked.images:
        return observed(measured, expected=f"about {seen.size.pixels} pixels")
    return equal(
        expected=[str(_rounded(seen.size, seen.model, edit=bool(seen.asked.images)))] * len(measured),
        actual=measured,
    )


def _rounded(size: Size, model: Model, *, edit: bool) -> Size:
    """The size as this model rounds it: each side to the nearest multiple, where its document says so."""
    fact = model.facts.get("picture.multiple-edit" if edit else "picture.multiple") or model.facts.get(
        "picture.multiple"
    )
    if fact is None:
        return size
    step = int(fact.value)
    return Size((size.width + step // 2) // step * step, (size.height + step // 2) // step * step)


@check("size.default")
def default(seen: Seen) -> Verdict | None:
    """No size asked: the default's pixels."""
    measured = _measured(seen)
    facets = seen.facets("size")
    if (
        seen.asked is None
        or "size" in seen.asked
        or seen.broken
        or not measured
        or facets is None
        or facets.default is None
    ):
        return None
    if seen.size is None or facets.default.open or seen.asked.images:
        return observed(measured, expected=facets.default.value)
    return equal(expected=[str(seen.size)] * len(measured), actual=measured, level=facets.default.level)
