"""The journal: what came in and what became of it. Bounded in entries and bytes; put into words when read.

Visits to the object store (pictures fetched, files uploaded) stand beside the calls of the API, with a bound
of their own: a client that fetches many pictures pushes no call out. They are listed where asked for.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from qwen_image_mock.brief import Brief
from qwen_image_mock.journal_filters import Filters
from qwen_image_mock.packed import Packed, packed
from qwen_image_mock.view import entry_of
from qwen_image_mock.visit import Visit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from qwen_image_mock.exchange import Exchange
    from qwen_image_mock.heads import Head
    from qwen_image_mock.plans import Settled

Json = Any
_LARGE = 65_536
_VISIT = 1024
"""What a visit weighs beside its path: its headers, about."""


@dataclass(slots=True)
class _Kept:
    """A record; `entry` is its words, None as long as nobody asked for them."""

    number: int
    weight: int
    record: Exchange | Packed | Visit
    entry: Json = None

    @property
    def provider(self) -> str | None:
        return None if isinstance(self.record, Visit) else self.record.provider.id

    @property
    def row(self) -> tuple[str, float, str | None, str, str]:
        """What filters look at."""
        record = self.record
        return record.id, record.time, self.provider, record.operation, record.caller.tag

    def words(self) -> Json:
        record = self.record
        if self.entry is not None:
            return self.entry
        if isinstance(record, Visit):
            return record.entry()
        return entry_of(record.exchange() if isinstance(record, Packed) else record)


class _Ring:
    """The last records, at most `entries` of them and about `limit` bytes."""

    def __init__(self, entries: int, limit: int) -> None:
        self._entries = entries
        self._limit = limit
        self._bytes = 0
        self.kept: deque[_Kept | Brief] = deque()

    def add(self, record: _Kept | Brief) -> None:
        kept = self.kept
        kept.append(record)
        self._bytes += record.weight
        while len(kept) > self._entries or (self._bytes > self._limit and len(kept) > 1):
            self._bytes -= kept.popleft().weight

    def clear(self) -> None:
        self.kept.clear()
        self._bytes = 0


class Journal:
    """The last exchanges, at most `entries` of them and about `limit` bytes, and as many visits.

    Exchanges above 64 KiB are put into words at once, with long texts cut: no picture stays in memory.
    """

    def __init__(self, entries: int, limit: int) -> None:
        self._calls = _Ring(entries, limit)
        self._visits = _Ring(entries, limit)
        self.seen = 0

    def __len__(self) -> int:
        """How many exchanges are kept, visits not counted."""
        return len(self._calls.kept)

    def add(self, exchange: Exchange, weight: int, content: bytes | None = None) -> None:
        """Keep an exchange; `weight` is the size of its request and answer in bytes, `content` the answer."""
        entry = None
        record: Exchange | Packed | None = None
        if weight > _LARGE:
            entry = entry_of(exchange)
            weight = len(orjson.dumps(entry))
            record = exchange.outline()
        elif content is not None:
            record = packed(exchange, content)
        self.seen += 1
        self._calls.add(_Kept(self.seen, weight, record or exchange, entry))

    def brief(
        self, identity: str, now: float, head: Head, body: bytes, content: bytes, settled: Settled, seed: int
    ) -> None:
        """Keep a call of the beaten way, as `Brief` tells of it."""
        seen = self.seen = self.seen + 1
        weight = len(body) + len(content)
        self._calls.add(Brief(seen, weight, identity, now, head, body, content, settled, seed))

    def visit(self, visit: Visit) -> None:
        """Keep a visit to the object store."""
        self.seen += 1
        self._visits.add(_Kept(self.seen, len(visit.path) + _VISIT, visit))

    def clear(self) -> None:
        """Forget everything."""
        self._calls.clear()
        self._visits.clear()

    def read(self, filters: Mapping[str, str]) -> list[Json]:
        """The entries, oldest first, that all filters let through; `journal_filters.py` lists these."""
        wanted = Filters(filters)
        kept: Iterable[_Kept | Brief] = self._calls.kept
        if wanted.visits:
            kept = sorted((*self._calls.kept, *self._visits.kept), key=lambda one: one.number)
        return wanted.apply((one.row, one.words) for one in list(kept))
