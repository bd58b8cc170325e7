"""A load generator of one process: raw HTTP/1.1 over keep-alive connections, so that it costs less than what it measures."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

Requests = Callable[[], bytes]


@dataclass
class Figures:
    """What one load gave: answers, wrong answers, seconds, and the time of each answer in milliseconds."""

    answers: int = 0
    wrong: int = 0
    seconds: float = 0.0
    times: list[float] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        """The time that `share` of the answers did not exceed, in milliseconds."""
        ordered = sorted(self.times)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


def message(method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> bytes:
    """A whole request."""
    lines = [
        f"{method} {path} HTTP/1.1",
        "host: 127.0.0.1",
        *(f"{name}: {value}" for name, value in (headers or {}).items()),
        f"content-length: {len(body)}",
        "",
        "",
    ]
    return "\r\n".join(lines).encode() + body


class _Connection(asyncio.Protocol):
    """Sends the next request as soon as an answer is whole."""

    def __init__(self, requests: Callable[[], bytes | None], figures: Figures, good: bytes) -> None:
        self.requests, self.figures, self.good = requests, figures, good
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.buffer = b""
        self.started = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self.transport = transport
        self._next()

    def _next(self) -> None:
        request = self.requests()
        if request is None:
            self.transport.close()
            if not self.done.done():
                self.done.set_result(None)
            return
        self.started = time.perf_counter()
        self.transport.write(request)  # type: ignore[attr-defined] # a stream transport

    def data_received(self, data: bytes) -> None:
        """Collect the answer; it tells its length, or comes in chunks."""
        self.buffer += data
        whole = _whole(self.buffer)
        if whole is None:
            return
        self.figures.times.append((time.perf_counter() - self.started) * 1000)
        self.figures.answers += 1
        self.figures.wrong += not self.buffer.startswith(self.good)
        self.buffer = self.buffer[whole:]
        self._next()

    def connection_lost(self, _error: Exception | None) -> None:
        """Give up this connection."""
        if not self.done.done():
            self.done.set_result(None)


def _whole(buffer: bytes) -> int | None:
    """Where the first answer ends, None when it is not all there."""
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = buffer[:end].lower()
    at = head.find(b"content-length:")
    if at >= 0:
        length = end + 4 + int(head[at + 15 :].split(b"\r", 1)[0])
        return length if len(buffer) >= length else None
    if b"transfer-encoding: chunked" not in head:
        return end + 4
    last = buffer.find(b"\r\n0\r\n\r\n", end + 2)
    return None if last < 0 else last + 7


async def _run(url: str, request: Requests, seconds: float, connections: int, good: bytes) -> Figures:
    parts = urlsplit(url)
    figures = Figures()
    end = time.perf_counter() + seconds
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(
            lambda: _Connection(lambda: request() if time.perf_counter() < end else None, figures, good),
            parts.hostname,
            parts.port,
        )
        for _ in range(connections)
    ]
    begin = time.perf_counter()
    await asyncio.gather(*(protocol.done for _, protocol in made))
    figures.seconds = time.perf_counter() - begin
    return figures


def load(
    url: str, request: bytes | Requests, *, seconds: float, connections: int, status: int = 200
) -> Figures:
    """Send the same request, or what `request` gives, for some seconds over some connections."""
    import uvloop  # comes with uvicorn[standard]

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        requests = (lambda: request) if isinstance(request, bytes) else request
        return runner.run(_run(url, requests, seconds, connections, f"HTTP/1.1 {status}".encode()))
