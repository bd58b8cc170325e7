"""Freeing much without keeping anybody waiting: the memory of tens of thousands of objects takes a while to free."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import MutableMapping

_MANY = 1000


def let_go(things: MutableMapping[str, Any]) -> None:
    """Empty a mapping that nobody else has any more; one of many things, one by one in a thread."""
    if len(things) < _MANY:
        things.clear()
    else:
        threading.Thread(target=_empty, args=(things,), name="letting go", daemon=True).start()


def _empty(things: MutableMapping[str, Any]) -> None:
    while things:
        things.popitem()
