"""A gateway that passes on what it gets, byte for byte, and hooks to make it worse."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from servers.threads import served

Json = Any
_OWN = ("host", "content-length", "transfer-encoding", "connection", "accept-encoding")


@dataclass
class Message:
    """A request on its way up, or an answer on its way down (then `path` is that of the request)."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    status: int = 0


Hook = Callable[[Message], None]


def _nothing(_message: Message) -> None:
    return


@dataclass
class Passthrough:
    """The ASGI application. `up` may change requests, `down` answers; `times` is how often a request is sent."""

    upstream: str
    up: Hook = _nothing
    down: Hook = _nothing
    times: Callable[[Message], int] = lambda _message: 1
    client: httpx.AsyncClient = field(
        default_factory=lambda: httpx.AsyncClient(trust_env=False, timeout=30.0, limits=httpx.Limits())
    )

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Pass one request on."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        message = await _request(scope, receive)
        self.up(message)
        answer = _lost()
        for _ in range(self.times(message)):
            try:
                answer = await self.client.request(
                    message.method,
                    self.upstream + message.path,
                    headers=message.headers,
                    content=message.body or None,
                )
            except httpx.HTTPError:
                answer = _lost()
        back = Message(message.method, message.path, dict(answer.headers), answer.content, answer.status_code)
        self.down(back)
        headers = [
            (name.encode(), value.encode())
            for name, value in back.headers.items()
            if name not in (*_OWN, "content-encoding")
        ]
        headers.append((b"content-length", str(len(back.body)).encode()))
        await send({"type": "http.response.start", "status": back.status, "headers": headers})
        await send({"type": "http.response.body", "body": back.body})

    async def _live(self, receive: Any, send: Any) -> None:
        """Keep the connections open until the server ends."""
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.client.aclose()
        await send({"type": "lifespan.shutdown.complete"})


def _lost() -> httpx.Response:
    """What a client gets when the upstream gave no answer: an error in the shape of either style."""
    error = {
        "message": "the upstream does not answer",
        "type": "server_error",
        "code": "upstream",
        "param": None,
    }
    return httpx.Response(502, json={**error, "error": error, "request_id": "0"})


async def _request(scope: dict[str, Any], receive: Any) -> Message:
    body, more = b"", True
    while more:
        event = await receive()
        body += event.get("body", b"")
        more = event.get("more_body", False)
    query = scope["query_string"].decode()
    headers = {name.decode(): value.decode() for name, value in scope["headers"] if name.decode() not in _OWN}
    return Message(scope["method"], scope["path"] + (f"?{query}" if query else ""), headers, body)


@contextmanager
def passing(upstream: str, **hooks: Any) -> Iterator[str]:
    """The address of a gateway that passes everything on to an upstream, for the length of a block."""
    with served(Passthrough(upstream, **hooks)) as url:
        yield url
