"""Uploaded objects and thumbnails that all workers share, so that a picture looks the same wherever it is drawn."""

from __future__ import annotations

from time import time
from typing import TYPE_CHECKING

import orjson

from qwen_image_mock.pictures import Thumbnail
from qwen_image_mock.shared.scripts import SHELVE
from qwen_image_mock.shelf import Kept
from qwen_image_mock.thumbnails import MOST_KEPT
from qwen_image_spec.input_images import Looked
from qwen_image_spec.size import Size

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qwen_image_mock.shared.connection import Connection
    from qwen_image_mock.thumbnails import Thumbnails

_LIFE = 2 * 86_400 * 1000
_MARGIN = 3600
_FAR = 30 * 86_400


class SharedShelf:
    """See `qwen_image_mock.shelf.Shelf`."""

    def __init__(self, connection: Connection, limit: int) -> None:
        self._connection = connection
        self._limit = limit

    async def put(self, key: str, kept: Kept, *, replaces: bool) -> bool:
        """Keep an object; it goes an hour after its time, or when there are too many."""
        left = min(max(0.0, kept.ends - time()), _FAR) + _MARGIN
        while True:
            text = await self._connection.get(f"object:{key}")
            known = None if text is None else _read(text)
            if known is not None and not replaces and known.looked.digest != kept.looked.digest:
                return False
            arguments = (text or b"", _write(kept), int(left * 1000), self._limit)
            if await self._connection.run(SHELVE, [f"object:{key}", "objects"], *arguments):
                return True

    async def get(self, key: str) -> Kept | None:
        """The object of a key."""
        text = await self._connection.get(f"object:{key}")
        return None if text is None else _read(text)


class SharedThumbnails:
    """The thumbnails made by any worker, for two days, as many as one worker would keep."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def publish(self, thumbnails: Thumbnails, keys: Iterable[str]) -> None:
        """Let other workers have those of some keys."""
        for key in dict.fromkeys(keys):
            made = thumbnails.made(key)
            if made is not None:
                text = f"{made.width} {made.height} ".encode() + made.pixels
                keys = [f"thumbnail:{key}", "thumbnails"]
                await self._connection.run(SHELVE, keys, "*", text, _LIFE, MOST_KEPT)

    async def bring(self, thumbnails: Thumbnails, keys: Iterable[str]) -> None:
        """Fetch those of some keys that this worker lacks."""
        wanted = [key for key in dict.fromkeys(keys) if key not in thumbnails]
        found = await self._connection.get_all([f"thumbnail:{key}" for key in wanted])
        for key, text in zip(wanted, found, strict=True):
            if text is not None:
                width, height, pixels = text.split(b" ", 2)
                thumbnails.keep(key, Thumbnail(int(width), int(height), pixels))


def _write(kept: Kept) -> bytes:
    looked = kept.looked
    size = None if looked.size is None else [looked.size.width, looked.size.height]
    return orjson.dumps([looked.digest, looked.length, looked.format, size, looked.encoded, kept.ends])


def _read(text: bytes) -> Kept:
    digest, length, kind, size, encoded, ends = orjson.loads(text)
    return Kept(Looked(length, digest, kind, None if size is None else Size(*size), encoded), ends)
