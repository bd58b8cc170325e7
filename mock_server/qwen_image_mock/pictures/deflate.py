"""Deflate streams put together from ready pieces.

A piece ends in a full flush: on a byte boundary, and nothing after it refers back into it. So pieces join by
plain concatenation, and the checksum of the whole follows from theirs. What is compressed once is never
compressed again, however often it occurs.
"""

from __future__ import annotations

import zlib
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

HEADER = b"\x78\x01"
"""The first two bytes of a zlib stream: deflate, 32 KiB window, fastest."""
END = b"\x03\x00"
"""An empty last block."""

_ADLER_MODULUS = 65521
_BLOCK_BYTES = 1 << 17


class Piece(NamedTuple):
    """Compressed scan lines, with the Adler-32 and the length of what they decompress to."""

    data: bytes
    adler: int
    length: int


EMPTY = Piece(b"", 1, 0)


def join_adler(first: int, second: int, second_length: int) -> int:
    """Tell the Adler-32 of two texts in a row from those of each."""
    first_low = (first & 0xFFFF) - 1
    low = first_low + (second & 0xFFFF)
    high = (first >> 16) + (second >> 16) + second_length * first_low
    return high % _ADLER_MODULUS << 16 | low % _ADLER_MODULUS


def join(pieces: Iterable[Piece]) -> Piece:
    """Put pieces in a row."""
    parts, adler, length = [], 1, 0
    for piece in pieces:
        parts.append(piece.data)
        adler = join_adler(adler, piece.adler, piece.length)
        length += piece.length
    return Piece(b"".join(parts), adler, length)


def stream(pieces: Iterable[Piece]) -> bytes:
    """Make the complete zlib stream of some pieces."""
    data, adler, _ = join(pieces)
    return b"".join((HEADER, data, END, adler.to_bytes(4, "big")))


def pack(lines: Iterable[tuple[bytes, int]]) -> Piece:
    """Compress runs of equal lines of palette indices: each run is a line and how often it occurs."""
    # Runs of equal bytes are all there is to find in magnified bitmaps, and looking for nothing else is fast.
    compressor = zlib.compressobj(1, zlib.DEFLATED, -15, 6, zlib.Z_RLE)
    parts: list[bytes] = []
    adler, length = 1, 0
    for line, count in lines:
        plain = b"\0" + line  # filter type 0: as it is
        parts += compressor.compress(plain), compressor.flush(zlib.Z_FULL_FLUSH)
        adler = zlib.adler32(plain, adler)
        length += len(plain)
        if count > 1:
            again = repeat(len(line), count - 1)
            parts.append(again.data)
            adler = join_adler(adler, again.adler, again.length)
            length += again.length
    return Piece(b"".join(parts), adler, length)


@lru_cache(maxsize=256)
def repeat(width: int, count: int) -> Piece:
    """Compress lines that all equal the one above them: filter type 2 (up) and nothing but zeros."""
    per_block = max(1, _BLOCK_BYTES // (width + 1))
    blocks, rest = divmod(count, per_block)
    pieces = [_repeat_block(width, per_block)] * blocks
    return join([*pieces, _repeat_block(width, rest)] if rest else pieces)


@lru_cache(maxsize=256)
def _repeat_block(width: int, count: int) -> Piece:
    plain = (b"\2" + bytes(width)) * count
    compressor = zlib.compressobj(1, zlib.DEFLATED, -15, 6, zlib.Z_RLE)
    data = compressor.compress(plain) + compressor.flush(zlib.Z_FULL_FLUSH)
    return Piece(data, zlib.adler32(plain), len(plain))
