"""Which entries of the journal somebody asked for.

`provider`, `operation`, `key` (the plain key, or its tag), `contains` (a text anywhere in the entry), `since`
(seconds since the epoch, or an entry's id: those after it), `limit` (the last so many), `files` (`true` lists
pictures fetched and files uploaded among the calls; `operation=picture` and `operation=upload-object` list
them alone).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from qwen_image_mock.credentials import tag_of
from qwen_image_mock.visit import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

Json = Any
Row = tuple[str, float, str | None, str, str]
"""Of an entry: id, time, provider, operation, the key's tag."""
_YES = frozenset({"true", "1", "yes", "on"})


class Filters:
    """Filters as the words of a query; those it does not know are overlooked."""

    def __init__(self, words: Mapping[str, str]) -> None:
        self._provider = words.get("provider")
        self._operation = words.get("operation")
        key = words.get("key")
        self._tags = None if key is None else {key, tag_of(key)}
        self._contains = words.get("contains")
        self._since = words.get("since")
        self._moment = _number(self._since)
        limit = words.get("limit", "")
        self._limit = int(limit) if limit.isascii() and limit.isdecimal() else 0
        self.visits = self._operation in OPERATIONS or words.get("files", "").lower() in _YES

    def apply(self, rows: Iterable[tuple[Row, Callable[[], Json]]]) -> list[Json]:
        """The entries let through; each comes with a function that puts it into words."""
        chosen = [*self._chosen(list(rows))]
        if self._contains is None:
            return [words() for words in (chosen[-self._limit :] if self._limit else chosen)]
        quoted = orjson.dumps(self._contains)[1:-1]
        entries = []
        for words in chosen:
            entry = words()
            if quoted in orjson.dumps(entry):
                entries.append(entry)
        return entries[-self._limit :] if self._limit else entries

    def _chosen(self, rows: list[tuple[Row, Callable[[], Json]]]) -> Iterator[Callable[[], Json]]:
        since = self._since
        waiting = since is not None and self._moment is None and any(row[0] == since for row, _ in rows)
        for row, words in rows:
            if waiting:
                waiting = row[0] != since
            elif self._takes(row):
                yield words

    def _takes(self, row: Row) -> bool:
        _, time, provider, operation, tag = row
        return (
            (self._moment is None or time >= self._moment)
            and (self._provider is None or provider == self._provider)
            and (self._operation is None or operation == self._operation)
            and (self._tags is None or tag in self._tags)
        )


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
