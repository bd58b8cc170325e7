"""The protocol of a mock with a store: plain calls wait until they are kept, without a task each."""

from __future__ import annotations

import sys
from traceback import print_exception
from typing import TYPE_CHECKING

from qwen_image_mock.again import AgainProtocol
from qwen_image_mock.away import answer_without_store
from qwen_image_mock.exchange import Exchange
from qwen_image_mock.handler import encode
from qwen_image_mock.quick import Woken
from qwen_image_mock.sending import Done, usual_headers
from qwen_image_mock.store import StoreAway

if TYPE_CHECKING:
    from qwen_image_mock.heads import Head
    from qwen_image_mock.shared.plain import Answered

_MOST = 65_536
"""Behind a call that waits about so many bytes are taken in."""


class Waiting:
    """A call that waits to be kept. To uvicorn it looks like its own record of a request.

    `packet` is the call as it came; the answer goes to nobody when the connection has ended meanwhile.
    """

    response_complete = False
    more_body = False
    disconnected = False
    keep_alive = True
    message_event = Woken()

    def __init__(self, protocol: SharedProtocol, head: Head, packet: bytes, answered: Answered) -> None:
        self._protocol = protocol
        self._head = head
        self.packet = packet
        self._answered = answered

    def kept(self) -> None:
        """Send the answer."""
        self._protocol.send_plain(self, self._answered)

    def overtaken(self) -> None:
        """Begin anew, the usual way."""
        self._protocol.begin_anew(self, self.packet)

    def lost(self, problem: Exception) -> None:
        """Send what the provider would answer if it were ill."""
        if not isinstance(problem, StoreAway):  # a bug of the mock
            print_exception(problem, file=sys.stderr)
        head, answered = self._head, self._answered
        exchange = Exchange.of(head, answered.identity, 0.0)
        exchange.model = answered.model
        answer_without_store(exchange)
        content = encode(exchange.answer)
        headers = [*usual_headers(exchange.id, len(content)), *exchange.answer_headers]
        self._protocol.send_done(self, Done(exchange.status, headers, content))


class SharedProtocol(AgainProtocol):
    """`_call` is the one that waits, `_behind` what came after it, `_whole` the packet that is looked at."""

    _call: Waiting | None = None
    _behind = b""
    _whole = b""

    def data_received(self, data: bytes) -> None:
        """Take in a packet; behind a call that waits it waits, too."""
        if self._call is not None:
            self._behind += data
            if len(self._behind) > _MOST:
                self.flow.pause_reading()
            return
        self._whole = self._begun + data
        super().data_received(data)
        self._whole = b""

    def _again(self, head: Head, body: bytes) -> bool:
        mock = self._mock
        shared = None if mock is None else mock.state.shared
        plain = None if shared is None else shared.plain
        answered = None if plain is None else plain.answered(head, body)
        if plain is None or answered is None:
            return super()._again(head, body)
        call = self._call = Waiting(self, head, self._whole, answered)
        self.cycle = call  # type: ignore[assignment] # as much of one as is looked at
        plain.keep(answered, call)
        return True

    def send_plain(self, call: Waiting, answered: Answered) -> None:
        """Send the answer to a call that has waited, unless the connection ends."""
        if not self.transport.is_closing():
            self._write_plain(answered.identity, answered.content)
            self._go_on(call)

    def send_done(self, call: Waiting, done: Done) -> None:
        """The same for any answer."""
        if not self.transport.is_closing():
            self._write(done)
            self._go_on(call)

    def begin_anew(self, call: Waiting, packet: bytes) -> None:
        """Give a call to the parser, as if it came just now."""
        if not self.transport.is_closing():
            call.response_complete = True
            self._parse(packet)
            self._go_on(call)

    def _go_on(self, call: Waiting) -> None:
        """Turn to what came behind a call."""
        call.response_complete, call.packet = True, b""
        self._call = None
        behind, self._behind = self._behind, b""
        if not call.keep_alive:
            self.shutdown()
        elif behind:
            self.flow.resume_reading()
            self.data_received(behind)

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that was idle; none on which a call waits is."""
        if self._call is None:
            super().timeout_keep_alive_handler()
        else:
            self._keep_alive()
