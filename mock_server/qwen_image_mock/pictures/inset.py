"""The thumbnail of an input image, drawn large in the middle of the picture."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from qwen_image_mock.pictures.palette import CUBE, FRAME
from qwen_image_mock.pictures.patch import Patch

if TYPE_CHECKING:
    from qwen_image_mock.pictures.picture import Thumbnail

_SIDE = 5
"""The levels of red, green and blue each; their combinations are the colours to choose from."""


def _ranges(thumbnail: Thumbnail) -> list[tuple[int, int]]:
    channels = (thumbnail.pixels[channel::3] for channel in range(3))
    return [(min(channel), max(channel)) for channel in channels]


def colours(thumbnail: Thumbnail) -> bytes:
    """Make the palette entries from CUBE on: all combinations of levels from the darkest to the brightest."""
    red, green, blue = (
        [low + (high - low) * level // (_SIDE - 1) for level in range(_SIDE)]
        for low, high in _ranges(thumbnail)
    )
    return bytes(level for r in red for g in green for b in blue for level in (r, g, b))


def _indices(thumbnail: Thumbnail) -> bytes:
    """Choose a palette entry for each pixel: a digit of it for each channel, added up for all at once."""
    total = int.from_bytes(bytes((CUBE,)) * (thumbnail.width * thumbnail.height), "big")
    for channel, (low, high) in enumerate(_ranges(thumbnail)):
        span = max(1, high - low)
        worth = _SIDE ** (2 - channel)
        table = bytes(
            worth * min(_SIDE - 1, max(0, ((value - low) * (_SIDE - 1) * 2 + span) // (span * 2)))
            for value in range(256)
        )
        total += int.from_bytes(thumbnail.pixels[channel::3].translate(table), "big")
    return total.to_bytes(thumbnail.width * thumbnail.height, "big")


def inset(thumbnail: Thumbnail, width: int, top: int, bottom: int, border: int) -> Patch | None:
    """Draw it, framed, in the middle of what is between two lines of a picture; None where nothing fits."""
    border = min(border, width // 24, (bottom - top) // 24)
    room_across, room_down = width * 5 // 8 - 2 * border, (bottom - top) * 5 // 8 - 2 * border
    if room_across < 1 or room_down < 1:
        return None
    across = max(1, min(room_across, room_down * thumbnail.width // thumbnail.height))
    down = max(1, min(room_down, across * thumbnail.height // thumbnail.width))
    indices = _indices(thumbnail)
    columns = [column * across // thumbnail.width for column in range(thumbnail.width + 1)]
    rows = [row * down // thumbnail.height for row in range(thumbnail.height + 1)]
    sizes = [after - before for before, after in pairwise(columns)]
    edge = bytes((FRAME,)) * border
    runs = [(bytes((FRAME,)) * (across + 2 * border), border)]
    for row, (start, end) in enumerate(pairwise(rows)):
        if start < end:
            line = indices[row * thumbnail.width : (row + 1) * thumbnail.width]
            runs.append((edge + _stretch(line, sizes) + edge, end - start))
    runs.append(runs[0])
    total = down + 2 * border
    return Patch((width - across) // 2 - border, top + (bottom - top - total) // 2, tuple(runs))


def _stretch(line: bytes, sizes: list[int]) -> bytes:
    """Repeat each pixel as often as it is wide."""
    return b"".join(line[place : place + 1] * size for place, size in enumerate(sizes))
