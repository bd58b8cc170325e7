"""How long the server waits for slow clients: connections that do not get on are closed, once a second.

Nothing of this is in the way of a request. uvicorn's own timer covers idle connections after an answer only.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import uvicorn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_TICKS = 10
"""uvicorn ticks so often a second."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds a client has: for a request's headers, for its body, and for taking in any of an answer."""

    headers: float = 20.0
    body: float = 120.0
    answer: float = 60.0


class Watch:
    """What each connection waits for, and since when. `time` gives seconds of a clock that only runs forward."""

    def __init__(self, patience: Patience, time: Callable[[], float]) -> None:
        self._patience = patience
        self._time = time
        self._waiting: dict[Any, tuple[tuple[str, Any], float]] = {}

    def look(self, connections: Iterable[Any]) -> int:
        """Close the connections that wait too long; how many those were."""
        now = self._time()
        known, self._waiting = self._waiting, {}
        closed = 0
        for connection in list(connections):
            waits = _waits_for(connection)
            if waits is None:
                continue
            before = known.get(connection)
            since = before[1] if before is not None and before[0] == waits else now
            if now - since >= getattr(self._patience, waits[0]):
                connection.transport.abort()
                closed += 1
            else:
                self._waiting[connection] = (waits, since)
        return closed


class PatientServer(uvicorn.Server):
    """A server that closes connections which do not get on, and ends when `wanted` says that it may."""

    def __init__(
        self, config: uvicorn.Config, patience: Patience, wanted: Callable[[], bool] | None = None
    ) -> None:
        super().__init__(config)
        self._patience = patience
        self._wanted = wanted
        self._watch: Watch | None = None

    async def on_tick(self, counter: int) -> bool:
        """Look after the connections once a second; True ends the server."""
        if counter % _TICKS == 0:
            if self._watch is None:
                self._watch = Watch(self._patience, asyncio.get_running_loop().time)
            self._watch.look(self.server_state.connections)
            if self._wanted is not None and not self._wanted():
                return True
        return await super().on_tick(counter)


def _waits_for(connection: Any) -> tuple[str, Any] | None:
    """What a connection waits for, told apart from its last wait of the kind; None when it is the mock's turn."""
    cycle = getattr(connection, "cycle", None)
    if cycle is None:
        return "headers", None
    unread = connection.transport.get_write_buffer_size()
    if unread:
        return "answer", unread
    if not cycle.response_complete:
        return ("body", cycle) if cycle.more_body else None
    if connection.timeout_keep_alive_task is None:
        return "headers", cycle
    return None
