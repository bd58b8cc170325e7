"""How many pictures, and that they are different ones."""

from __future__ import annotations

from qwen_image_conformance.checks.registry import check
from qwen_image_conformance.seen import Seen
from qwen_image_conformance.verdict import Verdict, equal, holds, observed


def _delivered(seen: Seen) -> int:
    return sum(not item.failed for item in seen.items)


@check("n.count")
def count(seen: Seen) -> Verdict | None:
    """N asked, n delivered."""
    if seen.asked is None or "n" not in seen.asked or seen.broken or seen.doubtful:
        return None
    if seen.refused and len(seen.asked.parameters) == 1:
        return holds(
            False,
            expected=f"{seen.asked.get('n')} picture(s)",
            actual=seen.came,
        )
    if not 200 <= seen.status < 300 or not seen.accepted:
        return None
    if seen.effective.get("enable_interleave") is True:
        return None  # max_images bounds the pictures here
    if seen.effective.get("enable_sequential") is True:
        return holds(
            1 <= _delivered(seen) <= seen.asked.get("n"),
            expected=f"1 to {seen.asked.get('n')} pictures",
            actual=_delivered(seen),
        )
    return equal(expected=seen.asked.get("n"), actual=_delivered(seen))


@check("n.default")
def default(seen: Seen) -> Verdict | None:
    """No n asked: the default delivered."""
    facets = seen.facets("n")
    if (
        seen.asked is None
        or "n" in seen.asked
        or seen.broken
        or not seen.accepted
        or facets is None
        or facets.default is None
    ):
        return None
    if facets.default.open:
        return observed(_delivered(seen), expected=facets.default.value)
    return equal(expected=facets.default.value, actual=_delivered(seen), level=facets.default.level)


@check("n.distinct")
def distinct(seen: Seen) -> Verdict | None:
    """No address twice."""
    addresses = [item.url for item in seen.items if item.url] or [item.b64 for item in seen.items if item.b64]
    if seen.broken or len(addresses) < 2:
        return None
    return equal(expected=len(addresses), actual=len(set(addresses)))


@check("max-images.count")
def interleaved(seen: Seen) -> Verdict | None:
    """At most max_images in an interleaved answer."""
    most = seen.effective.get("max_images")
    if (
        seen.broken
        or not seen.accepted
        or seen.effective.get("enable_interleave") is not True
        or not isinstance(most, int)
    ):
        return None
    return holds(1 <= _delivered(seen) <= most, expected=f"1 to {most} pictures", actual=_delivered(seen))
