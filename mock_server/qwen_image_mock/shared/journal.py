"""The journal that all workers share: two lists of entries, in the order they were kept.

Entries that wait while others are on their way to Redis go together, with the next trip.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from qwen_image_mock.apart import apart
from qwen_image_mock.journal_filters import Filters
from qwen_image_mock.shared.connection import WORD
from qwen_image_mock.shared.record import Reader, Writer
from qwen_image_mock.shared.scripts import NOTE
from qwen_image_mock.shared.trips import Trips

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_image_mock.exchange import Exchange
    from qwen_image_mock.settings import Settings
    from qwen_image_mock.shared.connection import Connection
    from qwen_image_mock.visit import Visit
    from qwen_image_spec.model import Provider

Json = Any
CALLS, _VISITS, _NUMBERS = "journal:calls", "journal:visits", "journal:numbers"
AT_ONCE = 256
"""So many entries are kept in one step."""


def keys_of(place: str) -> list[str]:
    """The keys of one of the lists, as the scripts want them."""
    return [place, f"{place}:bytes", _NUMBERS]


class SharedJournal:
    """The last exchanges and visits, as many and as many bytes as the settings say."""

    def __init__(self, connection: Connection, settings: Settings, providers: Mapping[str, Provider]) -> None:
        self._connection = connection
        self._entries = settings.journal_entries
        self._bytes = settings.journal_bytes
        self._reader = Reader(providers)
        self._writer = Writer()
        self._calls = Trips(partial(self._note, CALLS), AT_ONCE)
        self._visits = Trips(partial(self._note, _VISITS), AT_ONCE)

    async def add(self, exchange: Exchange, content: bytes) -> None:
        """Keep an exchange; `content` is its answer as it is sent."""
        await self._calls.take(self._writer.text(exchange, content))

    async def visit(self, visit: Visit) -> None:
        """Keep a visit to the object store."""
        await self._visits.take(orjson.dumps([visit.caller.tag, visit.entry()]))

    async def _note(self, place: str, texts: list[bytes]) -> None:
        await self._connection.run(NOTE, keys_of(place), self._entries, self._bytes, *texts)

    async def read(self, filters: Mapping[str, str]) -> list[Json]:
        """The entries, oldest first, that all filters let through; `journal_filters.py` lists these.

        They are read in a thread: many take long.
        """
        wanted = Filters(filters)
        texts = await self._connection.rows(CALLS)
        if wanted.visits:
            texts += await self._connection.rows(_VISITS)
        return await apart(self._chosen, wanted, texts)

    async def count(self) -> int:
        """How many exchanges are kept, visits not counted."""
        return int(await self._connection.ask(self._connection.redis.llen(WORD + CALLS)))

    async def clear(self) -> None:
        """Forget everything."""
        places = [f"{place}{more}" for place in (CALLS, _VISITS) for more in ("", ":bytes")]
        await self._connection.drop(*places)

    def _chosen(self, wanted: Filters, texts: list[bytes]) -> list[Json]:
        rows = sorted(map(self._reader.row, texts), key=lambda row: row.number)
        return wanted.apply((row.row, row.words) for row in rows)
