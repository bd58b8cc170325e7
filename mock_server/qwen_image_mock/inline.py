"""Pictures drawn for an answer: as base64 texts within it, or as a file. What takes long is drawn in a thread."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

from qwen_image_mock.apart import apart

if TYPE_CHECKING:
    from qwen_image_mock.drawing import Drawing
    from qwen_image_mock.thumbnails import Thumbnails

_AT_ONCE = 16
"""So many pictures are drawn before anybody notices."""


async def inline_pictures(drawing: Drawing, count: int, thumbnails: Thumbnails) -> list[str]:
    """The first `count` pictures of a drawing, each as base64."""
    if drawing.slow or count > _AT_ONCE:
        return await apart(_texts, drawing, count, thumbnails)
    return _texts(drawing, count, thumbnails)


async def picture(drawing: Drawing, index: int, thumbnails: Thumbnails) -> bytes:
    """One picture of a drawing, as a PNG file."""
    if drawing.slow:
        return await apart(_file, drawing, index, thumbnails)
    return _file(drawing, index, thumbnails)


def _texts(drawing: Drawing, count: int, thumbnails: Thumbnails) -> list[str]:
    thumbnail = thumbnails.sheet(drawing.inputs)
    return [b64encode(drawing.png(index, thumbnail)).decode("ascii") for index in range(count)]


def _file(drawing: Drawing, index: int, thumbnails: Thumbnails) -> bytes:
    return drawing.png(index, thumbnails.sheet(drawing.inputs))
