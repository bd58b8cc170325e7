"""Heads seen before: a call whose head is, byte for byte, that of an earlier one needs no HTTP parser.

A client sends the same request line and headers again and again. What the parser made of them once holds for
every call that begins with the same bytes; only its body is new. The parser is left out as long as whole calls
come one after the other, and is given everything else. Bodies may come in packets of their own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from qwen_image_mock.heads import Heads
from qwen_image_mock.quick import QuickProtocol

if TYPE_CHECKING:
    from asyncio import Transport

    from qwen_image_mock.heads import Head
    from qwen_image_mock.quick import Rest

_END = b"\r\n\r\n"
_KEPT = 1024
_ONCE = 4096
_LONGEST = 4096
_AWAITED = 65_536
"""Bodies up to so many bytes are waited for; longer ones are the parser's."""
_BODY = re.compile(rb"\r\ncontent-length: *[1-9][0-9]{0,4}\r\n", re.IGNORECASE)
_EXPECTS = re.compile(rb"\r\nexpect:", re.IGNORECASE)


def _has_body(head: bytes) -> bool:
    """Whether a head says that a body follows, not a large one, which its sender need not be asked for."""
    return _BODY.search(head) is not None and _EXPECTS.search(head) is None


class AgainProtocol(QuickProtocol):
    """The protocol that knows heads again.

    `_between`: the parser is not in the middle of a request. `_parsing`: it is at work, on `_packet` if that
    began with a request. `_begun` is a call whose head is there and whose body is still to come. `_used`: there
    was a call since the timer for idle connections last ran.
    """

    _between = True
    _used = False
    _begun = b""
    _parsing = False
    _packet: bytes | None = None
    _rest: Rest | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Begin a connection."""
        super().connection_made(transport)
        scheme = self.scheme or ""
        self._heads = Heads() if self._mock is None else self._mock.heads.setdefault(scheme, Heads())

    def data_received(self, data: bytes) -> None:
        """Take in a packet."""
        if self._begun:
            data, self._begun = self._begun + data, b""
        cycle: Any = self.cycle
        if self._between and (cycle is None or cycle.response_complete) and not self.flow.write_paused:
            end = data.find(_END) + 4
            seen = self._heads.get(data[:end])
            if seen is not None:
                lacks = end + seen[1] - len(data)
                if lacks == 0 and self._again(seen[0], data[end:]):
                    return
                if lacks > 0:
                    self._await(data)
                    return
            elif end == len(data) and _has_body(data):
                self._await(data)
                return
            self._packet = data
        self._parse(data)
        self._packet = None

    def _await(self, data: bytes) -> None:
        """Keep the head of a call until there is more of it, but not for ever."""
        self._begun = data
        if self.timeout_keep_alive_task is None:
            self._keep_alive()

    def _parse(self, data: bytes) -> None:
        self._parsing = True
        super().data_received(data)
        self._parsing = False

    def _again(self, head: Head, body: bytes) -> bool:
        """Answer a call without the parser; False when it has to go on in a task, which the parser begins."""
        mock = self._mock
        assert mock is not None  # noqa: S101 # there are heads only then
        self._rest = self._begin(mock, head, body)
        return self._rest is None

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._between = False
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """Answer."""
        self._between = True
        rest, self._rest = self._rest, None
        if rest is None:
            super().on_message_complete()
        else:
            self._finish_later(rest)

    def _seen(self, head: Head, body: bytes) -> None:
        """Remember a head that comes the second time, when its packet held nothing but one call."""
        packet = self._packet
        if packet is None or b"host" not in head.named or not self.parser.should_keep_alive():
            return
        length = len(packet) - len(body)
        if length > _LONGEST or len(body) > _AWAITED or packet.find(_END) + 4 != length:
            return
        key = packet[:length]
        known, mark = self._heads, hash(key)
        if mark not in known.once:
            if len(known.once) >= _ONCE:
                known.once.clear()
            known.once.add(mark)
            return
        if len(known) >= _KEPT:
            known.clear()
        known[key] = head, len(body)

    def _stays(self) -> bool:
        return super()._stays() if self._parsing else True

    def _written(self) -> None:
        """An answer has been sent whole."""
        if self._parsing:
            super()._written()
            return
        self.server_state.total_requests += 1
        self._used = True
        if self.timeout_keep_alive_task is None:
            self._keep_alive()

    def _keep_alive(self) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that was idle for once to twice the time; a call that has begun is the parser's."""
        self.timeout_keep_alive_task = None
        if self._begun:
            self._hand_over()
        elif self._used:
            self._used = False
            self._keep_alive()
        else:
            super().timeout_keep_alive_handler()

    def shutdown(self) -> None:
        """End the connection when it has nothing more to answer."""
        if self._begun:
            self._hand_over()
        super().shutdown()

    def _hand_over(self) -> None:
        """Give the parser a call whose body does not come."""
        data, self._begun = self._begun, b""
        self._parse(data)
