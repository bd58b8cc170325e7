"""Long answers of the admin API, made and sent in pieces, so that other clients get their turn."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

Json = Any
_PIECE = 1 << 18
_DEEPER = b"\n    "
"""What begins a line of an entry within the list."""


class InPieces(Response):
    """A JSON answer of which every piece is sent in a turn of the event loop of its own."""

    media_type = "application/json"

    def __init__(self, pieces: list[bytes]) -> None:
        super().__init__()
        self._pieces = pieces
        self.headers["content-length"] = str(sum(map(len, pieces)))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 # ASGI
        """Send the answer."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for piece in self._pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await asyncio.sleep(0)
        await send({"type": "http.response.body", "body": b""})


def journal_in_pieces(entries: list[Json], total: int) -> list[bytes]:
    """The journal's answer as `orjson.dumps` with an indent of 2 writes it, entry by entry.

    Takes the entries out of their list: whoever frees many at a time keeps everybody waiting.
    """
    end = b'],\n  "total": %d\n}' % total
    if not entries:
        return [b'{\n  "requests": ' + b"[" + end]
    pieces, piece = [], bytearray(b'{\n  "requests": [')
    for place, entry in enumerate(entries):
        piece += _DEEPER if place == 0 else b"," + _DEEPER
        piece += orjson.dumps(entry, option=orjson.OPT_INDENT_2).replace(b"\n", _DEEPER)
        entries[place] = None
        if len(piece) >= _PIECE:
            pieces.append(bytes(piece))
            piece.clear()
    piece += b"\n  " + end
    return [*pieces, bytes(piece)]
