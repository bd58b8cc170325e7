"""What a server of this kind costs at least.

A Starlette route that returns fixed JSON, a bare ASGI application that does, and a protocol that does: the event
loop and the HTTP parser alone, with no server around them.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import httptools
import orjson
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from qwen_image_mock.server import listen, url_of

BODY = orjson.dumps(
    {
        "created": 1764820175,
        "data": [
            {"url": "http://127.0.0.1:8000/pictures/20261120/" + "x" * 180 + ".png", "revised_prompt": "a"}
        ],
    }
)
HEADERS = [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())]


async def bare(
    _scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
) -> None:
    """Read the body, send fixed bytes."""
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})


async def _fixed(request: Request) -> Response:
    await request.body()
    return Response(BODY, media_type="application/json")


FLOORS = {
    "bare": bare,
    "starlette": Starlette(routes=[Route("/{path:path}", _fixed, methods=["GET", "POST"])]),
}


class Parsed(asyncio.Protocol):
    """Fixed bytes for every whole request."""

    SENT = b"HTTP/1.1 200 OK\r\n%b\r\n%b" % (
        b"".join(b"%b: %b\r\n" % header for header in HEADERS),
        BODY,
    )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.write = transport.write  # type: ignore[attr-defined] # a stream transport
        self.feed = httptools.HttpRequestParser(self).feed_data

    def data_received(self, data: bytes) -> None:
        """Parse."""
        self.feed(data)

    def on_message_complete(self) -> None:
        """Answer."""
        self.write(self.SENT)


async def _protocol(listener: socket.socket) -> None:
    server = await asyncio.get_running_loop().create_server(Parsed, sock=listener)
    await server.serve_forever()


if __name__ == "__main__":
    listener = listen("127.0.0.1", 0)
    print(url_of(listener), flush=True)
    if sys.argv[1] == "protocol":
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_protocol(listener))
    served = uvicorn.Config(
        FLOORS[sys.argv[1]], access_log=False, log_level="error", lifespan="off", server_header=False
    )
    uvicorn.Server(served).run(sockets=[listener])
