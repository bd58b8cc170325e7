"""What controls the mock (clock, pace, limits, faults), the same in every worker.

It is one text. Each request has it read and, when it is another than the last, it is taken over; requests
that begin together share what is read after they began. A change reads it, is made on the objects here, and is
written unless somebody else wrote meanwhile.
"""

from __future__ import annotations

import asyncio
from secrets import token_hex
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from qwen_image_mock.shared.scripts import REPLACE
from qwen_image_mock.shared.trips import Trips

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_image_mock.shared.connection import Connection
    from qwen_image_mock.state import State

T = TypeVar("T")
KEY = "control"
_AT_ONCE = 10_000


class Control:
    """Keeps a state's controls as the shared text has them."""

    def __init__(self, connection: Connection, state: State) -> None:
        self._connection = connection
        self._state = state
        self._seen = b""
        self._number = 0
        self._line = ""
        self._lock = asyncio.Lock()
        self._trips: Trips[None] = Trips(self._read, _AT_ONCE)

    @property
    def seen(self) -> bytes:
        """The text that the objects here stand as; empty before the first."""
        return self._seen

    def now(self) -> float:
        """The mock's time, in seconds since the epoch."""
        return self._state.clock.now()

    async def refresh(self) -> None:
        """Take over what others changed before this was called; without a text, write what is here."""
        await self._trips.take(None)

    async def _read(self, _all: list[None]) -> None:
        text = await self._connection.get(KEY)
        if text is None:
            await self.change(lambda: None)
        elif text != self._seen:
            self._take(text)

    async def change(self, how: Callable[[], T]) -> T:
        """Change it for every worker; `how` works on the objects of this one, once or more."""
        async with self._lock:
            while True:
                old = await self._connection.get(KEY)
                if old is not None:
                    self._take(old, again=True)
                line = self._line if old is not None else token_hex(8)
                try:
                    given = how()
                    new = self._text(line)
                finally:
                    self._take(old or self._seen, again=True)
                if await self._connection.run(REPLACE, [KEY], old or b"", new, ""):
                    self._take(new)
                    return given

    def _text(self, line: str) -> bytes:
        """The controls as they stand here, numbered as the next after the last seen in their line."""
        state = self._state
        return orjson.dumps(
            {
                "line": line,
                "number": self._number + 1,
                "clock": state.clock.dump(),
                "pace": [state.pace.seconds, state.pace.polls],
                "limits": state.limits.on,
                "faults": state.faults.dump(),
            }
        )

    def _take(self, text: bytes, *, again: bool = False) -> None:
        """Take over a text, unless it is older than the last: answers may overtake each other.

        After the database was emptied a new line begins, whose numbers start again.
        """
        data: Any = orjson.loads(text) if text else None
        if data is None or (text == self._seen and not again):
            return
        if data["line"] == self._line and data["number"] < self._number:
            return
        state = self._state
        self._seen, self._line, self._number = text, data["line"], data["number"]
        state.clock.load(data["clock"])
        state.pace.seconds, state.pace.polls = data["pace"]
        state.limits.on = data["limits"]
        state.faults.load(data["faults"])
