"""HTTP by hand, for what no client library lets through: other versions, chunks, doubled slashes, no Host."""

from __future__ import annotations

import http.client
import json
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

Json = Any
KEY = "sk-a-key-of-the-client-tests"
AUTHORIZED = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}


@dataclass(frozen=True)
class Answer:
    """An answer: header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Json:
        return json.loads(self.body)


def read(connection: socket.socket) -> Answer:
    """The next answer on a connection."""
    response = http.client.HTTPResponse(connection)
    response.begin()
    headers = {name.lower(): value for name, value in response.getheaders()}
    answer = Answer(response.status, headers, response.read())
    response.close()
    return answer


def connect(url: str) -> socket.socket:
    """A connection to a mock."""
    place = urlsplit(url)
    return socket.create_connection((place.hostname or "", place.port or 0), timeout=30)


def head(method: str, path: str, headers: dict[str, str], version: str = "1.1") -> bytes:
    """The first lines of a request, up to the empty one."""
    lines = [
        f"{method} {path} HTTP/{version}",
        *(f"{name}: {value}" for name, value in headers.items()),
        "",
        "",
    ]
    return "\r\n".join(lines).encode()


def send(  # the parts of a request
    url: str,
    path: str,
    body: bytes | Json = b"",
    headers: dict[str, str] | None = None,
    *,
    method: str = "POST",
    version: str = "1.1",
    host: str | None = None,
) -> Answer:
    """One request on a connection of its own, the path as it is.

    A header set to "" is left out; so is Host when `host` is "".
    """
    content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    known = host if host is not None else urlsplit(url).netloc
    lines = {"Host": known} if known else {}
    wanted = {**AUTHORIZED, **(headers or {}), "Content-Length": str(len(content))}
    lines |= {name: value for name, value in wanted.items() if value}
    with connect(url) as connection:
        connection.sendall(head(method, path, lines, version) + content)
        return read(connection)
