"""Large input images through a gateway."""

from __future__ import annotations

from qwen_image_conformance.checks.registry import check
from qwen_image_conformance.seen import Seen
from qwen_image_conformance.upstream.both import Both
from qwen_image_conformance.upstream.inputs import came, sent
from qwen_image_conformance.upstream.large import kept_of
from qwen_image_conformance.verdict import Verdict, holds


@check("gateway.large-body")
def large(seen: Seen) -> Verdict | None:
    """The picture's very bytes arrive, and pictures come back."""
    if seen.exchange.upstream is None or seen.asked is None or seen.broken or seen.doubtful:
        return None
    lengths = [kept.length for image in seen.asked.images if (kept := kept_of(image)) is not None]
    if not lengths:
        return None
    both = Both(seen)
    whole = both.request is not None and sorted(map(str, sent(both))) == sorted(map(str, came(both)))
    return holds(
        seen.accepted and whole,
        expected=f"an input image of {max(lengths) / 1e6:.1f} MB arrives whole, and pictures come",
        actual=f"{_answer(seen)}; {_arrival(both, whole=whole)}",
    )


def _answer(seen: Seen) -> str:
    error = seen.exchange.received.error
    return f"no answer: {error}" if error else seen.came


def _arrival(both: Both, *, whole: bool) -> str:
    if not both.calls:
        return "nothing arrived at the upstream"
    if whole:
        return "it arrived whole"
    return (
        f"{', '.join(map(str, sent(both)))} sent, {', '.join(map(str, came(both))) or 'no picture'} arrived"
    )
