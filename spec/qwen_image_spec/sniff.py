"""What an image file is, told from its first bytes: the format and the sides. Nothing is decoded.

Own code, because the small libraries that know the sides of all six formats do not say which format it was.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

from qwen_image_spec.size import Size

MIME_TYPES = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "bmp": "image/bmp",
    "webp": "image/webp",
    "tiff": "image/tiff",
    "heif": "image/heif",
    "avif": "image/avif",
    "jp2": "image/jp2",
    "svg": "image/svg+xml",
    "ico": "image/x-icon",
}
"""The media type of every format told apart here."""

_PNG = b"\x89PNG\r\n\x1a\n"
_FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})
_ENDS = frozenset({0xD9, 0xDA})
_SHORT, _LONG = 3, 4
_WIDTH, _HEIGHT = 256, 257
_MOST_TAGS = 1024
_OTHERS = (
    ("heif", 4, (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftyphevc", b"ftypmsf1")),
    ("avif", 4, (b"ftypavif", b"ftypavis")),
    ("jp2", 4, (b"jP  \r\n\x87\n",)),
    ("svg", 0, (b"<svg",)),
    ("ico", 0, (b"\0\0\1\0",)),
)


@dataclass(frozen=True, slots=True)
class Sniffed:
    """A format by its short name (`png`, `jpeg`, ...) and the sides in pixels.

    `size` is None where the sides cannot be read: the file is damaged, or of a format not measured here.
    """

    format: str
    size: Size | None

    @property
    def mime(self) -> str:
        """The media type of the format."""
        return MIME_TYPES[self.format]


def sniff(data: bytes) -> Sniffed | None:
    """The format and sides of an image file; None when it is no image known here. Never raises."""
    for name, starts, measure in _MEASURED:
        if data.startswith(starts) and (name != "webp" or data[8:12] == b"WEBP"):
            return Sniffed(name, _measured(measure, data))
    for name, place, marks in _OTHERS:
        if data.startswith(marks, place):
            return Sniffed(name, None)
    return None


def measured(name: str) -> bool:
    """Whether a format's sides are read here, so that a file without them is damaged."""
    return any(name == known for known, _, _ in _MEASURED)


def _measured(measure: Callable[[bytes], tuple[int, int] | None], data: bytes) -> Size | None:
    try:
        sides = measure(data)
    except (struct.error, IndexError):
        return None
    return Size(*sides) if sides is not None and min(sides) > 0 else None


def _png(data: bytes) -> tuple[int, int] | None:
    width, height = struct.unpack_from(">II", data, 16)
    return (width, height) if data[12:16] == b"IHDR" else None


def _gif(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<HH", data, 6)
    return width, height


def _bmp(data: bytes) -> tuple[int, int]:
    if struct.unpack_from("<I", data, 14)[0] == 12:  # the header of OS/2
        width, height = struct.unpack_from("<HH", data, 18)
    else:
        width, height = struct.unpack_from("<ii", data, 18)
    return width, abs(height)


def _webp(data: bytes) -> tuple[int, int] | None:
    kind = data[12:16]
    if kind == b"VP8X" and len(data) >= 30:
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if kind == b"VP8L" and data[20:21] == b"\x2f":
        bits = struct.unpack_from("<I", data, 21)[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


def _jpeg(data: bytes) -> tuple[int, int] | None:
    place = 2
    while data[place] == 0xFF:
        marker = data[place + 1]
        if marker == 0xFF:  # filling
            place += 1
        elif marker in _ALONE:
            place += 2
        elif marker in _FRAMES:
            height, width = struct.unpack_from(">HH", data, place + 5)
            return width, height
        elif marker in _ENDS:
            return None
        else:
            place += 2 + max(2, struct.unpack_from(">H", data, place + 2)[0])
    return None


def _tiff(data: bytes) -> tuple[int, int] | None:
    order = "<" if data.startswith(b"II") else ">"
    start = struct.unpack_from(order + "I", data, 4)[0]
    count = struct.unpack_from(order + "H", data, start)[0]
    sides: dict[int, int] = {}
    for place in range(start + 2, start + 2 + 12 * min(count, _MOST_TAGS), 12):
        tag, kind = struct.unpack_from(order + "HH", data, place)
        if tag in (_WIDTH, _HEIGHT) and kind in (_SHORT, _LONG):
            sides[tag] = struct.unpack_from(order + ("H" if kind == _SHORT else "I"), data, place + 8)[0]
    return (sides[_WIDTH], sides[_HEIGHT]) if len(sides) == 2 else None


_MEASURED: tuple[tuple[str, tuple[bytes, ...], Callable[[bytes], tuple[int, int] | None]], ...] = (
    ("png", (_PNG,), _png),
    ("jpeg", (b"\xff\xd8\xff",), _jpeg),
    ("gif", (b"GIF87a", b"GIF89a"), _gif),
    ("webp", (b"RIFF",), _webp),
    ("tiff", (b"II*\0", b"MM\0*"), _tiff),
    ("bmp", (b"BM",), _bmp),
)
