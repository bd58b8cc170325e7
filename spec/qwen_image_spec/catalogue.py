"""Which row of a provider's error catalogue answers a broken clause, and with which words."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from qwen_image_spec.model import ErrorEntry, Model, Provider

_WORDS = ("param", "value", "allowed", "model", "width", "height", "pixels", "low", "high", "method", "path")


def entry_for(clause: str, provider: Provider, model: Model | None = None) -> ErrorEntry | None:
    """The error a provider answers with when a clause is broken; a model's own rows come before the provider's.

    Among the rows, the exact clause wins over `prefix.*`, that over `*.suffix`, that over `*`.
    """
    return _lookup(_rows(provider, model), clause)


def _rows(provider: Provider, model: Model | None) -> tuple[tuple[ErrorEntry, ...], ...]:
    return (model.errors, provider.errors) if model is not None and model.errors else (provider.errors,)


@lru_cache(maxsize=4096)
def _best(identity: tuple[int, str], rows: _Rows) -> ErrorEntry | None:
    _, clause = identity
    prefix, _, _ = clause.partition(".")
    _, _, suffix = clause.rpartition(".")
    for pattern in (clause, f"{prefix}.*", f"*.{suffix}", "*"):
        for row in rows.rows:
            if pattern in row.raised_by:
                return row
    return None


class _Rows:
    """Rows hashed by identity: they are frozen and live as long as the spec."""

    __slots__ = ("rows",)

    def __init__(self, rows: tuple[ErrorEntry, ...]) -> None:
        self.rows = rows

    def __hash__(self) -> int:
        return id(self.rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Rows) and other.rows is self.rows


def _lookup(groups: tuple[tuple[ErrorEntry, ...], ...], clause: str) -> ErrorEntry | None:
    for rows in groups:
        found = _best((id(rows), clause), _Rows(rows))
        if found is not None:
            return found
    return None


def message_of(entry: ErrorEntry, **words: Any) -> str:
    """The entry's message with its placeholders filled; placeholders nobody fills stay as they are."""
    text = entry.message
    for word in _WORDS:
        if word in words and "{" + word + "}" in text:
            text = text.replace("{" + word + "}", str(words[word]))
    return text
