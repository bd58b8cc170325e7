"""The sides of input images, where nobody need be asked: data URIs and the mock's own pictures."""

from __future__ import annotations

import binascii
import re
import struct
from base64 import b64decode
from typing import Any

from qwen_image_mock.drawing import Drawing
from qwen_image_spec.size import Size

_OWN = re.compile(r"/pictures/[0-9]{8}/([A-Za-z0-9_-]+)/[0-9a-f-]{36}-[0-9]{1,4}\.png")
_DATA = re.compile(r"data:image/[a-z+.-]+;base64,", re.IGNORECASE)
_LOOKED_AT = 262_144
_FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})


def size_of_image(image: Any) -> Size | None:
    """The size of an input image in pixels; None when it cannot be told."""
    if not isinstance(image, str):
        return None
    own = _OWN.search(image)
    try:
        if own is not None:
            drawing = Drawing.read(own[1])
            return Size(drawing.width, drawing.height)
        head = _DATA.match(image)
        return (
            size_of_file(b64decode(image[head.end() : head.end() + _LOOKED_AT])) if head is not None else None
        )
    except (ValueError, TypeError, binascii.Error, struct.error, IndexError):
        return None


def size_of_file(data: bytes) -> Size | None:
    """The size in pixels of a PNG, GIF, BMP, WebP or JPEG file, from its first bytes."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return Size(*struct.unpack(">II", data[16:24]))
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return Size(*struct.unpack("<HH", data[6:10]))
    if data.startswith(b"BM"):
        width, height = struct.unpack("<ii", data[18:26])
        return Size(width, abs(height))
    if data[:4] == b"RIFF" and data[8:16] == b"WEBPVP8X":
        return Size(int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1)
    if data.startswith(b"\xff\xd8"):
        return _jpeg(data)
    return None


def _jpeg(data: bytes) -> Size | None:
    place = 2
    while place + 9 < len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker in _FRAMES:
            height, width = struct.unpack(">HH", data[place + 5 : place + 9])
            return Size(width, height)
        place += 2 + int.from_bytes(data[place + 2 : place + 4])
    return None
