"""Where uploaded objects are kept: what is known of each, never its bytes."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from qwen_image_spec.input_images import Looked


@dataclass(frozen=True, slots=True)
class Kept:
    """An object; `ends` is when it goes, in seconds since the epoch."""

    looked: Looked
    ends: float


class Shelf(Protocol):
    """Objects by key."""

    async def put(self, key: str, kept: Kept, *, replaces: bool) -> bool:
        """Keep an object. False when another file has its key and it does not replace that."""

    async def get(self, key: str) -> Kept | None:
        """The object of a key."""


class MemoryShelf:
    """The last `limit` objects, in this process. Nothing here waits."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: OrderedDict[str, Kept] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    async def put(self, key: str, kept: Kept, *, replaces: bool) -> bool:
        """Keep an object; the oldest goes when there are too many."""
        known = self._kept.get(key)
        if known is not None and not replaces and known.looked.digest != kept.looked.digest:
            return False
        self._kept[key] = kept
        while len(self._kept) > self._limit:
            self._kept.popitem(last=False)
        return True

    async def get(self, key: str) -> Kept | None:
        """The object of a key."""
        return self._kept.get(key)

    def forget(self) -> None:
        """Forget every object."""
        self._kept.clear()
