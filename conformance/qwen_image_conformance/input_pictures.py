"""Input images that models refuse: too small, too narrow, of another format, no picture at all."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from functools import cache
from typing import Any

from qwen_image_spec.model import ImageRule

_TEXT = b"This is a text file, whatever it is called."
_DRAWING = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="512" height="512"><rect width="512" height="512"/></svg>'
)
NO_PICTURE = f"data:image/png;base64,{base64.b64encode(_TEXT).decode('ascii')}"
VECTORS = f"data:image/svg+xml;base64,{base64.b64encode(_DRAWING).decode('ascii')}"
NO_ADDRESS = "not an address"
_TINY = 16
_PLAIN = 512
_SELDOM = ("GIF", "TIFF")


def wrong_pictures(rule: ImageRule) -> Iterator[Any]:
    """Images of which each breaks one clause, as far as the rule has limits that a small file can break."""
    yield picture(_TINY, _TINY, "PNG")
    yield NO_PICTURE
    yield NO_ADDRESS
    yield 7
    if rule.ratio is not None:
        least = rule.side.value[0] if rule.side is not None else _PLAIN
        widest, one = rule.ratio.value[1].split(":")
        yield picture(least * (int(widest) // int(one) + 2), least, "PNG")
    if rule.formats is not None:
        for form in _SELDOM:
            if form.lower() not in rule.formats.value:
                yield picture(_PLAIN, _PLAIN, form)
        yield VECTORS


@cache
def picture(width: int, height: int, form: str) -> str:
    """A picture of one colour as a data URI; sides in pixels."""
    from PIL import Image  # only edits need it

    buffer = io.BytesIO()
    Image.new("RGB", (width, height), (176, 58, 46)).save(buffer, form)
    return f"data:image/{form.lower()};base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
