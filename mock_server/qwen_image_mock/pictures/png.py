"""The PNG file format: signature, chunks, text."""

from __future__ import annotations

import struct
import zlib
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_MAX_KEYWORD = 79


def chunk(kind: bytes, body: bytes) -> bytes:
    """Frame one chunk: length, type, body, CRC-32 of type and body."""
    return struct.pack(">I4s", len(body), kind) + body + struct.pack(">I", zlib.crc32(body, zlib.crc32(kind)))


@lru_cache(maxsize=64)
def _start(width: int, height: int) -> bytes:
    """Signature and header of an image of 8-bit palette indices, not interlaced."""
    return SIGNATURE + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0))


_END = chunk(b"IEND", b"")


def text_chunk(keyword: str, value: str) -> bytes:
    """Frame a text: tEXt when it is printable ASCII, else iTXt (UTF-8).

    What PNG cannot hold is replaced rather than refused: text from a request must not fail a picture.
    """
    latin = keyword.encode("latin-1", "replace").decode("latin-1")
    printable = "".join(letter if letter.isprintable() and letter != "\xa0" else " " for letter in latin)
    name = (" ".join(printable.split())[:_MAX_KEYWORD].rstrip() or "Comment").encode("latin-1")
    if value.isascii() and value.replace("\n", "").isprintable():
        return chunk(b"tEXt", name + b"\0" + value.encode("ascii"))
    encoded = value.replace("\0", "\ufffd").encode("utf-8", "replace")
    return chunk(b"iTXt", name + b"\0\0\0\0\0" + encoded)


def assemble(
    width: int, height: int, palette: bytes, text: Iterable[tuple[str, str]], pixels: bytes
) -> bytes:
    """Make a whole file; `pixels` is the zlib stream of the filtered lines."""
    return b"".join(
        (
            _start(width, height),
            *(text_chunk(keyword, value) for keyword, value in text),
            chunk(b"PLTE", palette),
            chunk(b"IDAT", pixels),
            _END,
        )
    )
