"""Comparing two delivered pictures: the same, different in the lower right corner only, or different."""

from __future__ import annotations

import io
from enum import StrEnum
from functools import lru_cache

from PIL import Image, ImageChops

from qwen_image_conformance.seen import Seen


class Difference(StrEnum):
    """How two pictures differ. `unknown` when one of them is missing or has another size."""

    NONE = "none"
    CORNER = "lower right corner only"
    ELSEWHERE = "elsewhere"
    UNKNOWN = "unknown"


def difference(first: Seen, second: Seen) -> Difference:
    """How the first pictures of two exchanges differ."""
    one, two = _digest(first), _digest(second)
    if not one or not two:
        return Difference.UNKNOWN
    if one == two:
        return Difference.NONE
    return _compare(first.load(one), second.load(two))


def _digest(seen: Seen) -> str:
    pictures = seen.exchange.pictures
    return pictures[0].digest if pictures and pictures[0].width else ""


@lru_cache(maxsize=256)
def _compare(first: bytes, second: bytes) -> Difference:
    with Image.open(io.BytesIO(first)) as one, Image.open(io.BytesIO(second)) as two:
        if one.size != two.size:
            return Difference.UNKNOWN
        box = ImageChops.difference(one.convert("RGB"), two.convert("RGB")).getbbox()
        if box is None:
            return Difference.NONE
        width, height = one.size
        return Difference.CORNER if box[0] >= width // 2 and box[1] >= height // 2 else Difference.ELSEWHERE
