"""The pixels that were delivered."""

from __future__ import annotations

from qwen_image_conformance.checks.registry import check
from qwen_image_conformance.seen import Seen
from qwen_image_conformance.verdict import Verdict, equal, observed


def _measured(seen: Seen) -> list[str]:
    return [f"{picture.width}x{picture.height}" for picture in seen.exchange.pictures if picture.width]


@check("size.delivered")
def delivered(seen: Seen) -> Verdict | None:
    """Asked size, delivered pixels."""
    measured = _measured(seen)
    if seen.asked is None or "size" not in seen.asked or seen.broken or not measured or seen.size is None or seen.model is None:
        return None
    if seen.asked.images or "x" not in str(seen.asked.get("size")).replace("*", "x"):
        return observed(measured, expected=str(seen.size))
    return equal(expected=[str(seen.size)] * len(measured), actual=measured)


@check("size.default")
def default(seen: Seen) -> Verdict | None:
    """No size asked: the default's pixels."""
    measured = _measured(seen)
    facets = seen.facets("size")
    if seen.asked is None or "size" in seen.asked or seen.broken or not measured or facets is None or facets.default is None:
        return None
    if seen.size is None or facets.default.open or seen.asked.images:
        return observed(measured, expected=facets.default.value)
    return equal(expected=[str(seen.size)] * len(measured), actual=measured, level=facets.default.level)
