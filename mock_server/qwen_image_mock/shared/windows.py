"""Rates that all workers share: the times of the last requests, one list a place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_image_mock.shared.scripts import ADMIT

if TYPE_CHECKING:
    from qwen_image_mock.shared.connection import Connection

_PLACE = "rate:"


class SharedWindows:
    """See `qwen_image_mock.windows.Windows`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def admit(self, place: str, now: float, count: int, window: float) -> float | None:
        """Count a request, or give the time of the first one in its way."""
        first = await self._connection.run(ADMIT, [_PLACE + place], repr(now), count, window)
        return None if first is None else float(first)

    async def clear(self) -> None:
        """Forget all requests."""
        keys = [key for key in await self._connection.keys() if key.startswith(_PLACE)]
        if keys:
            await self._connection.drop(*keys)
