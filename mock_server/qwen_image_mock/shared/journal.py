"""The journal that all workers share: two lists of entries already in words, in the order they were kept."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from qwen_image_mock.apart import apart
from qwen_image_mock.journal_filters import Filters
from qwen_image_mock.shared.connection import WORD
from qwen_image_mock.shared.scripts import NOTE
from qwen_image_mock.view import entry_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_image_mock.exchange import Exchange
    from qwen_image_mock.settings import Settings
    from qwen_image_mock.shared.connection import Connection
    from qwen_image_mock.visit import Visit

Json = Any
_CALLS, _VISITS, _NUMBERS = "journal:calls", "journal:visits", "journal:numbers"


class SharedJournal:
    """The last exchanges and visits, as many and as many bytes as the settings say."""

    def __init__(self, connection: Connection, settings: Settings) -> None:
        self._connection = connection
        self._entries = settings.journal_entries
        self._bytes = settings.journal_bytes

    async def add(self, exchange: Exchange) -> None:
        """Keep an exchange."""
        await self._note(_CALLS, exchange.caller.tag, entry_of(exchange))

    async def visit(self, visit: Visit) -> None:
        """Keep a visit to the object store."""
        await self._note(_VISITS, visit.caller.tag, visit.entry())

    async def _note(self, place: str, tag: str, entry: Json) -> None:
        text = orjson.dumps([tag, entry])
        keys = [place, f"{place}:bytes", _NUMBERS]
        await self._connection.run(NOTE, keys, text, self._entries, self._bytes)

    async def read(self, filters: Mapping[str, str]) -> list[Json]:
        """The entries, oldest first, that all filters let through; `journal_filters.py` lists these.

        They are read in a thread: many take long.
        """
        wanted = Filters(filters)
        rows = await self._connection.rows(_CALLS)
        if wanted.visits:
            rows += await self._connection.rows(_VISITS)
        return await apart(_chosen, wanted, rows)

    async def count(self) -> int:
        """How many exchanges are kept, visits not counted."""
        return int(await self._connection.ask(self._connection.redis.llen(WORD + _CALLS)))

    async def clear(self) -> None:
        """Forget everything."""
        places = [f"{place}{more}" for place in (_CALLS, _VISITS) for more in ("", ":bytes")]
        await self._connection.drop(*places)


def _chosen(wanted: Filters, rows: list[bytes]) -> list[Json]:
    numbered = [_numbered(row) for row in rows]
    numbered.sort(key=lambda row: row[0])
    return wanted.apply((_row(tag, entry), partial(_same, entry)) for _, tag, entry in numbered)


def _same(entry: Json) -> Json:
    return entry


def _numbered(row: bytes) -> tuple[int, str, Json]:
    number, _, text = row.partition(b" ")
    tag, entry = orjson.loads(text)
    return int(number), tag, entry


def _row(tag: str, entry: Json) -> tuple[str, float, str | None, str, str]:
    return entry["id"], entry["time"], entry["provider"], entry["operation"], tag
