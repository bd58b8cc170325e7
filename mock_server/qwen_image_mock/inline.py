"""Pictures within the answer: base64 texts."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qwen_image_mock.drawing import Drawing
    from qwen_image_mock.thumbnails import Thumbnails


def inline_pictures(drawing: Drawing, count: int, thumbnails: Thumbnails) -> list[str]:
    """The first `count` pictures of a drawing, each as base64."""
    thumbnail = thumbnails.sheet(drawing.inputs)
    return [b64encode(drawing.png(index, thumbnail)).decode("ascii") for index in range(count)]
