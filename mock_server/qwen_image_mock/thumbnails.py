"""Small pictures of input images, so that an edit's picture shows what it was made from."""

from __future__ import annotations

from collections import OrderedDict
from math import ceil, sqrt
from typing import TYPE_CHECKING

from qwen_image_mock.pictures import Thumbnail, decode_png_thumbnail, hashed_thumbnail

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_SHOWN = 16
MOST_KEPT = 2048
_KEY_LENGTH = 20
_CELL = 64
_GROUND = b"\x80\x80\x80"


def key_of(digest: str) -> str:
    """The short name of an image in addresses of pictures: the start of its digest."""
    return digest[:_KEY_LENGTH]


class Thumbnails:
    """The last `limit` thumbnails, by key.

    One that is gone, or was never decoded, is blocks of colour made from the key.
    """

    def __init__(self, limit: int = MOST_KEPT) -> None:
        self._limit = limit
        self._kept: OrderedDict[str, Thumbnail] = OrderedDict()

    def __contains__(self, key: str) -> bool:
        return key in self._kept

    def make(self, key: str, data: bytes) -> None:
        """Shrink an image and keep the result. A large photo takes up to half a second."""
        made = decode_png_thumbnail(data)
        if made is not None:
            self.keep(key, made)

    def keep(self, key: str, made: Thumbnail) -> None:
        """Keep a thumbnail."""
        self._kept[key] = made
        while len(self._kept) > self._limit:
            self._kept.popitem(last=False)

    def made(self, key: str) -> Thumbnail | None:
        """The thumbnail of a key, unless it is gone or was never made."""
        return self._kept.get(key)

    def get(self, key: str) -> Thumbnail:
        """The thumbnail of a key."""
        return self._kept.get(key) or hashed_thumbnail(key.encode())

    def sheet(self, keys: Sequence[str]) -> Thumbnail | None:
        """The thumbnails of several images side by side, in rows; None where there is no image."""
        shown = [self.get(key) for key in keys[:MOST_SHOWN]]
        if len(shown) < 2:
            return shown[0] if shown else None
        columns = ceil(sqrt(len(shown)))
        bands = [shown[start : start + columns] for start in range(0, len(shown), columns)]
        pixels = b"".join(_band(band, columns) for band in bands)
        return Thumbnail(columns * _CELL, len(bands) * _CELL, pixels)

    def clear(self) -> None:
        """Forget all of them."""
        self._kept.clear()


def _band(thumbnails: Sequence[Thumbnail], columns: int) -> bytes:
    cells = [_cell(thumbnail) for thumbnail in thumbnails]
    cells += [[_GROUND * _CELL] * _CELL] * (columns - len(cells))
    return b"".join(b"".join(cell[row] for cell in cells) for row in range(_CELL))


def _cell(thumbnail: Thumbnail) -> list[bytes]:
    """A thumbnail as large as fits into a square, each pixel repeated, in the middle of grey."""
    times = max(1, _CELL // max(thumbnail.width, thumbnail.height))
    width = thumbnail.width * times
    left = (_CELL - width) // 2
    before, after = _GROUND * left, _GROUND * (_CELL - left - width)
    rows: list[bytes] = []
    for start in range(0, len(thumbnail.pixels), 3 * thumbnail.width):
        line = thumbnail.pixels[start : start + 3 * thumbnail.width]
        wide = b"".join(line[at : at + 3] * times for at in range(0, len(line), 3))
        rows += [before + wide + after] * times
    top = (_CELL - len(rows)) // 2
    return [_GROUND * _CELL] * top + rows + [_GROUND * _CELL] * (_CELL - top - len(rows))
