"""What a server of this kind costs at least: a bare ASGI application, and a Starlette route that returns fixed JSON."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import uvicorn
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

if __name__ == "__main__":
    listener = listen("127.0.0.1", 0)
    print(url_of(listener), flush=True)
    served = uvicorn.Config(
        FLOORS[sys.argv[1]], access_log=False, log_level="error", lifespan="off", server_header=False
    )
    uvicorn.Server(served).run(sockets=[listener])
