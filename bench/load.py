"""A load generator of one process: raw HTTP/1.1 over kept connections, without an event loop's layers.

It has to cost less than what it measures, else the server waits for it. Linux only: it uses epoll.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

Requests = Callable[[], bytes]
PATIENCE = 60.0
"""Seconds without any answer after which a load gives up."""
MOST = 1 << 18
"""Bytes taken from a connection at once."""


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


class _Connection:
    """One connection: a request goes out as soon as the answer before it is whole."""

    def __init__(self, host: str, port: int) -> None:
        self.socket = socket.create_connection((host, port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.receive = self.socket.recv
        self.begun = b""
        self.sent = 0.0

    def send(self, request: bytes) -> None:
        """Send a request whole. Large ones block until the server has taken them in."""
        self.sent = time.perf_counter()
        self.socket.sendall(request)


def whole(buffer: bytes) -> int | None:
    """Where the first answer ends, None when it is not all there."""
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        return None
    at = buffer.find(b"content-length: ", 0, end)
    if at >= 0:
        length = end + 4 + int(buffer[at + 16 : buffer.find(b"\r", at)])
        return length if len(buffer) >= length else None
    head = buffer[:end].lower()
    at = head.find(b"content-length:")
    if at >= 0:
        length = end + 4 + int(head[at + 15 :].split(b"\r", 1)[0])
        return length if len(buffer) >= length else None
    if b"transfer-encoding: chunked" not in head:
        return end + 4
    last = buffer.find(b"\r\n0\r\n\r\n", end + 2)
    return None if last < 0 else last + 7


def load(
    url: str, request: bytes | Requests, *, seconds: float, connections: int, status: int = 200
) -> Figures:
    """Send the same request, or what `request` gives, for some seconds over some connections.

    Raises ConnectionError when the server closes a connection, and TimeoutError when nothing comes for long.
    """
    parts = urlsplit(url)
    following = (lambda: request) if isinstance(request, bytes) else request
    made = [_Connection(parts.hostname or "127.0.0.1", parts.port or 80) for _ in range(connections)]
    try:
        return _drive(made, following, seconds, f"HTTP/1.1 {status}".encode())
    finally:
        for one in made:
            one.socket.close()


def _drive(made: list[_Connection], following: Requests, seconds: float, good: bytes) -> Figures:
    figures, now = Figures(), time.perf_counter
    by_number = {one.socket.fileno(): one for one in made}
    with select.epoll() as waiting:
        for number in by_number:
            waiting.register(number, select.EPOLLIN)
        begin = now()
        end = begin + seconds
        for one in made:
            one.send(following())
        open_ = len(made)
        while open_:
            ready = waiting.poll(PATIENCE)
            if not ready:
                raise TimeoutError(f"no answer for {PATIENCE:.0f} s")
            for number, _ in ready:
                one = by_number[number]
                data = one.receive(MOST)
                if not data:
                    raise ConnectionError("the server closed a connection")
                if one.begun:
                    data = one.begun + data
                if whole(data) is None:
                    one.begun = data
                    continue
                one.begun = b""
                time_ = now()
                figures.times.append((time_ - one.sent) * 1000)
                figures.answers += 1
                figures.wrong += not data.startswith(good)
                if time_ < end:
                    one.send(following())
                else:
                    open_ -= 1
        figures.seconds = now() - begin
    return figures
