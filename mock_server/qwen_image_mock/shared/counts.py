"""Counts that all workers share: one hash a group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_image_mock.counts import REMEMBERED
from qwen_image_mock.shared.connection import WORD
from qwen_image_mock.shared.scripts import TAKE

if TYPE_CHECKING:
    from qwen_image_mock.shared.connection import Connection


class SharedCounts:
    """See `qwen_image_mock.counts.Counts`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def take(self, group: str, key: str, limit: int) -> bool:
        """Count once more, unless it was counted `limit` times already: then False."""
        return bool(await self._connection.run(TAKE, [f"counts:{group}"], key, limit, REMEMBERED))

    async def next(self, group: str, key: str) -> int:
        """Count once more and tell how often that makes it."""
        return int(await self._connection.run(TAKE, [f"counts:{group}"], key, "", REMEMBERED))

    async def seen(self, group: str) -> dict[str, int]:
        """How often each key of a group was counted."""
        found = await self._connection.ask(self._connection.redis.hgetall(f"{WORD}counts:{group}"))
        return {key.decode(): int(count) for key, count in found.items()}

    async def clear(self, *groups: str) -> None:
        """Forget groups."""
        await self._connection.drop(*(f"counts:{group}" for group in groups))
