"""Edits sent as forms, where the gateway's document has them."""

from __future__ import annotations

from qwen_image_conformance.checks.registry import check
from qwen_image_conformance.seen import Seen
from qwen_image_conformance.verdict import Verdict, holds

_PROBES = "gateway.form"


@check("gateway.form")
def form(seen: Seen) -> Verdict | None:
    """A legal edit, sent as a form, is served: judged by the probes that are sent for it, before any error is simulated."""
    if seen.exchange.upstream is None or not seen.exchange.probe.startswith(_PROBES):
        return None
    if seen.asked is None or seen.broken or seen.doubtful:
        return None
    return holds(seen.accepted, expected="pictures", actual=seen.came)
