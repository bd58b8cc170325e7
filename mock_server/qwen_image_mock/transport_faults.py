"""How an answer goes onto the wire when it does not go as it should: slowly, in parts, cut, or not at all."""

from __future__ import annotations

import asyncio
import socket
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.types import Receive, Send

    from qwen_image_mock.clock import Clock

Headers = list[tuple[bytes, bytes]]
_TICK = 0.02
_LINGER_NOT = struct.pack("ii", 1, 0)
JSON_TYPE = b"application/json"
EVENTS_TYPE = b"text/event-stream;charset=UTF-8"


@dataclass(slots=True)
class Manner:
    """How to send.

    `content` replaces the JSON body; `parts` are sent one by one, without a length. `delay` is the time
    before the headers and `drip` that between the first and the last of `pieces`, both in seconds of the
    mock's clock. `ends` is `whole`, `cut` (half the body, then the connection closes) or `reset` (no answer
    at all).
    """

    content: bytes | None = None
    parts: list[bytes] | None = None
    content_type: bytes = JSON_TYPE
    delay: float = 0.0
    drip: float = 0.0
    pieces: int = 1
    ends: str = "whole"


class Gone(Exception):
    """The client went away while the answer was held back."""


async def send_in(manner: Manner, clock: Clock, receive: Receive, send: Send, status: int, headers: Headers,
                  content: bytes) -> None:  # fmt: skip
    """Send an answer in that manner. `headers` come without type and length."""
    try:
        await _pause(clock, manner.delay, receive)
        if manner.ends == "reset":
            await _drop(receive, send, at_once=True)
            return
        body = content if manner.content is None else manner.content
        lengths = [] if manner.parts is not None else [(b"content-length", str(len(body)).encode())]
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [(b"content-type", manner.content_type), *lengths, *headers],
            }
        )
        parts = manner.parts if manner.parts is not None else pieces_of(body, manner.pieces)
        if manner.ends == "cut":
            await _cut(parts, receive, send)
            return
        for index, part in enumerate(parts):
            if index:
                await _pause(clock, manner.drip / max(1, len(parts) - 1), receive)
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    except Gone:
        return


def pieces_of(body: bytes, count: int) -> list[bytes]:
    """A body in about so many pieces of the same length."""
    step = max(1, -(-len(body) // max(1, count)))
    return [body[start : start + step] for start in range(0, len(body), step)] or [b""]


async def _cut(parts: list[bytes], receive: Receive, send: Send) -> None:
    whole = b"".join(parts)
    half = whole[: len(whole) // 2] if len(parts) == 1 else b"".join(parts[: max(1, len(parts) // 2)])
    await send({"type": "http.response.body", "body": half, "more_body": True})
    await _drop(receive, send, at_once=False)


async def _pause(clock: Clock, seconds: float, receive: Receive) -> None:
    """Wait for seconds of the mock's clock, which may be stepped meanwhile.

    Raises Gone when the client does not wait.
    """
    if seconds <= 0:
        return
    until = clock.now() + seconds
    leaving = asyncio.ensure_future(_left(receive))
    try:
        while (left := until - clock.now()) > 0:
            done, _ = await asyncio.wait({leaving}, timeout=min(left, _TICK))
            if done:
                raise Gone
    finally:
        leaving.cancel()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _drop(receive: Receive, send: Send, *, at_once: bool) -> None:
    """Close the connection under the answer: with a reset, or after what was written has gone out.

    ASGI has no message for this, so the server's own connection is asked for. Raises ConnectionResetError
    where there is none, as with a transport in the same process.
    """
    transport: Any = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionResetError("the mock dropped the connection, as it was asked to")
    if at_once:
        own = transport.get_extra_info("socket")
        if own is not None:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        transport.abort()
    else:
        transport.close()
    await _left(receive)
