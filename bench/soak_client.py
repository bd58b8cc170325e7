"""A plain client of one kept-alive connection, which opens another when that is lost."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

_PATIENCE = 30.0
_MOST = 1 << 26


class Broken(Exception):
    """The connection ended before the answer was whole."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. `seconds` is how long it took."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Client:
    """Asks one server with one key."""

    def __init__(self, host: str, port: int, key: str) -> None:
        self._place = host, port
        self._key = key
        self._open: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(
        self, method: str, path: str, body: Any = None, headers: str = "", *, signed: bool = True
    ) -> Answer:
        """Send a request and give the answer; raises Broken when the server hangs up on it.

        `body` is bytes as they are, or is sent as JSON. `headers` are whole lines. Without `signed` no key is sent.
        """
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        kind = "" if isinstance(body, bytes) or body is None else "Content-Type: application/json\r\n"
        key = f"Authorization: Bearer {self._key}\r\n" if signed else ""
        head = f"{method} {path} HTTP/1.1\r\nHost: mock\r\n{key}{kind}{headers}Content-Length: {len(content)}\r\n\r\n"
        if self._open is None:
            self._open = await asyncio.open_connection(*self._place, limit=_MOST)
        reader, writer = self._open
        clock = asyncio.get_running_loop().time
        begin = clock()
        try:
            async with asyncio.timeout(_PATIENCE):
                writer.write(head.encode() + content)
                raw = await reader.readuntil(b"\r\n\r\n")
                lines = raw.decode("latin-1").split("\r\n")
                told = dict(_header(line) for line in lines[1:] if line)
                answer = await reader.readexactly(int(told.get("content-length", "0")))
        except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
            self.close()
            raise Broken(type(error).__name__) from None
        if told.get("connection") == "close":
            self.close()
        return Answer(int(lines[0].split()[1]), told, answer, clock() - begin)

    def close(self) -> None:
        """Hang up."""
        if self._open is not None:
            self._open[1].close()
            self._open = None


def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip().lower(), value.strip()
