"""Pictures within the answer: base64 texts."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qwen_image_mock.drawing import Drawing


def inline_pictures(drawing: Drawing, count: int) -> list[str]:
    """The first `count` pictures of a drawing, each as base64."""
    return [b64encode(drawing.png(index)).decode("ascii") for index in range(count)]
