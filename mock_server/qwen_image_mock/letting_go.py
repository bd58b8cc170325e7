"""Freeing much without keeping anybody waiting: the memory of tens of thousands of objects takes a while to free."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import MutableMapping

_MANY = 1000


def let_go(*mappings: MutableMapping[str, Any]) -> None:
    """Empty mappings that nobody else has any more; those of many things in a thread, one thing after the other."""
    large = [things for things in mappings if len(things) >= _MANY]
    for things in mappings:
        if len(things) < _MANY:
            things.clear()
    if large:
        threading.Thread(target=_empty, args=(large,), name="letting go", daemon=True).start()


def _empty(mappings: list[MutableMapping[str, Any]]) -> None:
    for things in mappings:
        while things:
            things.popitem()
