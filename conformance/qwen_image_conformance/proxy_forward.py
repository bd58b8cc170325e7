"""Forwarding as an ASGI application: requests go to the upstream and answers come back, both as they are.

Only hop-by-hop headers and `Host` belong to a connection and are not passed on. Nothing is decoded, repeated,
redirected or cached. What passed is handed to `seen` after the answer is out.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import httpx
import orjson

Headers = list[tuple[bytes, bytes]]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
OWN_HEADER = b"x-qwen-image-proxy"
_CONNECT_SECONDS = 10.0
_IDLE_SECONDS = (
    2.0  # shorter than what servers keep, so that no paid request meets a connection that just closed
)
_CONNECTIONS = 100


class Kept:
    """A body as it passed. Beyond `limit` bytes only its length and SHA-256 are kept."""

    __slots__ = ("_chunks", "_digest", "limit", "size")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.size = 0
        self._chunks: list[bytes] = []
        self._digest: Any = None

    def add(self, chunk: bytes) -> None:
        """Take the next piece."""
        self.size += len(chunk)
        if self._digest is not None:
            self._digest.update(chunk)
        elif self.size <= self.limit:
            self._chunks.append(chunk)
        else:
            self._digest = sha256(b"".join(self._chunks))
            self._digest.update(chunk)
            self._chunks.clear()

    @property
    def whole(self) -> bool:
        """Whether `data` is all of it."""
        return self._digest is None

    @property
    def data(self) -> bytes:
        """The bytes; empty when there were too many."""
        return b"".join(self._chunks)

    @property
    def digest(self) -> str:
        """SHA-256 in hexadecimal, of all bytes."""
        return str(self._digest.hexdigest()) if self._digest is not None else sha256(self.data).hexdigest()


@dataclass(slots=True)
class Passed:
    """One request and its answer. `target` is the path with its query, headers are as on the wire.

    `status` is 0 when nothing came, and `error` says why, also of an answer that broke off. `time` is the
    start in seconds since 1970, `seconds` the time until the last byte of the answer.
    """

    method: str
    target: str
    headers: Headers
    sent: Kept
    received: Kept
    time: float
    status: int = 0
    answer_headers: Headers = field(default_factory=list)
    seconds: float = 0.0
    error: str = ""


class Forward:
    """The application. `seen` must not block: it is called in the event loop.

    `keep` is the most bytes of a body handed to it; `direct` goes past the proxies of the environment.
    `under_way` counts the requests that are not yet handed over.
    """

    def __init__(
        self, upstream: str, seen: Callable[[Passed], None], *, keep: int, direct: bool = False
    ) -> None:
        self.upstream = httpx.URL(upstream)
        self._prefix = self.upstream.raw_path.rstrip(b"/")
        self._host = self.upstream.netloc
        self._seen = seen
        self._keep = keep
        self.under_way = 0
        limits = httpx.Limits(max_keepalive_connections=_CONNECTIONS, keepalive_expiry=_IDLE_SECONDS)
        self._client = httpx.AsyncClient(limits=limits, trust_env=not direct, follow_redirects=False)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request with what the upstream answers."""
        if scope["type"] == "http":
            await self._pass(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1000})

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._client.aclose()
        await send({"type": "lifespan.shutdown.complete"})

    async def _pass(self, scope: Message, receive: Receive, send: Send) -> None:
        query: bytes = scope["query_string"]
        target = scope["raw_path"] + (b"?" + query if query else b"")
        passed = Passed(
            scope["method"],
            target.decode("latin-1"),
            list(scope["headers"]),
            Kept(self._keep),
            Kept(self._keep),
            time.time(),
        )
        begin = time.perf_counter()
        client = _Client(receive, passed.sent)
        watcher = asyncio.ensure_future(client.watch(asyncio.current_task()))
        self.under_way += 1
        try:
            await self._exchange(passed, target, client, send)
        except asyncio.CancelledError:
            if not client.gone:
                raise
            passed.error = "the client went away before the answer was whole"
        finally:
            watcher.cancel()
            passed.seconds = time.perf_counter() - begin
            self._seen(passed)
            self.under_way -= 1

    async def _exchange(self, passed: Passed, target: bytes, client: _Client, send: Send) -> None:
        try:
            answer = await self._client.send(self._request(passed, target, client), stream=True)
        except httpx.HTTPError as error:
            passed.error = _words(error)
            await self._unanswered(passed, client, send)
            return
        try:
            passed.status = answer.status_code
            passed.answer_headers = answer.headers.raw
            await send(
                {
                    "type": "http.response.start",
                    "status": answer.status_code,
                    "headers": _passed_on(answer.headers.raw),
                }
            )
            async for chunk in answer.aiter_raw():
                passed.received.add(chunk)
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        except httpx.HTTPError as error:
            passed.error = _words(error)
            return  # an answer without its end: the server closes the connection, as the upstream did
        finally:
            await answer.aclose()
        client.answered = True
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _request(self, passed: Passed, target: bytes, client: _Client) -> httpx.Request:
        headers = _passed_on(passed.headers)
        headers = [(b"host", self._host), *(pair for pair in headers if pair[0] != b"host")]
        chunked = any(name == b"transfer-encoding" for name, _ in passed.headers)
        if chunked:
            headers.append((b"transfer-encoding", b"chunked"))
        bodied = chunked or any(name == b"content-length" and value != b"0" for name, value in passed.headers)
        stream: httpx.AsyncByteStream = client if bodied else httpx.ByteStream(b"")
        if not bodied:
            client.read.set()
        timeout = {"connect": _CONNECT_SECONDS, "read": None, "write": None, "pool": None}
        return httpx.Request(
            passed.method,
            self.upstream,
            headers=headers,
            stream=stream,
            extensions={"target": self._prefix + target, "timeout": timeout},
        )

    async def _unanswered(self, passed: Passed, client: _Client, send: Send) -> None:
        """The one answer that is the proxy's own: there was none to pass on."""
        text = f"qwen-image-conformance proxy: no answer from {self.upstream.host}: {passed.error}"
        words = {"message": text, "type": "proxy_error", "param": None, "code": "proxy_no_answer"}
        body = orjson.dumps({"error": words, "code": "ProxyNoAnswer", "message": text})
        client.answered = True
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (OWN_HEADER, b"no-answer"),
        ]
        await send({"type": "http.response.start", "status": 502, "headers": headers})
        await send({"type": "http.response.body", "body": body})


class _Client(httpx.AsyncByteStream):
    """The client's side: its body, to be read once, and whether it is still there."""

    def __init__(self, receive: Receive, kept: Kept) -> None:
        self._receive = receive
        self._kept = kept
        self.read = asyncio.Event()
        self.gone = False
        self.answered = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self.gone = True
                raise asyncio.CancelledError
            chunk = message.get("body", b"")
            if chunk:
                self._kept.add(chunk)
                yield chunk
            if not message.get("more_body"):
                self.read.set()
                return

    async def watch(self, task: asyncio.Task[Any] | None) -> None:
        """Give the exchange up when the client leaves, as it would be without the proxy."""
        await self.read.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass
        if not self.answered and task is not None:
            self.gone = True
            task.cancel()


def _passed_on(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """The headers that belong to the message rather than to the connection."""
    pairs = list(headers)
    own = set(HOP_BY_HOP)
    for name, value in pairs:
        if name.lower() == b"connection":
            own |= {word.strip().lower() for word in value.split(b",")}
    return [pair for pair in pairs if pair[0].lower() not in own]


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".removesuffix(": ")
