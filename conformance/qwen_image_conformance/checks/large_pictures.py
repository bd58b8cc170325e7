"""Input images of too many bytes. The limits of a picture and of its data URI are passed together, so they are judged together."""

from __future__ import annotations

from collections.abc import Callable

from qwen_image_conformance.checks.refusals import TOO_LARGE, judged, violation_of
from qwen_image_conformance.checks.registry import check
from qwen_image_conformance.seen import Seen
from qwen_image_conformance.upstream.forms import TYPE
from qwen_image_conformance.upstream.large import limits, looked_at
from qwen_image_conformance.verdict import Verdict, observed
from qwen_image_spec.situation import image_rule_of

_URI = "images.data-uri"
_THROTTLED = 429


def _too_large(clause: str) -> Callable[[Seen], Verdict | None]:
    def refused(seen: Seen) -> Verdict | None:
        touched = {*seen.broken, *seen.doubtful}
        if not seen.answered or seen.status == _THROTTLED or clause not in touched - _foreign(seen):
            return None
        violation = violation_of(seen, clause)
        if touched - set(TOO_LARGE) or violation is None:
            return None
        if clause in seen.broken and (clause != _URI or _by_any_count(seen)):
            return judged(seen, violation)
        if seen.broken and clause not in seen.broken:
            return None
        return observed(seen.came, expected=violation.allowed)

    refused.__doc__ = (
        f"A request whose picture is too large for {clause}, and that breaks nothing else, is refused."
    )
    return refused


def _foreign(seen: Seen) -> set[str]:
    """The limits that do not concern a request: a form has files and no data URIs."""
    form = seen.exchange.sent.headers.get("content-type", "").startswith(TYPE)
    return {_URI} if form else set()


def _by_any_count(seen: Seen) -> bool:
    """Whether the bytes of a picture alone are above every limit there is: then it does not matter what is counted."""
    if seen.asked is None or seen.model is None:
        return False
    rule = image_rule_of(seen.asked, seen.model)
    known = limits(rule, seen.model.facts) if rule is not None else []
    lengths = [looked.length for looked in looked_at(seen.asked.images) if looked is not None]
    return bool(known) and max(lengths, default=0) > max(known)


for _clause in TOO_LARGE:
    check(_clause)(_too_large(_clause))
