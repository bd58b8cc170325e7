"""Counts that all workers share: one hash a group. Requests that count at the same time share a trip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qwen_image_mock.counts import REMEMBERED
from qwen_image_mock.shared.connection import WORD
from qwen_image_mock.shared.scripts import TAKE
from qwen_image_mock.shared.trips import Trips

if TYPE_CHECKING:
    from qwen_image_mock.shared.connection import Connection


_AT_ONCE = 256


@dataclass(slots=True)
class _Next:
    """One more of a count; `given` is its number once it is there, 0 beyond the limit."""

    group: str
    key: str
    limit: int | None
    given: int = 0


class SharedCounts:
    """See `qwen_image_mock.counts.Counts`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._trips: Trips[_Next] = Trips(self._count, _AT_ONCE)

    async def take(self, group: str, key: str, limit: int) -> bool:
        """Count once more, unless it was counted `limit` times already: then False."""
        counting = _Next(group, key, limit)
        await self._trips.take(counting)
        return counting.given > 0

    async def next(self, group: str, key: str) -> int:
        """Count once more and tell how often that makes it."""
        counting = _Next(group, key, None)
        await self._trips.take(counting)
        return counting.given

    async def _count(self, all_: list[_Next]) -> None:
        told = [word for one in all_ for word in (one.key, "" if one.limit is None else one.limit)]
        keys = [f"counts:{one.group}" for one in all_]
        for one, given in zip(all_, await self._connection.run(TAKE, keys, REMEMBERED, *told), strict=True):
            one.given = int(given)

    async def seen(self, group: str) -> dict[str, int]:
        """How often each key of a group was counted."""
        found = await self._connection.ask(self._connection.redis.hgetall(f"{WORD}counts:{group}"))
        return {key.decode(): int(count) for key, count in found.items()}

    async def clear(self, *groups: str) -> None:
        """Forget groups."""
        await self._connection.drop(*(f"counts:{group}" for group in groups))
