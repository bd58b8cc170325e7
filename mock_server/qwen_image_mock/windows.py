"""Requests of the last while, for rates: so many in so many seconds."""

from __future__ import annotations

from collections import deque
from typing import Protocol

_PLACES = 10_000


class Windows(Protocol):
    """Times of requests by place. Two askers at once never both get the last one of a window."""

    async def admit(self, place: str, now: float, count: int, window: float) -> float | None:
        """Count a request at `now`, unless there were `count` in the last `window` seconds.

        Gives None when it was counted, else the time of the first of those. Times are seconds since the epoch.
        """

    async def clear(self) -> None:
        """Forget all requests."""


class MemoryWindows:
    """Times in this process. Nothing here waits."""

    def __init__(self) -> None:
        self._seen: dict[str, deque[float]] = {}

    async def admit(self, place: str, now: float, count: int, window: float) -> float | None:
        """Count a request, or give the time of the first one in its way."""
        if len(self._seen) > _PLACES:
            self._seen.clear()
        seen = self._seen.setdefault(place, deque())
        while seen and not now - window < seen[0] <= now:
            seen.popleft()
        if len(seen) >= count:
            return seen[0]
        seen.append(now)
        return None

    async def clear(self) -> None:
        """Forget all requests."""
        self.forget()

    def forget(self) -> None:
        """The same, without a coroutine."""
        self._seen.clear()
