"""How often something happened: what "the first N times" and "each request another" rest on.

Counts have a group (`fault`, `met`, `draw`, `seed`), so that one can be forgotten without the others.
"""

from __future__ import annotations

from typing import Protocol

FAULT, MET, DRAW, SEED = "fault", "met", "draw", "seed"
REMEMBERED = 10_000
"""So many keys a group has at most; beyond that it starts anew."""


class Counts(Protocol):
    """Counts by group and key. Two askers at once never get the same number."""

    async def take(self, group: str, key: str, limit: int) -> bool:
        """Count once more, unless it was counted `limit` times already: then False."""

    async def next(self, group: str, key: str) -> int:
        """Count once more and tell how often that makes it."""

    async def seen(self, group: str) -> dict[str, int]:
        """How often each key of a group was counted."""

    async def clear(self, *groups: str) -> None:
        """Forget groups."""


class MemoryCounts:
    """Counts in this process. Nothing here waits."""

    def __init__(self) -> None:
        self._groups: dict[str, dict[str, int]] = {}

    async def take(self, group: str, key: str, limit: int) -> bool:
        """Count once more, unless it was counted `limit` times already: then False."""
        if self._of(group).get(key, 0) >= limit:
            return False
        self.add(group, key)
        return True

    async def next(self, group: str, key: str) -> int:
        """Count once more and tell how often that makes it."""
        return self.add(group, key)

    async def seen(self, group: str) -> dict[str, int]:
        """How often each key of a group was counted."""
        return dict(self._of(group))

    async def clear(self, *groups: str) -> None:
        """Forget groups."""
        self.forget(*groups)

    def add(self, group: str, key: str) -> int:
        """The same as `next`, without a coroutine."""
        counts = self._of(group)
        if len(counts) >= REMEMBERED and key not in counts:
            counts.clear()
        count = counts[key] = counts.get(key, 0) + 1
        return count

    def forget(self, *groups: str) -> None:
        """The same as `clear`, without a coroutine; of all groups when none is named."""
        for group in groups or list(self._groups):
            self._groups.pop(group, None)

    def _of(self, group: str) -> dict[str, int]:
        return self._groups.setdefault(group, {})
