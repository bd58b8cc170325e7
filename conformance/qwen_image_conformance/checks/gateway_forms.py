"""Edits sent as forms, where the gateway's document has them."""

from __future__ import annotations

from typing import Any

from qwen_image_conformance.checks.registry import check
from qwen_image_conformance.seen import Seen
from qwen_image_conformance.upstream.forms import TYPE
from qwen_image_conformance.verdict import Verdict, holds


@check("gateway.form")
def form(seen: Seen) -> Verdict | None:
    """A legal edit, sent as a form, is served."""
    sent = seen.exchange.sent.headers.get("content-type", "")
    if seen.exchange.upstream is None or not sent.startswith(TYPE) or seen.exchange.fault:
        return None
    if seen.asked is None or seen.broken or seen.doubtful or not all(map(_file, seen.asked.images)):
        return None
    return holds(seen.accepted, expected="pictures", actual=seen.came)


def _file(image: Any) -> bool:
    """Whether an input image went as a file; no document promises that an address in a form is taken."""
    return isinstance(image, str) and image.startswith("data:")
