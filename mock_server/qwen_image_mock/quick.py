"""A shorter way from the socket to the application, for calls that arrive whole and are answered at once.

uvicorn makes a task, an event and several messages for every request, so that bodies and answers of any length
can flow. A call of the API is one packet that way and one packet back: its handler runs as soon as its last
byte is there, and its answer is written in one piece. All else takes uvicorn's own way: bodies in several
packets, HTTP/1.0, upgrades, requests in a pipeline behind an unfinished one, answers with a manner of their
own, handlers that have to wait, pictures, uploads, the admin API, applications that are no mock.
"""

from __future__ import annotations

from functools import partial
from types import coroutine
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from qwen_image_mock.aside import LARGE
from qwen_image_mock.sending import PLAIN, USUAL, Done, usual_headers

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator

    from starlette.types import Receive, Scope, Send

    from qwen_image_mock.app import App
    from qwen_image_mock.heads import Head

LARGEST_HEAD = 65_536
"""So many bytes of a request line and headers are taken; a little more when they come in one packet."""
_METHODS = frozenset({b"GET", b"POST"})


class Woken:
    """Stands for the event of a request that nobody waits for."""

    def set(self) -> None:
        """Do nothing."""


class _Answered:
    """Stands for uvicorn's record of a request and its answer, when both are over."""

    response_complete = True
    more_body = False
    disconnected = False
    keep_alive = True
    message_event = Woken()


class QuickProtocol(HttpToolsProtocol):
    """uvicorn's protocol with the short way. `_early` is the body of a request whose way is not yet chosen."""

    _early: bytes | None = None
    _head = 0
    _dated: list[tuple[bytes, bytes]] | None = None
    _date = b""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        app = self.config.app
        short = getattr(app, "at_once", None) is not None and self.limit_concurrency is None
        self._mock: App | None = app if short and not self.config.root_path else None  # type: ignore[assignment] # looked at above

    def data_received(self, data: bytes) -> None:
        """Take in a packet; a request that has not ended with it goes the long way."""
        super().data_received(data)
        if self._early is not None:
            if self.transport.is_closing():
                self._early = None
            else:
                self._long_way()
        elif self.timeout_keep_alive_task is None:
            self._mind_the_head(len(data))

    def _mind_the_head(self, length: int) -> None:
        """Close the connection when what comes before a body has no end."""
        cycle: Any = self.cycle
        if self.transport.is_closing() or not (cycle is None or cycle.response_complete):
            return
        self._head += length
        if self._head > LARGEST_HEAD:
            self.transport.write(STATUS_LINE[431] + b"content-length: 0\r\nconnection: close\r\n\r\n")
            self.transport.close()

    def on_message_begin(self) -> None:
        """Begin a request; what the long way needs is made when that is chosen."""
        self.url = b""
        self.expect_100_continue = False
        self.headers = []

    def on_headers_complete(self) -> None:
        """Wait for the body before choosing, where the short way is open."""
        self._head = 0
        cycle: Any = self.cycle
        if (
            self._mock is None
            or not (cycle is None or cycle.response_complete)
            or self.pipeline
            or self.expect_100_continue
            or self.flow.write_paused
            or self.parser.get_method() not in _METHODS
            or self.parser.get_http_version() != "1.1"
            or self.parser.should_upgrade()
        ):
            self._known_headers()
        else:
            self._early = b""

    def on_body(self, body: bytes) -> None:
        """Keep what came of the body."""
        if self._early is None:
            super().on_body(body)
        else:
            self._early += body

    def on_message_complete(self) -> None:
        """Answer."""
        if self._early is None:
            super().on_message_complete()
        elif not self._short_way(self._early):
            self._long_way()
            super().on_message_complete()

    def _long_way(self, app: Any = None) -> None:
        """Give the request to uvicorn, and to another application than the usual one if need be."""
        body, self._early = self._early, None
        usual = self.app
        self.app = app or usual
        try:
            self._known_headers()
        finally:
            self.app = usual
        if body:
            super().on_body(body)

    def _known_headers(self) -> None:
        """Tell uvicorn of the headers, as if it had begun the request itself."""
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.headers, self.expect_100_continue = url, headers, expects
        self.scope["headers"] = headers
        super().on_headers_complete()

    def _short_way(self, body: bytes) -> bool:
        """Answer, as far as that goes without waiting; False when nothing was done."""
        mock = self._mock
        path, _, query = self.url.partition(b"?")
        if mock is None or path[:1] != b"/" or b"#" in self.url or not path.isascii():
            return False
        text = path.decode("ascii")
        scope = {
            "method": self.parser.get_method().decode("ascii"),
            "path": unquote(text) if "%" in text else text,
            "query_string": query,
            "root_path": "",
            "headers": self.headers,
            "scheme": self.scheme,
            "server": self.server,
        }
        head = mock.head(scope)
        if head is None or len(body) > min(LARGE, mock.state.settings.body_limit):
            return False  # what is large is looked through in a thread
        self._seen(head, body)
        rest = self._begin(mock, head, body)
        if rest is None:
            self._early = None
        else:
            self._finish_later(rest)
        return True

    def _seen(self, head: Head, body: bytes) -> None:
        """Know of the head of a call that came whole."""

    def _begin(self, mock: App, head: Head, body: bytes) -> Rest | None:
        """Answer a call; gives what is left to do in a task."""
        at_once = mock.at_once(head, body)
        if at_once is not None:
            self._write_plain(*at_once)
            return None
        running = mock.called(head, body)
        try:
            waits_for = running.send(None)
        except StopIteration as end:
            done: Done = end.value
        else:
            return Rest(mock, _go_on(running, waits_for))
        if done.manner is not None or len(done.headers) != USUAL:
            return Rest(mock, None, done)
        self._write(done)
        return None

    def _finish_later(self, rest: Rest) -> None:
        self._long_way(rest)
        super().on_message_complete()

    def _write(self, done: Done) -> None:
        """Send an answer whose headers are the mock's own."""
        parts = [STATUS_LINE[done.status], self._today()]
        for name, value in done.headers:
            parts += name, b": ", value, b"\r\n"
        parts += b"\r\n" if self._stays() else b"connection: close\r\n\r\n", done.content
        self.transport.write(b"".join(parts))
        self._written()

    def _write_plain(self, identity: str, content: bytes) -> None:
        """Send an answer of 200 with the usual headers."""
        if self._stays():
            self.transport.write(PLAIN % (self._today(), len(content), identity.encode(), content))
            self._written()
        else:
            self._write(Done(200, usual_headers(identity, len(content)), content))

    def _today(self) -> bytes:
        """The header with the date, and those that the server was given for every answer."""
        dated = self.server_state.default_headers
        if dated is not self._dated:
            self._dated, self._date = dated, b"".join([b"%b: %b\r\n" % header for header in dated])
        return self._date

    def _stays(self) -> bool:
        """Whether the connection stays open after the answer."""
        return bool(self.parser.should_keep_alive())

    def _written(self) -> None:
        """An answer has been sent whole."""
        self.cycle = _Answered()  # type: ignore[assignment] # as much of one as is looked at
        if self._stays():
            self.on_response_complete()
        else:
            self.server_state.total_requests += 1
            self.transport.close()


class Rest:
    """An application for one request that has been begun: waits for its answer, if need be, and sends it."""

    def __init__(
        self, mock: App, running: Generator[Any, Any, Done] | None, done: Done | None = None
    ) -> None:
        self._mock = mock
        self._running = running
        self._done = done

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer."""
        done = self._done
        if done is None:
            done = await self._running  # type: ignore[misc] # a generator made awaitable below
        await self._mock.finish(done, receive, send)


@coroutine
def _go_on(running: Coroutine[Any, Any, Done], waits_for: Any) -> Generator[Any, Any, Done]:
    """Go on with a coroutine that was begun outside of any task and waits for a future."""
    given: Any = None
    while True:
        try:
            given = yield waits_for
        except BaseException as error:  # noqa: BLE001 # handed on to the coroutine, cancellation included
            waits_for = None  # else the future would hold the error, whose traceback holds the future
            step = partial(running.throw, error)
        else:
            step = partial(running.send, given)
        try:
            waits_for = step()
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return] # what the coroutine returns
        finally:
            del step
