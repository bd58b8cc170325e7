"""Clients with a connection each: some ask for heavy work, another one polls and sees how long it waits."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import closing
from urllib.parse import urlsplit

import orjson
from load import message

PATIENCE = 60.0
PIECE = 1 << 18


class Client:
    """A kept connection that waits for each answer; sending and reading leave other threads alone."""

    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        self._socket = socket.create_connection((place.hostname or "", place.port or 80), PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: bytes) -> tuple[int, bytes]:
        """The status and the body of the answer to a whole request; of a long answer the body's beginning."""
        self._socket.sendall(request)
        received = self._more()
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self._more()
        head = received[:end].lower()
        if b"transfer-encoding: chunked" in head:
            raise SystemExit("an answer in chunks: this client reads whole ones")
        missing = end + 4 + int(head.split(b"content-length:")[1].split(b"\r\n")[0]) - len(received)
        while missing > 0:
            more = self._more()
            missing -= len(more)
            if len(received) < PIECE:
                received += more
        return int(head.split(b" ", 2)[1]), received[end + 4 :]

    def _more(self) -> bytes:
        data = self._socket.recv(PIECE)
        if not data:
            raise SystemExit(f"the mock hung up on {threading.current_thread().name}")
        return data

    def json(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> object:
        """What stands in the answer. Exits when that is above 299."""
        content = b"" if body is None else orjson.dumps(body)
        status, answer = self.ask(message(method, path, content, headers))
        if status > 299:
            raise SystemExit(f"{method} {path}: {status} {answer[:300]!r}")
        return orjson.loads(answer) if answer else None

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


def beside(heavy: list[bytes], url: str, at_once: int, other: Client, poll: bytes) -> tuple[list[int], float]:
    """Send heavy requests, so many at once, while `other` polls: the statuses, its longest wait in milliseconds."""
    statuses: list[int] = []

    def work(requests: list[bytes]) -> None:
        with closing(Client(url)) as client:
            statuses.extend(client.ask(request)[0] for request in requests)

    threads = [threading.Thread(target=work, args=(heavy[place::at_once],)) for place in range(at_once)]
    longest = 0.0
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        begin = time.perf_counter()
        other.ask(poll)
        longest = max(longest, time.perf_counter() - begin)
    return statuses, longest * 1000
