"""Small pictures of the images that requests bring along."""

from __future__ import annotations

import struct
import zlib
from hashlib import shake_128
from typing import TYPE_CHECKING, NamedTuple

from qwen_image_mock.pictures.picture import Thumbnail
from qwen_image_mock.pictures.png import SIGNATURE
from qwen_image_mock.pictures.unfilter import SLOW, unfilter

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_SIDE = 64
MAX_DECODED_BYTES = 64 << 20
MAX_SLOW_BYTES = 4 << 20
"""So much of an image may have the filters that take long to undo; beyond it, decoding gives up."""

MAX_SIDE = 16384
"""The longest side decoded: each line costs time, however short it is."""

_HASHED_SIDE = 8
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PALETTE, _PALETTE_TYPE = b"PLTE", 3


class _Header(NamedTuple):
    width: int
    height: int
    depth: int
    kind: int
    compression: int
    filtering: int
    interlace: int


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = len(SIGNATURE)
    while place + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        yield kind, data[place + 8 : place + 8 + length]
        place += length + 12


def _parse(data: bytes) -> tuple[_Header, bytes, bytes] | None:
    """Find the header, the palette and the compressed lines of an image of the plain sort."""
    header, colours, parts = None, b"", []
    for kind, body in _chunks(data) if data.startswith(SIGNATURE) else ():
        if kind == b"IHDR" and len(body) == 13:
            header = _Header._make(struct.unpack(">IIBBBBB", body))
        elif kind == _PALETTE:
            colours = body[:768]
        elif kind == b"IDAT":
            parts.append(body)
        elif kind == b"IEND":
            break
    if header is None or header.depth != 8 or header.kind not in _SAMPLES or header[4:] != (0, 0, 0):
        return None
    if not (1 <= header.width <= MAX_SIDE and 1 <= header.height <= MAX_SIDE):
        return None
    if header.kind == _PALETTE_TYPE and not colours:
        return None
    return header, colours, b"".join(parts)


def _lines(packed: bytes, header: _Header, wanted: list[int]) -> list[bytes] | None:
    """Decode the wanted lines; those between are decoded too, as far as filters need them."""
    step = _SAMPLES[header.kind]
    length = header.width * step
    size = (length + 1) * header.height
    if size > MAX_DECODED_BYTES:
        return None
    try:
        plain = zlib.decompressobj().decompress(packed, size)
    except zlib.error:
        return None
    if len(plain) != size or sum(kind in SLOW for kind in plain[:: length + 1]) * length > MAX_SLOW_BYTES:
        return None
    line, decoded = bytes(length), []
    chosen = set(wanted)
    for row in range(wanted[-1] + 1):
        start = row * (length + 1)
        done = unfilter(plain[start], plain[start + 1 : start + 1 + length], line, step)
        if done is None:
            return None
        line = done
        if row in chosen:
            decoded.append(line)
    return decoded


def _places(size: int, kept: int) -> list[int]:
    """Choose evenly spread places, each in the middle of its share."""
    return [(2 * place + 1) * size // (2 * kept) for place in range(kept)]


def _rgb(samples: list[bytes], kind: int, colours: bytes) -> bytes:
    """Turn the sampled pixels of one line into red, green, blue; transparency is ignored."""
    if kind == _PALETTE_TYPE:
        return b"".join(colours[3 * index : 3 * index + 3].ljust(3, b"\0") for (index,) in samples)
    if kind in (0, 4):
        return b"".join(pixel[:1] * 3 for pixel in samples)
    return b"".join(pixel[:3] for pixel in samples)


def decode_png_thumbnail(data: bytes) -> Thumbnail | None:
    """Shrink a PNG of 8 bits a sample, not interlaced, to at most 64x64; None for anything else.

    Never raises. A photo takes up to half a second, most images a few milliseconds: not for an event loop.
    """
    parsed = _parse(data)
    if parsed is None:
        return None
    header, colours, packed = parsed
    longest = max(header.width, header.height, LONGEST_SIDE)
    width = max(1, header.width * LONGEST_SIDE // longest)
    height = max(1, header.height * LONGEST_SIDE // longest)
    lines = _lines(packed, header, _places(header.height, height))
    if lines is None:
        return None
    step = _SAMPLES[header.kind]
    columns = [step * place for place in _places(header.width, width)]
    rows = (_rgb([line[at : at + step] for at in columns], header.kind, colours) for line in lines)
    return Thumbnail(width, height, b"".join(rows))


def hashed_thumbnail(data: bytes) -> Thumbnail:
    """Stand in for an image that is not decoded: blocks of colours that other bytes would not give."""
    return Thumbnail(_HASHED_SIDE, _HASHED_SIDE, shake_128(data).digest(3 * _HASHED_SIDE**2))
