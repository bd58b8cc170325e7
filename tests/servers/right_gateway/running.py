"""A right gateway in a thread of this process, on a free port."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from servers.right_gateway.app import create_gateway
from servers.right_gateway.upstream import Around, Manners
from servers.threads import served

QUICK = Manners(timeout=5.0, pause=0.03, deadline=5.0)
"""Patience for tests: the upstream is on this machine and its tasks end at once."""


@contextmanager
def running(
    upstream: str,
    manners: Manners = QUICK,
    aliases: Mapping[str, str] | None = None,
    around: Around | None = None,
    broken: Callable[[Any], Any] = lambda app: app,
) -> Iterator[str]:
    """The address of a gateway that runs as long as the `with` block. `broken` may wrap it."""
    with served(broken(create_gateway(upstream, manners, aliases, around))) as url:
        yield url
