"""An answer sent whole, and what a browser asks before it sends a request of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from starlette.types import Send

    from qwen_image_mock.transport_faults import Manner

Headers = list[tuple[bytes, bytes]]

CORS = (b"access-control-allow-origin", b"*")
PREFLIGHT = [
    CORS,
    (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
    (b"access-control-allow-headers", b"*"),
    (b"access-control-max-age", b"86400"),
]

USUAL = 4
"""How many headers every answer has."""


PLAIN = (
    b"HTTP/1.1 200 OK\r\n%bcontent-type: application/json\r\ncontent-length: %d\r\nx-request-id: %b\r\n"
    b"access-control-allow-origin: *\r\n\r\n%b"
)
"""An answer of 200 with the usual headers: the date's line, the content's length, the request id, the content."""


class Done(NamedTuple):
    """An answer to be sent. `manner` is how it goes onto the wire when not as usual."""

    status: int
    headers: Headers
    content: bytes
    manner: Manner | None = None


def usual_headers(identity: str, length: int) -> Headers:
    """The headers that every answer of JSON has: its request id, and how many bytes it is long."""
    return [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % length),
        (b"x-request-id", identity.encode()),
        CORS,
    ]


async def send_whole(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    """Send status, headers and body."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
