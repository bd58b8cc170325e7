"""The journal: what came in and what became of it. Bounded in entries and bytes; put into words when read."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

import orjson

from qwen_image_mock.credentials import tag_of
from qwen_image_mock.view import entry_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwen_image_mock.exchange import Exchange

Json = Any
_LARGE = 65_536


class Journal:
    """The last exchanges, at most `entries` of them and about `limit` bytes.

    Exchanges above 64 KiB are put into words at once, with long texts cut: no picture stays in memory.
    """

    def __init__(self, entries: int, limit: int) -> None:
        self._entries = entries
        self._limit = limit
        self._bytes = 0
        self._kept: deque[tuple[int, Exchange, Json]] = deque()
        self.seen = 0

    def __len__(self) -> int:
        return len(self._kept)

    def add(self, exchange: Exchange, weight: int) -> None:
        """Keep an exchange; `weight` is the size of its request and answer in bytes."""
        entry = None
        if weight > _LARGE:
            entry = entry_of(exchange)
            weight = len(orjson.dumps(entry))
            exchange = exchange.outline()
        kept = self._kept
        kept.append((weight, exchange, entry))
        self._bytes += weight
        self.seen += 1
        while len(kept) > self._entries or (self._bytes > self._limit and len(kept) > 1):
            self._bytes -= kept.popleft()[0]

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()
        self._bytes = 0

    def read(self, filters: dict[str, str]) -> list[Json]:
        """The entries, oldest first, that all filters let through.

        Filters: `provider`, `operation`, `key` (the plain key, or its tag), `contains` (a text anywhere in
        the entry), `since` (seconds since the epoch, or an entry's id: those after it), `limit` (the last
        so many).
        """
        contains = filters.get("contains")
        entries = [entry or entry_of(exchange) for exchange, entry in self._chosen(filters)]
        if contains is not None:
            quoted = orjson.dumps(contains)[1:-1]
            entries = [entry for entry in entries if quoted in orjson.dumps(entry)]
        limit = filters.get("limit")
        return entries[-int(limit) :] if limit is not None and limit.isdecimal() and int(limit) else entries

    def _chosen(self, filters: dict[str, str]) -> Iterator[tuple[Exchange, Json]]:
        provider, operation, key, since = (
            filters.get(name) for name in ("provider", "operation", "key", "since")
        )
        tags = {key, tag_of(key)} if key is not None else None
        moment = _number(since)
        waiting = (
            since is not None
            and moment is None
            and any(exchange.id == since for _, exchange, _ in self._kept)
        )
        for _, exchange, entry in self._kept:
            if waiting:
                waiting = exchange.id != since
                continue
            if moment is not None and exchange.time < moment:
                continue
            if provider is not None and exchange.provider.id != provider:
                continue
            if operation is not None and exchange.operation != operation:
                continue
            if tags is not None and exchange.caller.tag not in tags:
                continue
            yield exchange, entry


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
